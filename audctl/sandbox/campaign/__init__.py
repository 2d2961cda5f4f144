"""Campaign half of the sandbox: XTK schemas over SQLite, spoken through the SOAP router.

Takes the shared store; gives its tables and its HTTP routes. It promises the behaviour of the
published interface, with every open question answered in one place (`quirks`), and it never
promises a vendor's internals: no JavaScript, no SQL passes through, no file leaves the folder.
"""

from audctl.sandbox.campaign.router import routes
from audctl.sandbox.campaign.session import expire_sessions
from audctl.sandbox.campaign.tables import create_tables

__all__ = ["create_tables", "expire_sessions", "routes"]
