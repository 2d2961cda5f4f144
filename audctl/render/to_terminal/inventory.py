"""What nobody owns, what others own, and how much somebody manages."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted, label, who_and_when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.report import Share, UnmanagedItem, UnmanagedReport
    from audctl.render.paint import Paint


def unmanaged(report: UnmanagedReport, paint: Paint) -> Iterator[str]:
    """Give live objects that nobody owns, type by type, then what others own, and how much somebody manages."""
    yield paint.bold(f"Unmanaged: {counted(len(report.items), 'live object')}")
    yield from _by_type(report.items, paint)
    if report.elsewhere:
        yield ""
        count = counted(len(report.elsewhere), "live object")
        yield paint.bold(f"Owned by other projects: {count}")
        yield from _by_type(report.elsewhere, paint)
    if report.shares:
        yield ""
        yield paint.bold("Under management:")
        width = max(len(each.type) for each in report.shares)
        for each in (*report.shares, report.overall):
            yield f"  {(each.type or 'all').ljust(width)}  {_share(each)}"


def _by_type(items: Iterable[UnmanagedItem], paint: Paint) -> Iterator[str]:
    for object_type, grouped in groupby(items, key=lambda each: each.type):
        listed = list(grouped)
        yield ""
        yield f"{paint.bold(object_type)} ({len(listed)})"
        width = max(len(printable(each.live_id)) for each in listed)
        for each in listed:
            who = who_and_when(each.changed_by, each.changed_at)
            changed = f"  {paint.faint(f'changed {who}')}" if who else ""
            key = "/".join(part for part in each.key if part)
            shown_key = f" ({printable(key)})" if key and key != each.label else ""
            owner = f"  {printable(each.owner)}" if each.owner else ""
            yield (
                f"  {printable(each.live_id).ljust(width)} {label(each.label)}{shown_key}{owner}{changed}"
            )


def _share(share: Share) -> str:
    others = f", {share.elsewhere} by other projects" if share.elsewhere else ""
    return (
        f"{share.percent} % of {share.total} ({share.here} here{others}, {share.nobody} by nobody)"
    )
