"""Stand-in for Audience Manager's REST API, version 1."""

from audctl.sandbox.audience_manager.tables import create_tables

__all__ = ["create_tables"]
