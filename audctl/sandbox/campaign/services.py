"""The methods that the SOAP router knows: for each, what it does with a call and what it gives back."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.sandbox.campaign import counters, instances, persist, session, workflows
from audctl.sandbox.campaign.catalog import catalog_of
from audctl.sandbox.campaign.draft import encrypt_password
from audctl.sandbox.campaign.envelope import Action, Message, Output
from audctl.sandbox.campaign.faults import CampaignFault, bad_document
from audctl.sandbox.campaign.own_tables import find_named
from audctl.sandbox.campaign.query import execute_query, select_all
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.rows import Change
from audctl.sandbox.campaign.session import Credentials, Operator
from audctl.sandbox.campaign.values import soap_moment, stored_moment

if TYPE_CHECKING:
    from audctl.sandbox.store import Store

_MAX_NEW_IDS = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call, ready to run."""

    store: "Store"
    quirks: Quirks
    action: Action
    message: Message
    credentials: Credentials
    operator: Operator | None
    """None for methods that anyone may call."""
    now: datetime

    @property
    def stored_now(self) -> str:
        """Give the virtual time as stored."""
        return stored_moment(self.now)

    def change(self, conn: sqlite3.Connection) -> Change:
        """Sign changes made on `conn`."""
        operator_id = 0 if self.operator is None else self.operator.id
        return Change(conn, operator_id, self.stored_now, self.quirks)


Method = Callable[[Call], list[Output]]


def _log_on(call: Call) -> list[Output]:
    message = call.message
    parameters = message.document(2)
    remember = parameters is not None and parameters.get("rememberMe") == "true"
    with call.store.write() as conn:
        opened = session.log_on(
            conn, message.text(0), message.text(1), call.now, call.quirks, remember=remember
        )
    return _session_outputs(call, opened)


def _log_on_with_token(call: Call) -> list[Output]:
    with call.store.write() as conn:
        opened = session.log_on_with_token(conn, call.message.text(0), call.now, call.quirks)
    return _session_outputs(call, opened)


def _session_outputs(call: Call, opened: session.Session) -> list[Output]:
    info = session.session_info(opened.operator, call.now, call.quirks)
    return [
        Output("pstrSessionToken", "string", opened.session_token),
        Output("pSessionInfo", "element", info),
        Output("pstrSecurityToken", "string", opened.security_token),
    ]


def _log_off(call: Call) -> list[Output]:
    with call.store.write() as conn:
        session.log_off(conn, call.credentials)
    return []


def _test_connection(_call: Call) -> list[Output]:
    return []


def _get_user_info(call: Call) -> list[Output]:
    if call.operator is None:
        raise CampaignFault("XSV-350000 No operator.")
    return [Output("pUserInfo", "element", session.user_info(call.operator))]


def _get_server_time(call: Call) -> list[Output]:
    return [Output("ptmServerTime", "dateTime", soap_moment(call.now))]


def _get_option(call: Call) -> list[Output]:
    with call.store.read() as conn:
        value, data_type = session.read_option(conn, call.message.text(0))
    return [Output("pstrValue", "string", value), Output("pbtType", "byte", str(data_type))]


def _get_new_ids(call: Call) -> list[Output]:
    text = call.message.text(0)
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004
    if not 0 < count <= _MAX_NEW_IDS:
        raise CampaignFault(
            f"XSV-350000 '{text[:40]}' is not a number of ids that can be reserved."
        )
    with call.store.write() as conn:
        first = counters.take(conn, counters.ID_SEQUENCE, count)
    return [Output("pstrIdList", "string", ",".join(map(str, range(first, first + count))))]


def _encrypt_password(call: Call) -> list[Output]:
    return [Output("pstrEncrypted", "string", encrypt_password(call.message.text(0)))]


def _execute_query(call: Call) -> list[Output]:
    query = call.message.required_document(0)
    with call.store.read() as conn:
        answer = execute_query(conn, query, call.stored_now, call.quirks)
    return [Output("pdomOutput", "element", answer)]


def _select_all(call: Call) -> list[Output]:
    query = call.message.required_document(0)
    with call.store.read() as conn:
        return [Output("entity", "element", select_all(conn, query, call.quirks))]


def _get_entity(call: Call) -> list[Output]:
    kind, _, name = call.message.text(0).partition("|")
    with call.store.read() as conn:
        known = kind in ("xtk:schema", "xtk:srcSchema")
        schema = find_named(catalog_of(call.quirks), conn, name) if known else None
    if schema is None:
        if call.message.boolean(2):
            raise bad_document(f"XFR-180000 No document '{call.message.text(0)[:200]}'.")
        return [Output("pdomDoc", "element", "")]
    unchanged = call.message.text(1) == schema.md5
    return [Output("pdomDoc", "element", "" if unchanged else schema.document)]


def _write(call: Call) -> list[Output]:
    document = call.message.required_document(0)
    with call.store.write() as conn:
        persist.write_document(call.change(conn), document)
    return []


def _write_collection(call: Call) -> list[Output]:
    document = call.message.required_document(0)
    if call.quirks.write_collection_atomic:
        with call.store.write() as conn:
            persist.write_collection(call.change(conn), document)
        return []
    with call.store.read() as conn:
        schema = persist.schema_of(call.change(conn), document)
    for part in document:
        with call.store.write() as conn:
            persist.write_element(call.change(conn), schema, part)
    return []


def _delete_collection(call: Call) -> list[Output]:
    with call.store.write() as conn:
        persist.delete_collection(call.change(conn), call.message.text(0), call.message.document(1))
    return []


def _entity_method(build: Callable[[Call, Change], str]) -> Method:
    def method(call: Call) -> list[Output]:
        with call.store.write() as conn:
            return [Output("entity", "element", build(call, call.change(conn)))]

    return method


def _new_instance(call: Call, change: Change) -> str:
    entity = call.message.required_document(0)
    return instances.new_instance(change, persist.schema_of(change, entity), entity)


def _apply_duplicate_rules(call: Call, change: Change) -> str:
    entity = call.message.required_document(0)
    return instances.apply_duplicate_rules(change, persist.schema_of(change, entity), entity)


def _duplicate(call: Call, change: Change) -> str:
    return instances.duplicate(change, call.message.text(1), call.message.text(2) or None)


def _load(call: Call, change: Change) -> str:
    must_exist = call.action.method == "Load"
    return instances.load(change, call.message.text(1), must_exist=must_exist)


def _load_as_text(call: Call) -> list[Output]:
    with call.store.read() as conn:
        text = instances.load(call.change(conn), call.message.text(0), must_exist=True)
    return [Output("pstrContent", "string", text)]


def _refuse_sql(_call: Call) -> list[Output]:
    raise CampaignFault("XSV-350000 The operator does not have the right to read or write SQL.")


def _workflow(command: Callable[[Call, Change, str], None]) -> Method:
    def method(call: Call) -> list[Output]:
        with call.store.write() as conn:
            command(call, call.change(conn), call.message.text(0))
        return []

    return method


def _session_write(call: Call) -> list[Output]:
    if call.quirks.session_write_allowed:
        return _write(call)
    raise CampaignFault(
        "SOP-330024 The method 'Write' of service 'xtk:session' is declared without a library of functions."
    )


_SESSION: Mapping[str, Method] = {
    "Logon": _log_on,
    "BearerTokenLogon": _log_on_with_token,
    "Logoff": _log_off,
    "TestCnx": _test_connection,
    "GetUserInfo": _get_user_info,
    "GetServerTime": _get_server_time,
    "GetOption": _get_option,
    "GetNewIds": _get_new_ids,
    "GetNewIdsEx": _get_new_ids,
    "EncryptPassword": _encrypt_password,
    "Write": _session_write,
}
_PERSIST: Mapping[str, Method] = {
    "GetEntityIfMoreRecent": _get_entity,
    "Write": _write,
    "WriteCollection": _write_collection,
    "ImportCollection": _write_collection,
    "DeleteCollection": _delete_collection,
    "NewInstance": _entity_method(_new_instance),
    "SetDefaults": _entity_method(_new_instance),
    "ApplyDuplicateRules": _entity_method(_apply_duplicate_rules),
    "Duplicate": _entity_method(_duplicate),
    "DuplicateTo": _entity_method(_duplicate),
    "Load": _entity_method(_load),
    "LoadIfExists": _entity_method(_load),
    "LoadAsText": _load_as_text,
    "Store": _write,
}
_QUERY: Mapping[str, Method] = {
    "ExecuteQuery": _execute_query,
    "SelectAll": _select_all,
    "BuildQuery": _refuse_sql,
    "BuildQueryEx": _refuse_sql,
}
_WORKFLOW: Mapping[str, Method] = {
    "Start": _workflow(lambda _call, change, which: workflows.start(change, which)),
    "StartWithParameters": _workflow(
        lambda call, change, which: workflows.start(change, which, call.message.document(1))
    ),
    "SimulateWithParameters": _workflow(
        lambda call, change, which: workflows.start(change, which, call.message.document(1))
    ),
    "SpawnWithParameters": _workflow(
        lambda call, change, which: workflows.spawn(change, which, call.message.document(1))
    ),
    "SpawnWithParametersEx": _workflow(
        lambda call, change, which: workflows.spawn(change, which, call.message.document(2))
    ),
    "Pause": _workflow(lambda _call, change, which: workflows.pause(change, which)),
    "Stop": _workflow(lambda _call, change, which: workflows.stop(change, which)),
    "Kill": _workflow(lambda _call, change, which: workflows.stop(change, which)),
    "Restart": _workflow(lambda _call, change, which: workflows.start(change, which)),
    "Wakeup": _workflow(lambda _call, change, which: workflows.wake_up(change, which)),
    "WakeupTask": _workflow(lambda _call, change, which: workflows.wake_up(change, which)),
    "PostEvent": _workflow(
        lambda call, change, which: workflows.post_event(
            change, which, call.message.text(1), call.message.document(3)
        )
    ),
}

SERVICES: Mapping[str, Mapping[str, Method]] = MappingProxyType(
    {
        "xtk:session": _SESSION,
        "xtk:persist": _PERSIST,
        "xtk:queryDef": _QUERY,
        "xtk:workflow": _WORKFLOW,
    }
)
"""Every method by service and name."""

ANONYMOUS = frozenset(
    {
        ("xtk:session", "Logon"),
        ("xtk:session", "BearerTokenLogon"),
        ("xtk:session", "GetServerTime"),
    }
)
"""Methods that need no credentials."""
