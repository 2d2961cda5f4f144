"""Drift as text and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from audctl.model.address import Address
from audctl.model.report import DriftField, DriftItem, DriftKind, DriftReport, ReadFailure
from audctl.model.selection import Selection
from audctl.model.span import Span
from audctl.render import to_json
from audctl.render.paint import PLAIN
from audctl.render.to_terminal import drift as to_terminal

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SHOWN = "2026-03-04 05:06:07 UTC"
SEGMENT = Address("Audience", "cart", "aam.segment")
LIST = Address("List", "vip", "campaign.list")
LABEL = DriftField(field="label", recorded="Cart", live="Carts!!")
RULE = DriftField(
    field="rule",
    recorded="a",
    live="a",
    desired="b",
    kind=DriftKind.MANIFEST,
    span=Span("a.yaml", 12, 3),
)


def text(report: DriftReport) -> str:
    return "\n".join(to_terminal.drift(report, PLAIN)) + "\n"


def segment(kind: DriftKind, *fields: DriftField) -> DriftItem:
    return DriftItem(
        address=SEGMENT,
        type="aam.segment",
        kind=kind,
        live_id="81000",
        label="Cart",
        fields=fields,
        changed_at=MOMENT,
        changed_by="12",
        applied_at=MOMENT,
        span=Span("a.yaml", 10, 1),
    )


def vip(kind: DriftKind, *fields: DriftField, observed: bool = False) -> DriftItem:
    return DriftItem(
        address=LIST, type="campaign.list", kind=kind, live_id="9", fields=fields, observed=observed
    )


def test_it_says_what_where_since_when_and_by_whom() -> None:
    report = DriftReport(
        items=(segment(DriftKind.CHANGED, LABEL), vip(DriftKind.GONE)),
        checked=12,
        unknown=(SEGMENT,),
        failures=(ReadFailure(system="aam", message="GET /segments: cut\x1b[2J"),),
        live_as_of=MOMENT,
    )
    assert text(report) == (
        "Drift: unknown for 1 object, 2 of 12 objects changed outside audctl\n"
        "error: aam: GET /segments: cut\\x1b[2J\n"
        "\n"
        "Unknown: 1 object, neither drifted nor clean\n"
        "  Audience/cart#aam.segment\n"
        "\n"
        "Audience/cart  a.yaml:10:1\n"
        '  changed aam.segment "Cart" 81000\n'
        '      label  "Cart" -> "Carts!!"\n'
        f"      last changed by 12 at {SHOWN}, after audctl's last write at {SHOWN}\n"
        "\n"
        "List/vip\n"
        "  gone campaign.list 9\n"
        "      the live system does not say when\n"
    )
    document = to_json.drift(report)
    assert document["result"] == "unknown"
    assert document["drifted"][0]["changedAt"] == "2026-03-04T05:06:07Z"
    assert document["unknown"] == ["Audience/cart#aam.segment"]


def test_both_names_each_side_and_a_conflict_shows_all_three() -> None:
    both = text(DriftReport(items=(segment(DriftKind.BOTH, LABEL, RULE),), checked=1))
    assert (
        '  both aam.segment "Cart" 81000: live and its manifest changed, in different fields\n'
        '      label  "Cart" -> "Carts!!"  live\n'
        '      rule   "a" -> "b"  the manifest, not applied\n'
    ) in both
    field = DriftField(
        field="label", recorded="Cart", live="Carts!!", desired="Ours", kind=DriftKind.CONFLICT
    )
    report = DriftReport(items=(segment(DriftKind.CONFLICT, field),), checked=1)
    assert (
        '  conflict aam.segment "Cart" 81000: live and its manifest changed in the same field\n'
        '      label  "Cart" -> "Carts!!"  live\n'
        '             "Cart" -> "Ours"  the manifest\n'
    ) in text(report)
    assert to_json.drift(report)["drifted"][0]["fields"][0]["desired"] == "Ours"


def test_what_waits_is_told_apart_from_drift_and_cut_short() -> None:
    waiting = segment(DriftKind.MANIFEST, RULE)
    moving = [
        DriftItem(
            address=Address("ImportBinding", f"b{number:02}", "campaign.sharedList"),
            type="campaign.sharedList",
            kind=DriftKind.PENDING,
            live_id="9",
            settled_by=MOMENT + timedelta(hours=1),
            why="the list is filled anew",
        )
        for number in range(12)
    ]
    report = DriftReport(items=(), awaited=(waiting, *moving), checked=13)
    shown = text(report)
    assert shown.startswith(
        "Drift: none in 13 objects\n\n"
        "Not applied yet: 1 object, no drift\n"
        "  Audience/cart#aam.segment: rule  a.yaml:10:1\n\n"
        "Pending: 12 objects written lately, whose people may still be on their way\n"
        "  ImportBinding/b00#campaign.sharedList: the list is filled anew, by 2026-03-04 06:06:07 UTC\n"
    )
    assert shown.endswith("  and 2 more\n")
    assert "b10" not in shown
    document = to_json.drift(report)
    assert (document["result"], len(document["awaited"])) == ("same", 13)


def test_a_part_says_so_first_and_what_is_older_is_counted() -> None:
    report = DriftReport(
        items=(),
        checked=3,
        selection=Selection(only=("List/*",), exclude=("team=crm",)),
        left_out=9,
        since=MOMENT,
        older=2,
    )
    assert text(report) == (
        "Partial: --only 'List/*' --exclude team=crm; nothing is said about 9 objects outside\n"
        "Drift: none in 3 objects\n"
        f"Since audctl's newest write at {SHOWN}; 2 objects changed before that, not shown\n"
    )


def test_observed_objects_and_unknown_times_are_named_as_such() -> None:
    observed = text(DriftReport(items=(vip(DriftKind.CHANGED, LABEL, observed=True),), checked=1))
    assert "  changed campaign.list 9 (only observed)\n" in observed
    assert observed.endswith("      the live system does not say when\n")
    known_writer = DriftItem(
        address=LIST,
        type="campaign.list",
        kind=DriftKind.GONE,
        live_id="9",
        changed_by="jdoe",
        applied_at=MOMENT,
    )
    assert text(DriftReport(items=(known_writer,), checked=1)).endswith(
        f"      last changed by jdoe, unknown when, after audctl's last write at {SHOWN}\n"
    )


def test_a_secret_stays_one_in_every_class() -> None:
    field = DriftField(
        field="key",
        recorded="***",
        live="***",
        desired="*** (1a2b)",
        sensitive=True,
        kind=DriftKind.CONFLICT,
    )
    report = DriftReport(items=(vip(DriftKind.CONFLICT, field),), checked=1)
    assert "1a2b" not in text(report)
    assert to_json.drift(report)["drifted"][0]["fields"][0]["desired"] == "***"
