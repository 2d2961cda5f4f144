"""What went in and out: inbound history of data sources, outbound history of destinations, receipt recipients.

Outbound members are those of the documentation's sample. Inbound members are not documented: they are named after the
lines of the receipt that is.
"""

import re

from audctl.sandbox.audience_manager.call import Answer, Call, as_json, parse_id
from audctl.sandbox.audience_manager.errors import invalid, not_found
from audctl.sandbox.audience_manager.fields import Form
from audctl.sandbox.audience_manager.kinds import DATA_SOURCE, DESTINATION
from audctl.sandbox.audience_manager.operation import Operation, Parameter, flag
from audctl.sandbox.audience_manager.records import addressed
from audctl.sandbox.audience_manager.shapes import Schema, list_of

_FIRST_MILLISECONDS = 100_000_000_000
"""Epoch values below are seconds: the documentation's samples mix both units."""
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")

_OUTBOUND = {
    "pushID": "push_id",
    "orderID": "destination_id",
    "dataProviderID": "data_provider_id",
    "syncType": "sync_type",
    "fullPublish": "json(iif(full_publish, 'true', 'false'))",
    "receivedRecords": "received_records",
    "attemptedRecords": "attempted_records",
    "successRecords": "success_records",
    "startTime": "start_ms",
    "endTime": "end_ms",
    "dataFileName": "data_file_name",
    "success": "json(iif(success, 'true', 'false'))",
}
_INBOUND = {
    "dataSourceId": "data_source_id",
    "userIdDataSourceId": "user_id_data_source_id",
    "dataFileName": "data_file_name",
    "success": "json(iif(success, 'true', 'false'))",
    "receivedRecords": "received_records",
    "formatErrors": "format_errors",
    "invalidAamIds": "invalid_aam_ids",
    "invalidDeviceIds": "invalid_device_ids",
    "noMatchingAamIds": "no_matching_aam_ids",
    "noTraitRealized": "no_trait_realized",
    "processedRecords": "processed_records",
    "storedRecords": "stored_records",
    "totalDevices": "total_devices",
    "totalSignals": "total_signals",
    "totalUnusedSignals": "total_unused_signals",
    "totalRealizedTraits": "total_realized_traits",
    "totalRemovedTraits": "total_removed_traits",
    "totalTraitsFailedValidation": "total_traits_failed_validation",
    "totalUsersFailedValidation": "total_users_failed_validation",
    "startTime": "start_ms",
    "endTime": "end_ms",
}


def list_inbound(call: Call) -> Answer:
    """GET /datasources/<id>/history/inbound."""
    source = addressed(call, DATA_SOURCE, "data_source")
    members = dict(_INBOUND)
    if call.flag("includeSamplingDetails"):
        members["samplingDetails"] = "json(samples)"
    owner = ("data_source_id", source.id)
    return _history(call, "aam_inbound_history", owner, members, call.text("dataFileName"))


def list_outbound(call: Call) -> Answer:
    """GET /destinations/<id>/history/outbound."""
    destination = addressed(call, DESTINATION, "destination")
    owner = ("destination_id", destination.id)
    return _history(call, "aam_outbound_history", owner, _OUTBOUND, None)


def read_recipient(call: Call) -> Answer:
    """GET /datasources/<id>/inbound-mailing-list/<email>."""
    source, email = addressed(call, DATA_SOURCE, "data_source"), _email(call)
    found = call.conn.execute(
        "SELECT email FROM aam_mailing_list WHERE data_source_id = ? AND email = ?",
        (source.id, email),
    ).fetchone()
    if found is None:
        raise not_found("recipient", email)
    return Answer(200, as_json({"dataSourceId": source.id, "email": email}))


def add_recipient(call: Call) -> Answer:
    """PUT /datasources/<id>/inbound-mailing-list/<email>."""
    source, email = addressed(call, DATA_SOURCE, "data_source", "WRITE"), _email(call)
    if not _EMAIL.fullmatch(email):
        raise invalid("the last part of the path must be an e-mail address")
    call.conn.execute("INSERT OR IGNORE INTO aam_mailing_list VALUES (?, ?)", (source.id, email))
    return Answer(200, as_json({"dataSourceId": source.id, "email": email}))


def remove_recipient(call: Call) -> Answer:
    """DELETE /datasources/<id>/inbound-mailing-list/<email>."""
    source, email = addressed(call, DATA_SOURCE, "data_source", "WRITE"), _email(call)
    removed = call.conn.execute(
        "DELETE FROM aam_mailing_list WHERE data_source_id = ? AND email = ?", (source.id, email)
    )
    if not removed.rowcount:
        raise not_found("recipient", email)
    return Answer(204)


def _history(
    call: Call, table: str, owner: tuple[str, int], members: dict[str, str], file_name: str | None
) -> Answer:
    row = ", ".join(f"'{name}', {sql}" for name, sql in members.items())
    start_ms, end_ms = _moment(call, "startDate"), _moment(call, "endDate")
    rows = call.conn.execute(
        f"SELECT json_object({row}) FROM {table} WHERE {owner[0]} = ?"  # noqa: S608 - own names
        " AND (? IS NULL OR start_ms >= ?) AND (? IS NULL OR start_ms <= ?)"
        " AND (? IS NULL OR data_file_name = ?) ORDER BY start_ms, rowid",
        (owner[1], start_ms, start_ms, end_ms, end_ms, file_name, file_name),
    )
    return Answer(200, f"[{','.join([each[0] for each in rows])}]")


def _moment(call: Call, name: str) -> int | None:
    text = call.text(name)
    if text is None:
        return None
    epoch = parse_id(text)
    if epoch is None:
        raise invalid(f"{name} must be an epoch")
    return epoch * 1000 if epoch < _FIRST_MILLISECONDS else epoch


def _email(call: Call) -> str:
    return call.path["email"].strip().lower()


def _shape(members: dict[str, str]) -> Schema:
    properties: dict[str, Schema] = {}
    for name, sql in members.items():
        kind = "boolean" if sql.startswith("json(iif") else "integer"
        properties[name] = {"type": ["string" if name == "dataFileName" else kind, "null"]}
    return list_of({"type": "object", "properties": properties, "required": ["dataFileName"]})


def _interval(*, required: bool) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, f"{text}, epoch milliseconds", Form.NUMBER, required=required)
        for name, text in (("startDate", "Started from"), ("endDate", "Started until"))
    )


_RECIPIENT: Schema = {
    "type": "object",
    "properties": {"dataSourceId": {"type": "integer"}, "email": {"type": "string"}},
    "required": ["dataSourceId", "email"],
}
_RECIPIENT_PATH = "/datasources/{data_source}/inbound-mailing-list/{email}"
OPERATIONS = (
    Operation(
        "GET",
        "/datasources/{data_source}/history/inbound",
        list_inbound,
        "List the inbound files of a data source",
        (
            *_interval(required=False),
            flag("includeSamplingDetails", "Add sampled lines by error kind"),
            Parameter("dataFileName", "Only this file"),
        ),
        answer=_shape(_INBOUND),
    ),
    Operation(
        "GET",
        "/destinations/{destination}/history/outbound",
        list_outbound,
        "List the outbound files of a destination",
        _interval(required=True),
        answer=_shape(_OUTBOUND),
    ),
    # Only the path is attested; the methods are inferred.
    Operation("GET", _RECIPIENT_PATH, read_recipient, "Read a recipient", answer=_RECIPIENT),
    Operation("PUT", _RECIPIENT_PATH, add_recipient, "Add a recipient", answer=_RECIPIENT),
    Operation("DELETE", _RECIPIENT_PATH, remove_recipient, "Remove a recipient", status=204),
)
