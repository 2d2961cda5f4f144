"""A project's whole life at random: manifests, other people's edits, selections, overrides, other projects, time.

Every run is held to a witness (:mod:`tests.properties.witness`): what was approved, as its file gives it back, is what
ran, and nobody else's work was touched. After every run the laws of the main job hold for what was selected.
"""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from audctl.errors import FindingsError, PlanRefused, StalePlanError
from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.outcome import Result
from audctl.model.selection import Selection
from audctl.operations.apply import DONE_WITH, refuse_unfit
from audctl.operations.approval import read_approval
from audctl.plan.options import PlanOptions
from audctl.plan.plan_file import read_plan, write_plan
from audctl.plan.plan_json import plan_to_json
from audctl.resolve.desired import desired_objects
from audctl.resolve.references import check_references
from tests.build import NO_LIMITS, NOON, make_ledger, make_live, make_plan, make_state
from tests.memory import World, refers
from tests.properties.tenants import around_it, living_tenants
from tests.properties.test_import_laws import composed, resources_of
from tests.properties.witness import Memory, Witness, objects_of

if TYPE_CHECKING:
    from random import Random

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.plan import Plan
    from audctl.model.resource import Resource

RIVAL = 'project "rival" (environment prod)'
EVERYTHING = Selection()
selections = st.one_of(
    st.just(EVERYTHING),
    st.builds(
        Selection,
        only=st.sampled_from(
            [(), ("Trait/*",), ("Audience/*", "Trait/*"), ("*/l[01]*",), ("List/*#campaign.list",)]
        ),
        exclude=st.sampled_from([(), ("Audience/s1",), ("*/*#aam.segment",), ("DataSource/*",)]),
    ),
)
limits = st.sampled_from(
    [NO_LIMITS, {**NO_LIMITS, "maxDeletes": "1", "maxPauses": "10%", "maxReplaces": "0"}]
)


def acting(plan: Plan) -> dict[Address, Any]:
    """Return what a run has to do; the rest stays, or waits for a person."""
    idle = {Change.KEEP, Change.MANUAL}
    return {each.address: each for each in plan.steps if each.change not in idle}


def errors(plan: Plan) -> list[Any]:
    return [each for each in plan.findings if each.severity is Severity.ERROR]


class Life(RuleBasedStateMachine):
    """One project, its tenant, and everybody else who works there."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world: World = around_it()
        self.resources: list[Resource] = []
        self.others: dict[tuple[str, str], str] = {}
        self.days = 0
        self.limits = NO_LIMITS
        self.number = 100_000
        self.file: Path | None = None

    def teardown(self) -> None:
        self.folder.cleanup()

    # --- what people do ---------------------------------------------------------------------------

    @initialize(resources=living_tenants())
    def begin(self, resources: list[Resource]) -> None:
        self.others_write(resources)
        self.run(self.plan())

    @rule(resources=living_tenants())
    def others_write(self, resources: list[Resource]) -> None:
        """Write other manifests."""
        if not any(each.severity is Severity.ERROR for each in check_references(resources)):
            self.resources = resources

    @rule(data=st.data())
    def a_manifest_goes(self, data: st.DataObject) -> None:
        if self.resources:
            gone = data.draw(st.sampled_from(self.resources))
            self.others_write([each for each in self.resources if each is not gone])

    @rule(data=st.data(), label=st.sampled_from(["Ours", "Ours, too"]))
    def a_label_is_written(self, data: st.DataObject, label: str) -> None:
        able = [n for n, each in enumerate(self.resources) if hasattr(each.spec, "label")]
        if able:
            chosen = data.draw(st.sampled_from(able))
            spec: Any = self.resources[chosen].spec
            self.resources = list(self.resources)
            self.resources[chosen] = replace(
                self.resources[chosen], spec=replace(spec, label=label)
            )

    @rule(count=st.integers(1, 4), limit=st.sampled_from(["0", "1", "2"]), rival=st.booleans())
    def lists_go_under_a_limit(self, count: int, limit: str, rival: bool) -> None:
        standing = [key for key, each in self.standing() if each.type == "campaign.list"]
        if rival and standing:
            self.others[standing[0]] = RIVAL
        self.limits = {**NO_LIMITS, "maxDeletes": limit}
        lists = [each.address.name for each in self.resources if each.address.kind == "List"]
        gone = {f"{name}{end}" for name in lists[:count] for end in ("", "-in", "-out")}
        self.others_write([each for each in self.resources if each.address.name not in gone])
        self.run(self.plan())
        self.limits = NO_LIMITS

    @rule()
    def every_manifest_goes(self) -> None:
        self.resources = []

    @rule(data=st.data(), label=st.sampled_from(["Theirs", "Theirs, too"]))
    def somebody_edits(self, data: st.DataObject, label: str) -> None:
        able = [key for key, each in self.standing() if "label" in each.fields]
        if able:
            self.put(data.draw(st.sampled_from(able)), label=label)

    @rule(data=st.data())
    def somebody_starts_or_stops(self, data: st.DataObject) -> None:
        able = [key for key, each in self.standing() if "status" in each.fields]
        if able:
            key = data.draw(st.sampled_from(able))
            now = objects_of(self.world)[key].fields["status"]
            self.put(key, status="active" if now == "paused" else "paused")

    @rule(data=st.data())
    def somebody_deletes(self, data: st.DataObject) -> None:
        objects = objects_of(self.world)
        free = [
            key
            for key, each in self.standing()
            if not any(refers(user, each) for user in objects.values())
            and each.type not in {"aam.destination", "campaign.folder"}
        ]
        if free:
            key = data.draw(st.sampled_from(free))
            del self.world.systems[OBJECT_TYPES[key[0]].system].objects[key]

    @rule(number=st.integers(0, 3), rival=st.booleans())
    def somebody_makes_a_list(self, number: int, rival: bool) -> None:
        """Make one that a manifest may ask for."""
        name = f"list-{number}"
        if not any(each.fields.get("name") == name for _, each in self.standing()):
            self.make("campaign.list", {"name": name, "label": "By hand"})
            if rival:
                self.others["campaign.list", str(self.number)] = RIVAL

    @rule(data=st.data())
    def somebody_uses_a_trait(self, data: st.DataObject) -> None:
        traits = [key[1] for key, each in self.standing() if each.type == "aam.trait"] or ["990"]
        rule_text = f"{data.draw(st.sampled_from(traits))}T"
        fields = {"label": "Theirs", "integrationCode": f"x{self.number}", "rule": rule_text}
        self.make("aam.segment", {**fields, "status": "active"})

    @rule(data=st.data())
    def another_project_owns(self, data: st.DataObject) -> None:
        able = [key for key, each in self.standing() if not OBJECT_TYPES[each.type].observed]
        if able:
            self.others[data.draw(st.sampled_from(able))] = RIVAL

    @rule(days=st.sampled_from([1, 31]))
    def days_pass(self, days: int) -> None:
        self.days += days

    @rule(limits=limits)
    def limits_are_set(self, limits: dict[str, Any]) -> None:
        self.limits = limits

    # --- planning and applying --------------------------------------------------------------------

    @rule(selection=selections, adopt=st.booleans(), allow=st.integers(0, 3))
    def it_is_applied(self, selection: Selection, adopt: bool, allow: int) -> None:
        self.run(self.plan(selection, adopt=adopt, allow=allow))

    @rule(selection=selections, adopt=st.booleans())
    def it_is_approved(self, selection: Selection, adopt: bool) -> None:
        """Keep a plan for later; what happens in between may make it stale."""
        self.file = Path(self.folder.name) / "plan.json"
        write_plan(self.plan(selection, adopt=adopt, allow=3), self.file)

    @rule(selection=selections, resources=living_tenants())
    def manifests_change_before_it_is_applied(
        self, selection: Selection, resources: list[Resource]
    ) -> None:
        approved = self.plan(selection, allow=3)
        self.others_write(resources)
        self.run(approved)

    @precondition(lambda self: self.file is not None)
    @rule()
    def what_was_approved_is_applied(self) -> None:
        assert self.file is not None
        self.run(read_plan(self.file))
        self.file = None

    @precondition(lambda self: not acting(self.plan()) and not errors(self.plan()))
    @rule(resources=living_tenants())
    def manifests_change_and_change_back(self, resources: list[Resource]) -> None:
        was, memory = (
            self.resources,
            Memory.of(self.world, {each.address for each in self.desired()}),
        )
        self.others_write(resources)
        there = self.run(self.plan(allow=3))
        if there is None:
            self.resources = was
            return
        self.resources = was
        plan = self.plan(adopt=True, allow=3)
        back = self.run(plan)
        if back is None:
            # What was made anew on the way there may need the same permission on the way back.
            assert {each.code for each in errors(plan)} == {"AUD2008"}, errors(plan)
            return
        event("changed and changed back")
        memory.compare(self.world, there, back)

    # --- laws -------------------------------------------------------------------------------------

    @rule(random=st.randoms(use_true_random=False), selection=selections)
    def the_order_of_the_input_does_not_show(self, random: Random, selection: Selection) -> None:
        state, ledger, desired = self.world.read(), self.world.store.ledger, self.desired()
        plans = [self.plan(selection)]
        objects, entries = list(state.objects), list(ledger.entries.values())
        for each in (objects, entries, desired):
            random.shuffle(each)
        plans.append(
            make_plan(
                desired,
                make_state(*objects),
                make_ledger(*entries, serial=ledger.serial),
                **self.settings(plans[0].options),
            )
        )
        one, two = (plan_to_json(each) for each in plans)
        for written in (one, two):
            del written["calls"], written["checksum"]  # other numbers of calls
        assert one == two

    @rule()
    def an_import_is_adopted_without_a_change(self) -> None:
        """Whatever stands live, nobody's ledger in sight."""
        live = self.world.read()
        read = resources_of(composed(live))
        copy = World(live.objects, make_ledger(serial=0))
        plan = copy.plan(desired_objects(read), adopt=True)
        assert not [each for each in errors(plan) if not each.code.startswith("AUD21")]
        assert {(each.change, each.fields) for each in plan.steps} <= {
            (Change.ADOPT, ()),
            (Change.KEEP, ()),
        }
        event(f"imported {min(len(read), 5)} or more")

    @invariant()
    def no_intent_is_left(self) -> None:
        assert not self.world.store.ledger.intents

    # --- words ------------------------------------------------------------------------------------

    def standing(self) -> list[tuple[tuple[str, str], Any]]:
        return sorted(objects_of(self.world).items())

    def put(self, key: tuple[str, str], **fields: str) -> None:
        objects = self.world.systems[OBJECT_TYPES[key[0]].system].objects
        objects[key] = replace(objects[key], fields={**objects[key].fields, **fields})

    def make(self, object_type: str, fields: dict[str, Any]) -> None:
        self.number += 1
        objects = self.world.systems[OBJECT_TYPES[object_type].system].objects
        objects[object_type, str(self.number)] = make_live(object_type, str(self.number), fields)

    def desired(self) -> list[DesiredObject]:
        return list(desired_objects(self.resources)) if self.resources else []

    def settings(self, options: PlanOptions) -> dict[str, Any]:
        return {
            "limits": self.limits,
            "owners": self.others,
            "now": NOON + timedelta(days=self.days),
            "adopt": options.adopt,
            "allowed": options.allowed,
            "selection": options.selection,
        }

    def again(self, options: PlanOptions) -> Plan:
        return self.world.plan(self.desired(), **self.settings(options))

    def plan(
        self,
        selection: Selection = EVERYTHING,
        *,
        adopt: bool = False,
        allow: int = 0,
        believed: frozenset[str] = frozenset(),
    ) -> Plan:
        """Plan; believe empty reads, which small worlds have all the time; allow so much of what guards refuse."""
        options = PlanOptions(adopt=adopt, selection=selection, allowed=believed)
        plan = self.again(options)
        empty = {each.message.split(":")[0] for each in plan.findings if each.code == "AUD2002"}
        if empty:
            more = frozenset(f"emptyRead:{each}" for each in empty)
            options = replace(options, allowed=believed | more)
            plan = self.again(options)
        hints = [
            word
            for each in errors(plan)
            if each.code != "AUD2007"
            for word in shlex.split(each.hint.partition("--allow ")[2])[:1]
        ]
        allowed = options.allowed | set(hints if allow == 3 else hints[:allow])
        return self.again(replace(options, allowed=allowed)) if hints else plan

    def run(self, approved: Plan) -> Plan | None:
        """Apply what was approved as apply does; None when it was refused."""
        path = Path(self.folder.name) / "approved.json"
        write_plan(approved, path)
        approval = read_approval(path, None, PlanOptions())
        assert approval.plan is not None
        options = approval.options(PlanOptions())
        before = objects_of(self.world)
        witness = Witness(
            before=before,
            ledger=self.world.store.ledger,
            others=dict(self.others),
            calls={name: len(each.calls) for name, each in self.world.systems.items()},
            approved=approval.plan,
            adoptable=options.adopt,
        )
        now = self.again(options)
        try:
            approval.check_unchanged(now)
            refuse_unfit(now)
        except (StalePlanError, PlanRefused, FindingsError) as refusal:
            event(f"refused: {type(refusal).__name__}")
            return None
        self.within_limits(approval.plan)
        report = self.world.apply(now)
        event(f"applied {'a part' if options.selection else 'the whole'}")
        witness.look(self.world)
        wanted = acting(now)
        undone = [
            each
            for each in report.outcomes
            if each.result is not Result.DONE and each.step.address in wanted
        ]
        assert not undone, undone
        self.outside_stands(before, witness, options.selection)
        self.nothing_is_left(options)
        return now

    def within_limits(self, plan: Plan) -> None:
        if not self.resources and self.world.store.ledger.entries:
            assert plan.options.allows("emptyProject", "shop")
        for guard, change in (("maxDeletes", Change.DELETE), ("maxReplaces", Change.REPLACE)):
            if (limit := str(self.limits[guard])).endswith("%"):
                continue
            steps = [each for each in plan.steps if each.change is change]
            unnamed = [
                each
                for each in steps
                if not plan.options.allows(guard, str(each.address))
                and not plan.options.allows(guard, str(each.address.resource))
            ]
            assert len(unnamed) <= int(limit), f"{guard}: {unnamed}"

    def outside_stands(self, before: Any, witness: Witness, selection: Selection) -> None:  # noqa: ANN401
        after = objects_of(self.world)
        for address, entry in witness.ledger.entries.items():
            if address.kind == "Folder" or self.selects(selection, address):
                continue
            assert self.world.store.ledger.entries.get(address) == entry, f"{address} not selected"
            key = (entry.type, entry.live_id)
            assert after.get(key) == before.get(key), f"{address} is not selected, and was touched"

    def selects(self, selection: Selection, address: Address) -> bool:
        def fits(pattern: str) -> bool:
            return fnmatchcase(str(address) if "#" in pattern else str(address.resource), pattern)

        chosen = not selection.only or any(map(fits, selection.only))
        return chosen and not any(map(fits, selection.exclude))

    def nothing_is_left(self, options: PlanOptions) -> None:
        believed = frozenset(each for each in options.allowed if each.startswith("emptyProject"))
        if not self.world.store.ledger.entries:
            believed = frozenset()  # there is nothing left to believe it of
        left = self.plan(options.selection, believed=believed)
        wrong = [each for each in errors(left) if each.code not in DONE_WITH]
        assert not acting(left), acting(left)
        assert not wrong, wrong
        writes, saved = len(self.world.writes), len(self.world.store.saved)
        self.world.apply(replace(left, findings=()))
        assert (len(self.world.writes), len(self.world.store.saved)) == (writes, saved)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,  # half a minute cannot search far: what it finds, it finds in every run
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
