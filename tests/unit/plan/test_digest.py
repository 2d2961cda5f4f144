from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audctl.model.address import parse_address
from audctl.model.change import FieldReason
from audctl.model.plan import PlanOptions
from audctl.model.span import Span
from audctl.plan.digest import digest_of, plan_digest
from tests.build import HERE, NOON, make_desired, make_ledger, make_live, make_plan, make_state
from tests.unit.plan.test_plan_file import rich_plan


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
                fields=tuple(replace(f, span=None, reason=FieldReason.DRIFT) for f in each.fields),
            )
            for each in plan.steps
        ),
        findings=(),
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


def test_another_secret_gives_another_digest() -> None:
    assert secret_plan_digest("one", 1) != secret_plan_digest("two", 1)
    assert secret_plan_digest("one", 1) == secret_plan_digest("one", 1)


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
