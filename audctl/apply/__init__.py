"""Make a plan so.

Takes a plan, the live systems and the ledger store; gives a report in which every step has one end: done,
failed or not tried. One thread decides, records and reports (:mod:`.executor`, :mod:`.record`); workers do no
more than call a live system for one step (:mod:`.work`). It promises to write nothing that the plan does not
say, to create nothing twice, and to keep the ledger true however the run ends.
"""
