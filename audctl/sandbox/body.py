"""Request bodies read within a limit."""

from starlette.requests import Request


class RequestTooLargeError(Exception):
    """A body beyond its limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body may have at most {limit} bytes")
        self.limit = limit


async def read_limited(request: Request, limit: int) -> bytes:
    """Read the whole body; raises RequestTooLargeError when it is larger than `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    # Read to the end even when it is too much: an answer sent while the client still writes gets lost.
    if size > limit:
        raise RequestTooLargeError(limit)
    return b"".join(chunks)
