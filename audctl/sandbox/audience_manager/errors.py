"""Refusals of the Audience Manager stand-in and their two body shapes.

The application answers `code`, `message` and optionally `childMessages`; the gateway in front of it answers
`error_code` and `message`. Which code goes with which status is not documented.
"""

from collections.abc import Mapping, Sequence


class ApiError(Exception):
    """A call refused by the application."""

    def __init__(self, status: int, code: str, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers: Mapping[str, str] = {}

    def body(self) -> dict[str, object]:
        """Give the JSON body."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            body["childMessages"] = list(self.details)
        return body


class GatewayError(ApiError):
    """A call refused before it reached the application."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, code, message)
        self.headers = headers or {}

    def body(self) -> dict[str, object]:
        """Give the JSON body."""
        return {"error_code": self.code, "message": self.message}


def invalid(*details: str) -> ApiError:
    """Refuse a body whose fields are wrong, one detail per field."""
    return ApiError(400, "INVALID_REQUEST", "Validation failed", details)


def not_found(kind: str, key: object) -> ApiError:
    """Refuse a call on an object that does not exist."""
    return ApiError(404, "NOT_FOUND", f"{kind} {key} does not exist")


def conflict(code: str, message: str, *details: str, status: int) -> ApiError:
    """Refuse a call that the state of the account forbids."""
    return ApiError(status, code, message, details)


def limit_exceeded(what: str, limit: int, status: int) -> ApiError:
    """Refuse a create beyond an account limit."""
    return ApiError(
        status, "RESOURCE_LIMIT_EXCEEDED", f"the account may have at most {limit} {what}"
    )
