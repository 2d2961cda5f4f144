"""What a project file says about plans: limits, restrictions, and what is to go on purpose."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - decoding reads these annotations at run time
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.kinds.data_source import (  # noqa: TC001 - decoding reads these annotations at run time
    DataClass,
    IdType,
    LegalBasis,
)
from audctl.model.kinds.unset import UNSET, Unset

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.resource import Places
    from audctl.model.span import Span


class ToZero(StrEnum):
    """What the guard ``toZero`` does about an audience or list that had people and would have none."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Unlabelled(StrEnum):
    """What happens when law cannot be judged because somebody did not say what kind of data it is."""

    WARN = "warn"
    STRICT = "strict"
    """What nobody declared counts as the worst it could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How many objects an Audience Manager account may hold: the documented numbers; Adobe can raise them."""

    segments: int = 20_000
    traits: int = 100_000
    trait_folders: int = 2_000
    trait_folder_depth: int = 5
    """Levels below the root. Whether the root counts is not documented: the lenient reading."""
    destinations: int = 1_000
    server_to_server_destinations: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledLimits:
    """Limits on people for the resources that carry labels: they win over the project's and the environment's.

    Of two that match one resource the stricter counts. Limits that count steps have no place here: they are about
    the plan as a whole, and what is to be deleted has no manifest any more that could carry a label.
    """

    match: Mapping[str, str]
    """Every one of these labels, with this value."""
    max_shrink: int | str | Unset | None = UNSET
    max_growth: int | str | Unset | None = UNSET
    max_reach: int | Unset | None = UNSET
    max_new_reach: int | Unset | None = UNSET
    to_zero: ToZero | Unset = UNSET
    min_match_rate: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on a finished plan (``spec.guards``). A text is a share such as ``10%``; None: no limit.

    The defaults let the first apply of a repo through, and a change of an audience whose new size is known and near
    the old one. They refuse what takes a quarter of its people from an audience or list, what makes a target half as
    large again, what empties one, and whatever nobody can foresee.
    """

    max_deletes: int | str = "10%"
    max_pauses: int | str = "10%"
    max_replaces: int | str = "0%"
    max_shrink: int | str | None = "25%"
    """Of people in one ``target`` or ``suppress`` audience or list: the most it may lose."""
    max_growth: int | str | None = "50%"
    """Of people in one ``target`` audience or list: the most it may gain. A share says nothing of what was empty."""
    max_reach: int | None = 100_000
    """People who may newly be in ``target`` lists that exist already, all of them together: deliveries may be waiting
    for such a list, so nobody looks again before the send."""
    max_new_reach: int | None = None
    """The same for lists that the plan itself creates. No limit unless one is set: nothing in Campaign can send to a
    list that does not exist yet; whoever builds a delivery on it afterwards sees its count there. With a limit every
    new list whose audience cannot be estimated would be refused, and so the first apply of most repos."""
    to_zero: ToZero = ToZero.REFUSE
    min_match_rate: str | None = None
    """Of those who would cross a binding that the plan makes or changes, the share that has to be known on the other
    side. No floor unless one is set: with one, each plan that touches a binding reads people to measure it."""
    quota_warning: str = "90%"
    """Of a quota: the use from which on a plan that adds to it warns."""
    export_controls: Unlabelled = Unlabelled.WARN
    """About a control without a label, or the reverse, which Audience Manager lets pass."""
    quotas: Quotas = Quotas()
    labelled: tuple[LabelledLimits, ...] = ()


class Direction(StrEnum):
    """Which way people move through a binding."""

    IMPORT = "import"
    EXPORT = "export"


class RestrictionAction(StrEnum):
    """How a restriction is meant."""

    FORBID = "forbid"
    """It is not to happen; an approval is an exception, and the plan goes on saying so."""
    APPROVE = "approve"
    """It may happen once somebody has answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A named person's or team's word that a restriction does not stand against one binding."""

    address: str
    """Of the binding, ``ExportBinding/loyal-customers``."""
    by: str
    reason: str
    expires: str
    """``yyyy-mm-dd``: the last day on which it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """What law or contract does not let through: kinds of data, by kinds of id, by direction."""

    name: str
    data_classes: tuple[DataClass, ...] = ()
    """Empty: every class, declared or not."""
    id_types: tuple[IdType, ...] = ()
    """How the binding matches people; empty: either way."""
    directions: tuple[Direction, ...] = ()
    """Empty: both."""
    unless_legal_basis: tuple[LegalBasis, ...] = ()
    """Data whose source names one of these as its legal basis is not restricted."""
    environments: tuple[str, ...] = ()
    """Empty: all of them."""
    match: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Labels of the binding; empty: every binding."""
    action: RestrictionAction = RestrictionAction.FORBID
    undeclared: Unlabelled = Unlabelled.WARN
    """About data whose source declares no class."""
    approvals: tuple[Approval, ...] = ()
    reason: str = ""
    """Why it stands: a law's article, a contract's clause; shown with every refusal."""


GRACE_DAYS = 30
"""Enough for somebody who was on holiday to miss the audience."""


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
    restrictions: tuple[Restriction, ...] = ()
    removed: tuple[Removed, ...] = ()
    grace_days: int = GRACE_DAYS
    """Between pausing an object whose manifest is gone and deleting it, where its manifest had no days of its own."""
    environment: str = ""
    """Name of the one in use: restrictions may hold in some only."""
    places: Places | None = None
    """Of the project file: limits stand at ``spec.guards``, restrictions at ``spec.restrictions[0]``."""
