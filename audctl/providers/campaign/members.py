"""How many people are in lists: two queries for a few hundred of them, never one for each.

The rows of nms:rcpGrpRel are the members of lists of recipients. A list of another targeting dimension, or one with a
table of its own, has its members elsewhere: its size is unknown, not nought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audctl.errors import InvalidAnswerError
from audctl.providers.campaign.mapping.table import id_condition
from audctl.providers.campaign.query import Node, select_all, select_grouped

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audctl.providers.campaign.client import CampaignClient

LISTS_AT_ONCE: Final = 500
"""Ids in one condition: some five thousand characters."""

_LISTS: Final = "nms:group"
_MEMBERS: Final = "nms:rcpGrpRel"
_RECIPIENTS: Final = frozenset({"", "nms:recipient"})
_FILE: Final = "2"
"""Type of a list that keeps its rows in a table of its own."""
_LIST: Final = Node("[@group-id]", "@list")
_PEOPLE: Final = Node("Count([@recipient-id])", "@people")


def count_members(client: CampaignClient, list_ids: Collection[str]) -> dict[str, int]:
    """Return the number of members by list id; lists that are gone or kept elsewhere are left out."""
    wanted = sorted(set(list_ids))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), LISTS_AT_ONCE):
        countable = _countable(client, wanted[start : start + LISTS_AT_ONCE])
        if countable:
            found |= _counted(client, countable)
    return found


def _countable(client: CampaignClient, ids: Sequence[str]) -> list[str]:
    """Return the lists that exist and whose members are recipients."""
    pages = select_all(
        client,
        _LISTS,
        (Node("@schema"), Node("@type")),
        (_among("@id", ids),),
        page_size=LISTS_AT_ONCE,
    )
    return [
        row.get("id", "")
        for rows in pages
        for row in rows
        if row.get("schema", "") in _RECIPIENTS and row.get("type", "") != _FILE
    ]


def _counted(client: CampaignClient, ids: Sequence[str]) -> dict[str, int]:
    # A list without members has no row in the answer: of those asked for, only they are empty.
    found = dict.fromkeys(ids, 0)
    where = (_among("[@group-id]", ids),)
    for row in select_grouped(client, _MEMBERS, _LIST, (_PEOPLE,), where, most=len(ids)):
        list_id, people = row.get("list", ""), row.get("people", "")
        if list_id not in found or not (people.isascii() and people.isdigit()):
            raise InvalidAnswerError(f"a count of {_MEMBERS} without its list or its number")
        found[list_id] = int(people)
    return found


def _among(xpath: str, ids: Sequence[str]) -> str:
    for each in ids:
        id_condition(each)  # refuses text that is no id
    return f"{xpath} IN ({', '.join(ids)})"
