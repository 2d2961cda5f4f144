"""Values of object fields: what may stand in a desired, a live or a last-applied field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.rules.segment_rule import SegmentRule
    from audctl.model.rules.trait_rule import TraitRule
    from audctl.redact import Secret


@dataclass(frozen=True, slots=True)
class Reference:
    """The live id of another object, known once that object exists."""

    target: Address


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only applying can tell; prints as ``(known after apply)``."""

    text: str = ""
    """What is known already, e.g. a rule with trait names; empty when nothing is."""
    waits_for: tuple[Address, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} (known after apply)" if self.text else "(known after apply)"


Plain: TypeAlias = "str | int | bool | tuple[str, ...] | None"
"""What JSON can hold: the form of last-applied fields, and of plan files (a set is a sorted tuple)."""

LiveValue: TypeAlias = "Secret | Plain | SegmentRule | TraitRule"
"""What a provider reads: references as live ids, rules parsed, with numeric ids in them."""

DesiredValue: TypeAlias = "LiveValue | Reference | Secret"
"""What a manifest asks for: references as addresses, rules with trait names. None clears the field."""
