"""Drift: what someone else changed, where, since when, and by whom as far as the system says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.report import DriftKind
from audctl.render.printable import printable
from audctl.render.to_terminal.words import (
    counted,
    label,
    moment,
    place,
    value,
    who_and_when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.report import DriftItem, DriftReport
    from audctl.render.paint import Paint


def drift(report: DriftReport, paint: Paint) -> Iterator[str]:
    """Give the count, one block per drifted object, and what could not be read."""
    checked = counted(report.checked, "owned object")
    if report.items:
        yield paint.bold(f"Drift: {len(report.items)} of {checked} changed outside audctl")
    else:
        yield paint.bold(f"Drift: none in {checked}")
    for item in report.items:
        yield ""
        yield from _item(item, paint)
    if report.unknown:
        yield ""
        yield f"{paint.bad('Unknown')}: {counted(len(report.unknown), 'object')} could not be read"
        for address in report.unknown:
            yield f"  {printable(str(address))}"


def _item(item: DriftItem, paint: Paint) -> Iterator[str]:
    yield f"{paint.bold(printable(str(item.address.resource)))}{place(item.span, paint)}"
    colour = paint.bad if item.kind is DriftKind.GONE else paint.caution
    what = "gone" if item.kind is DriftKind.GONE else "changed"
    yield f"  {colour(what)} {item.type}{label(item.label)} {paint.faint(printable(item.live_id))}"
    width = max((len(each.field) for each in item.fields), default=0)
    for each in item.fields:
        recorded = value(each.recorded, sensitive=each.sensitive)
        live = value(each.live, sensitive=each.sensitive)
        yield f"      {printable(each.field).ljust(width)}  {recorded} -> {live}"
    yield f"      {_since(item)}"


def _since(item: DriftItem) -> str:
    after = f"after audctl's last write at {moment(item.applied_at)}" if item.applied_at else ""
    who = who_and_when(item.changed_by, item.changed_at)
    if who:
        return f"last changed {who}" + (f", {after}" if after else "")
    return after or "the live system does not say when"
