"""Runs of the past and of now, as their journals tell them. Every text in them may come from a live system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.journal import EventType, RunState
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from audctl.model.journal import Event, RunHistory, RunRecord
    from audctl.render.paint import Paint

_BEGINNINGS = {EventType.APPLY_START: "begun", EventType.APPLY_PROGRESS: "under way"}
_ENDS = {
    EventType.APPLY_COMPLETE: "done",
    EventType.APPLY_ERRORED: "failed",
    EventType.APPLY_SKIPPED: "not tried",
}


def history(found: RunHistory, paint: Paint) -> Iterator[str]:
    """Give a line for each run, newest first."""
    if not found.runs:
        yield f"No runs in {printable(str(found.folder))}"
    for each in found.runs:
        yield _run(each, paint)


def _run(run: RunRecord, paint: Paint) -> str:
    shown = run.result or run.state.value
    good = shown in {"applied", "nothing to do"}
    colour = paint.good if good else paint.caution if run.state is RunState.RUNNING else paint.bad
    where = f"{run.project}, {run.environment}" if run.environment else run.project
    counts = f"{run.done} done, {run.failed} failed, {run.not_tried} not tried"
    return (
        f"{printable(run.run)}  {_moment(run.started_at)}  {printable(run.command)} ({printable(where)}):"
        f" {colour(printable(shown))}, {counts}{_took(run)}"
    )


def _took(run: RunRecord) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    return f", {(run.ended_at - run.started_at).total_seconds():.1f} s"


def event(told: Event, paint: Paint) -> str:
    """Return one event in one line."""
    text = _Text(told)
    return f"{told.at:%H:%M:%S}  {_of_step(told, text, paint) or _of_run(told, text, paint)}"


def _of_step(told: Event, text: _Text, paint: Paint) -> str:
    if told.type in _BEGINNINGS:
        word = _BEGINNINGS[EventType(told.type)]
        return f"{word}: {text('change')} {text('address')}{text.after('message')}"
    if told.type not in _ENDS:
        return ""
    word = _ENDS[EventType(told.type)]
    colours = {"done": paint.good, "failed": paint.bad, "not tried": paint.caution}
    perhaps = " (it may have happened)" if told.content.get("may_have_happened") is True else ""
    return (
        f"{colours[word](word)}: {text('change')} {text('address')}{text.after('live_id', ' ')}"
        f"{text.after('message')}{perhaps}{text.after('blocked_by', ', waits for ')}"
    )


def _of_run(told: Event, text: _Text, paint: Paint) -> str:
    lines = {
        EventType.RUN_START: (
            f"{text('command')} of {text('project')} in {text('environment')} as {text('run')}"
        ),
        EventType.PLAN: f"plan ({text('digest')[:12]}): {_counts(told) or 'nothing to do'}",
        EventType.RETRY: f"waiting {text('wait_seconds')} s: {text('message')}",
        EventType.LEDGER_SAVED: f"ledger saved, serial {text('serial')}",
        EventType.VERIFIED: (
            "verified" if told.content.get("verified") is True else paint.bad("not verified")
        ),
        EventType.PENDING_PROPAGATION: (
            f"pending: {text('address')} by {text('by')}{text.after('message')}"
        ),
        EventType.SUMMARY: f"{paint.bold(text('result'))}{text.after('message')}{text.after('halted')}",
    }
    known = told.type in lines
    return lines[EventType(told.type)] if known else printable(told.type)


def _counts(event: Event) -> str:
    changes = event.content.get("changes")
    listed = changes.items() if isinstance(changes, dict) else ()
    return printable(", ".join(f"{count} {name}" for name, count in listed if name != "keep"))


class _Text:
    """Fields of an event as text that is fit for a terminal."""

    def __init__(self, event: Event) -> None:
        self._content = event.content

    def __call__(self, name: str) -> str:
        value = self._content.get(name)
        return "" if value is None else printable(str(value))

    def after(self, name: str, between: str = ": ") -> str:
        """Return a field behind something, nothing when it is empty."""
        text = self(name)
        return f"{between}{text}" if text else ""


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
