"""Look after the ledger: see what is in it, and put right by hand what no apply would."""
