"""Where all workflows stand: one query for thousands of them, without their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audctl.model.synchronisation import WorkflowRun
from audctl.providers.campaign.persist import parse_datetime
from audctl.providers.campaign.query import Node, select_all
from audctl.providers.campaign.workflow_commands import GOING, STATE_NODES, state_of

if TYPE_CHECKING:
    from audctl.providers.campaign.client import CampaignClient

_NODES: Final = (Node("@internalName"), *STATE_NODES, Node("@processDate"))


def read_workflow_runs(client: CampaignClient, *, page_size: int) -> dict[str, WorkflowRun]:
    """Return every workflow by internal name, technical ones too; templates are left out."""
    pages = select_all(client, "xtk:workflow", _NODES, ("@isModel = 0",), page_size=page_size)
    found = {}
    for rows in pages:
        for row in rows:
            name, state = row.get("internalName", ""), state_of(row)
            found[name] = WorkflowRun(
                name=name,
                going=state.state in GOING,
                failed=state.failed,
                state=state.state,
                error_activity=state.error_activity if state.failed else "",
                processed_at=parse_datetime(row.get("processDate", "")),
            )
    return found
