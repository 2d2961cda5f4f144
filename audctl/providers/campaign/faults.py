"""What Campaign's faults and refusals mean for the caller.

Every ``ABC-123456`` code of fault string and detail is collected: the generic wrapper is usually in the string,
the specific code in the detail, in either order depending on the build. Source: error tables of the published
SOAP contract; the wording of a missing right is assumed, and falls back to RejectedError.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.errors import (
    AuthenticationError,
    ConflictError,
    PermissionDeniedError,
    RejectedError,
    UnreachableError,
)
from audctl.providers.failures import failure_of_status, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.errors import ProviderError
    from audctl.ports import Clock
    from audctl.providers.call import Answer, Call
    from audctl.providers.campaign.soap import Fault

SESSION_EXPIRED = "XSV-350008"
BAD_LOGIN = "XSV-350012"
ADDRESS_REFUSED = "XSV-350013"
METHOD_FAILED = "SOP-330011"
"""Generic wrapper of any failing method; also a ``get`` that finds no row."""

_CODE = re.compile(r"[A-Z]{3}-\d{6}")
_GENERIC = frozenset({METHOD_FAILED, "XSV-350000", "XSV-350023"})
_DATABASE = re.compile(r"(PGS|ODB|WDB|ORA|MSQ)-\d{6}")
_DUPLICATE = re.compile(r"duplicate\s+key|unique\s+(constraint|index)", re.IGNORECASE)
_REFERENCED = re.compile(
    r"foreign\s+key|still\s+referenced|is\s+referenced|in\s+use", re.IGNORECASE
)
_TRANSIENT = re.compile(
    r"deadlock|could not serialize|lock\s+(wait\s+)?time-?\s?out|too many connections|"
    r"connection (was |has been )?(lost|closed|reset)",
    re.IGNORECASE,
)
_NO_RIGHT = re.compile(
    r"\b(insufficient|missing|no|not enough|lacks?)\b.{0,40}\b(rights?|permissions?|privileges?)\b"
    r"|access (is )?denied|not (allowed|authori[sz]ed)",
    re.IGNORECASE,
)
_UNKNOWN_METHOD = frozenset({"SOP-330005", "SOP-330006", "SOP-330024"})


def codes_in(text: str) -> tuple[str, ...]:
    """Return the error codes of a text in order, each once."""
    return tuple(dict.fromkeys(_CODE.findall(text)))


def specific_code(fault: Fault) -> str:
    """Return the code that says most: the detail's first that is no wrapper, else the fault string's."""
    for text in (fault.detail, fault.summary):
        for code in codes_in(text):
            if code not in _GENERIC:
                return code
    return next(iter(codes_in(f"{fault.summary} {fault.detail}")), "")


def failure_of_fault(
    fault: Fault, operation: str, *, writes: bool, secrets: Iterable[str] = ()
) -> ProviderError:
    """Translate a fault; ``secrets`` are masked should the system quote them."""
    words = f"{fault.summary}\n{fault.detail}"
    code = specific_code(fault)
    codes = codes_in(words)
    database = _DATABASE.search(words) is not None
    also = [each for each in codes if each != code]
    message = f"{operation}: {code or fault.code or 'fault'}" + (
        f" (with {', '.join(also)})" if also else ""
    )
    message += f": {shorten(mask(_CODE.sub('', words), secrets))}"
    if BAD_LOGIN in codes or ADDRESS_REFUSED in codes or SESSION_EXPIRED in codes:
        return AuthenticationError(message, operation=operation, code=code)
    if database and _DUPLICATE.search(words):
        return ConflictError(message, operation=operation, code=code)
    if database and _TRANSIENT.search(words):
        # The statement was undone, but a call may hold several.
        return UnreachableError(
            message, operation=operation, code=code, retryable=not writes, may_have_happened=writes
        )
    if not _UNKNOWN_METHOD.intersection(codes):
        if _REFERENCED.search(words) and writes:
            return ConflictError(message, operation=operation, code=code)
        if _NO_RIGHT.search(words):
            return PermissionDeniedError(message, operation=operation, code=code)
    return RejectedError(message, operation=operation, code=code)


def failure_of_refusal(text: str, operation: str, secrets: Iterable[str] = ()) -> ProviderError:
    """Translate a plain-text refusal (HTTP 401 or 403): sign-in when it has such a code, else a missing right."""
    codes = codes_in(text)
    hints = {
        BAD_LOGIN: "check user and password, or the technical account",
        ADDRESS_REFUSED: "this machine's address is not in an authorised security zone",
    }
    for code, hint in hints.items():
        if code in codes:
            return AuthenticationError(
                f"{operation}: {code}: {hint}", operation=operation, code=code
            )
    code = next(iter(codes), "")
    words = shorten(mask(text, secrets))
    return PermissionDeniedError(f"{operation}: refused: {words}", operation=operation, code=code)


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text from outside by ``***``."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


class SoapJudge:
    """Finds failures of the transport in answers, for :class:`audctl.providers.transport.Transport`.

    Faults, expired sessions and refusals are left to the SOAP client, whatever their status.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, answer: Answer, call: Call) -> ProviderError | None:
        """Return the failure that the status means, unless the body says more."""
        if answer.ok or answer.status in {401, 403}:
            return None
        if b"Fault" in answer.content or SESSION_EXPIRED.encode() in answer.content:
            return None
        # Error pages are HTML of some length: their text would tell nothing.
        return failure_of_status(answer, call, now=self._clock.now())
