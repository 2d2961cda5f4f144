"""What bringing files into canonical form came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class FormattedFile:
    """One file that has a canonical form."""

    path: str
    """From the working directory, as far as that is possible; ``-`` is stdin."""
    before: str
    """Its text."""
    after: str
    """The same in canonical form."""

    @property
    def differs(self) -> bool:
        """Whether the file is not in canonical form."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatReport:
    """All files that were looked at."""

    files: tuple[FormattedFile, ...]
    findings: tuple[Finding, ...]
    """Of the other files: each stays as it is."""
    written: bool
    """Whether files that differed were replaced; otherwise they were only looked at."""

    @property
    def differing(self) -> tuple[FormattedFile, ...]:
        """The files that are not, or were not, in canonical form."""
        return tuple(each for each in self.files if each.differs)
