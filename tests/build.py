"""Small builders for tests of the engine: desired, live and recorded objects from literals."""

# ruff: noqa: ANN401  # literals of any shape
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from audctl.manifest.decode import decode
from audctl.model.address import Address, parse_address
from audctl.model.desired import DesiredObject
from audctl.model.ledger import Intent, Ledger, LedgerEntry
from audctl.model.live import LiveObject, LiveState, Origin
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.plan import EnvironmentIdentity, Plan, PlanOptions
from audctl.model.policy import Limits, PlanPolicy, Removed, RemovedAction
from audctl.model.resource import DeletionPolicy, Lifecycle, Manage, Resource
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.model.rules.trait_rule import parse_trait_rule
from audctl.model.span import Span
from audctl.model.value import Reference
from audctl.plan.build import build_plan
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from audctl.model.value import DesiredValue

ALL_TYPES = frozenset(OBJECT_TYPES)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HERE = EnvironmentIdentity(
    name="test",
    organization="sandbox@AdobeOrg",
    audience_manager="http://127.0.0.1/v1",
    campaign="http://127.0.0.1",
)


@dataclass(frozen=True)
class FixedPlaces:
    """Places of a manifest that has every path on its first line."""

    file: str

    def span(self, path: str) -> Span:
        return Span(self.file, 1, len(path) + 1)

    def inside(self, path: str, position: int) -> Span:
        return Span(self.file, 1, len(path) + 1 + position)


def make_value(object_type: str, name: str, value: Any) -> Any:
    """Turn a literal into a field value: ``@Kind/name#type`` a reference, rule text a rule."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        return value
    if value.startswith("@"):
        return Reference(parse_address(value[1:]))
    kind = OBJECT_TYPES[object_type].fields.get(name)
    parse = _PARSERS.get(kind.form) if kind is not None else None
    try:
        return parse(value) if parse is not None else value
    except RuleError:
        return value


_PARSERS = {Form.SEGMENT_RULE: parse_segment_rule, Form.TRAIT_RULE: parse_trait_rule}


def make_resource(address: Address, **settings: Any) -> Resource:
    """Return a resource; settings are ``lifecycle``, ``annotations`` and ``previousNames``."""
    lifecycle = dict(settings.get("lifecycle", {}))
    policy = lifecycle.get("deletionPolicy")
    return Resource(
        address=address.resource,
        spec=None,
        places=FixedPlaces(f"{address.kind}-{address.name}.yaml"),
        annotations=settings.get("annotations", {}),
        previous_names=tuple(settings.get("previousNames", ())),
        lifecycle=Lifecycle(
            protect=lifecycle.get("protect", False),
            ignore=tuple(lifecycle.get("ignore", ())),
            allow_replace=lifecycle.get("allowReplace", False),
            deletion_policy=DeletionPolicy(policy) if policy else None,
            grace_days=lifecycle.get("graceDays"),
            manage=Manage(lifecycle.get("manage", "full")),
        ),
    )


def make_desired(
    address: str,
    fields: Mapping[str, Any],
    *,
    requires: Sequence[str] = (),
    observed: bool = False,
    manual: str = "",
    **settings: Any,
) -> DesiredObject:
    """Return a desired object; secrets are given as text."""
    where = parse_address(address)
    kinds = OBJECT_TYPES[where.object].fields
    values: dict[str, DesiredValue] = {}
    for name, value in fields.items():
        kind = kinds.get(name)
        if kind is not None and kind.form is Form.SECRET and isinstance(value, str):
            values[name] = Secret(value, "${env:SECRET}")
        else:
            values[name] = make_value(where.object, name, value)
    return DesiredObject(
        address=where,
        type=where.object,
        fields=MappingProxyType(values),
        paths=MappingProxyType({name: f"spec.{name}" for name in values}),
        resource=None if where.kind == "Folder" else make_resource(where, **settings),
        requires=tuple(parse_address(each) for each in requires),
        observed=observed,
        manual=manual,
    )


def make_live(
    object_type: str,
    live_id: str,
    fields: Mapping[str, Any],
    *,
    origin: str = "customer",
    members: int | None = None,
    changed_by: str = "",
    changed_at: datetime | None = None,
) -> LiveObject:
    """Return a live object."""
    return LiveObject(
        type=object_type,
        id=live_id,
        fields={name: make_value(object_type, name, value) for name, value in fields.items()},
        origin=Origin(origin),
        members=members,
        changed_by=changed_by,
        changed_at=changed_at,
    )


def make_state(*objects: LiveObject, types: Collection[str] = ALL_TYPES) -> LiveState:
    """Return a live state in which all types were read."""
    return LiveState(objects=objects, types_read=frozenset(types), read_at=NOON)


def make_entry(address: str, live_id: str, fields: Mapping[str, Any], **more: Any) -> LedgerEntry:
    """Return a ledger entry; ``more`` are fields of LedgerEntry, ``requires`` as texts."""
    where = parse_address(address)
    requires = tuple(parse_address(each) for each in more.pop("requires", ()))
    plain = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    more["previous_names"] = tuple(more.get("previous_names", ()))
    return LedgerEntry(
        address=where, type=where.object, live_id=live_id, fields=plain, requires=requires, **more
    )


def make_ledger(*entries: LedgerEntry, intents: Iterable[Intent] = (), serial: int = 1) -> Ledger:
    """Return a ledger that was saved before, unless ``serial`` is 0."""
    return Ledger(
        project="shop",
        serial=serial,
        salt="salt",
        entries={each.address: each for each in entries},
        intents={each.address: each for each in intents},
    )


def make_intent(address: str, *key: str) -> Intent:
    """Return what an interrupted run left behind."""
    where = parse_address(address)
    return Intent(address=where, type=where.object, key=key, run="earlier", begun_at=NOON)


NO_LIMITS: Mapping[str, Any] = {
    "maxDeletes": "100%",
    "maxPauses": "100%",
    "maxReplaces": "100%",
    "maxShrink": None,
    "maxGrowth": None,
    "maxReach": None,
    "toZero": "allow",
}


def make_plan(
    desired: Iterable[DesiredObject],
    live: LiveState,
    ledger: Ledger,
    *,
    limits: Mapping[str, Any] = MappingProxyType(NO_LIMITS),
    removed: Mapping[str, str] = MappingProxyType({}),
    grace_days: int = 30,
    owners: Mapping[tuple[str, str], str] | None = None,
    now: datetime | None = None,
    **options: Any,
) -> Plan:
    """Plan for the project of these builders, without guards unless they are given.

    ``removed`` are words of the project file: ``delete``, or ``delete because nobody needs it``, by address.
    """
    return build_plan(
        desired,
        live,
        ledger,
        project="shop",
        environment=HERE,
        options=PlanOptions(**options),
        policy=PlanPolicy(
            limits=decode(Limits, limits, {}),
            removed=tuple(_removed(address, text) for address, text in removed.items()),
            grace_days=grace_days,
        ),
        owners=owners,
        now=now,
    )


def _removed(address: str, text: str) -> Removed:
    action, _, reason = text.partition(" because ")
    place = Span("audctl.yaml", 1, 1)
    return Removed(
        address=parse_address(address), action=RemovedAction(action), reason=reason, span=place
    )
