"""Commands to workflows. The live server queues them; here they take effect before the answer is sent."""

import re

from lxml import etree

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.faults import bad_document
from audctl.sandbox.campaign.memo import memo_of
from audctl.sandbox.campaign.rows import Change, Values, insert_row, update_row
from audctl.sandbox.campaign.schema import quoted
from audctl.sandbox.campaign.values import parse_moment
from audctl.sandbox.campaign.xml import local_name

STARTED, PAUSED, STOPPED = 11, 13, 20
SCHEMA = "xtk:workflow"
_ID = re.compile(r"^[0-9]{1,18}$", re.ASCII)
_NOT_COPIED = frozenset({"id", "internalName", "isModel", "builtIn"})


def start(change: Change, workflow_id: str, parameters: etree._Element | None = None) -> None:
    """Start a workflow, or resume a paused one."""
    _check_variables(parameters)
    _start(change, find_workflow(change, workflow_id))


def stop(change: Change, workflow_id: str) -> None:
    """Stop a workflow, gracefully or not: nothing runs here that could be left behind."""
    _set(change, find_workflow(change, workflow_id), {"state": STOPPED, "process/startState": 0})


def pause(change: Change, workflow_id: str) -> None:
    """Pause a workflow."""
    _set(change, find_workflow(change, workflow_id), {"state": PAUSED})


def wake_up(change: Change, workflow_id: str) -> None:
    """Run the pending tasks of a started workflow now; one that is not started ignores it."""
    # At the top, the import would close a circle: what moves members reads and writes Campaign's rows.
    from audctl.sandbox.members.workflow_runs import run_workflow  # noqa: PLC0415

    now = parse_moment(change.now)
    row_id = find_workflow(change, workflow_id)
    if now is not None:
        run_workflow(change.conn, row_id, now)


def spawn(change: Change, workflow_id: str, parameters: etree._Element | None) -> None:
    """Make an instance of a template-like workflow, and start it."""
    _check_variables(parameters)
    schema = stored_schema(SCHEMA)
    row = change.conn.execute(
        f"SELECT * FROM {quoted(schema.table)} WHERE id = ?",  # noqa: S608
        (find_workflow(change, workflow_id),),
    ).fetchone()
    values: Values = {
        field.column: row[field.column]
        for field in schema.fields.values()
        if not field.read_only and field.column not in _NOT_COPIED
    }
    _start(change, insert_row(change, schema, values))


def post_event(
    change: Change, workflow_id: str, activity: str, parameters: etree._Element | None
) -> None:
    """Trigger an External signal; raises a fault when the workflow has no such activity."""
    _check_variables(parameters)
    row_id = find_workflow(change, workflow_id)
    names = {
        step.get("name") for step in memo_of(change.conn, stored_schema(SCHEMA), row_id).iter()
    }
    if activity not in names:
        raise bad_document(f"Workflow '{workflow_id[:80]}' has no activity '{activity[:80]}'.")
    if _state(change, row_id) == STARTED:
        _set(change, row_id, {"processDate": change.now})


def find_workflow(change: Change, workflow_id: str) -> int:
    """Find a workflow by numeric id or internal name; raises a fault when there is none."""
    number = int(workflow_id) if _ID.match(workflow_id) else 0
    row = change.conn.execute(
        "SELECT id FROM xtk_workflow WHERE id = ? OR internalName = ?", (number, workflow_id)
    ).fetchone()
    if row is None:
        raise bad_document(f"The workflow '{workflow_id[:80]}' does not exist.")
    return int(row["id"])


def _start(change: Change, row_id: int) -> None:
    started: Values = {
        "state": STARTED,
        "failed": 0,
        "errorActivity": None,
        "errorCount": 0,
        "lastStart": change.now,
        "process/startState": 1,
    }
    _set(change, row_id, started)


def _state(change: Change, row_id: int) -> int:
    row = change.conn.execute("SELECT state FROM xtk_workflow WHERE id = ?", (row_id,)).fetchone()
    return int(row["state"])


def _set(change: Change, row_id: int, values: Values) -> None:
    update_row(change, stored_schema(SCHEMA), row_id, values)


def _check_variables(parameters: etree._Element | None) -> None:
    if parameters is not None and local_name(parameters) != "variables":
        raise bad_document("The root of the parameters must be 'variables'.")
