"""Domains that cookie destinations may be limited to: `/partner-sites`. They are made and deleted, never changed."""

import re

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call
from audctl.sandbox.audience_manager.errors import conflict, invalid
from audctl.sandbox.audience_manager.fields import Field, decode
from audctl.sandbox.audience_manager.kinds import PARTNER_SITE
from audctl.sandbox.audience_manager.listing import Listing
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import (
    COMPANY_ID,
    addressed,
    answer_one,
    check_precondition,
    create,
    remove,
)
from audctl.sandbox.audience_manager.shapes import shown, written

FIELDS = (Field("url", required=True, max_length=253),)
LIST = Listing(PARTNER_SITE, ("url",), searched=("url",))
_DOMAIN = re.compile(r"\.?(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}", re.ASCII)


def read_one(call: Call) -> Answer:
    """GET /partner-sites/<id>."""
    return answer_one(call, PARTNER_SITE, addressed(call, PARTNER_SITE, "site"))


def create_one(call: Call) -> Answer:
    """POST /partner-sites."""
    rights.require_creation(call, PARTNER_SITE)
    fields = decode(FIELDS, call.members(), None, call.choices)
    if not _DOMAIN.fullmatch(str(fields["url"])):
        raise invalid("url must be a domain such as shop.example")
    record = create(call, PARTNER_SITE, {"pid": COMPANY_ID, **fields})
    return answer_one(call, PARTNER_SITE, record, 201)


def delete(call: Call) -> Answer:
    """DELETE /partner-sites/<id>; refuses while a cookie destination names it."""
    record = addressed(call, PARTNER_SITE, "site", "DELETE")
    check_precondition(call, record)
    rows = call.conn.execute(
        "SELECT d.id, d.name FROM aam_destination AS d, json_each(d.document -> '$.siteIDs') AS site"
        " WHERE site.value = ? ORDER BY d.id LIMIT 5",
        (record.id,),
    ).fetchall()
    if rows:
        raise conflict(
            "CANNOT_DELETE_ENTITY_IN_USE",
            f"partner site {record.id} is in use",
            *(f"destination {row['id']} {row['name']} uses it" for row in rows),
            status=call.choices.in_use_status,
        )
    remove(call.conn, PARTNER_SITE, record.id)
    return Answer(204)


SHAPE = shown(FIELDS, ("pid", "siteId", "url"), pid={"type": "integer"}, siteId={"type": "integer"})
OPERATIONS = (
    LIST.operation("/partner-sites", SHAPE),
    Operation(
        "POST",
        "/partner-sites",
        create_one,
        "Create a partner site",
        body=written(FIELDS),
        answer=SHAPE,
        status=201,
    ),
    Operation("GET", "/partner-sites/{site}", read_one, "Read one partner site", answer=SHAPE),
    Operation("DELETE", "/partner-sites/{site}", delete, "Delete a partner site", status=204),
)
