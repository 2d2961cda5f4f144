"""Failures of the HTTP library and HTTP statuses, as what they mean for a caller."""

from __future__ import annotations

import inspect
import ssl
from datetime import UTC, datetime

import httpx
import pytest

from audctl.errors import (
    AuthenticationError,
    ConflictError,
    InvalidAnswerError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RejectedError,
    ThrottledError,
    UnreachableError,
)
from audctl.providers.call import Answer, Call
from audctl.providers.failures import (
    HTTP_LIBRARY_ERRORS,
    MEANINGS,
    failure_of_exception,
    failure_of_status,
    retry_after,
    shorten,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READ = Call("GET", "GET /segments/", idempotent=True)
CREATE = Call("POST", "POST /segments/", idempotent=False)
REPLACE = Call("PUT", "PUT /segments/7", idempotent=True)
QUERY = Call("POST", "xtk:queryDef#ExecuteQuery", idempotent=True)


def library_exceptions() -> list[type[Exception]]:
    """Every exception class the library exports, misuse of its own streams apart."""
    return [
        each
        for _, each in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(each, Exception) and not issubclass(each, httpx.StreamError)
    ]


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_library_has_a_meaning_and_is_caught(kind: type[Exception]) -> None:
    assert kind in MEANINGS
    assert issubclass(kind, HTTP_LIBRARY_ERRORS)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("x"),
        httpx.WriteTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.ReadError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_answer_leaves_a_write_unknown(error: Exception) -> None:
    create = failure_of_exception(error, CREATE)
    assert (create.may_have_happened, create.retryable) == (True, False)

    replace = failure_of_exception(error, REPLACE)
    assert (replace.may_have_happened, replace.retryable) == (True, True)

    for harmless in (READ, QUERY):
        failure = failure_of_exception(error, harmless)
        assert (failure.may_have_happened, failure.retryable) == (False, True)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
)
def test_a_request_that_never_left_may_be_repeated_whatever_it_was(error: Exception) -> None:
    failure = failure_of_exception(error, CREATE)
    assert isinstance(failure, UnreachableError)
    assert (failure.may_have_happened, failure.retryable) == (False, True)


def test_a_certificate_that_cannot_be_verified_is_not_tried_again() -> None:
    try:
        try:
            raise ssl.SSLCertVerificationError
        except ssl.SSLError as cause:
            raise httpx.ConnectError("handshake") from cause
    except httpx.ConnectError as error:
        failure = failure_of_exception(error, READ)

    assert not failure.retryable
    assert "certificate" in str(failure)


def test_the_librarys_own_text_is_not_shown() -> None:
    failure = failure_of_exception(httpx.LocalProtocolError("Bearer secret-token"), READ)
    assert "secret-token" not in str(failure)
    assert not failure.retryable


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, InvalidAnswerError),
        (400, RejectedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, UnreachableError),
        (409, ConflictError),
        (412, ConflictError),
        (415, RejectedError),
        (418, RejectedError),
        (429, ThrottledError),
        (500, UnreachableError),
        (501, UnreachableError),
        (503, UnreachableError),
    ],
)
def test_each_status_is_one_decision(status: int, kind: type[ProviderError]) -> None:
    failure = failure_of_status(answered(status), READ, now=NOW, code="C", detail="why")
    assert type(failure) is kind
    assert failure.code == "C"
    assert failure.operation == "GET /segments/"
    assert failure.retryable == (status in {408, 429, 500, 503})
    assert not failure.may_have_happened


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_create_is_not_repeated_after_a_server_failure(status: int) -> None:
    failure = failure_of_status(answered(status), CREATE, now=NOW)
    assert (failure.may_have_happened, failure.retryable) == (True, False)


def test_a_throttled_create_was_not_done_and_may_be_repeated() -> None:
    failure = failure_of_status(answered(429, {"retry-after": "7"}), CREATE, now=NOW)
    assert (failure.may_have_happened, failure.retryable) == (False, True)
    assert failure.retry_after_s == 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:00:10", 10),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def test_words_from_outside_become_one_bounded_line() -> None:
    assert shorten("a\n\x1b[31mb\t c") == "a [31mb c"
    assert len(shorten("x" * 10_000)) == 500


def answered(status: int, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, httpx.Headers(headers or {}), b"", "GET /segments/")
