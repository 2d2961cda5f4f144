"""What a person may allow when planning."""

from __future__ import annotations

from dataclasses import dataclass

EMPTY_READ = "emptyRead"
EMPTY_PROJECT = "emptyProject"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """Permissions of one run; none by default."""

    adopt: bool = False
    """Take over every live object that carries a desired key, as if each manifest asked for it."""
    allowed: frozenset[str] = frozenset()
    """``emptyRead:TYPE``: believe that no object of a type is left although the ledger knows some;
    ``emptyProject:PROJECT``: believe that no manifest is left."""

    def allows(self, what: str, name: str) -> bool:
        """Whether ``--allow WHAT:NAME`` was given."""
        return f"{what}:{name}" in self.allowed
