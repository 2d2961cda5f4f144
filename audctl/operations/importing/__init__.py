"""The parts of an import.

======  ====================================================================================
run     from what is live to files, and back from the files to a plan
read    a bulk read that leaves no mapping of a shared list out
drafts  what could be written, checked as if it were manifests already
files   new files, never over others; values of existing ones
proof   what planning with the new manifests finds beside adoption
======  ====================================================================================
"""
