"""A run's journal: a file of newline-delimited JSON that only grows, written before the run goes on.

Takes what an observer hears; gives it back as events, while the run goes on and afterwards. It is for people and
programs that watch; audctl itself never reads it to decide anything: what is owned is in the ledger, what is there is
read live. It promises never to stop a run: what cannot be written is told in the run's report.
"""
