"""Whether a report is true: each list of it, and the exit code, held against what stands live."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.matrix.picture import SHARED_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.matrix.picture import Picture, Row
    from tests.matrix.processes import Ended
    from tests.matrix.reference import Reference

TWICE = re.compile(r" \(\d+\)$")
_GONE = {"delete", "forget"}


def untrue(reference: Reference, ended: Ended, stands: Picture) -> list[str]:
    """Return a line for everything that a run said, or did, and that is not so."""
    wrong = [f"{name} stands twice" for name in stands.live if TWICE.search(name)]
    try:
        said = ended.json()
    except ValueError:
        return [*wrong, f"no document on stdout: {ended.stdout[:300]!r} {ended.stderr[-300:]!r}"]
    wrong += _made_up(reference, said)
    if not said.get("applied"):
        if stands.live != reference.before.live:
            wrong.append("the run stopped before it wrote, it says, and something is written")
        if ended.code != _code_of_error(said):
            wrong.append(f"exit code {ended.code} for {said.get('error') or said.get('findings')}")
        return wrong
    wrong += _lists(reference, said, stands)
    codes = _codes_of_report(said)
    if ended.code not in codes:
        wrong.append(f"exit code {ended.code}, and not one of {sorted(codes)}")
    return wrong


def _made_up(reference: Reference, said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the steps that only a read which failed can have put into a plan."""
    plan = said.get("plan") or said
    for step in plan.get("changes", ()):
        known = reference.steps.get(step["address"])
        if known != step["change"]:
            yield f"the plan has {step['change']} of {step['address']}, and should have {known}"


def _lists(reference: Reference, said: Mapping[str, Any], stands: Picture) -> Iterator[str]:
    for name in ("done", "failed", "notTried"):
        for outcome in said[name]:
            problem = _outcome(reference, name, outcome, stands)
            if problem:
                yield (
                    f"{name} {outcome['change']} {outcome['address']} {outcome['liveId']}:"
                    f" {problem} (it says {outcome['message']!r},"
                    f" may have happened: {outcome['mayHaveHappened']})"
                )
    listed = {each["address"] for name in ("done", "failed", "notTried") for each in said[name]}
    for address in sorted(reference.steps.keys() - listed):
        yield f"{address} is in none of the three lists"


def _outcome(reference: Reference, said: str, outcome: Mapping[str, Any], stands: Picture) -> str:
    """Return what is not so about one step's end; empty when all is."""
    if said == "done":
        return _done(reference, outcome, stands)
    words = outcome["message"] or ""
    half = ("interim", "it was written", "no longer as before")
    if outcome["mayHaveHappened"] or any(each in words for each in half):
        # Nobody knows, it says, or that something is half done.
        return ""
    if outcome["change"] == "replace" and "the old object is deleted" in words:
        number = reference.ids[outcome["address"]]
        return "the old one is there" if (_table(outcome["type"]), number) in stands.rows else ""
    if outcome["change"] == "create":
        there = _was_created(reference, outcome, stands)
        return "" if there == ("it was created" in words) else "whether it was created is untrue"
    return _untouched(reference, outcome, stands)


def _done(reference: Reference, outcome: Mapping[str, Any], stands: Picture) -> str:
    kind = outcome["type"]
    row = stands.rows.get((_table(kind), outcome["liveId"]))
    now = _fields(kind, row)
    if outcome["change"] in _GONE:
        return "it is still there" if now is not None else ""
    due = reference.row_after(outcome["address"], kind)
    # What it refers to may bear its new name or still the old one: ids stay the same.
    same = now == _fields(kind, due) or (
        now is not None and _fields(kind, row, raw=True) == _fields(kind, due, raw=True)
    )
    return "" if same else f"it is not as it should be: {_unlike(now, _fields(kind, due))}"


def _was_created(reference: Reference, outcome: Mapping[str, Any], stands: Picture) -> bool:
    kind = outcome["type"]
    due = reference.row_after(outcome["address"], kind)
    return due is not None and any(
        row.name == due.name and of == _table(kind) and _fields(kind, row) is not None
        for (of, _), row in stands.rows.items()
    )


def _untouched(reference: Reference, outcome: Mapping[str, Any], stands: Picture) -> str:
    kind = outcome["type"]
    number = reference.ids.get(outcome["address"]) or outcome["liveId"]
    now = _fields(kind, stands.rows.get((_table(kind), number)), raw=True)
    before = _fields(kind, reference.row_before(outcome["address"], kind), raw=True)
    return "" if now == before else f"it was changed: {_unlike(now, before)}"


def _unlike(now: Mapping[str, str] | None, due: Mapping[str, str] | None) -> str:
    if now is None or due is None:
        return f"{'nothing' if now is None else 'something'} is there"
    return ", ".join(
        f"{name} is {now[name]!r} instead of {due[name]!r}"
        for name in now
        if now[name] != due[name]
    )


def _table(kind: str) -> str:
    return "campaign.list" if kind == "campaign.sharedList" else kind


def _fields(kind: str, row: Row | None, *, raw: bool = False) -> Mapping[str, str] | None:
    """Return what of a row belongs to an object; None where it is not there."""
    if row is None:
        return None
    fields = row.raw if raw else row.fields
    if kind == "campaign.sharedList":
        shared = {name: value for name, value in fields.items() if name in SHARED_FIELDS}
        return shared if shared["isAMC"] == "1" else None
    if kind == "campaign.list":
        return {name: value for name, value in fields.items() if name not in SHARED_FIELDS}
    return fields


def _code_of_error(said: Mapping[str, Any]) -> int:
    kind = (said.get("error") or {}).get("type", "")
    return {"LockError": 6, "LostLockError": 6, "PlanRefused": 3, "StalePlanError": 4}.get(kind, 1)


def _codes_of_report(said: Mapping[str, Any]) -> set[int]:
    """Return what the exit code may be, by the command's own page."""
    if any(each["mayHaveHappened"] for each in said["failed"]):
        return {1}
    if said["halted"]:
        # In part, or with a ledger that does not know all of it, or with the lock lost.
        return {1, 5, 6}
    if said["failed"]:
        return {5} if said["done"] else {1}
    if said["left"]:
        return {5}
    return {0} if said["verified"] else {1}
