"""One bulk read of both live systems, and a second look at whatever seems to be gone."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.errors import FindingsError, PermissionDeniedError
from audctl.model.finding import Finding, Severity
from audctl.model.live import merge_states
from audctl.model.objects import OBJECT_TYPES
from audctl.plan.unseen import named_destinations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState
    from audctl.operations.connect import Connection
    from audctl.ports import Observer


def read_live(
    connection: Connection, desired: Iterable[DesiredObject], ledger: Ledger, observer: Observer
) -> LiveState:
    """Read every object of every type; both systems side by side. A failed page raises, it is never an absence."""
    within = _parents(desired, ledger)
    with ThreadPoolExecutor(len(connection.providers)) as pool:
        reads = [
            pool.submit(
                provider.read,
                tuple(name for name, kind in OBJECT_TYPES.items() if kind.system == system),
                observer,
                within=within,
            )
            for system, provider in connection.providers.items()
        ]
        state = merge_states(read.result() for read in reads)
    return _with_second_look(connection, state, ledger)


def _parents(desired: Iterable[DesiredObject], ledger: Ledger) -> Mapping[str, Collection[str]]:
    """Return what is worth a call each: the destinations, and the merge rules, that the project names or wrote."""
    wanted = tuple(desired)
    merge_rules = {each.fields.get("mergeRule") for each in wanted if each.type == "aam.segment"}
    merge_rules.update(
        entry.fields.get("mergeRule")
        for entry in ledger.entries.values()
        if entry.type == "aam.segment"
    )
    destinations = named_destinations(wanted, ledger)
    return {
        "aam.destination": destinations,
        "aam.mapping": destinations,
        "aam.segment": frozenset(str(each) for each in merge_rules if each is not None),
    }


def _with_second_look(connection: Connection, state: LiveState, ledger: Ledger) -> LiveState:
    """Ask for each owned object that the lists left out, by its id.

    Lists hold only what the caller may read, and rows can slip between pages: an object that is missing there is
    not proved to be gone. What still exists is added; what may not be read stops the run.
    """
    missing: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
    listed_types = {type_name for type_name, _ in state.by_id}
    for entry in ledger.entries.values():
        # A type with no object at all is the planner's business: it refuses to believe it, at no call's cost.
        if entry.type in listed_types and (entry.type, entry.live_id) not in state.by_id:
            missing[OBJECT_TYPES[entry.type].system].append(entry)
    if not missing:
        return state
    found: list[LiveObject] = []
    refused: list[Finding] = []
    for system, entries in missing.items():
        provider = connection.providers[system]
        with ThreadPoolExecutor(connection.parallelism) as pool:
            asked = [
                (entry, pool.submit(provider.get, entry.type, entry.live_id)) for entry in entries
            ]
        for entry, answer in asked:
            try:
                live = answer.result()
            except PermissionDeniedError as error:
                refused.append(
                    Finding(
                        "AUD2014",
                        Severity.ERROR,
                        f"{entry.address} (id {entry.live_id}) is owned but may not be read any more: {error}",
                        hint="give the technical account its rights back, or let the ledger forget the object",
                        address=entry.address,
                    )
                )
                continue
            if live is not None:
                found.append(live)
    if refused:
        raise FindingsError(refused)
    calls = dict(state.calls)
    for system, entries in missing.items():
        calls[system] = calls.get(system, 0) + len(entries)
    return replace(state, objects=(*state.objects, *found), calls=calls)
