"""Every exception audctl raises on purpose, in one tree.

::

    AudctlError
    ├── FindingsError          bad input: carries findings, all of a stage at once
    ├── RuleError              a rule's text that does not parse (in model.rules, with the place in the text)
    ├── UsageError             a command line that asks for something impossible
    ├── PlanRefused            a guard or a missing approval says no
    │   ├── RefusedByLaw           restrictions or export controls do; carries findings as FindingsError does
    │   └── RefusedByGuards        guards on people do, outside a plan; likewise
    ├── StalePlanError         what was approved is not what would run
    ├── LockError              the lock is held, or its store cannot be reached
    │   └── LostLockError          it was ours, and is not any more
    ├── LedgerError            the ledger cannot be read, or is newer than this audctl
    ├── InterruptedRun         a person or a runner asked to stop
    └── ProviderError          a live system said no, or said nothing
        ├── AuthenticationError    sign-in failed, also after one renewal
        ├── PermissionDeniedError  the object exists or may exist, and is not ours to touch
        ├── NotFoundError          the system says the object does not exist
        ├── ConflictError          the object's state forbids the call (in use, duplicate, changed meanwhile)
        ├── RejectedError          the request is invalid in the system's eyes
        ├── ThrottledError         too many calls, and patience ran out
        ├── UnreachableError       no answer, a cut answer, or a server failure
        └── InvalidAnswerError     an answer that does not parse or breaks the contract

A finding is data and is reported; an exception stops the run. Nothing below raises a bare ``Exception``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.finding import Finding


class AudctlError(Exception):
    """Base of the tree; its text is fit to show to a user and holds no secret."""


class FindingsError(AudctlError):
    """Input that cannot be used; ``findings`` has every problem of the stage that stopped."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__(f"{len(self.findings)} finding(s)")


class UsageError(AudctlError):
    """Options that contradict each other, or name something that is not there (exit 64)."""


class PlanRefused(AudctlError):  # noqa: N818 - it is a decision, not a fault
    """A finished plan that a guard does not let through (exit 3); the text names steps and flags."""


class RefusedByLaw(PlanRefused, FindingsError):  # noqa: N818 - a decision as well
    """Data that may not cross a binding (exit 3); nothing of anybody has been read."""


class RefusedByGuards(PlanRefused, FindingsError):  # noqa: N818 - a decision as well
    """Members that a list may not gain or lose (exit 3); nothing has been written."""


class StalePlanError(AudctlError):
    """The approved plan differs from what would run now, or belongs elsewhere (exit 4)."""


class LockError(AudctlError):
    """The lock is held by someone else, or nobody can tell (exit 6)."""


class LostLockError(LockError):
    """The lock was ours and is not any more, or its time is up: nothing more may be written."""


class LedgerError(AudctlError):
    """The ledger is unreadable, torn, or of a newer format."""


class InterruptedRun(AudctlError):  # noqa: N818 - it is a request, not a fault
    """The run was asked to stop (exit 130)."""

    def __init__(self, message: str, *, may_have_happened: bool = True) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened
        """A write was, or may have been, under way. A stop by itself does not say how far a call had come."""


class ProviderError(AudctlError):
    """A call to a live system failed; three fields say what the caller may do about it."""

    def __init__(  # noqa: PLR0913 - the answers to a caller's questions, by keyword
        self,
        message: str,
        *,
        operation: str = "",
        code: str = "",
        retryable: bool = False,
        retry_after_s: float | None = None,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        """Method and path, or urn#Method."""
        self.code = code
        """The system's own error code, if it gave one (``XSV-350008``, ``INVALID_REQUEST``)."""
        self.retryable = retryable
        """The same call may succeed later and repeating it is safe."""
        self.retry_after_s = retry_after_s
        """Seconds the system asked to wait; None when it did not say."""
        self.may_have_happened = may_have_happened
        """A write whose effect is unknown: read back before trying again."""


class AuthenticationError(ProviderError):
    """Sign-in failed, also after one renewal."""


class PermissionDeniedError(ProviderError):
    """The caller lacks the right; the object may well exist."""


class NotFoundError(ProviderError):
    """The system says the object does not exist."""


class ConflictError(ProviderError):
    """The object's state forbids the call: in use, duplicate key, changed since it was read."""


class RejectedError(ProviderError):
    """The system finds the request invalid; repeating it cannot help."""


class ThrottledError(ProviderError):
    """Too many calls, and the retry budget is used up."""


class UnreachableError(ProviderError):
    """No answer, a cut answer, or a failure inside the server."""


class InvalidAnswerError(ProviderError):
    """An answer that does not parse, or that breaks the contract."""
