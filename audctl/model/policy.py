"""What a project file says about plans: limits, restrictions, and what is to go on purpose."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - decoding reads these annotations at run time
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - decoding reads these annotations at run time
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on a finished plan. A text is a share such as ``10%``; None: no limit."""

    max_deletes: int | str = "10%"
    max_pauses: int | str = "10%"
    max_replaces: int | str = "0%"
    max_shrink: int | str | None = None
    """Of people in one audience or list: the most it may lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledLimits:
    """Limits for the resources that carry labels: they win over the project's and the environment's."""

    match: Mapping[str, str]
    limits: Mapping[str, int | str | bool | None]
    """Only what is set, by field name of Limits."""


class Direction(StrEnum):
    """Which way people move through a binding."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A named person's or team's word that a restriction does not stand against a binding."""

    address: str
    by: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """What law or contract does not let through: kinds of data, by kinds of id, by direction."""

    name: str
    data_classes: tuple[str, ...] = ()
    """Empty: every class."""
    id_types: tuple[str, ...] = ()
    """``visitorId``, ``declaredId``; empty: both."""
    directions: tuple[Direction, ...] = ()
    """Empty: both."""
    action: str = "forbid"
    """``forbid``, or ``approve``: only with an approval that has not expired."""
    approvals: tuple[Approval, ...] = ()
    reason: str = ""
    span: Span | None = None


class RemovedAction(StrEnum):
    """What happens to an object that the project file names as removed."""

    FORGET = "forget"
    PAUSE = "pause"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """One entry of ``spec.removed``: an explicit word about a resource whose manifest is gone."""

    address: Address
    """Of the resource, ``Audience/cart-abandoners``."""
    action: RemovedAction
    reason: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPolicy:
    """Everything the project says about plans, for the environment in use."""

    limits: Limits = Limits()
    labelled: tuple[LabelledLimits, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    removed: tuple[Removed, ...] = ()
    grace_days: int = 30
    """Days between pausing an object whose manifest is gone and deleting it (lifecycle Delete after Pause)."""
    quotas: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Limits of the live systems that differ from the documented ones, by object type."""
