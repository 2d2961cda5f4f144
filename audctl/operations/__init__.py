"""What audctl can do, one function each: builds the parts, joins them, returns a report.

Takes a :class:`Context`; gives frozen data from :mod:`audctl.model`. Prints nothing, asks nothing (approval is a
function it is given), and leaves exit codes to the command line.
"""

from audctl.operations.apply import apply
from audctl.operations.context import Context
from audctl.operations.doctor import doctor
from audctl.operations.drift import drift
from audctl.operations.import_ import import_live
from audctl.operations.journal import run_events, run_history
from audctl.operations.ledger import (
    ledger_export,
    ledger_forget,
    ledger_import,
    ledger_list,
    ledger_move,
    ledger_rebuild,
    ledger_show,
    ledger_unlock,
)
from audctl.operations.plan import plan
from audctl.operations.status import status
from audctl.operations.unmanaged import unmanaged
from audctl.operations.validate import validate
from audctl.operations.wait import wait_until_consistent

__all__ = [
    "Context",
    "apply",
    "doctor",
    "drift",
    "import_live",
    "ledger_export",
    "ledger_forget",
    "ledger_import",
    "ledger_list",
    "ledger_move",
    "ledger_rebuild",
    "ledger_show",
    "ledger_unlock",
    "plan",
    "run_events",
    "run_history",
    "status",
    "unmanaged",
    "validate",
    "wait_until_consistent",
]
