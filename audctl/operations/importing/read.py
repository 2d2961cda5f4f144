"""A bulk read for imports: every mapping that a shared list could be filled through is among it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.operations.read import read_live
from audctl.plan.unseen import named_destinations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.operations.connect import Connection
    from audctl.ports import Observer

_PER_DESTINATION = ("aam.destination", "aam.mapping")


def read_whole(
    connection: Connection,
    desired: Collection[DesiredObject],
    ledger: Ledger,
    observer: Observer,
    *,
    audience_identifier: str,
) -> LiveState:
    """Read everything; mappings of as few destinations as tell where the shared lists come from.

    Mappings are listed one destination at a time. Those that data sources of Campaign name come first; only when a
    list is filled through none of them is every destination asked.
    """
    state = read_live(connection, desired, ledger, observer)
    seen = set(named_destinations(desired, ledger))
    named = {
        str(each.fields.get("aamDestination") or "")
        for each in state.objects
        if each.type == "campaign.dataSource"
    } - {""}
    state = _with_mappings(connection, state, named - seen, observer)
    seen |= named
    if _has_all(state, audience_identifier):
        return state
    every = {each.id for each in state.objects if each.type == "aam.destination"}
    return _with_mappings(connection, state, every - seen, observer)


def _has_all(state: LiveState, audience_identifier: str) -> bool:
    """Whether the mapping of each shared list is among what was read."""
    field = "id" if audience_identifier == "mapping" else "segment"
    known = {
        each.id if field == "id" else str(each.fields.get(field))
        for each in state.objects
        if each.type == "aam.mapping"
    }
    return all(
        str(each.fields.get("audience") or "") in {*known, ""}
        for each in state.objects
        if each.type == "campaign.sharedList"
    )


def _with_mappings(
    connection: Connection, state: LiveState, destinations: Iterable[str], observer: Observer
) -> LiveState:
    wanted = frozenset(destinations)
    if not wanted:
        return state
    more = connection.audience_manager.read(
        _PER_DESTINATION, observer, within=dict.fromkeys(_PER_DESTINATION, wanted)
    )
    # What was read first keeps its place: it may say more, such as the labels of a destination.
    objects = dict(state.by_id)
    for each in more.objects:
        known = objects.get((each.type, each.id))
        if known is None or len(known.fields) < len(each.fields):
            objects[each.type, each.id] = each
    calls = dict(state.calls)
    for system, count in more.calls.items():
        calls[system] = calls.get(system, 0) + count
    return replace(state, objects=tuple(objects.values()), calls=calls)
