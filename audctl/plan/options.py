"""The names ``--allow`` knows, and the options themselves."""

from __future__ import annotations

from audctl.model.plan import PlanOptions

__all__ = ["EMPTY_PROJECT", "EMPTY_READ", "PlanOptions"]

EMPTY_READ = "emptyRead"
"""With a type: believe that none of its objects is left although the ledger knows some."""

EMPTY_PROJECT = "emptyProject"
"""With the project's name: believe that no manifest is left."""
