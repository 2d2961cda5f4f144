"""The account itself: who is calling, and limits.

The answers to `/limits` are not documented; only their presence is. Clients must not depend on their members.
"""

import sqlite3
from functools import partial

from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.kinds import DESTINATION, MODEL, SEGMENT, TRAIT, Kind
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import COMPANY_ID
from audctl.sandbox.audience_manager.shapes import list_of

COMPANY_NAME = "Marlow & Finch"
_USERS = {
    7: ("audctl-api", "Audience", "API", "audience-api@marlowfinch.example"),
    12: ("marketing-desk", "Marketing", "Desk", "marketing-desk@marlowfinch.example"),
    21: ("newsletter-team", "Newsletter", "Team", "newsletter-team@marlowfinch.example"),
}
"""User name, first name, last name and address by user id; all invented."""


def read_self(call: Call) -> Answer:
    """GET /users/self."""
    username, first_name, last_name, email = _USERS[call.user_id]
    return Answer(
        200,
        as_json(
            {
                "pid": COMPANY_ID,
                "uid": call.user_id,
                "userId": call.user_id,
                "username": username,
                "firstName": first_name,
                "lastName": last_name,
                "email": email,
                "companyName": COMPANY_NAME,
                "admin": call.caller.admin,
                "groups": list(call.caller.groups),
                "status": "ACTIVE",
            }
        ),
    )


def read_limits(call: Call, kind: Kind) -> Answer:
    """GET /<kind>/limits."""
    limits = call.choices.limits
    rows = [
        {
            "type": name,
            "limit": limits[name],
            "count": _count(call.conn, kind, name if name in _TYPED[kind.noun] else None),
        }
        for name in (*_TYPED[kind.noun], _TOTAL[kind.noun])
    ]
    return Answer(200, as_json(rows))


_TYPED = {
    TRAIT.noun: ("RULE_BASED_TRAIT", "ON_BOARDED_TRAIT", "ALGO_TRAIT", "FOLDER_TRAIT"),
    SEGMENT.noun: (),
    DESTINATION.noun: ("PUSH", "ADS", "S2S"),
    MODEL.noun: (),
}
_TOTAL = {
    TRAIT.noun: "traits",
    SEGMENT.noun: "segments",
    DESTINATION.noun: "destinations",
    MODEL.noun: "models",
}
_TYPE_COLUMN = {TRAIT.noun: "trait_type", DESTINATION.noun: "destination_type"}


def _count(conn: sqlite3.Connection, kind: Kind, type_name: str | None) -> int:
    where: str = ""
    values: tuple[str, ...] = ()
    if type_name is not None:
        where, values = f" WHERE {_TYPE_COLUMN[kind.noun]} = ?", (type_name,)
    (found,) = conn.execute(
        f"SELECT count(*) FROM {kind.table}{where}",  # noqa: S608 - own names
        values,
    ).fetchone()
    return int(found)


_LIMIT = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "limit": {"type": "integer"},
        "count": {"type": "integer"},
    },
    "required": ["type", "limit", "count"],
}
OPERATIONS = (
    Operation(
        "GET",
        "/users/self",
        read_self,
        "Read the calling user",
        answer={"type": "object", "required": ["pid", "userId", "uid", "username", "groups"]},
    ),
    *(
        Operation(
            "GET",
            f"/{path}/limits",
            partial(read_limits, kind=kind),
            f"Read the limits on {path}",
            answer=list_of(_LIMIT),
        )
        for path, kind in (
            ("traits", TRAIT),
            ("segments", SEGMENT),
            ("destinations", DESTINATION),
            ("models", MODEL),
        )
    ),
)
