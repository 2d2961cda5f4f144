"""What can go wrong in a SOAP call, in the words of the live system.

    CampaignFault          a SOAP fault, answered with status 200
    SessionRefusedError    plain text with status 403, before any method runs

A fault's specific code usually stands in its detail; the outer text is the generic wrapper. Nothing here ever carries
SQL text or a traceback.
"""


class CampaignFault(Exception):  # noqa: N818 - SOAP's own word
    """A call that failed, as a SOAP fault."""

    def __init__(
        self, detail: str, *, summary: str | None = None, code: str = "SOAP-ENV:Server"
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.summary = summary
        """The fault string; None lets the router write the generic wrapper of the method."""
        self.code = code


class SessionRefusedError(Exception):
    """Credentials that do not open a session."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def session_expired() -> SessionRefusedError:
    """Build the answer to a missing, wrong or expired session."""
    return SessionRefusedError("XSV-350008 Session has expired or is invalid. Please reconnect.")


def bad_login() -> SessionRefusedError:
    """Build the answer to a wrong login or password."""
    return SessionRefusedError("XSV-350012 Invalid login or password. Connection denied.")


def bad_call(summary: str, detail: str = "") -> CampaignFault:
    """Build the fault of a call that never reaches a method."""
    return CampaignFault(detail, summary=summary, code="SOAP-ENV:Client")


def unknown_schema(schema_id: str) -> CampaignFault:
    """Build the fault of a schema that does not exist."""
    return CampaignFault(
        f"XFR-180000 Unable to load document of identifier '{schema_id}' and type 'xtk:schema'."
    )


def unknown_path(path: str, schema_id: str, expression: str) -> CampaignFault:
    """Build the fault of an expression that names what its schema does not have."""
    what = "attribute" if "@" in path else "element"
    name = path.rpartition("/")[2]
    return CampaignFault(
        f"XTK-170036 Unable to parse expression '{expression}'.\n"
        f"XTK-170037 Unknown {what} '{name}' (see definition of schema '{schema_id}')."
    )


def bad_expression(expression: str, schema_id: str, reason: str) -> CampaignFault:
    """Build the fault of an expression that cannot be parsed or compiled."""
    return CampaignFault(
        f"XTK-170036 Unable to parse expression '{expression}' (schema '{schema_id}').\n"
        f"XTK-170006 {reason}"
    )


def bad_query(reason: str) -> CampaignFault:
    """Build the fault of a query document that cannot be understood."""
    return CampaignFault(f"XTK-170006 {reason}")


def database_error(message: str) -> CampaignFault:
    """Build the fault of a statement that the database refused."""
    return CampaignFault(f"PGS-220000 PostgreSQL error: ERROR: {message}")


def bad_document(reason: str) -> CampaignFault:
    """Build the fault of a document that cannot be written."""
    return CampaignFault(f"XSV-350023 {reason}")
