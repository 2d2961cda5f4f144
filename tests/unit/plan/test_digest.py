from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.address import parse_address
from audctl.model.change import Change, FieldReason
from audctl.model.plan import PlanOptions
from audctl.model.selection import Selection
from audctl.model.span import Span
from audctl.plan.digest import digest_of, plan_digest
from tests.build import (
    HERE,
    NOON,
    make_desired,
    make_entry,
    make_ledger,
    make_live,
    make_plan,
    make_state,
)
from tests.unit.plan.test_plan_file import rich_plan

if TYPE_CHECKING:
    from audctl.model.plan import Plan


def test_places_times_wording_and_counts_do_not_count() -> None:
    plan = rich_plan()
    told_otherwise = replace(
        plan,
        steps=tuple(
            replace(
                each,
                reason="other words",
                label="other",
                span=Span("moved.yaml", 9, 9),
                changed_at=NOON,
                impact=None,
                removed_at=NOON,
                previous_names=("former",),
                fields=tuple(replace(f, span=None, reason=FieldReason.DRIFT) for f in each.fields),
            )
            for each in plan.steps
        ),
        findings=(),
        effects=(),
        verdicts=(),
        revision=None,
        tool="audctl 99",
        left_out=9,
        unmanaged={},
        live_as_of=None,
        ledger_serial=99,
    )
    assert digest_of(told_otherwise) == plan.digest


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "other"},
        {"live_id": "other"},
        {"protect": True},
        {"deletion_policy": "Orphan"},
        {"requires": ()},
        {"fields": ()},
        {"content": ""},
        {"after": (parse_address("Trait/before#aam.trait"),)},
        {"interim": {"integrationCode": "audctl-interim"}},
        {"grace_days": 7},
        {"renamed_from": parse_address("Trait/before#aam.trait")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_would_be_done_counts(change: dict[str, Any]) -> None:
    plan = rich_plan()
    trait = next(each for each in plan.steps if each.address.kind == "Trait")
    assert trait.requires
    steps = tuple(replace(each, **change) if each is trait else each for each in plan.steps)
    assert plan_digest(plan.project, plan.environment, steps, plan.options) != plan.digest


def test_where_it_belongs_counts() -> None:
    plan = rich_plan()
    assert plan_digest("other", HERE, plan.steps, plan.options) != plan.digest
    for field in ("name", "organization", "audience_manager", "campaign"):
        elsewhere = replace(HERE, **{field: "other"})
        assert plan_digest(plan.project, elsewhere, plan.steps, plan.options) != plan.digest


def secret_plan_digest(secret: str, serial: int) -> str:
    wanted = make_desired(
        "ExternalAccount/in#campaign.externalAccount", {"name": "in", "secretAccessKey": secret}
    )
    return make_plan([wanted], make_state(), make_ledger(serial=serial)).digest


@pytest.mark.parametrize("serial", [0, 1])
def test_another_secret_gives_another_digest(serial: int) -> None:
    assert secret_plan_digest("one", serial) != secret_plan_digest("two", serial)
    assert secret_plan_digest("one", serial) == secret_plan_digest("one", serial)


def folder_plan(live_id: str) -> Plan:
    desired = [
        make_desired("List/l#campaign.list", {"name": "l", "folder": "@Folder/A#campaign.folder"}),
        make_desired("Folder/A#campaign.folder", {"path": "/A", "parent": ""}),
    ]
    folder = make_live("campaign.folder", live_id, {"path": "/A"})
    return make_plan(desired, make_state(folder), make_ledger())


def test_another_object_behind_the_same_name_gives_another_digest() -> None:
    assert folder_plan("10").digest == folder_plan("10").digest
    assert folder_plan("10").digest != folder_plan("20").digest


def test_a_trait_of_another_id_behind_the_same_name_gives_another_digest() -> None:
    def digest(live_id: str) -> str:
        trait = {"integrationCode": "t", "dataSource": "5"}
        desired = [
            make_desired("Trait/t#aam.trait", trait),
            make_desired("Audience/s#aam.segment", {"integrationCode": "s", "rule": "t"}),
        ]
        entry = make_entry("Trait/t#aam.trait", live_id, trait, deletion_policy="Delete")
        live = make_state(make_live("aam.trait", live_id, trait))
        return make_plan(desired, live, make_ledger(entry)).digest

    assert digest("11") == digest("11")
    assert digest("11") != digest("12")


def test_another_order_of_a_set_does_not_count() -> None:
    def digest(*controls: str) -> str:
        fields = {"integrationCode": "d", "exportControls": list(controls)}
        return make_plan(
            [make_desired("DataSource/d#aam.dataSource", fields)], make_state(), make_ledger()
        ).digest

    assert digest("pii", "onsite") == digest("onsite", "pii")
    assert digest("pii", "onsite") != digest("pii")


@pytest.mark.parametrize(
    ("ignore", "field", "one", "other"),
    [((), "startDate", "2026-01-01", "2027-01-01"), (("spec.endDate",), "endDate", "2", "3")],
    ids=["for creation only", "left to others"],
)
def test_all_that_a_replace_writes_counts(
    ignore: tuple[str, ...], field: str, one: str, other: str
) -> None:
    def plan(value: str) -> Plan:
        before = {"destination": "1", "segment": "7", "alias": "x"}
        wanted = make_desired(
            "ImportBinding/i#aam.mapping",
            {**before, "segment": "8", field: value},
            lifecycle={"allowReplace": True, "ignore": list(ignore)},
        )
        live = make_state(make_live("aam.mapping", "31", {**before, "endDate": "1"}))
        entry = make_entry("ImportBinding/i#aam.mapping", "31", before, deletion_policy="Delete")
        return make_plan([wanted], live, make_ledger(entry))

    assert plan(one).counts[Change.REPLACE] == 1
    assert plan(one).digest == plan(one).digest
    assert plan(one).digest != plan(other).digest
    (step,) = plan(one).steps
    assert one in {change.after for change in step.fields}


def test_the_salt_of_an_unsaved_ledger_does_not_count() -> None:
    """Such a ledger is made anew with each load: two plans in a row must still agree."""
    wanted = make_desired(
        "ExternalAccount/in#campaign.externalAccount", {"name": "in", "secretAccessKey": "s"}
    )
    fresh = make_ledger(serial=0)
    plans = [
        make_plan([wanted], make_state(), replace(fresh, salt=salt)) for salt in ("first", "second")
    ]
    assert plans[0].digest == plans[1].digest


def test_untouched_objects_do_not_count() -> None:
    wanted = make_desired("Destination/d#aam.destination", {"id": "1"}, observed=True)
    kept = make_plan(
        [wanted], make_state(make_live("aam.destination", "1", {"id": "1"})), make_ledger()
    )
    assert kept.is_empty
    assert kept.digest == make_plan([], make_state(), make_ledger()).digest


def test_what_was_allowed_counts() -> None:
    plan = rich_plan()
    for options in (PlanOptions(adopt=True), PlanOptions(allowed=frozenset({"maxDeletes:List/k"}))):
        assert digest_of(replace(plan, options=options)) != plan.digest


def test_which_part_was_planned_counts_and_the_order_of_its_patterns_does_not() -> None:
    def digest(*only: str, exclude: tuple[str, ...] = ()) -> str:
        selection = Selection(only=only, exclude=exclude)
        return digest_of(replace(rich_plan(), options=PlanOptions(selection=selection)))

    assert digest("List/*") == digest("List/*")
    assert digest("List/*", "team=crm") == digest("team=crm", "List/*")
    assert len({digest(), digest("List/*"), digest("List/a"), digest(exclude=("List/*",))}) == 4
