"""Names in live systems are written by anyone: none may steer a terminal or pass for markup."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import RejectedError
from audctl.model.address import Address
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.finding import Finding, Severity
from audctl.model.ledger import Ledger, LedgerEntry, LedgerView, LockState
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.report import (
    Check,
    DoctorReport,
    DriftField,
    DriftItem,
    DriftKind,
    DriftReport,
    UnmanagedItem,
    UnmanagedReport,
)
from audctl.model.span import Span
from audctl.render.paint import PLAIN
from audctl.render.printable import printable, quoted
from audctl.render.progress import open_progress
from audctl.render.to_terminal import apply_report, checks, drift, findings, inventory, ledger
from audctl.render.to_terminal.plan import plan as plan_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.plan import Plan

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\nx\x9b31m\u202eevil\u2066[bold red]no[/]\u2028\ud800"


def _is_safe(text: str) -> bool:
    return not any(
        unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") and each not in "\xad\n"
        for each in text
    )


def _lines(hostile: str, plan: Plan) -> dict[str, Iterable[str]]:
    address = Address("Audience", hostile, "aam.segment")
    step = Step(
        address=address,
        type="aam.segment",
        change=Change.ADOPT,
        reason=hostile,
        label=hostile,
        live_id=hostile,
        changed_by=hostile,
        instructions=hostile,
        span=Span(hostile, 1, 1),
        fields=(
            FieldChange(
                field="label",
                before=hostile,
                after=(hostile,),
                reason=FieldReason.TAKEOVER,
                span=Span(hostile, 2, 2),
            ),
        ),
    )
    finding = Finding("AUD1", Severity.ERROR, hostile, Span(hostile, 1, 1), hostile)
    outcome = Outcome(
        step=step, result=Result.FAILED, message=hostile, live_id=hostile, blocked_by=address
    )
    report = ApplyReport(run="r", outcomes=(outcome,), verified=False, left=(step,))
    item = DriftItem(
        address=address,
        type="aam.segment",
        kind=DriftKind.CHANGED,
        live_id=hostile,
        label=hostile,
        changed_by=hostile,
        fields=(DriftField(field="label", recorded=hostile, live=hostile),),
    )
    entry = LedgerEntry(
        address=address, type="aam.segment", live_id=hostile, fields={}, label=hostile
    )
    loose = UnmanagedItem(
        type="aam.segment", live_id=hostile, label=hostile, key=(hostile + "k",), changed_by=hostile
    )
    return {
        "plan": plan_lines(
            replace(plan, steps=(step,), findings=(finding,), project=hostile), PLAIN
        ),
        "apply": apply_report.apply_report(report, PLAIN),
        "drift": drift.drift(DriftReport(items=(item,), unknown=(address,)), PLAIN),
        "doctor": checks.doctor(
            DoctorReport(checks=(Check(name=hostile, ok=False, message=hostile, hint=hostile),)),
            PLAIN,
        ),
        "unmanaged": inventory.unmanaged(UnmanagedReport(items=(loose,)), PLAIN),
        "ledger": ledger.ledger(
            LedgerView(
                ledger=Ledger(project=hostile, entries={address: entry}),
                lock=LockState(trouble=hostile),
            ),
            PLAIN,
        ),
        "error": findings.error(RejectedError(hostile, operation=hostile, code=hostile), PLAIN),
    }


def test_no_report_lets_a_name_steer_the_terminal(plan: Plan) -> None:
    for name, lines in _lines(HOSTILE, plan).items():
        text = "\n".join(lines)
        assert "evil" in text, f"{name} does not show the name at all, so this proves nothing"
        assert "[bold red]no[/]" in text, f"{name} reads markup"
        assert _is_safe(text), f"{name} lets a control character through"


def test_progress_shows_hostile_names_escaped_and_whole(plan: Plan) -> None:
    step = replace(plan.steps[0], address=Address("List", HOSTILE, "campaign.list"), label=HOSTILE)
    for live in (False, True):
        stream = StringIO()
        progress = open_progress(stream, live=live)
        progress.begun(step)
        progress.ended(Outcome(step=step, result=Result.FAILED, message=HOSTILE))
        progress.retrying(HOSTILE, 1.5, HOSTILE)
        progress.close()
        shown = stream.getvalue()
        assert "[bold red]no[/]" in shown
        assert "\x1b]0;" not in shown
        assert "\u202e" not in shown


@given(st.text())
def test_printable_leaves_nothing_dangerous_and_harmless_text_alone(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", '"plain"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("line\nbreak", '"line\\nbreak"'),
        ("Grüße 👋", '"Grüße 👋"'),
    ],
)
def test_quoted_texts_can_be_told_from_each_other(text: str, shown: str) -> None:
    assert quoted(text) == shown
