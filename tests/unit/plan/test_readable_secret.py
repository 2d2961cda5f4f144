"""A secret that the live system gives back is compared with it, and still shown nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason
from audctl.plan.drift import compute_drift
from audctl.plan.plan_json import plan_to_json
from audctl.redact import MASK, Secret
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject

ACCOUNT = "ExternalAccount/in#campaign.externalAccount"
TYPE = "campaign.externalAccount"
KEY = "AKIA-NEVER-SHOWN"


def _live(key: str) -> LiveObject:
    live = make_live(TYPE, "3", {"name": "in"})
    return replace(live, fields={**live.fields, "accessKeyId": Secret(key)})


def _recorded(key: str) -> Ledger:
    return make_ledger(
        make_entry(
            ACCOUNT,
            "3",
            {"name": "in"},
            deletion_policy="Orphan",
            secrets={"accessKeyId": Secret(key).fingerprint("salt")},
        )
    )


WANTED = make_desired(ACCOUNT, {"name": "in", "accessKeyId": KEY})


def test_one_that_agrees_everywhere_is_kept() -> None:
    plan = make_plan([WANTED], make_state(_live(KEY)), _recorded(KEY))
    assert [step.change for step in plan.steps] == [Change.KEEP]


def test_one_that_someone_replaced_is_drift_and_is_written_again() -> None:
    state = make_state(_live("AKIA-THEIRS"))
    (item,) = compute_drift(state, _recorded(KEY), [WANTED]).items
    assert [(each.field, each.recorded, each.live) for each in item.fields] == [
        ("accessKeyId", MASK, MASK)
    ]
    plan = make_plan([WANTED], state, _recorded(KEY))
    (step,) = plan.steps
    assert step.change is Change.UPDATE
    assert [each.reason for each in step.fields] == [FieldReason.DRIFT]
    assert KEY not in str(plan_to_json(plan))
    assert "AKIA-THEIRS" not in str(plan_to_json(plan))


def test_one_that_the_manifest_changed_is_no_drift() -> None:
    state = make_state(_live("AKIA-OLD"))
    assert compute_drift(state, _recorded("AKIA-OLD"), [WANTED]).items == ()
    (step,) = make_plan([WANTED], state, _recorded("AKIA-OLD")).steps
    assert [each.reason for each in step.fields] == [FieldReason.MANIFEST]


def test_adopting_an_account_that_has_it_already_writes_nothing() -> None:
    (step,) = make_plan([WANTED], make_state(_live(KEY)), make_ledger(), adopt=True).steps
    assert step.change is Change.ADOPT
    assert (step.fields, dict(step.write)) == ((), {})


def test_the_fingerprint_of_the_object_tells_two_keys_apart() -> None:
    assert _live("one").fingerprint() != _live("two").fingerprint()
