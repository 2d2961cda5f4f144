from __future__ import annotations

from datetime import timedelta

from audctl.model.report import DriftField, DriftKind
from audctl.plan.drift import compute_drift
from tests.build import NOON, make_desired, make_entry, make_ledger, make_live, make_state

LIST = "List/l#campaign.list"


def test_what_is_as_it_was_written_has_no_drift() -> None:
    report = compute_drift(
        make_state(
            make_live("campaign.list", "3", {"name": "l", "label": "L", "description": "x"})
        ),
        make_ledger(make_entry(LIST, "3", {"name": "l", "label": "L", "folder": ""})),
    )
    assert report.items == ()
    assert (report.checked, report.unknown, report.live_as_of) == (1, (), NOON)


def test_a_changed_field_says_what_when_and_by_whom() -> None:
    live = make_live(
        "campaign.list",
        "3",
        {"name": "l", "label": "Theirs"},
        changed_by="jdoe",
        changed_at=NOON,
    )
    earlier = NOON - timedelta(days=1)
    ledger = make_ledger(
        make_entry(LIST, "3", {"name": "l", "label": "L"}, label="L", applied_at=earlier)
    )
    wanted = make_desired(LIST, {"name": "l", "label": "L"})
    (item,) = compute_drift(make_state(live), ledger, [wanted]).items
    assert item.kind is DriftKind.CHANGED
    assert item.fields == (DriftField(field="label", recorded="L", live="Theirs"),)
    assert (item.changed_by, item.changed_at, item.applied_at) == ("jdoe", NOON, earlier)
    assert item.span == wanted.span("label")
    assert item.label == "L"


def test_a_missing_object_is_gone() -> None:
    ledger = make_ledger(make_entry(LIST, "3", {"name": "l"}))
    (item,) = compute_drift(
        make_state(make_live("campaign.list", "4", {"name": "other"})), ledger
    ).items
    assert (item.kind, item.live_id, item.span) == (DriftKind.GONE, "3", None)


def test_what_was_not_read_is_unknown_and_never_clean() -> None:
    ledger = make_ledger(make_entry(LIST, "3", {"name": "l"}))
    unread = compute_drift(make_state(types=()), ledger)
    empty = compute_drift(make_state(), ledger)
    for report in (unread, empty):
        assert report.items == ()
        assert [str(each) for each in report.unknown] == [LIST]
        assert report.checked == 0


def test_references_and_rules_show_names() -> None:
    ledger = make_ledger(
        make_entry("Trait/a#aam.trait", "11", {"label": "A"}),
        make_entry("Trait/b#aam.trait", "12", {"label": "B"}),
        make_entry("Folder/Web#aam.segmentFolder", "7", {}),
        make_entry("Audience/s#aam.segment", "21", {"rule": "11T", "folder": "7"}),
    )
    live = make_state(
        make_live("aam.trait", "11", {"label": "A"}),
        make_live("aam.trait", "12", {"label": "B"}),
        make_live("aam.segmentFolder", "7", {}),
        make_live("aam.segment", "21", {"rule": "12T OR 70011T", "folder": "8"}),
    )
    (item,) = compute_drift(live, ledger).items
    assert item.fields == (
        DriftField(field="folder", recorded="Folder/Web#aam.segmentFolder", live="8"),
        DriftField(field="rule", recorded="a", live="70011T OR b"),
    )


def test_what_the_manifest_agrees_with_or_leaves_to_others_is_no_drift() -> None:
    ledger = make_ledger(
        make_entry(LIST, "3", {"name": "l", "label": "Old", "description": "old"}),
        make_entry("Audience/s#aam.segment", "21", {"rule": "11T"}),
        make_entry("Trait/b#aam.trait", "12", {"label": "B"}),
    )
    live = make_state(
        make_live("campaign.list", "3", {"name": "l", "label": "New", "description": "theirs"}),
        make_live("aam.segment", "21", {"rule": "12T"}),
        make_live("aam.trait", "12", {"label": "B"}),
    )
    wanted = [
        make_desired(
            LIST,
            {"name": "l", "label": "New", "description": "old"},
            lifecycle={"ignore": ["spec.description"]},
        ),
        make_desired("Audience/s#aam.segment", {"rule": "b"}),
        make_desired("Trait/b#aam.trait", {"label": "B"}),
    ]
    assert compute_drift(live, ledger, wanted).items == ()
    assert len(compute_drift(live, ledger).items) == 2


def test_a_rule_that_became_unreadable_is_drift() -> None:
    ledger = make_ledger(make_entry("Audience/s#aam.segment", "21", {"rule": "11T AND (broken"}))
    live = make_state(make_live("aam.segment", "21", {"rule": "AND AND"}))
    (item,) = compute_drift(live, ledger).items
    assert item.fields[0].recorded == "11T AND (broken"
    assert item.fields[0].live == "AND AND"
