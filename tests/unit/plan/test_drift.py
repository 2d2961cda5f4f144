from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.kinds.audience import AudienceSpec, Source
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.report import DriftField, DriftKind, DriftReport, DriftResult, ReadFailure
from audctl.model.selection import Selection
from audctl.plan.drift import compute_drift
from tests.build import NOON, make_desired, make_entry, make_ledger, make_live, make_state

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveState

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
    place = wanted.span("label")
    assert item.fields == (DriftField(field="label", recorded="L", live="Theirs", span=place),)
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


def kinds(report: DriftReport) -> list[str]:
    return [f"{each.kind} {each.address.name}" for each in (*report.items, *report.awaited)]


@pytest.mark.parametrize(
    ("recorded", "live", "asked", "kind"),
    [
        ("A", "A", "A", None),
        ("A", "L", "A", "changed"),
        ("A", "A", "D", "manifest"),
        ("A", "L", "D", "conflict"),
        ("A", "N", "N", None),
        ("A", None, "A", "changed"),
        (None, None, "D", "manifest"),
    ],
)
def test_a_field_is_classed_by_which_of_its_three_sides_moved(
    recorded: str | None, live: str | None, asked: str, kind: str | None
) -> None:
    report = compute_drift(
        make_state(make_live("campaign.list", "3", {"name": "l", "label": live})),
        make_ledger(make_entry(LIST, "3", {"name": "l", "label": recorded})),
        [make_desired(LIST, {"name": "l", "label": asked})],
    )
    assert kinds(report) == ([f"{kind} l"] if kind else [])
    drifted = kind in {"changed", "conflict"}
    assert report.result is (DriftResult.DIFFERENT if drifted else DriftResult.SAME)
    if kind == "conflict":
        (field,) = report.items[0].fields
        assert (field.recorded, field.live, field.desired) == (recorded, live, asked)


def test_what_changed_in_different_fields_is_both_and_no_conflict() -> None:
    report = compute_drift(
        make_state(
            make_live("campaign.list", "3", {"name": "l", "label": "L", "description": "a"})
        ),
        make_ledger(make_entry(LIST, "3", {"name": "l", "label": "A", "description": "a"})),
        [make_desired(LIST, {"name": "l", "label": "A", "description": "d"})],
    )
    (item,) = report.items
    assert item.kind is DriftKind.BOTH
    assert [(each.field, str(each.kind)) for each in item.fields] == [
        ("description", "manifest"),
        ("label", "changed"),
    ]


def test_a_field_the_manifest_dropped_waits_for_an_apply_unless_someone_else_took_it() -> None:
    ledger = make_ledger(make_entry(LIST, "3", {"name": "l", "description": "ours"}))
    wanted = [make_desired(LIST, {"name": "l"})]
    for live, expected in (("ours", "manifest l"), ("theirs", "changed l")):
        state = make_state(make_live("campaign.list", "3", {"name": "l", "description": live}))
        assert kinds(compute_drift(state, ledger, wanted)) == [expected]


def test_a_renamed_manifest_is_compared_with_what_its_old_name_owns() -> None:
    state = make_state(make_live("campaign.list", "3", {"name": "l", "label": "A"}))
    ledger = make_ledger(make_entry(LIST, "3", {"name": "l", "label": "A"}))
    wanted = make_desired("List/m#campaign.list", {"name": "l", "label": "D"}, previousNames=["l"])
    for selection in (Selection(), Selection(only=("List/m",))):
        report = compute_drift(state, ledger, [wanted], selection=selection)
        assert (kinds(report), report.left_out) == (["manifest m"], 0)


def test_a_reference_to_what_will_be_made_anew_is_nobodys_change() -> None:
    """The trait is gone; the audience that uses it is as it was left."""
    state = make_state(
        make_live("aam.trait", "99", {"label": "other"}),
        make_live("aam.segment", "21", {"rule": "11T"}),
    )
    ledger = make_ledger(
        make_entry("Trait/a#aam.trait", "11", {"label": "A"}),
        make_entry("Audience/s#aam.segment", "21", {"rule": "11T"}),
    )
    wanted = [
        make_desired("Trait/a#aam.trait", {"label": "A", "integrationCode": "a"}),
        make_desired("Audience/s#aam.segment", {"rule": "a"}),
    ]
    assert kinds(compute_drift(state, ledger, wanted)) == ["gone a"]


def destination(**fields: Any) -> DesiredObject:  # noqa: ANN401 - literals
    return make_desired(
        "Destination/d#aam.destination", {"id": "7", **fields}, observed=True, manual="ask"
    )


def test_what_is_only_observed_is_compared_with_its_manifest() -> None:
    live = make_live(
        "aam.destination", "7", {"id": "7", "label": "Feed"}, changed_by="12", changed_at=NOON
    )
    same = compute_drift(make_state(live), make_ledger(), [destination(label="Feed")])
    assert (same.result, same.checked) == (DriftResult.SAME, 1)
    (item,) = compute_drift(make_state(live), make_ledger(), [destination(label="Other")]).items
    assert (item.kind, item.observed, item.changed_by) == (DriftKind.CHANGED, True, "12")
    assert [(each.recorded, each.live) for each in item.fields] == [("Other", "Feed")]
    (gone,) = compute_drift(make_state(), make_ledger(), [destination()]).items
    assert (gone.kind, gone.live_id, gone.observed) == (DriftKind.GONE, "7", True)
    unread = compute_drift(make_state(types=()), make_ledger(), [destination()])
    assert (unread.result, unread.items) == (DriftResult.UNKNOWN, ())


def two_lists(**labels: str) -> tuple[LiveState, Any]:
    """Return two lists as audctl wrote them but for labels."""
    state = make_state(
        *(
            make_live("campaign.list", live_id, {"name": name, "label": labels.get(name, "A")})
            for name, live_id in (("l", "3"), ("m", "4"))
        )
    )
    ledger = make_ledger(
        make_entry(LIST, "3", {"name": "l", "label": "A"}),
        make_entry("List/m#campaign.list", "4", {"name": "m", "label": "A"}),
    )
    return state, ledger


def test_unknown_beats_different() -> None:
    state, ledger = two_lists(l="X", m="Y")
    report = compute_drift(state, ledger, unreadable=[("campaign.list", "4")])
    assert kinds(report) == ["changed l"]
    assert [str(each) for each in report.unknown] == ["List/m#campaign.list"]
    assert (report.result, report.checked) == (DriftResult.UNKNOWN, 1)
    failed = compute_drift(state, ledger, failures=[ReadFailure(system="aam", message="cut")])
    assert failed.result is DriftResult.UNKNOWN


def test_a_selection_says_nothing_of_the_rest() -> None:
    state, ledger = two_lists(l="X", m="Y")
    report = compute_drift(state, ledger, selection=Selection(only=("List/l",)))
    assert (kinds(report), report.checked, report.left_out) == (["changed l"], 1, 1)
    report = compute_drift(state, ledger, selection=Selection(exclude=("List/*",)))
    assert (report.items, report.checked, report.left_out) == ((), 0, 2)


def test_since_the_last_apply_leaves_out_what_has_changed_before() -> None:
    def report(changed_at: Any) -> DriftReport:  # noqa: ANN401 - a time or none
        lives = [
            make_live("campaign.list", "3", {"name": "l", "label": "X"}, changed_at=changed_at),
            make_live("campaign.list", "4", {"name": "m", "label": "A"}),
        ]
        early, late = NOON - timedelta(days=2), NOON - timedelta(microseconds=400_000)
        ledger = make_ledger(
            make_entry(LIST, "3", {"name": "l", "label": "A"}, applied_at=early),
            make_entry("List/m#campaign.list", "4", {"name": "m", "label": "A"}, applied_at=late),
        )
        return compute_drift(make_state(*lives), ledger, since_apply=True)

    between, after = report(NOON - timedelta(days=1)), report(NOON)
    assert (between.items, between.older, between.result) == ((), 1, DriftResult.SAME)
    assert (kinds(after), after.older) == (["changed l"], 0)
    # Live systems may tell whole seconds only, and some tell nothing at all.
    assert kinds(report(NOON - timedelta(seconds=1))) == ["changed l"]
    assert kinds(report(None)) == ["changed l"]


def imported(source: Source, **hours_ago: float) -> DriftReport:
    """Return the drift of an import whose objects were last written so many hours ago."""
    applied = {name: NOON - timedelta(hours=each) for name, each in hours_ago.items()}
    binding = "ImportBinding/b#campaign.sharedList"
    ledger = make_ledger(
        make_entry("Trait/t#aam.trait", "11", {"type": "ruleBased"}, applied_at=applied["trait"]),
        make_entry(
            "Audience/s#aam.segment",
            "21",
            {"rule": "11T"},
            applied_at=applied["segment"],
            requires=["Trait/t#aam.trait"],
        ),
        make_entry(
            binding,
            "3",
            {"audience": "21"},
            applied_at=applied["binding"],
            requires=["Audience/s#aam.segment"],
        ),
    )
    lives = [
        make_live("aam.trait", "11", {"type": "ruleBased"}),
        make_live("aam.segment", "21", {"rule": "11T"}),
        make_live("campaign.sharedList", "3", {"audience": "21"}),
    ]
    audience = make_desired("Audience/s#aam.segment", {"rule": "11T"})
    bound = make_desired(binding, {"audience": "@Audience/s#aam.segment"})
    assert audience.resource is not None
    assert bound.resource is not None
    specs = (
        AudienceSpec(label="S", source=source),
        ImportBindingSpec(audience="s", list="l", data_source="d"),
    )
    wanted = [
        replace(each, resource=replace(each.resource, spec=spec))
        for each, spec in zip((audience, bound), specs, strict=True)
        if each.resource is not None
    ]
    return compute_drift(make_state(*lives), ledger, wanted)


@pytest.mark.parametrize(
    ("source", "hours", "expected"),
    [
        (Source.AUDIENCE_MANAGER, {"trait": 99, "segment": 99, "binding": 99}, {}),
        (Source.AUDIENCE_MANAGER, {"trait": 99, "segment": 99, "binding": 30}, {"b": 6}),
        (Source.AUDIENCE_MANAGER, {"trait": 99, "segment": 20, "binding": 99}, {"b": 16, "s": 4}),
        (Source.AUDIENCE_MANAGER, {"trait": 10, "segment": 99, "binding": 99}, {"b": 30, "s": 18}),
        (Source.AUDIENCE_MANAGER, {"trait": 99, "segment": 24, "binding": 36}, {"b": 12}),
        (Source.ANALYTICS, {"trait": 99, "segment": 99, "binding": 50}, {"b": 10}),
    ],
)
def test_people_may_be_on_their_way_for_as_long_as_the_platform_says(
    source: Source, hours: dict[str, float], expected: dict[str, int]
) -> None:
    report = imported(source, **hours)
    assert {each.address.name: each.settled_by for each in report.awaited} == {
        name: NOON + timedelta(hours=left) for name, left in expected.items()
    }
    assert all(each.kind is DriftKind.PENDING for each in report.awaited)
    assert report.result is DriftResult.SAME


def test_one_side_that_was_not_read_does_not_confuse_the_other() -> None:
    """The binding's manifest has come to agree with the live system, through an audience nobody could read."""
    state = make_state(
        make_live("campaign.sharedList", "3", {"audience": "21", "audienceName": "X"}),
        types=("campaign.sharedList",),
    )
    ledger = make_ledger(
        make_entry("Audience/s#aam.segment", "21", {"rule": "11T"}),
        make_entry(
            "ImportBinding/b#campaign.sharedList", "3", {"audience": "20", "audienceName": "S"}
        ),
    )
    wanted = [
        make_desired("Audience/s#aam.segment", {"rule": "11T"}),
        make_desired(
            "ImportBinding/b#campaign.sharedList",
            {"audience": "@Audience/s#aam.segment", "audienceName": "S"},
        ),
        destination(),
    ]
    report = compute_drift(state, ledger, wanted)
    assert [each.field for each in report.items[0].fields] == ["audienceName"]
    assert [str(each) for each in report.unknown] == [
        "Audience/s#aam.segment",
        "Destination/d#aam.destination",
    ]


@pytest.mark.parametrize(
    ("address", "fields", "hours"),
    [
        ("ExportBinding/e#aam.trait", {"type": "onboarded"}, 48),
        ("Trait/t#aam.trait", {"type": "ruleBased"}, None),
        ("Audience/s#aam.segment", {"status": "active"}, 24),
        ("Audience/s#aam.segment", {"status": "paused"}, None),
        ("List/l#campaign.list", {"name": "l"}, None),
    ],
)
def test_each_type_is_pending_for_its_own_time(
    address: str, fields: dict[str, str], hours: int | None
) -> None:
    entry = make_entry(address, "3", fields, applied_at=NOON)
    for later, pending in ((hours or 0, False), ((hours or 0) - 1, hours is not None)):
        state = make_state(make_live(entry.type, "3", fields))
        state = replace(state, read_at=NOON + timedelta(hours=later))
        report = compute_drift(state, make_ledger(entry))
        assert bool(report.awaited) == pending
        assert report.result is DriftResult.SAME


def test_a_secret_that_manifest_and_live_agree_on_is_no_drift() -> None:
    account = "ExternalAccount/a#campaign.externalAccount"
    asked = make_desired(account, {"name": "a", "accessKeyId": "new"})
    secret = asked.fields["accessKeyId"]
    live = make_live("campaign.externalAccount", "3", {"name": "a", "accessKeyId": secret})
    entry = make_entry(account, "3", {"name": "a"}, secrets={"accessKeyId": "print of the old"})
    assert compute_drift(make_state(live), make_ledger(entry), [asked]).items == ()
    (item,) = compute_drift(make_state(live), make_ledger(entry)).items
    assert [(each.field, each.sensitive) for each in item.fields] == [("accessKeyId", True)]


def test_an_observed_object_that_could_be_either_of_two_is_unknown() -> None:
    state = make_state(
        *(make_live("aam.segment", each, {"integrationCode": "x"}) for each in ("1", "2"))
    )
    watched = make_desired(
        "Audience/x#aam.segment", {"integrationCode": "x"}, observed=True, manual="make it"
    )
    report = compute_drift(state, make_ledger(), [watched])
    assert ([each.name for each in report.unknown], report.result) == (["x"], DriftResult.UNKNOWN)
