"""The account itself: who is calling, limits, value lists.

The answers to `/limits` are not documented; only their presence is. Clients must not depend on their members.
"""

import sqlite3

from audctl.sandbox.audience_manager.dispatch import Answer, Call, Handler, as_json
from audctl.sandbox.audience_manager.kinds import DESTINATION, SEGMENT, TRAIT
from audctl.sandbox.audience_manager.records import COMPANY_ID, Kind

COMPANY_NAME = "Marlow & Finch"
_USERS = {
    7: ("audctl-api", "Audience", "API", "audience-api@marlowfinch.example"),
    12: ("marketing-desk", "Marketing", "Desk", "marketing-desk@marlowfinch.example"),
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
                "admin": True,
                "groups": [],
                "status": "ACTIVE",
            }
        ),
    )


def list_trait_types(call: Call) -> Answer:
    """GET /customer-trait-types: the global one."""
    stamps = {"crUID": 0, "upUID": 0, "createTime": 0, "updateTime": call.now_ms}
    row = {"pixelType": 0, "pid": 0, "name": "None", "description": "", **stamps}
    return Answer(200, as_json([row]))


def limits_of(kind: Kind) -> Handler:
    """Make the handler of GET /<kind>/limits."""

    def read_limits(call: Call) -> Answer:
        limits = call.choices.limits
        rows: list[dict[str, object]]
        if kind is TRAIT:
            types = ("RULE_BASED_TRAIT", "ON_BOARDED_TRAIT")
            rows = [
                _limit(call.conn, name, limits[name], TRAIT, f"WHERE trait_type = '{name}'")
                for name in types
            ]
            rows.append(_limit(call.conn, "TRAITS", limits["traits"], TRAIT))
        elif kind is SEGMENT:
            rows = [_limit(call.conn, "SEGMENTS", limits["segments"], SEGMENT)]
        else:
            rows = [_limit(call.conn, "DESTINATIONS", limits["destinations"], DESTINATION)]
        return Answer(200, as_json(rows))

    return read_limits


def _limit(
    conn: sqlite3.Connection, name: str, limit: int, kind: Kind, where: str = ""
) -> dict[str, object]:
    (used,) = conn.execute(f"SELECT count(*) FROM {kind.table} {where}").fetchone()  # noqa: S608
    return {"type": name, "limit": limit, "count": used}
