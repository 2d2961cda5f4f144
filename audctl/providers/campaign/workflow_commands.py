"""Workflow commands. Success means queued, not done: the target state is awaited, and commands never pile up.

States: 0 being edited, 2 running, 3 and 11 started, 10 starting, 12 pausing, 13 paused, 14 resuming, 15 and 16
stopping, 17 and 18 restarting, 20 stopped or finished. Source: constants of the official SDK, documentation of
the supervision workflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audctl.errors import NotFoundError, RejectedError, UnreachableError
from audctl.providers.campaign import soap
from audctl.providers.campaign.documents import number_of
from audctl.providers.campaign.query import ID, Node, equals, get_first

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml import etree

    from audctl.ports import Clock
    from audctl.providers.campaign.client import CampaignClient

STARTED: Final = frozenset({2, 3, 11})
GOING: Final = STARTED | {10, 14, 17, 18}
"""Started, or on the way there."""
ENDED: Final = frozenset({0, 20})
STATE_NODES: Final = (Node("@state"), Node("@failed"), Node("@errorActivity"))
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """Where a workflow stands."""

    state: int
    failed: bool
    error_activity: str = ""


def start(client: CampaignClient, internal_name: str) -> None:
    """Start a workflow; a paused one resumes."""
    _command(client, "Start", internal_name)


def stop(client: CampaignClient, internal_name: str) -> None:
    """Stop a workflow gracefully."""
    _command(client, "Stop", internal_name)


def pause(client: CampaignClient, internal_name: str) -> None:
    """Let running tasks end, then pause."""
    _command(client, "Pause", internal_name)


def restart(client: CampaignClient, internal_name: str) -> None:
    """Stop, then start; instance variables are kept."""
    _command(client, "Restart", internal_name)


def wake_up(client: CampaignClient, internal_name: str) -> None:
    """Run pending tasks now."""
    _command(client, "Wakeup", internal_name)


def state_of(row: etree._Element) -> WorkflowState:
    """Read the state from a row selected with STATE_NODES."""
    return WorkflowState(
        number_of(row, "state"),
        row.get("failed", "0") in {"1", "true"},
        row.get("errorActivity", ""),
    )


def await_state(
    client: CampaignClient,
    internal_name: str,
    wanted: Collection[int],
    *,
    clock: Clock,
    limit_s: float,
) -> None:
    """Poll until the workflow is in a wanted state.

    Raises RejectedError when it failed meanwhile, UnreachableError when ``limit_s`` seconds were not enough.
    """
    deadline = clock.monotonic() + limit_s
    wait_s = _FIRST_WAIT_S
    while True:
        row = get_first(
            client, "xtk:workflow", (ID, *STATE_NODES), (equals("@internalName", internal_name),)
        )
        if row is None:
            raise NotFoundError(f"workflow {internal_name} is gone", operation="xtk:workflow")
        found = state_of(row)
        if found.state in wanted:
            return
        if found.failed and wanted is not ENDED:
            raise RejectedError(
                f"workflow {internal_name} failed in activity {found.error_activity or 'unknown'!r}"
                f" (state {found.state})",
                operation="xtk:workflow",
                may_have_happened=True,
            )
        if clock.monotonic() + wait_s > deadline:
            raise UnreachableError(
                f"workflow {internal_name} was given its command, but is in state {found.state}"
                f" after {limit_s:g} s",
                operation="xtk:workflow",
                may_have_happened=True,
            )
        clock.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _command(client: CampaignClient, method: str, internal_name: str) -> None:
    client.call("xtk:workflow", method, soap.string("strWorkflowId", internal_name), writes=True)
