"""One HTTP call as data: what is asked, what came back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import InvalidAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.errors import ProviderError

_WRITING_METHODS = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """What failures and retries need to know of a call."""

    method: str
    operation: str
    """How messages name it: method and path, or urn#Method."""
    idempotent: bool
    """Doing it twice has the effect of doing it once; never true of a create."""

    changes: bool = False
    """It writes although its method and ``idempotent`` do not tell: a SOAP write by key."""

    @property
    def writes(self) -> bool:
        """Whether it may change something. A POST that is idempotent is taken for a read (SOAP queries)."""
        return self.changes or not self.idempotent or self.method in _WRITING_METHODS


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; a cut one never gets this far."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    content: bytes
    operation: str
    perhaps_done_before: bool = False
    """An earlier try of the same call may have been carried out: what this answer refuses may stand all the same."""

    @property
    def ok(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the HTTP status class

    @property
    def text(self) -> str:
        """The body as UTF-8, broken sequences replaced: for messages, not for parsing."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> object:
        """Decode the body; raise InvalidAnswerError when it is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise InvalidAnswerError(
                f"{self.operation}: the answer is not JSON ({len(self.content)} bytes, status {self.status})",
                operation=self.operation,
            ) from error


if TYPE_CHECKING:
    Judge = Callable[[Answer, Call], ProviderError | None]
    """Says whether an answer is a failure, and which one."""
