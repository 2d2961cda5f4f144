"""One bulk read of both live systems, and a second look at whatever seems to be gone."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from audctl.errors import FindingsError, PermissionDeniedError, ProviderError
from audctl.model.finding import Finding, Severity
from audctl.model.live import LiveState, merge_states
from audctl.model.objects import OBJECT_TYPES
from audctl.model.report import ReadFailure
from audctl.plan.unseen import named_destinations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from concurrent.futures import Future

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.operations.connect import Connection
    from audctl.ports import Observer

Answers: TypeAlias = "list[tuple[LedgerEntry, Future[LiveObject | None]]]"
"""Second looks, each with the entry it is for."""


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """What could be read of the live systems, and what could not."""

    live: LiveState
    unreadable: frozenset[tuple[str, str]] = frozenset()
    """Type and live id of owned objects that lists leave out, and that a look at the object itself did not settle."""
    failures: tuple[ReadFailure, ...] = ()


def read_live(
    connection: Connection, desired: Iterable[DesiredObject], ledger: Ledger, observer: Observer
) -> LiveState:
    """Read every object of every type; both systems side by side. A failed page raises, it is never an absence."""
    reads = _read_all(connection, _parents(desired, ledger), observer)
    state = merge_states(each.result() for each in reads.values())
    return _with_second_look(connection, state, ledger)


def glimpse_live(
    connection: Connection, desired: Iterable[DesiredObject], ledger: Ledger, observer: Observer
) -> Glimpse:
    """Read what can be read, for those who write nothing; raise only when no system can be read at all."""
    states: list[LiveState] = []
    failures: list[ReadFailure] = []
    errors: list[ProviderError] = []
    for system, read in _read_all(connection, _parents(desired, ledger), observer).items():
        try:
            states.append(read.result())
        except ProviderError as error:
            errors.append(error)
            failures.append(ReadFailure(system=system, message=str(error)))
    if not states:
        raise errors[0]
    state = merge_states(states)
    found: list[LiveObject] = []
    unreadable: set[tuple[str, str]] = set()
    answers = _second_look(connection, state, ledger)
    for entry, answer in answers:
        try:
            live = answer.result()
        except ProviderError as error:
            unreadable.add((entry.type, entry.live_id))
            failures.append(
                ReadFailure(
                    system=OBJECT_TYPES[entry.type].system,
                    message=f"{entry.address} (id {entry.live_id}): {error}",
                )
            )
        else:
            found += [live] if live is not None else []
    return Glimpse(
        live=_with_found(state, found, answers),
        unreadable=frozenset(unreadable),
        failures=tuple(failures),
    )


def _read_all(
    connection: Connection, within: Mapping[str, Collection[str]], observer: Observer
) -> Mapping[str, Future[LiveState]]:
    """Return the ended reads of both systems, by name."""
    with ThreadPoolExecutor(len(connection.providers)) as pool:
        return {
            system: pool.submit(
                provider.read,
                tuple(name for name, kind in OBJECT_TYPES.items() if kind.system == system),
                observer,
                within=within,
            )
            for system, provider in connection.providers.items()
        }


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
    """Ask for each owned object that the lists left out; what may not be read stops the run."""
    found: list[LiveObject] = []
    refused: list[Finding] = []
    answers = _second_look(connection, state, ledger)
    for entry, answer in answers:
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
    return _with_found(state, found, answers)


def _second_look(connection: Connection, state: LiveState, ledger: Ledger) -> Answers:
    """Ask by id for each owned object that the lists left out, and return the ended calls.

    Lists hold only what the caller may read, and rows can slip between pages: an object that is missing there is
    not proved to be gone.
    """
    missing: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
    listed_types = {type_name for type_name, _ in state.by_id}
    departing = ledger.departing
    for entry in ledger.entries.values():
        if (entry.type, entry.live_id) in state.by_id:
            continue
        # A type with no object at all is the planner's business: it refuses to believe it, at no call's cost; but for
        # what an interrupted run was about to delete.
        if entry.type in listed_types or entry.address in departing:
            missing[OBJECT_TYPES[entry.type].system].append(entry)
    answers: Answers = []
    for system, entries in missing.items():
        provider = connection.providers[system]
        with ThreadPoolExecutor(connection.parallelism) as pool:
            answers += [
                (entry, pool.submit(provider.get, entry.type, entry.live_id)) for entry in entries
            ]
    return answers


def _with_found(state: LiveState, found: Iterable[LiveObject], answers: Answers) -> LiveState:
    """Return the state with what a second look found, and with its calls."""
    if not answers:
        return state
    calls = Counter(state.calls)
    calls.update(OBJECT_TYPES[entry.type].system for entry, _ in answers)
    return replace(state, objects=(*state.objects, *found), calls=dict(calls))
