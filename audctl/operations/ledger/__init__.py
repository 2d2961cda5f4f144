"""Look after the ledger: see what is in it, and put right by hand what no apply would."""

from audctl.operations.ledger.forget import ledger_forget
from audctl.operations.ledger.look import ledger_list, ledger_show
from audctl.operations.ledger.move import ledger_move
from audctl.operations.ledger.rebuild import ledger_rebuild
from audctl.operations.ledger.transfer import ledger_export, ledger_import
from audctl.operations.ledger.unlock import ledger_unlock

__all__ = [
    "ledger_export",
    "ledger_forget",
    "ledger_import",
    "ledger_list",
    "ledger_move",
    "ledger_rebuild",
    "ledger_show",
    "ledger_unlock",
]
