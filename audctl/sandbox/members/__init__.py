"""People: who they are, which segments and lists they are in, and how they travel between the two systems.

Segments are evaluated from their rules over the visitors' trait histories; Audience Manager writes outbound files,
Campaign reads them into lists, exports lists and queries, and Audience Manager takes those files in: as the virtual
clock moves (`timeline`), or when a workflow is woken up (`workflow_runs`). Files lie in buckets (`buckets`).
"""

from audctl.sandbox.members.choices import MemberChoices
from audctl.sandbox.members.tables import create_tables

__all__ = ["MemberChoices", "create_tables"]
