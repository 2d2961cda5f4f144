"""Where audctl remembers what it owns: one document per project and environment, and the lock around it.

Takes and gives :class:`audctl.model.ledger.Ledger` through the port ``LedgerStore``. A save is whole or not
at all, follows the serial it was read with, and needs the lock. The document holds no secret, only salted
fingerprints. It is a claim about the live systems, never the truth: whoever loads it reads them as well.
"""
