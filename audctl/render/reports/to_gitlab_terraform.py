"""A plan as the three numbers of GitLab's merge request widget; guests see it, so nothing else is in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audctl.model.change import Change

if TYPE_CHECKING:
    from audctl.model.run import Run

MOST = 999_999
"""Larger numbers count as damage."""

_CREATES = (Change.CREATE, Change.REPLACE)
_UPDATES = (Change.UPDATE, Change.PAUSE, Change.ADOPT)
_DELETES = (Change.DELETE, Change.REPLACE)


def gitlab_terraform(run: Run) -> tuple[str, ...]:
    """Return ``{"create", "update", "delete"}``; of a run that has no plan none of them.

    Three zeros would say that nothing is to change. Without them GitLab says that the report could not be generated,
    which is so. A replacement counts as one of each; what only the ledger forgets, and what waits for a person, as
    none.
    """
    plan = run.plan
    if plan is None:
        return ("{}\n",)
    counts = {
        name: min(MOST, sum(plan.counts[each] for each in changes))
        for name, changes in (("create", _CREATES), ("update", _UPDATES), ("delete", _DELETES))
    }
    return (json.dumps(counts) + "\n",)
