"""The controls of a running sandbox, from another process on this machine."""

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from audctl.sandbox.loopback import HOST

TIMEOUT_S = 30
_FAILED = 400


class NoSandboxError(Exception):
    """Nothing on the port answers as a sandbox does."""


class ControlRefusedError(Exception):
    """The sandbox refused the call; the text is its own."""


def control(
    port: int, method: str, path: str, body: object = None, *, timeout_s: float | None = TIMEOUT_S
) -> dict[str, object]:
    """Call `/_sandbox/<path>` and give the answer; a timeout of None waits for as long as it takes.

    Raises NoSandboxError and ControlRefusedError.
    """
    raw = None if body is None else json.dumps(body)
    # Not urllib: a proxy from the environment has no business with loopback.
    with closing(HTTPConnection(HOST, port, timeout=timeout_s)) as connection:
        try:
            connection.request(
                method, f"/_sandbox/{path}", raw, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            raise NoSandboxError(
                f"no sandbox answers on port {port} ({error}): start one with"
                f" 'audctl sandbox serve --port {port} --data DIR', or give its --port"
            ) from error
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NoSandboxError(f"what answers on port {port} is no sandbox")
    if answer.status >= _FAILED:
        raise ControlRefusedError(str(found.get("message", answer.status)))
    return found
