"""Demo tenant, Campaign side: what the retailer Marlow & Finch had before anyone wrote manifests.

The package's own objects come with every sandbox (`campaign.baseline`). Here are the customers, and one list that a
marketer (operator 2001) made in the console. Nothing of it is managed by the example manifests; ids are fixed.
"""

from audctl.sandbox.campaign.baseline import LISTS_FOLDER_ID, MARKETER_ID, RECIPIENTS_FOLDER_ID
from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.rows import Change, Values, insert_row
from audctl.sandbox.store import Store

MADE_AT = "2025-09-01 00:00:00.000Z"
_FOLDER_ID = 2101
_LIST_ID = 2201
_FIRST_RECIPIENT = 3001
_FIRST_TRACKING_LOG = 6001
RECIPIENTS = 240
"""Customers; every second one has clicked and so has a visitor id, every sixth is on the hand-made list."""


def fill(store: Store) -> None:
    """Make the tenant's rows."""
    with store.write() as conn:
        change = Change(conn, MARKETER_ID, MADE_AT)
        folder: Values = {
            "id": _FOLDER_ID,
            "name": "newsletterLists",
            "label": "Newsletter",
            "parent-id": LISTS_FOLDER_ID,
        }
        _add(change, "xtk:folder", folder)
        by_hand: Values = {
            "id": _LIST_ID,
            "name": "newsletter-vip",
            "label": "Newsletter VIP",
            "desc": "Customers who get the early newsletter.",
            "folder-id": _FOLDER_ID,
        }
        _add(change, "nms:group", by_hand)
        for number in range(RECIPIENTS):
            _add_customer(change, number)


def _add_customer(change: Change, number: int) -> None:
    recipient_id = _FIRST_RECIPIENT + number
    customer: Values = {
        "id": recipient_id,
        "email": f"customer{number:04d}@marlowfinch.example",
        "account": f"MF{100_000 + number * 37}",
        "language": ("en", "fr", "de")[number % 3],
        "emailFormat": 2,
        "blackList": int(number % 29 == 0),
        "folder-id": RECIPIENTS_FOLDER_ID,
    }
    _add(change, "nms:recipient", customer)
    if number % 2 == 0:
        click: Values = {
            "id": _FIRST_TRACKING_LOG + number,
            "logDate": MADE_AT,
            "sourceId": f"{10_000_000_000_000_000_000 + number * 7_919:038d}",
            "recipient-id": recipient_id,
        }
        _add(change, "nms:trackingLogRcp", click)
    if number % 6 == 0:
        _add(change, "nms:rcpGrpRel", {"group-id": _LIST_ID, "recipient-id": recipient_id})


def _add(change: Change, schema_id: str, values: Values) -> None:
    insert_row(change, stored_schema(schema_id), values)
