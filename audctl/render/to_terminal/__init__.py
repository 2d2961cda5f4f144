"""Reports as lines for people: what matters first, then one block per thing, places last.

Every function takes a report and a :class:`~audctl.render.paint.Paint` and gives lines without line ends. The lines
are the same on a terminal and in a file; only colours differ.
"""

from audctl.render.to_terminal.apply_report import apply_report, ended_step
from audctl.render.to_terminal.checks import doctor
from audctl.render.to_terminal.drift import drift
from audctl.render.to_terminal.explanation import code_meaning, field_explanation
from audctl.render.to_terminal.findings import error, findings, validation
from audctl.render.to_terminal.imported import imported
from audctl.render.to_terminal.inventory import unmanaged
from audctl.render.to_terminal.journal import event, history
from audctl.render.to_terminal.ledger import ledger, ledger_excerpt, unlocked
from audctl.render.to_terminal.ledger_edit import ledger_edit, ledger_saved
from audctl.render.to_terminal.plan import plan
from audctl.render.to_terminal.status import look_failed, status, waited, waiting

__all__ = [
    "apply_report",
    "code_meaning",
    "doctor",
    "drift",
    "ended_step",
    "error",
    "event",
    "field_explanation",
    "findings",
    "history",
    "imported",
    "ledger",
    "ledger_edit",
    "ledger_excerpt",
    "ledger_saved",
    "look_failed",
    "plan",
    "status",
    "unlocked",
    "unmanaged",
    "validation",
    "waited",
    "waiting",
]
