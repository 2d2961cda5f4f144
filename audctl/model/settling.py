"""What the platforms still have to do with people after a write, stage by stage, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.address import Address


class Stage(NamedTuple):
    """One station that people pass on their way."""

    name: str
    """``segment``, ``outbound``, ``import``; ``workflow``, ``sent``, ``audience``."""
    by: datetime
    """When it is behind them, at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What is on its way into one object: estimates from the vendors' documents, never promises."""

    address: Address
    label: str = ""
    """Untrusted text."""
    begun: datetime
    """The last write to the object, or to anything that people come to it through."""
    ready: datetime
    """From when on what is sent has the right people in it: a new trait takes its time to have any."""
    earliest: datetime
    """Nothing is to be expected before."""
    latest: datetime
    """Overdue after this."""
    why: str
    stages: tuple[Stage, ...] = ()
    """In order; the last one ends at ``latest``."""
