"""Workflows that move members, run once: what they do, and what becomes of their state and their log.

A run that fails leaves nothing behind but its failure: the workflow is paused (13) with `failed`, as a real one in
error, until somebody starts it again.
"""

import sqlite3
from datetime import datetime

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.memo import memo_of
from audctl.sandbox.campaign.rows import Values, insert_row, update_row
from audctl.sandbox.members.accounts import EXPORT_ACCOUNT, IMPORT_ACCOUNT
from audctl.sandbox.members.audience_export import send_exports, update_audience
from audctl.sandbox.members.definition import read_definition
from audctl.sandbox.members.job import Job, JobError, open_job
from audctl.sandbox.members.list_import import import_audiences

WORKFLOW = "xtk:workflow"
LOG = "xtk:workflowLog"
STARTED, IN_ERROR, FINISHED = 11, 13, 20
INFORMATION, ERROR = 0, 2
_LONGEST_MESSAGE = 1000


def run_workflow(conn: sqlite3.Connection, row_id: int, now: datetime) -> list[str] | None:
    """Run a started workflow's pending tasks within the open transaction.

    Gives lines about it, an empty list when there was nothing to do, and None when it is not started.
    """
    row = conn.execute(
        "SELECT id, internalName, state, failed, errorCount FROM xtk_workflow WHERE id = ?",
        (row_id,),
    ).fetchone()
    if row is None or row["state"] != STARTED or row["failed"]:
        return None
    job = open_job(conn, now)
    conn.execute("SAVEPOINT workflow_run")
    try:
        lines, ended = _work(job, row)
    except JobError as error:
        conn.execute("ROLLBACK TO workflow_run")
        conn.execute("RELEASE workflow_run")
        return [_fail(job, row, error)]
    conn.execute("RELEASE workflow_run")
    for line in lines:
        _log(job, row_id, "", line, INFORMATION)
    done: Values = {"processDate": job.change.now}
    if ended and job.choices.one_shot_workflow_ends:
        done |= {"state": FINISHED, "process/startState": 0}
    update_row(job.change, stored_schema(WORKFLOW), row_id, done)
    return lines


def _work(job: Job, row: sqlite3.Row) -> tuple[list[str], bool]:
    """Do what a workflow does; also tells whether it has ended by that."""
    if row["internalName"] == IMPORT_ACCOUNT:
        return import_audiences(job), False
    if row["internalName"] == EXPORT_ACCOUNT:
        return send_exports(job), False
    definition = read_definition(memo_of(job.conn, stored_schema(WORKFLOW), row["id"]))
    if definition is None:
        return [], False  # not one that moves members
    line = update_audience(job, row["id"], row["internalName"], definition)
    return [line], definition.period is None


def _fail(job: Job, row: sqlite3.Row, error: JobError) -> str:
    failed: Values = {
        "state": IN_ERROR,
        "failed": 1,
        "errorActivity": error.activity or None,
        "errorCount": row["errorCount"] + 1,
        "processDate": job.change.now,
    }
    update_row(job.change, stored_schema(WORKFLOW), row["id"], failed)
    _log(job, row["id"], error.activity, str(error), ERROR)
    return f"failed: {error}"


def _log(job: Job, row_id: int, activity: str, message: str, kind: int) -> None:
    entry: Values = {
        "workflow-id": row_id,
        "activity": activity or None,
        "logDate": job.change.now,
        "logType": kind,
        "error": int(kind == ERROR),
        "message": message[:_LONGEST_MESSAGE],
    }
    insert_row(job.change, stored_schema(LOG), entry)
