"""Derived signals: `/signals/derived`. One signal seen makes another; field names after a stub page and client code."""

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call
from audctl.sandbox.audience_manager.errors import limit_exceeded
from audctl.sandbox.audience_manager.fields import Field, decode
from audctl.sandbox.audience_manager.kinds import DERIVED_SIGNAL
from audctl.sandbox.audience_manager.listing import CODE_FILTER, Listing
from audctl.sandbox.audience_manager.operation import Operation, read_replace_delete
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    answer_one,
    check_precondition,
    count,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.records import create as store
from audctl.sandbox.audience_manager.shapes import STAMPS, shown, written

MAX_TEXT = 228
_TEXTS = ("sourceKey", "sourceValue", "targetKey", "targetValue")
FIELDS = (
    *(Field(name, required=True, max_length=MAX_TEXT) for name in _TEXTS),
    Field("integrationCode", max_length=255),
)
LIST = Listing(
    DERIVED_SIGNAL,
    (*_TEXTS, "integrationCode"),
    (CODE_FILTER,),
    searched=(*_TEXTS, "integrationCode"),
)


def read_one(call: Call) -> Answer:
    """GET /signals/derived/<id>."""
    return _show(call, addressed(call, DERIVED_SIGNAL, "signal"), 200)


def create(call: Call) -> Answer:
    """POST /signals/derived."""
    rights.require_creation(call, DERIVED_SIGNAL)
    fields = decode(FIELDS, call.members(), None, call.choices)
    limit = call.choices.limits["derivedSignals"]
    if count(call.conn, DERIVED_SIGNAL, limit) >= limit:
        raise limit_exceeded("derived signals", limit, call.choices.limit_status)
    return _show(call, store(call, DERIVED_SIGNAL, stamp_new(fields, call)), 201)


def replace(call: Call) -> Answer:
    """PUT /signals/derived/<id>."""
    record = addressed(call, DERIVED_SIGNAL, "signal", "WRITE")
    check_precondition(call, record)
    fields = decode(FIELDS, call.members(), record.document, call.choices)
    return _show(call, save(call, DERIVED_SIGNAL, record, fields), call.choices.put_status)


def delete(call: Call) -> Answer:
    """DELETE /signals/derived/<id>."""
    record = addressed(call, DERIVED_SIGNAL, "signal", "DELETE")
    check_precondition(call, record)
    remove(call.conn, DERIVED_SIGNAL, record.id)
    return Answer(204)


def _show(call: Call, record: Record, status: int) -> Answer:
    return answer_one(call, DERIVED_SIGNAL, record, status)


BODY = written(FIELDS)
SHAPE = shown(
    FIELDS,
    ("derivedSignalId", *_TEXTS, "pid"),
    derivedSignalId={"type": "integer"},
    pid={"type": "integer"},
    **STAMPS,
)


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on derived signals."""
    path = "/signals/derived"
    return (
        LIST.operation(path, SHAPE),
        Operation(
            "POST", path, create, "Create a derived signal", body=BODY, answer=SHAPE, status=201
        ),
        *read_replace_delete(
            f"{path}/{{signal}}",
            "derived signal",
            read=read_one,
            replace=replace,
            delete=delete,
            body=BODY,
            answer=SHAPE,
            put_status=put_status,
        ),
    )
