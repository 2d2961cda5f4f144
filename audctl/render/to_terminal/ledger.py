"""The ledger: all that audctl owns, or all it knows of one resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted, label, moment, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.ledger import Intent, LedgerEntry, LedgerExcerpt, LedgerView, LockState
    from audctl.model.lock import LockRecord
    from audctl.render.paint import Paint


def ledger(view: LedgerView, paint: Paint) -> Iterator[str]:
    """Give the owned objects by address, then creates whose end nobody recorded."""
    content = view.ledger
    owned = counted(len(content.entries), "owned object")
    yield paint.bold(f"Ledger of {printable(content.project)}: {owned}, serial {content.serial}")
    yield from _lock(view.lock, paint)
    for address, entry in sorted(content.entries.items()):
        notes = [
            note
            for note, true in (
                ("protected", entry.protect),
                ("adopted", not entry.created),
                (
                    f"without a manifest since {moment(entry.removed_at)}",
                    entry.removed_at is not None,
                ),
                (f"applied {moment(entry.applied_at)}", entry.applied_at is not None),
            )
            if true
        ]
        shown = f"  {paint.faint(', '.join(notes))}" if notes else ""
        yield f"  {printable(str(address))}  {printable(entry.live_id)}{label(entry.label)}{shown}"
    if content.intents:
        pending = counted(len(content.intents), "pending create")
        yield f"{paint.caution(pending)}: the next plan looks for what they made"
        for address, intent in sorted(content.intents.items()):
            yield f"  {printable(str(address))}  begun {moment(intent.begun_at)}"
    if content.overrides:
        yield f"{counted(len(content.overrides), 'run')} let something through the guards:"
        for each in content.overrides:
            allowed = ", ".join(printable(name) for name in each.allowed)
            yield f"  {printable(each.run)}  {moment(each.at)}  {allowed}"


def ledger_excerpt(found: LedgerExcerpt, paint: Paint) -> Iterator[str]:
    """Give each object in full: who it is, what holds for it, its fields as last applied."""
    yield from _lock(found.lock, paint)
    intents = {each.address: each for each in found.intents}
    for number, entry in enumerate(found.entries):
        if number:
            yield ""
        yield from _entry(entry, intents.pop(entry.address, None), paint)
    for intent in intents.values():
        if found.entries:
            yield ""
        yield f"{paint.bold(printable(str(intent.address)))}  {paint.caution('not created yet, as far as is known')}"
        yield f"  {_intent(intent)}"


def unlocked(broken: LockRecord | None, paint: Paint) -> Iterator[str]:
    """Give whose lock was taken away, if there was one."""
    if broken is None:
        yield "Nobody holds the lock"
    else:
        yield f"{paint.bold('Unlocked')}: it was held by {_holder(broken)}"


def _lock(lock: LockState, paint: Paint) -> Iterator[str]:
    if lock.trouble:
        yield f"{paint.caution('Lock')}: {printable(lock.trouble)}"
    if lock.held is not None:
        yield f"{paint.caution('Locked')} by {_holder(lock.held)}; token {printable(lock.held.token)}"


def _holder(held: LockRecord) -> str:
    host = f" on {held.host}" if held.host else ""
    what = ", ".join(
        each for each in (held.reason, f"plan {held.plan}" if held.plan else "") if each
    )
    why = f" ({what})" if what else ""
    times = f"since {moment(held.since)} until {moment(held.until)}"
    return printable(f"{held.holder}{host}{why} {times}")


def _entry(entry: LedgerEntry, intent: Intent | None, paint: Paint) -> Iterator[str]:
    yield f"{paint.bold(printable(str(entry.address)))}{label(entry.label)}"
    facts = {
        "live id": printable(entry.live_id),
        "origin": "created by audctl" if entry.created else "adopted",
        "applied": moment(entry.applied_at),
        "protected": "yes" if entry.protect else "",
        "when its manifest goes": printable(entry.deletion_policy),
        "days of grace": "" if entry.grace_days is None else str(entry.grace_days),
        "without a manifest since": moment(entry.removed_at),
        "former names": ", ".join(printable(each) for each in entry.previous_names),
        "refers to": ", ".join(printable(str(each)) for each in entry.requires),
        "secrets": ", ".join(printable(each) for each in sorted(entry.secrets)),
    }
    for name, text in facts.items():
        if text:
            yield f"  {name}: {text}"
    if intent is not None:
        yield f"  {paint.caution(_intent(intent))}"
    yield "  last applied:" if entry.fields else "  last applied: no field"
    width = max((len(each) for each in entry.fields), default=0)
    for name, content in sorted(entry.fields.items()):
        yield f"    {printable(name).ljust(width)}  {value(content)}"


def _intent(intent: Intent) -> str:
    key = "/".join(printable(each) for each in intent.key if each)
    return f"run {printable(intent.run)} was about to create it as {key}, {moment(intent.begun_at)}"
