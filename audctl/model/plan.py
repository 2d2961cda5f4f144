"""The plan: ordered steps with a digest that says what was approved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from audctl.model.change import WRITES, Change, Step
from audctl.model.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audctl.model.effect import Effect
    from audctl.model.finding import Finding
    from audctl.model.match_rate import MatchRate
    from audctl.model.verdict import Verdict

FORMAT_VERSION = "1.2"
"""Of the plan as a file: a minor one adds keys, which readers ignore; a major one may break them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentIdentity:
    """Where a plan belongs: two plans for different identities are never interchangeable."""

    name: str
    organization: str
    audience_manager: str
    """Base address; empty when the project does not use it."""
    campaign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a person allows for one plan; nothing by default. Part of what is approved."""

    adopt: bool = False
    """Take over every live object that carries a desired key, as if each manifest asked for it."""
    allowed: frozenset[str] = frozenset()
    """``GUARD:NAME`` texts as given to ``--allow``: a guard and a step's address, or a type or project."""
    selection: Selection = EVERYTHING
    """Which part of the project it is about; nothing outside is written or deleted."""

    def allows(self, guard: str, name: str) -> bool:
        """Whether ``--allow GUARD:NAME`` was given."""
        return f"{guard}:{name}" in self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The state of the manifests' Git repository when a plan was made."""

    commit: str
    """Full hash."""
    branch: str = ""
    """Empty when no branch is checked out."""
    dirty: bool = False
    """Whether tracked files differ from the commit, or untracked ones lie in the manifests' folders."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Steps in execution order.

    ``digest`` covers project, identity, options and every step but Keep; not places or times.
    """

    project: str
    environment: EnvironmentIdentity
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    """What stands against applying (errors), or should be known (warnings, notes)."""
    unmanaged: Mapping[str, int]
    """Live objects nobody owns, by type."""
    live_as_of: datetime | None = None
    ledger_serial: int = 0
    manifest_digest: str = ""
    digest: str = ""
    calls: Mapping[str, int]
    """HTTP calls that reading took, by system."""
    options: PlanOptions = PlanOptions()
    """What was allowed when it was made; applying it allows the same."""
    left_out: int = 0
    """Steps other than Keep that ``options.selection`` leaves out; nothing is said about them."""
    effects: tuple[Effect, ...] = ()
    """People it moves, directly or not, sorted by address."""
    match_rates: tuple[MatchRate, ...] = ()
    """Of the bindings it makes or changes, where they were asked for; sorted by address."""
    verdicts: tuple[Verdict, ...] = ()
    """What each guard that was judged says, in a fixed order."""
    revision: Revision | None = None
    """None when the manifests are not in a Git repository."""
    tool: str = ""
    """Name and version of what made it."""

    @cached_property
    def counts(self) -> Mapping[Change, int]:
        """Number of steps by change, zero included."""
        counted = Counter(step.change for step in self.steps)
        return {change: counted[change] for change in Change}

    @cached_property
    def writes(self) -> tuple[Step, ...]:
        """The steps that touch a live system or the ledger, in order."""
        return tuple(
            step for step in self.steps if step.change in WRITES or step.change is Change.FORGET
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do, for audctl or for a person."""
        return all(step.change is Change.KEEP for step in self.steps)
