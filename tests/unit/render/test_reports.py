"""The other reports as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audctl.errors import FindingsError, UnreachableError
from audctl.model.address import Address
from audctl.model.finding import Finding, Severity
from audctl.model.ledger import Intent, Ledger, LedgerEntry, LedgerView, LockState
from audctl.model.lock import LockRecord
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.report import (
    Check,
    DoctorReport,
    Share,
    UnmanagedItem,
    UnmanagedReport,
    ValidateReport,
)
from audctl.model.settling import Settling, Stage
from audctl.model.span import Span
from audctl.render import findings_json, to_json
from audctl.render.paint import PLAIN
from audctl.render.to_terminal import apply_report, checks, findings, inventory, ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.plan import Plan

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LOCK = LockRecord(
    token="0" * 32,
    holder="mia pid 7",
    host="runner-7",
    reason="apply",
    plan="abc",
    since=MOMENT,
    until=MOMENT + timedelta(minutes=10),
)
SEGMENT = Address("Audience", "cart", "aam.segment")


def text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def test_findings_stand_in_file_order_with_their_way_out() -> None:
    later = Finding(
        "AUD1302",
        Severity.ERROR,
        'no trait "cart-ad"',
        Span("b.yaml", 9, 3),
        'did you mean "cart-add"?',
    )
    first = Finding("AUD1401", Severity.WARNING, "empty rule", Span("a.yaml", 1, 1))
    nowhere = Finding("AUD1001", Severity.ERROR, "no manifests")
    assert text(findings.findings([nowhere, later, first], PLAIN)) == (
        "a.yaml:1:1 warning AUD1401 empty rule\n"
        'b.yaml:9:3 error AUD1302 no trait "cart-ad"\n'
        '    hint: did you mean "cart-add"?\n'
        "error AUD1001 no manifests\n"
        "2 errors, 1 warning\n"
    )
    listed = findings_json.findings([nowhere, later, first])
    assert [each["code"] for each in listed] == ["AUD1401", "AUD1302", "AUD1001"]
    assert listed[1]["place"] == {"file": "b.yaml", "line": 9, "column": 3}


def test_a_report_with_only_warnings_is_valid() -> None:
    warning = Finding("AUD1401", Severity.WARNING, "empty rule")
    assert ValidateReport(resources=(), findings=(warning,)).is_valid
    assert "Valid: 0 resources" in text(
        findings.validation(ValidateReport(resources=(), findings=(warning,)), PLAIN)
    )


def test_apply_has_three_lists_and_a_proof(plan: Plan) -> None:
    created, updated, account, *_ = plan.steps
    report = ApplyReport(
        run="r1",
        outcomes=(
            Outcome(step=created, result=Result.DONE, live_id="9"),
            Outcome(step=updated, result=Result.FAILED, message="in use", may_have_happened=True),
            Outcome(step=account, result=Result.NOT_TRIED, blocked_by=updated.address),
        ),
        verified=False,
        left=(updated,),
    )
    assert text(apply_report.apply_report(report, PLAIN)) == (
        "Apply: 1 done, 1 failed, 1 not tried\n"
        "Done:\n"
        '  + create List/vip#campaign.list "VIP" 9\n'
        "Failed:\n"
        '  ~ update Audience/cart#aam.segment "Cart" 81000: in use\n'
        "      the write may have happened all the same: the next plan will show\n"
        "Not tried:\n"
        "  ~ update ExternalAccount/importSharedAudience#campaign.externalAccount 7"
        " (waits for Audience/cart#aam.segment)\n"
        "Left: a second read found 1 step\n"
        "  ~ update Audience/cart#aam.segment: changed outside audctl\n"
        '      label  wanted "Cart", there is "Carts!!"\n'
        '      rule   wanted cart-add AND web (known after apply), there is "70001T"\n'
    )
    document = to_json.apply_report({}, report)
    assert [len(document[each]) for each in ("done", "failed", "notTried", "left")] == [1, 1, 1, 1]
    assert document["notTried"][0]["blockedBy"] == "Audience/cart#aam.segment"
    assert to_json.apply_report({}, None) == {"plan": {}, "applied": False}
    (left,) = document["left"]
    assert left["written"] is False
    assert left["fields"][0] == {
        "field": "label",
        "wanted": "Cart",
        "live": "Carts!!",
        "sensitive": False,
    }


def test_what_was_written_and_is_not_there_is_named(plan: Plan) -> None:
    _, updated, account, *_ = plan.steps
    outcomes = tuple(Outcome(step=each, result=Result.DONE) for each in (updated, account))
    report = ApplyReport(run="r1", outcomes=outcomes, verified=False, left=(updated, account))
    shown = text(apply_report.apply_report(report, PLAIN))
    assert '      label  wrote "Cart", there is "Carts!!"\n' in shown
    assert "wrote (sensitive), there is (sensitive)" in shown
    assert all(each["written"] for each in to_json.apply_report({}, report)["left"])


def test_what_the_platforms_still_move_is_told_with_its_times(plan: Plan) -> None:
    pending = tuple(
        Settling(
            address=Address("ImportBinding", f"b{number:02}", "campaign.sharedList"),
            begun=MOMENT,
            ready=MOMENT,
            earliest=MOMENT + timedelta(hours=24),
            latest=MOMENT + timedelta(hours=36),
            why="the list is filled anew within 36 hours",
            stages=(
                Stage("outbound", MOMENT + timedelta(hours=24)),
                Stage("import", MOMENT + timedelta(hours=36)),
            ),
        )
        for number in range(12)
    )
    outcomes = (Outcome(step=plan.steps[0], result=Result.DONE),)
    report = ApplyReport(run="r1", outcomes=outcomes, verified=True, pending=pending)
    shown = text(apply_report.apply_report(report, PLAIN))
    assert (
        "Pending: the platforms move people through 12 bindings; audctl wait sees them arrive\n"
        in shown
    )
    assert (
        "  ImportBinding/b00: expected from 2026-03-05 05:06 to 2026-03-05 17:06 UTC\n"
    ) in shown
    assert shown.endswith("  and 2 more\n")
    document = to_json.apply_report({}, report)
    assert len(document["pending"]) == 12
    assert document["pending"][0] == {
        "address": "ImportBinding/b00#campaign.sharedList",
        "since": "2026-03-04T05:06:07Z",
        "from": "2026-03-05T05:06:07Z",
        "by": "2026-03-05T17:06:07Z",
        "why": "the list is filled anew within 36 hours",
        "stages": [
            {"stage": "outbound", "by": "2026-03-05T05:06:07Z"},
            {"stage": "import", "by": "2026-03-05T17:06:07Z"},
        ],
    }


def test_a_clean_apply_says_what_proves_it(plan: Plan) -> None:
    report = ApplyReport(
        run="r1", outcomes=(Outcome(step=plan.steps[0], result=Result.DONE),), verified=True
    )
    assert text(apply_report.apply_report(report, PLAIN)).endswith(
        "Verified: a second read found nothing left to do\n"
    )
    assert "(interrupted)" in text(
        apply_report.apply_report(replace(report, interrupted=True), PLAIN)
    )


def test_doctor_puts_the_way_out_under_what_failed() -> None:
    report = DoctorReport(
        checks=(
            Check(name="sign-in", ok=True, message="token for org", hint="not shown"),
            Check(name="schemas", ok=False, message="nms:x missing", hint="set names"),
            Check(name="ids", ok=None, message="needs schemas"),
        )
    )
    assert not report.is_healthy
    assert DoctorReport(checks=report.checks[::2]).is_healthy
    assert text(checks.doctor(report, PLAIN)) == (
        "ok    sign-in  token for org\n"
        "FAIL  schemas  nms:x missing\n"
        "      hint: set names\n"
        "skip  ids      needs schemas\n"
        "1 check passed, 1 failed, 1 not possible\n"
    )


def test_inventories_name_ids_labels_and_keys() -> None:
    items = (
        UnmanagedItem(
            type="aam.segment", live_id="8", label="VIP", key=("4", "vip"), changed_by="12"
        ),
        UnmanagedItem(type="campaign.list", live_id="1000", label="News", key=("news",)),
    )
    assert text(inventory.unmanaged(UnmanagedReport(items=items), PLAIN)) == (
        "Unmanaged: 2 live objects\n\n"
        'aam.segment (1)\n  8  "VIP" (4/vip)  changed by 12\n\n'
        'campaign.list (1)\n  1000  "News" (news)\n'
    )


def test_what_other_projects_own_is_listed_apart_with_the_share_under_management() -> None:
    item = UnmanagedItem(
        type="campaign.list", live_id="7", label="Theirs", owner='project "crm" (environment prod)'
    )
    share = Share(type="campaign.list", here=1, elsewhere=1, nobody=1)
    report = UnmanagedReport(items=(), elsewhere=(item,), shares=(share,))
    assert text(inventory.unmanaged(report, PLAIN)) == (
        "Unmanaged: 0 live objects\n\n"
        "Owned by other projects: 1 live object\n\n"
        'campaign.list (1)\n  7  "Theirs"  project "crm" (environment prod)\n\n'
        "Under management:\n"
        "  campaign.list  66 % of 3 (1 here, 1 by other projects, 1 by nobody)\n"
        "  all            66 % of 3 (1 here, 1 by other projects, 1 by nobody)\n"
    )
    assert to_json.unmanaged(report)["overall"] == {
        "here": 1,
        "elsewhere": 1,
        "nobody": 1,
        "percent": 66,
    }


def test_the_ledger_shows_neither_fields_nor_secret_fingerprints() -> None:
    entry = LedgerEntry(
        address=SEGMENT,
        type="aam.segment",
        live_id="8",
        fields={"label": "hidden label"},
        secrets={"key": "hidden fingerprint"},
        protect=True,
        created=False,
        applied_at=MOMENT,
    )
    intent = Intent(address=SEGMENT, type="aam.segment", key=("a",), run="r", begun_at=MOMENT)
    content = Ledger(
        project="shop",
        serial=3,
        salt="hidden salt",
        entries={SEGMENT: entry},
        intents={SEGMENT: intent},
    )
    view = LedgerView(ledger=content, lock=LockState(held=LOCK))
    shown = text(ledger.ledger(view, PLAIN)) + json.dumps(to_json.ledger(view))
    assert (
        "Locked by mia pid 7 on runner-7 (apply, plan abc) since 2026-03-04 05:06:07 UTC"
        f" until 2026-03-04 05:16:07 UTC; token {LOCK.token}"
    ) in shown
    assert '"host": "runner-7"' in shown
    assert "protected, adopted, applied 2026-03-04 05:06:07 UTC" in shown
    assert "1 pending create" in shown
    assert "hidden" not in shown


def test_an_error_tells_about_the_call_and_about_doubt() -> None:
    error = UnreachableError(
        "no answer\nafter 30 s", operation="PUT /segments/8", code="504", may_have_happened=True
    )
    assert text(findings.error(error, PLAIN)) == (
        "error: no answer\n"
        "    after 30 s\n"
        "    call: PUT /segments/8, code: 504\n"
        "    the write may have happened all the same: the next plan will show\n"
    )
    assert to_json.error(error)["error"]["mayHaveHappened"] is True
    several = FindingsError([Finding("AUD1001", Severity.ERROR, "no manifests")])
    assert to_json.error(several)["findings"][0]["code"] == "AUD1001"
