"""Look once more at what is about to go: who uses it that the bulk read does not tell.

Deleting a segment is final. The lists of mappings are read for the destinations only that a project names, so before a
segment goes it is asked about itself. That costs a call for each segment that goes and one for each destination found,
and nothing at all in any other plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.errors import ProviderError
from audctl.plan.unseen import leaving_segments, unseen_destinations

if TYPE_CHECKING:
    from audctl.model.live import LiveObject, LiveState
    from audctl.operations.connect import Connection
    from audctl.plan.build import Draft
    from audctl.ports import Observer


def with_all_uses(draft: Draft, connection: Connection, observer: Observer) -> LiveState:
    """Return the live state with the mappings of every segment that is to go; the same one when it knew them all.

    A system that does not tell leaves the plan with its warning: a look that failed is no proof.
    """
    live = draft.live
    leaving = {each.live_id for each in leaving_segments(draft.steps)}
    unseen = {each.id for each in unseen_destinations(draft.desired, live, draft.ledger)}
    if not leaving or not unseen:
        return live
    provider = connection.audience_manager
    before = provider.rest.transport.calls
    try:
        told = provider.destinations_of(leaving)
        mapped = unseen & frozenset().union(*told.values())
        found: tuple[LiveObject, ...] = ()
        if mapped:
            found = provider.read(
                ("aam.mapping",), observer, within={"aam.mapping": mapped}
            ).objects
    except ProviderError:
        return live
    calls = dict(live.calls)
    calls["aam"] = calls.get("aam", 0) + provider.rest.transport.calls - before
    return replace(
        live,
        objects=(*live.objects, *found),
        looked_at=frozenset(told),
        calls=calls,
    )
