"""Drift: what someone else changed, where, since when, and by whom as far as the system says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.report import DriftKind, DriftResult
from audctl.render.printable import printable
from audctl.render.to_terminal.words import (
    NOTHING,
    counted,
    label,
    moment,
    only_a_part,
    place,
    value,
    who_and_when,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from audctl.model.report import DriftField, DriftItem, DriftReport
    from audctl.render.paint import Paint

_SHOWN = 10
"""Lines of a list that nobody acts on; JSON has all of them."""

_WHY: Mapping[DriftKind, str] = {
    DriftKind.BOTH: ": live and its manifest changed, in different fields",
    DriftKind.CONFLICT: ": live and its manifest changed in the same field",
}


def drift(report: DriftReport, paint: Paint) -> Iterator[str]:
    """Give the answer, what could not be read, one block per drifted object, and what is no drift."""
    if report.selection:
        yield paint.caution(_partial(report))
    yield paint.bold(_headline(report))
    if report.since is not None:
        yield _since_line(report)
    yield from _unknown(report, paint)
    for item in report.items:
        yield ""
        yield from _item(item, paint)
    yield from _manifest(report, paint)
    yield from _pending(report, paint)


def _partial(report: DriftReport) -> str:
    return only_a_part(report.selection, counted(report.left_out, "object"))


def _headline(report: DriftReport) -> str:
    checked = counted(report.checked, "object")
    if report.result is DriftResult.UNKNOWN:
        unread = counted(len(report.unknown), "object")
        drifted = f", {len(report.items)} of {checked} changed outside audctl"
        return f"Drift: unknown for {unread}{drifted if report.items else f', none in {checked}'}"
    if report.items:
        return f"Drift: {len(report.items)} of {checked} changed outside audctl"
    return f"Drift: none in {checked}"


def _since_line(report: DriftReport) -> str:
    line = f"Since audctl's newest write at {moment(report.since)}"
    if report.older:
        line += f"; {counted(report.older, 'object')} changed before that, not shown"
    return line


def _unknown(report: DriftReport, paint: Paint) -> Iterator[str]:
    for failure in report.failures:
        yield f"{paint.bad('error')}: {printable(failure.system)}: {printable(failure.message)}"
    if report.unknown:
        yield ""
        yield f"{paint.bad('Unknown')}: {counted(len(report.unknown), 'object')}, neither drifted nor clean"
        for address in report.unknown:
            yield f"  {printable(str(address))}"


def _item(item: DriftItem, paint: Paint) -> Iterator[str]:
    yield f"{paint.bold(printable(str(item.address.resource)))}{place(item.span, paint)}"
    colour = _colour(item.kind, paint)
    identity = f" {paint.faint(printable(item.live_id))}" if item.live_id else ""
    observed = " (only observed)" if item.observed else ""
    why = _WHY.get(item.kind, "")
    yield f"  {colour(item.kind.value)} {item.type}{label(item.label)}{identity}{observed}{why}"
    width = max((len(each.field) for each in item.fields), default=0)
    for each in item.fields:
        yield from _field(each, item, width, paint)
    yield f"      {_since(item)}"


def _field(field: DriftField, item: DriftItem, width: int, paint: Paint) -> Iterator[str]:
    recorded = value(field.recorded, sensitive=field.sensitive)
    name = printable(field.field).ljust(width)
    if field.kind is DriftKind.MANIFEST:
        # Only the manifest moved: live still is what was recorded, or was never recorded at all.
        live = value(field.live, sensitive=field.sensitive)
        yield f"      {name}  {live} -> {_desired(field)}  {paint.faint('the manifest, not applied')}"
        return
    live = value(field.live, sensitive=field.sensitive)
    mixed = item.kind in (DriftKind.BOTH, DriftKind.CONFLICT)
    yield f"      {name}  {recorded} -> {live}{paint.faint('  live') if mixed else ''}"
    if field.kind is DriftKind.CONFLICT:
        yield f"      {' ' * width}  {recorded} -> {_desired(field)}{paint.faint('  the manifest')}"


def _desired(field: DriftField) -> str:
    return NOTHING if field.desired is None else value(field.desired, sensitive=field.sensitive)


def _since(item: DriftItem) -> str:
    if item.observed:
        who = who_and_when(item.changed_by, item.changed_at)
        return f"last changed {who}" if who else "the live system does not say when"
    after = f"after audctl's last write at {moment(item.applied_at)}" if item.applied_at else ""
    who = who_and_when(item.changed_by, item.changed_at)
    if who and item.changed_at is None:
        who += ", unknown when"
    if who:
        return f"last changed {who}" + (f", {after}" if after else "")
    return f"unknown when, {after}" if after else "the live system does not say when"


def _manifest(report: DriftReport, paint: Paint) -> Iterator[str]:
    waiting = [each for each in report.awaited if each.kind is DriftKind.MANIFEST]
    if not waiting:
        return
    yield ""
    yield f"{paint.note('Not applied yet')}: {counted(len(waiting), 'object')}, no drift"
    for item in waiting[:_SHOWN]:
        names = ", ".join(printable(each.field) for each in item.fields)
        yield f"  {printable(str(item.address))}: {names}{place(item.span, paint)}"
    yield from _more(len(waiting))


def _pending(report: DriftReport, paint: Paint) -> Iterator[str]:
    moving = [each for each in report.awaited if each.kind is DriftKind.PENDING]
    if not moving:
        return
    yield ""
    people = counted(len(moving), "object")
    yield f"{paint.note('Pending')}: {people} written lately, whose people may still be on their way"
    for item in moving[:_SHOWN]:
        yield (
            f"  {printable(str(item.address))}: {printable(item.why)}, by {moment(item.settled_by)}"
        )
    yield from _more(len(moving))


def _more(number: int) -> Iterator[str]:
    if number > _SHOWN:
        yield f"  and {number - _SHOWN} more"


def _colour(kind: DriftKind, paint: Paint) -> Callable[[str], str]:
    return paint.bad if kind in (DriftKind.GONE, DriftKind.CONFLICT) else paint.caution
