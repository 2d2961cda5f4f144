"""Exchange members: from a binding to a job, past the law, onto an engine, into a folder.

Nothing is read of anybody before the law has been asked.
"""
