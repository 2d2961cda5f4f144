"""How bindings stand, as a table for 80 to 120 columns: one line each, and why below it when it is not simply fine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.duration import show_duration
from audctl.model.effect import shown_count
from audctl.model.status import Definition, Direction, Freshness
from audctl.render.printable import printable
from audctl.render.to_terminal.words import between, counted, only_a_part, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from audctl.model.status import BindingStatus, Judged, StatusReport, Trouble
    from audctl.model.synchronisation import WorkflowRun
    from audctl.render.paint import Paint

NOTHING = "-"
_WIDEST_NAME = 40
"""A longer one keeps its length, and pushes its own line."""
_STATE = max(len(each) for each in Freshness)
_MOST_TROUBLES = 5
_TITLES = {
    Direction.IMPORT: "Imports (audience to list)",
    Direction.EXPORT: "Exports (list to audience)",
}
_NUMBERS = ("AGE", "LIMIT", "AUDIENCE", "LIST", "MATCH")
_WIDTHS = (7, 6, 10, 10, 5)


def status(report: StatusReport, paint: Paint) -> Iterator[str]:
    """Give the answer, what could not be read, a table of imports and one of exports, and the technical workflows."""
    if report.selection:
        yield paint.caution(partial(report))
    yield paint.bold(f"Status: {headline(report)}")
    for failure in report.failures:
        yield f"{paint.bad('error')}: {printable(failure.system)}: {printable(failure.message)}"
    width = max((len(each.address.name) for each in report.bindings), default=0)
    width = min(max(width, len(_TITLES[Direction.IMPORT]) - _STATE), _WIDEST_NAME)
    for direction, title in _TITLES.items():
        listed = [each for each in report.bindings if each.direction is direction]
        if listed:
            yield ""
            yield paint.bold(f"{title.ljust(2 + _STATE + 2 + width)}{_numbers(_NUMBERS)}".rstrip())
            for each in listed:
                yield from _binding(each, report.live_as_of, width, paint)
    yield from _technical(report, paint)


def waited(
    report: StatusReport, lasted: timedelta, *, timed_out: bool, paint: Paint
) -> Iterator[str]:
    """Give how a wait ended, then the table of the last look."""
    after = show_duration(lasted)
    if timed_out:
        number = counted(len(report.waiting), "binding")
        yield f"{paint.bad('Not consistent')} after {after}: {number} still waited for"
    else:
        yield f"{paint.good('Consistent')} after {after}"
    yield from status(report, paint)


def waiting(report: StatusReport) -> str:
    """Return what is waited for, in one line: how many, the first, and until when the last can take."""
    left = report.waiting
    line = f"{len(report.bindings) - len(left)} of {counted(len(report.bindings), 'binding')} consistent"
    if not left:
        return f"{line}; not everything could be read" if report.failures else line
    first = printable(str(left[0].address))
    line += f"; waiting for {first}" + (f" and {len(left) - 1} more" if len(left) > 1 else "")
    moments = [each.judged.latest for each in left if each.judged.latest is not None]
    return f"{line}, expected by {to_the_minute(max(moments))}" if moments else line


def look_failed(why: str) -> str:
    """Return that nothing could be read this time, which ends no wait."""
    return f"could not look: {printable(why)}; waiting for the next time"


def partial(report: StatusReport) -> str:
    """Return what was selected, and how many bindings that leaves out."""
    return only_a_part(report.selection, counted(report.left_out, "binding"))


def headline(report: StatusReport) -> str:
    """Return the counts, the worst first."""
    found = [each.judged.freshness for each in report.bindings]
    worst_first = (Freshness.UNKNOWN, Freshness.OVERDUE, Freshness.PENDING, Freshness.OK)
    parts = [f"{found.count(each)} {each.value}" for each in worst_first if each in found]
    displaced = sum(each.definition is not Definition.IN_PLACE for each in report.bindings)
    if displaced:
        parts.append(f"{displaced} not as the manifests say")
    total = counted(len(report.bindings), "binding")
    return (
        f"{total}: {', '.join(parts)}"
        if parts
        else f"no {'binding' if report.selection else 'bindings'}"
    )


def reasons(binding: BindingStatus) -> Iterator[str]:
    """Give why a binding is not simply fine, one line each, fit to show."""
    judged = binding.judged
    if judged.why:
        yield printable(judged.why)
    if judged.latest is not None:
        yield _expected(judged)
    listed = [each for each in binding.troubles if each.fields or not _never_made(each)]
    for each in listed[:_MOST_TROUBLES]:
        fields = f": {', '.join(map(printable, each.fields))}" if each.fields else ""
        yield f"{each.definition.value}: {printable(str(each.address))}{fields}"
    if len(listed) > _MOST_TROUBLES:
        yield f"and {counted(len(listed) - _MOST_TROUBLES, 'object')} more"
    if missing := len(binding.troubles) - len(listed):
        yield f"{Definition.NOT_APPLIED.value}: {counted(missing, 'object')}"


def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was; a dash for never, or unknown."""
    return NOTHING if at is None else show_duration(max(now, at) - at)


def match(binding: BindingStatus) -> str:
    """Return the share of people who arrive, in percent; unknown as a dash."""
    percent = binding.match_percent
    return NOTHING if percent is None else f"{percent:,}%"


def _binding(binding: BindingStatus, now: datetime, width: int, paint: Paint) -> Iterator[str]:
    judged = binding.judged
    state = _colour(judged.freshness, paint)(judged.freshness.value.ljust(_STATE))
    numbers = _numbers(
        (
            age(judged.synchronised_at, now),
            NOTHING if judged.limit is None else show_duration(judged.limit),
            _people(binding.audience_people),
            _people(binding.list_people),
            match(binding),
        )
    )
    yield f"  {state}  {printable(binding.address.name).ljust(width)}{numbers}".rstrip()
    for line in reasons(binding):
        yield f"  {' ' * _STATE}  {line}"


def _people(count: int | None) -> str:
    return NOTHING if count is None else shown_count(count)


def _numbers(texts: Iterable[str]) -> str:
    return "".join(f"  {text.rjust(width)}" for text, width in zip(texts, _WIDTHS, strict=True))


def _expected(judged: Judged) -> str:
    assert judged.latest is not None
    if judged.freshness is Freshness.OVERDUE:
        return f"was expected by {to_the_minute(judged.latest)}"
    return f"expected {between(judged.earliest, judged.latest)}"


def _never_made(trouble: Trouble) -> bool:
    return trouble.definition is Definition.NOT_APPLIED


def _technical(report: StatusReport, paint: Paint) -> Iterator[str]:
    """Give the workflows that serve several bindings, each once."""
    runs: dict[str, WorkflowRun] = {}
    for binding in report.bindings:
        technical = binding.workflows[-1:]
        runs |= {each.name: each for each in technical if each is not None}
    if runs:
        yield ""
    for name, run in sorted(runs.items()):
        last = (
            f", last worked {age(run.processed_at, report.live_as_of)} ago"
            if run.processed_at
            else ""
        )
        word = paint.good("runs") if run.works else paint.bad(workflow_word(run))
        yield f"{printable(name)} {word}{last}"


def workflow_word(run: WorkflowRun) -> str:
    """Return where a workflow stands."""
    if run.failed:
        return f"in error{f' at {printable(run.error_activity)}' if run.error_activity else ''}"
    return "runs" if run.works else "does not run"


def _colour(freshness: Freshness, paint: Paint) -> Callable[[str], str]:
    return {
        Freshness.OK: paint.good,
        Freshness.PENDING: paint.note,
        Freshness.OVERDUE: paint.bad,
        Freshness.UNKNOWN: paint.bad,
    }[freshness]
