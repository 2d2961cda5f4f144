"""What an export workflow's definition says: whom it targets, which audience it updates, when it runs.

Names of the two activities "Read list" and "Update shared audience" and of their attributes are not public; they stand
here, and only here, as this sandbox reads them.
"""

from dataclasses import dataclass

from lxml import etree

from audctl.sandbox.campaign.xml import local_name

_MOST_DIGITS = 18
READ_LIST, READ_LIST_GROUP = "readList", "group-id"
UPDATE, UPDATE_AUDIENCE, UPDATE_SOURCE = "saveAudience", "audienceId", "amcDataSource-id"


@dataclass(frozen=True, slots=True)
class ExportDefinition:
    """One chain: schedule or start, a list or a query, the update."""

    update_name: str
    """Name of the activity "Update shared audience"."""
    source_name: str
    """Name of the activity that targets people."""
    audience: str
    data_source_id: int
    list_id: int | None
    where: etree._Element | None
    """Conditions of the query; None with a list."""
    schema: str
    period: str | None
    """The scheduler's period; None for a workflow that runs once."""
    keeps_complement: bool


def read_definition(memo: etree._Element) -> ExportDefinition | None:
    """Read a workflow's memo; None when nothing in it updates a shared audience."""
    found: dict[str, etree._Element] = {}
    for activities in _children(memo, "activities"):
        for activity in activities:
            found.setdefault(local_name(activity), activity)
    update = found.get(UPDATE)
    if update is None:
        return None
    read_list, query = found.get(READ_LIST), found.get("query")
    source = read_list if read_list is not None else query
    schedule = found.get("schedule")
    period = None
    if schedule is not None:
        period = "".join(part.text or "" for part in _children(schedule, "period"))
    return ExportDefinition(
        update.get("name", UPDATE),
        "" if source is None else source.get("name", ""),
        update.get(UPDATE_AUDIENCE, ""),
        whole_number(update.get(UPDATE_SOURCE)),
        None if read_list is None else whole_number(read_list.get(READ_LIST_GROUP)),
        None if read_list is not None or query is None else _where(query),
        "" if query is None else query.get("schema", ""),
        period,
        _leads_on(update, "complement"),
    )


def _where(query: etree._Element) -> etree._Element:
    """Give the query's conditions; without any, everybody is targeted."""
    return next(iter(_children(query, "where")), etree.Element("where"))


def _leads_on(activity: etree._Element, role: str) -> bool:
    return any(
        role in (transition.get("name"), local_name(transition))
        and bool(transition.get("target"))
        and transition.get("enabled") not in ("false", "0")
        for holder in _children(activity, "transitions")
        for transition in holder
    )


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if local_name(child) == name]


def whole_number(text: str | None) -> int:
    """Read a number; 0 when it is none."""
    return (
        int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0
    )
