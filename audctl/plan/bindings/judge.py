"""One status for each binding: its definition, the workflows that serve it, its people, its freshness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.address import Address
from audctl.model.duration import parse_duration
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.kinds.kind import set_or
from audctl.model.selection import EVERYTHING, Selection
from audctl.model.status import (
    BindingStatus,
    Definition,
    Direction,
    Freshness,
    Judged,
    StatusReport,
)
from audctl.model.synchronisation import WorkflowRun
from audctl.plan.bindings.definition import Definitions, worst
from audctl.plan.bindings.timing import (
    Arrival,
    default_limit,
    judge_export,
    judge_import,
    of_feed,
    runs_by_hand,
)
from audctl.plan.selection import Place, Scope
from audctl.plan.settling import Chain
from audctl.plan.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.report import ReadFailure
    from audctl.model.resource import Resource
    from audctl.model.settling import Settling
    from audctl.model.status import Trouble
    from audctl.plan.bindings.facts import Facts

IMPORTER, EXPORTER = "importSharedAudience", "exportSharedAudience"
"""The technical workflows."""
_WAITS = {
    Definition.NOT_APPLIED: (Freshness.PENDING, "not applied yet"),
    Definition.GONE: (Freshness.OVERDUE, "it is gone from the live system"),
    Definition.UNKNOWN: (Freshness.UNKNOWN, "it could not be read"),
}


class Ends(NamedTuple):
    """Live ids at a binding's two ends, empty while there is none; and the destination between them."""

    segment: str
    list: str
    destination: str


@dataclass(frozen=True, kw_only=True)
class Bindings:
    """The selected bindings of a project, held against its live systems."""

    resources: tuple[Resource, ...]
    """Selected ones, by address."""
    left_out: int
    definitions: Definitions
    live: LiveState

    def ends(self, resource: Resource) -> Ends:
        """Return the live ids that people go from and to."""
        spec = resource.spec
        assert isinstance(spec, (ImportBindingSpec, ExportBindingSpec))
        mapping = self._live(resource.address.of("aam.mapping"))
        name = _list_of(spec)
        return Ends(
            segment=self.definitions.live_id(Address("Audience", spec.audience, "aam.segment")),
            list=self.definitions.live_id(Address("List", name, "campaign.list")) if name else "",
            destination=str(mapping.fields.get("destination") or "") if mapping else "",
        )

    def data_source(self, resource: Resource) -> str:
        """Return the Audience Manager id of the data source by which a binding's people are recognised."""
        spec = resource.spec
        assert isinstance(spec, (ImportBindingSpec, ExportBindingSpec))
        live = self._live(Address("DataSource", spec.data_source, "campaign.dataSource"))
        return str(live.fields.get("aamDataSource") or "") if live is not None else ""

    def paired(self) -> frozenset[str]:
        """Return the Audience Manager ids of all data sources that Campaign knows."""
        rows = (each for each in self.live.objects if each.type == "campaign.dataSource")
        return frozenset(str(each.fields.get("aamDataSource") or "") for each in rows)

    def _live(self, address: Address) -> LiveObject | None:
        return self.live.by_id.get((address.object, self.definitions.live_id(address)))

    def workflow(self, resource: Resource) -> LiveObject | None:
        """Return an export's own workflow."""
        return self._live(resource.address.of("campaign.workflow"))

    def is_paused(self, spec: ImportBindingSpec) -> bool:
        """Whether the audience that fills a list stands still, live."""
        segment = self._live(Address("Audience", spec.audience, "aam.segment"))
        return segment is not None and segment.fields.get("status") == "paused"


def select_bindings(
    live: LiveState,
    ledger: Ledger,
    desired: Collection[DesiredObject],
    *,
    selection: Selection = EVERYTHING,
    unreadable: Collection[tuple[str, str]] = (),
) -> Bindings:
    """Match a project's objects with their live ones, and choose among its bindings."""
    sides = Sides(live, ledger, desired, unreadable)
    scope = Scope(selection, desired, sides.ledger)
    found: dict[Address, Resource] = {}
    everything: set[Address] = set()
    for each in desired:
        resource = each.resource
        if resource is None or not isinstance(
            resource.spec, (ImportBindingSpec, ExportBindingSpec)
        ):
            continue
        everything.add(resource.address)
        if scope.place(each.address) is Place.INSIDE:
            found[resource.address] = resource
    return Bindings(
        resources=tuple(found[each] for each in sorted(found)),
        left_out=len(everything) - len(found),
        definitions=Definitions(sides, {each.address: each for each in desired}),
        live=live,
    )


def judge_bindings(
    bindings: Bindings,
    facts: Facts,
    *,
    selection: Selection = EVERYTHING,
    failures: Iterable[ReadFailure] = (),
) -> StatusReport:
    """Return how every selected binding stands."""
    judge = _Judge(bindings, facts)
    found = tuple(judge.status(each) for each in bindings.resources)
    doubts = bindings.definitions.sides.doubts(
        [
            each.address
            for status in found
            for each in status.troubles
            if each.definition is Definition.UNKNOWN
        ]
    )
    return StatusReport(
        bindings=found,
        failures=(*failures, *doubts),
        live_as_of=facts.now,
        selection=selection,
        left_out=bindings.left_out,
    )


class _Judge:
    def __init__(self, bindings: Bindings, facts: Facts) -> None:
        self.bindings = bindings
        self.facts = facts
        self.definitions = bindings.definitions
        self.paired = bindings.paired()
        sides = self.definitions.sides
        self.ledger = sides.ledger
        self.chain = Chain(sides.ledger, self.definitions.desired, dict(self._changes()))

    def _changes(self) -> Iterator[tuple[Address, datetime]]:
        """Yield when what people come through last changed, by Audience Manager's clock."""
        for address in self.definitions.desired:
            if address.object in {"aam.trait", "aam.segment", "aam.mapping"}:
                key = (address.object, self.definitions.live_id(address))
                live = self.bindings.live.by_id.get(key)
                if live is not None and live.changed_at is not None:
                    yield address, live.changed_at

    def status(self, resource: Resource) -> BindingStatus:
        spec = resource.spec
        assert isinstance(spec, (ImportBindingSpec, ExportBindingSpec))
        direction = Direction.IMPORT if isinstance(spec, ImportBindingSpec) else Direction.EXPORT
        own = [resource.address.of(each) for each in _PARTS[direction]]
        troubles = self.definitions.troubles(own)
        ends = self.bindings.ends(resource)
        by_hand = direction is Direction.EXPORT and runs_by_hand(self._schedule(resource))
        workflows = self._workflows(resource, spec)
        return BindingStatus(
            address=resource.address,
            direction=direction,
            audience=spec.audience,
            list=_list_of(spec),
            definition=worst(troubles),
            troubles=troubles,
            workflows=workflows,
            runs=_all_run(workflows, by_hand=by_hand),
            judged=self._judged(
                resource, [each for each in troubles if each.address in own], workflows
            ),
            audience_people=self.facts.people.get(("aam.segment", ends.segment)),
            list_people=self.facts.people.get(("campaign.list", ends.list)),
            span=resource.span(),
        )

    def _workflows(
        self, resource: Resource, spec: ImportBindingSpec | ExportBindingSpec
    ) -> tuple[WorkflowRun | None, ...]:
        if isinstance(spec, ImportBindingSpec):
            return (self._run(IMPORTER),)
        live = self.bindings.workflow(resource)
        name = set_or(spec.name, resource.address.name) if live is None else live.key[0]
        return self._run(name), self._run(EXPORTER)

    def _run(self, name: str) -> WorkflowRun | None:
        """Return a workflow's state; one that is not there does not work, None is one nobody could read."""
        if self.facts.workflows is None:
            return None
        return self.facts.workflows.get(name) or WorkflowRun(name=name, going=False)

    def _judged(
        self,
        resource: Resource,
        troubles: list[Trouble],
        workflows: tuple[WorkflowRun | None, ...],
    ) -> Judged:
        spec = resource.spec
        standing = worst(each for each in troubles if not each.fields)
        if standing in _WAITS:
            freshness, why = _WAITS[standing]
            return Judged(freshness=freshness, why=why)
        runs = [each for each in workflows if each is not None]
        if len(runs) < len(workflows):
            return Judged(freshness=Freshness.UNKNOWN, why="the workflows could not be read")
        if isinstance(spec, ImportBindingSpec):
            return self._imported(resource, spec, runs[0])
        assert isinstance(spec, ExportBindingSpec)
        arrival = Arrival(
            now=self.facts.now,
            settling=self._settling(resource.address.of("campaign.workflow")),
            still="paused by its manifest" if spec.paused else "",
        )
        return judge_export(arrival, *runs, schedule=self._schedule(resource))

    def _schedule(self, resource: Resource) -> str:
        live = self.bindings.workflow(resource)
        return str(live.fields.get("schedule") or "") if live is not None else ""

    def _imported(self, resource: Resource, spec: ImportBindingSpec, run: WorkflowRun) -> Judged:
        shared = resource.address.of("campaign.sharedList")
        destination = self.bindings.ends(resource).destination
        if destination not in self.facts.transfers:
            why = "what Audience Manager sent could not be read"
            return Judged(freshness=Freshness.UNKNOWN, why=why)
        arrival = Arrival(
            now=self.facts.now,
            settling=self._settling(shared),
            still=self._still(spec),
        )
        slow = self.chain.comes_from_analytics(shared)
        limit = (
            parse_duration(spec.freshness)
            if isinstance(spec.freshness, str)
            else default_limit(from_analytics=slow)
        )
        transfers = of_feed(
            self.facts.transfers[destination], self.bindings.data_source(resource), self.paired
        )
        return judge_import(arrival, run, transfers, limit=limit)

    def _still(self, spec: ImportBindingSpec) -> str:
        if self.bindings.is_paused(spec):
            return "its audience is paused"
        today = f"{self.facts.now:%Y-%m-%d}"
        if isinstance(spec.end_date, str) and spec.end_date < today:
            return f"ended on {spec.end_date}"
        return ""

    def _settling(self, address: Address) -> Settling | None:
        entry = self.ledger.entries.get(address)
        return self.chain.settling(entry) if entry is not None else None


_PARTS: Mapping[Direction, tuple[str, ...]] = {
    Direction.IMPORT: ("aam.mapping", "campaign.sharedList"),
    Direction.EXPORT: ("aam.trait", "campaign.workflow"),
}
"""Object types of a binding."""


def _list_of(spec: ImportBindingSpec | ExportBindingSpec) -> str:
    """Return the name of the List at a binding's end; empty for an export of a query."""
    name = spec.list if isinstance(spec, ImportBindingSpec) else spec.source.list
    return name if isinstance(name, str) else ""


def _all_run(workflows: Iterable[WorkflowRun | None], *, by_hand: bool) -> bool | None:
    """Whether all work; a workflow that runs by hand need only not have failed."""
    listed = list(workflows)
    if any(each is None for each in listed):
        return None
    first, *others = (each for each in listed if each is not None)
    return (not first.failed if by_hand else first.works) and all(each.works for each in others)
