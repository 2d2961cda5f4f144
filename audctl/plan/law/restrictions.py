"""The project's own restrictions: which data may cross a binding, by class, kind of id, direction and legal basis.

Data is followed from the data source of every trait, of the audience and of the binding itself. Nothing but an
approval lifts a restriction, so that who answered for it, why and until when stands in the project file, and not in
somebody's shell history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.policy import Direction, RestrictionAction, Unlabelled
from audctl.plan.guards.case import Ruling, verdict
from audctl.plan.law.export_controls import landscape_of
from audctl.plan.law.landscape import LIVE, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audctl.model.policy import Approval, PlanPolicy, Restriction
    from audctl.model.resource import Resource
    from audctl.model.span import Span
    from audctl.plan.guards.case import Case
    from audctl.plan.law.landscape import Landscape, Origin

GUARD = "restrictions"

NOTICE = timedelta(days=14)
"""Before an approval ends: time enough to ask for another one."""


@dataclass(slots=True)
class Holdings:
    """What restrictions come to."""

    findings: list[Finding]
    refused: set[str]
    excepted: set[str]


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A binding with all data that crosses it."""

    resource: Resource
    direction: Direction
    source: DataSourceSpec
    """Of the binding: how it matches people."""
    origins: tuple[Origin, ...]

    @property
    def nodes(self) -> Iterator[Address]:
        """Every resource whose data crosses, the binding included."""
        yield self.resource.address
        for each in self.origins:
            yield from (each.source, *each.way)


def judge_restrictions(case: Case) -> Ruling:
    """Return the verdict, with an error for each binding that is restricted and not approved of."""
    held = check_restrictions(landscape_of(case), case.policy, case.today, concerns=case.concerns)
    return Ruling(
        verdict=verdict(
            GUARD,
            limit=_counted(len(case.policy.restrictions), "restriction"),
            measured=f"{_counted(len(held.refused), 'binding')} refused, {len(held.excepted)} approved",
            over=held.refused,
            allowed=held.excepted,
        ),
        findings=tuple(held.findings),
    )


def check_restrictions(
    land: Landscape,
    policy: PlanPolicy,
    today: date | None,
    *,
    concerns: Callable[[Iterable[Address]], bool] = lambda _: True,
) -> Holdings:
    """Return everything that the restrictions of an environment find in manifests, live traits where they are read.

    Without ``today`` no approval has expired. ``concerns`` leaves out bindings whose data no part of the plan touches.
    """
    held = Holdings([], set(), set())
    restrictions = [
        (index, each)
        for index, each in enumerate(policy.restrictions)
        if not each.environments or policy.environment in each.environments
    ]
    if not restrictions:
        return held
    crossings = list(_crossings(land))
    for index, each in restrictions:
        _Bench(land, policy, today, index, each, held).judge(crossings, concerns)
    return held


def _crossings(land: Landscape) -> Iterator[_Crossing]:
    for address, resource in sorted(land.resources.items()):
        spec = resource.spec
        if not isinstance(spec, (ImportBindingSpec, ExportBindingSpec)):
            continue
        source = land.resources.get(Address("DataSource", spec.data_source))
        if source is None or not isinstance(source.spec, DataSourceSpec):
            continue
        direction = Direction.IMPORT if isinstance(spec, ImportBindingSpec) else Direction.EXPORT
        yield _Crossing(resource, direction, source.spec, tuple(land.origins(address)))


@dataclass(frozen=True, slots=True)
class _Bench:
    """One restriction over all bindings."""

    land: Landscape
    policy: PlanPolicy
    today: date | None
    index: int
    restriction: Restriction
    held: Holdings

    def judge(
        self, crossings: list[_Crossing], concerns: Callable[[Iterable[Address]], bool]
    ) -> None:
        """Add what this restriction finds."""
        used: set[int] = set()
        for each in crossings:
            if not self._concerns(each):
                continue
            if not concerns(each.nodes):
                used.update(self._approvals_of(each))  # what they are for is not looked at here
                continue
            hits = [origin for origin in each.origins if self._hits(origin)]
            unsaid = [origin for origin in each.origins if self._is_undeclared(origin)]
            if hits or (unsaid and self.restriction.undeclared is Unlabelled.STRICT):
                self._restricted(each, (hits or unsaid)[0], used, declared=bool(hits))
            elif unsaid:
                self._add("AUD2165", Severity.WARNING, self._undeclared(each, unsaid[0]), each.resource.span(),
                          _declare(unsaid[0].source), each)  # fmt: skip
        for at, approval in enumerate(self.restriction.approvals):
            if at not in used:
                self._add(
                    "AUD2164", Severity.NOTE,
                    f'an approval of {approval.by} for {approval.address} is not needed: restriction '
                    f'"{self.restriction.name}" does not stand against it',
                    self._place(at), "take it away",
                )  # fmt: skip

    def _approvals_of(self, crossing: _Crossing) -> list[int]:
        address = str(crossing.resource.address)
        return [at for at, each in enumerate(self.restriction.approvals) if each.address == address]

    def _concerns(self, crossing: _Crossing) -> bool:
        rule = self.restriction
        return (
            (not rule.directions or crossing.direction in rule.directions)
            and (not rule.id_types or crossing.source.id_type in rule.id_types)
            and all(crossing.resource.labels.get(key) == value for key, value in rule.match.items())
        )

    def _hits(self, origin: Origin) -> bool:
        spec = self._spec(origin)
        basis = spec.governance.legal_basis if spec is not None else None
        if basis and basis in self.restriction.unless_legal_basis:
            return False
        wanted = self.restriction.data_classes
        classes = spec.governance.data_classes if spec is not None else ()
        return not wanted or not frozenset(wanted).isdisjoint(classes)

    def _is_undeclared(self, origin: Origin) -> bool:
        spec = self._spec(origin)
        if spec is None:
            return True
        basis = spec.governance.legal_basis
        if basis and basis in self.restriction.unless_legal_basis:
            return False
        return not spec.governance.data_classes

    def _spec(self, origin: Origin) -> DataSourceSpec | None:
        resource = self.land.resources.get(origin.source)
        spec = resource.spec if resource is not None else None
        return spec if isinstance(spec, DataSourceSpec) else None

    def _restricted(
        self, crossing: _Crossing, origin: Origin, used: set[int], *, declared: bool
    ) -> None:
        address = str(crossing.resource.address)
        what = self._what(crossing, origin, declared=declared)
        mine = [(at, self.restriction.approvals[at]) for at in self._approvals_of(crossing)]
        used.update(at for at, _ in mine)
        valid = [(at, each) for at, each in mine if not self._has_expired(each)]
        if valid:
            self.held.excepted.add(address)
            at, approval = max(valid, key=lambda each: each[1].expires)
            self._approved(crossing, what, at, approval)
            return
        self.held.refused.add(address)
        way_out = (
            f"no --allow lifts it: use other data, or have it approved for {address} under "
            f"spec.restrictions[{self.index}].approvals"
        )
        if mine:
            at, approval = max(mine, key=lambda each: each[1].expires)
            self._add("AUD2162", Severity.ERROR,
                      f"{what}; the approval of {approval.by} ended on {approval.expires}",
                      self._place(at), way_out, crossing)  # fmt: skip
        else:
            forbids = self.restriction.action is RestrictionAction.FORBID
            self._add("AUD2160" if forbids else "AUD2161", Severity.ERROR, what,
                      crossing.resource.span("metadata.name"), way_out, crossing)  # fmt: skip

    def _approved(self, crossing: _Crossing, what: str, at: int, approval: Approval) -> None:
        """Say what an approval leaves to be said: that it ends soon, or that it makes an exception."""
        if self.today is not None and date.fromisoformat(approval.expires) - self.today <= NOTICE:
            self._add("AUD2163", Severity.WARNING,
                      f"{what}; the approval of {approval.by} ends on {approval.expires}",
                      self._place(at), "have it renewed, or take the binding away", crossing)  # fmt: skip
        elif self.restriction.action is RestrictionAction.FORBID:
            self._add("AUD2166", Severity.NOTE,
                      f"{what}; excepted by {approval.by} until {approval.expires}: {approval.reason}",
                      self._place(at), "", crossing)  # fmt: skip

    def _has_expired(self, approval: Approval) -> bool:
        return self.today is not None and date.fromisoformat(approval.expires) < self.today

    def _what(self, crossing: _Crossing, origin: Origin, *, declared: bool) -> str:
        spec = self._spec(origin)
        classes = spec.governance.data_classes if spec is not None else ()
        kind = (
            f"{' and '.join(classes)} data" if declared and classes else "data of no declared class"
        )
        basis = spec.governance.legal_basis if spec is not None else None
        on = f" on the basis of {basis}" if basis else ""
        verb = (
            "is forbidden"
            if self.restriction.action is RestrictionAction.FORBID
            else "needs an approval"
        )
        why = f" ({self.restriction.reason})" if self.restriction.reason else ""
        return (
            f'restriction "{self.restriction.name}": {crossing.resource.address} {crossing.direction}s {kind}{on} '
            f"by {crossing.source.id_type}, which {verb}{why}: {origin}"
        )

    def _undeclared(self, crossing: _Crossing, origin: Origin) -> str:
        return (
            f'restriction "{self.restriction.name}" cannot be held to {crossing.resource.address}: '
            f"{shown(origin.source)} declares no class of data ({origin})"
        )

    def _place(self, approval: int) -> Span | None:
        places = self.policy.places
        path = f"spec.restrictions[{self.index}].approvals[{approval}]"
        return None if places is None else places.span(path)

    def _add(  # noqa: PLR0913, PLR0917 - the parts of a finding
        self, code: str, severity: Severity, message: str, span: Span | None, hint: str,
        crossing: _Crossing | None = None,
    ) -> None:  # fmt: skip
        address = crossing.resource.address if crossing is not None else None
        self.held.findings.append(Finding(code, severity, message, span, hint, address))


def _declare(source: Address) -> str:
    """Return what would have to be written, and where."""
    if source.kind == LIVE:
        return (
            f"describe {shown(source)} in a DataSource manifest, with spec.governance.dataClasses"
        )
    if source.kind == "DataSource":
        return f"declare spec.governance.dataClasses at {source}"
    return "look at it where it is made"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
