"""Look after the ledger: see what is in it, and put right by hand what no apply would."""

from audctl.operations.ledger.look import ledger_list, ledger_show
from audctl.operations.ledger.unlock import ledger_unlock

__all__ = ["ledger_list", "ledger_show", "ledger_unlock"]
