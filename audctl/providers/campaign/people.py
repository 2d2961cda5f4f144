"""Recipients, their tracking logs and the members of lists: read in pages by key, members written in batches.

Only the columns asked for travel. One page is held at a time, so memory does not grow with the table, and the number of
calls grows with pages. Members have no id of their own: those of one list are paged by recipient.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audctl.errors import RejectedError
from audctl.model.people import PeopleKind, PeoplePage
from audctl.providers.campaign.mapping.table import id_condition
from audctl.providers.campaign.persist import delete_where, row_document, write_collection
from audctl.providers.campaign.query import ID, Node, count, key_of, select_all, xtk_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml import etree

    from audctl.model.people import PeopleTable
    from audctl.providers.campaign.client import CampaignClient
    from audctl.providers.campaign.names import CampaignNames

MEMBERS_IN_ONE_CALL: Final = 1000
"""Members written at once: some 100 kB."""
IDS_IN_ONE_CONDITION: Final = 500

_MEMBERS: Final = "nms:rcpGrpRel"
_LIST: Final = "[@group-id]"
_MEMBER: Final = Node("[@recipient-id]")
_PATH: Final = re.compile(r"(?:[A-Za-z_][\w.-]*/)*@[A-Za-z_][\w.-]*")
_TRUE: Final = frozenset({"1", "true"})


def read_people(
    client: CampaignClient, names: CampaignNames, table: PeopleTable, *, after: int | None
) -> Iterator[PeoplePage]:
    """Give a table's rows in pages of growing key, those above ``after``; raise InvalidAnswerError for a lost row."""
    schema, key, where, nodes = _query_of(names, table)
    pages = select_all(
        client, schema, nodes, where, page_size=names.page_size, key=key, after=after
    )
    columns = [each.alias.removeprefix("@") for each in nodes]
    for rows in pages:
        keys = [key_of(row, key) for row in rows]
        yield PeoplePage(
            rows=tuple(
                (str(number), *_values(row, columns))
                for number, row in zip(keys, rows, strict=True)
            ),
            last=keys[-1],
        )


def count_rows(client: CampaignClient, names: CampaignNames, table: PeopleTable) -> int:
    """Return how many rows a table has now."""
    schema, key, where, _ = _query_of(names, table)
    return count(client, schema, (*where, f"{key.expr} <> 0"), key=key)


def add_members(client: CampaignClient, list_id: str, people: Sequence[int]) -> None:
    """Put recipients on a list; those who are on it already stay, so the same batch may be written again."""
    id_condition(list_id)
    rows = [
        row_document(
            _MEMBERS,
            "insertOrUpdate",
            {"group-id": list_id, "recipient-id": str(each)},
            key=f"{_LIST}, {_MEMBER.expr}",
        )
        for each in people
    ]
    for start in range(0, len(rows), MEMBERS_IN_ONE_CALL):
        write_collection(
            client, _MEMBERS, rows[start : start + MEMBERS_IN_ONE_CALL], repeatable=True
        )


def remove_members(client: CampaignClient, list_id: str, people: Sequence[int]) -> None:
    """Take recipients off a list; those who are not on it are no error. The recipients themselves stay."""
    for start in range(0, len(people), IDS_IN_ONE_CONDITION):
        listed = ", ".join(str(each) for each in people[start : start + IDS_IN_ONE_CONDITION])
        delete_where(client, _MEMBERS, (_of_list(list_id), f"{_MEMBER.expr} IN ({listed})"))


def attribute_path(xpath: str) -> str:
    """Return a recipient's attribute as an expression; raise RejectedError for text that is no path.

    A path crosses links to one row each, ``[folder/@name]``; with or without its brackets.
    """
    bare = xpath.strip().removeprefix("[").removesuffix("]").strip()
    if not _PATH.fullmatch(bare):
        raise RejectedError(f"{xpath[:60]!r} is no path to an attribute, such as @account")
    return f"[{bare}]"


def _query_of(
    names: CampaignNames, table: PeopleTable
) -> tuple[str, Node, tuple[str, ...], tuple[Node, ...]]:
    """Return schema, key, conditions and what is selected beside the key."""
    match table.kind:
        case PeopleKind.RECIPIENTS:
            attributes = (
                Node(attribute_path(each), f"@a{number}")
                for number, each in enumerate(table.attributes)
            )
            return (
                names.workflow_schema,
                ID,
                _among(attribute_path(table.by) if table.by else "", table.among),
                (Node(names.recipient_opt_out, "@out"), *attributes),
            )
        case PeopleKind.TRACKING_LOGS:
            visitor, person = names.tracking_visitor, names.tracking_recipient
            return (
                names.tracking_schema,
                ID,
                (f"{visitor} IS NOT NULL", f"{person} <> 0", *_among(visitor, table.among)),
                (Node(person, "@person"), Node(visitor, "@visitor")),
            )
        case PeopleKind.MEMBERS:
            return _MEMBERS, _MEMBER, (_of_list(table.list_id),), ()


def _among(xpath: str, values: Sequence[str] | None) -> tuple[str, ...]:
    """Return the condition that an attribute has one of these values; without an attribute, that the key has."""
    if values is None:
        return ()
    if not xpath:
        for each in values:
            id_condition(each)  # refuses text that is no id
    listed = ", ".join(xtk_text(each) if xpath else each for each in values)
    return (f"{xpath or ID.expr} IN ({listed})",)


def _of_list(list_id: str) -> str:
    id_condition(list_id)  # refuses text that is no id
    return f"{_LIST} = {list_id}"


def _values(row: etree._Element, columns: Sequence[str]) -> Iterator[str]:
    for name in columns:
        value = row.get(name, "")
        yield ("1" if value in _TRUE else "0") if name == "out" else value
