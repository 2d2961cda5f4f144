"""What estimators are asked, and what they answer: how many people a segment rule would hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.finding import Finding
    from audctl.model.rules.segment_rule import SegmentRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One audience whose rule, or whose people, a plan changes."""

    address: Address
    """Of the ``aam.segment``."""
    by_name: SegmentRule
    """The rule after the plan; traits by their manifests' names, where they have one."""
    by_id: SegmentRule | None
    """The same over live ids; None when the live system cannot answer: a trait is new, or changes with the plan."""
    standing: SegmentRule | None = None
    """The rule as it stands live, over ids; None when there is none, or its people do not follow from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimator's answer."""

    people: int
    low: int | None = None
    """Lower end of the 95 % interval; None when the estimator gave none."""
    high: int | None = None
    standing: int | None = None
    """What the same estimator says of the standing rule; with it the answer is held against the live count."""


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """All answers to a round of questions."""

    answers: Mapping[Address, Estimate] = field(default_factory=lambda: MappingProxyType({}))
    """By audience; one that is not here stays unknown."""
    findings: tuple[Finding, ...] = ()
    """Why some are not: warnings, never errors."""
    calls: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """HTTP calls it took, by system."""
