"""What is needed of Campaign's tables, and by which names their columns are found.

==============  ===========================  =====================================================================
table           grain                        columns (all text; a role names a column for ``--column``)
==============  ===========================  =====================================================================
recipients      one row per recipient        recipient_id (``recipients.id``): not null, unique
                                             key (``recipients.key``): declared id; null or empty: has none
                                             opted_out (``recipients.optOut``): empty, 0, false, no: has not
tracking        one row per tracked click    recipient_id (``tracking.recipient``): not null, any number of rows
                                             visitor_id (``tracking.visitor``): null or empty: unknown
opt-outs        one row per opted-out one    recipient_id (``optOuts.recipient``); repeats do not matter
members         one row per person           recipient_id (``members.recipient``); repeats and nulls are counted
==============  ===========================  =====================================================================

Names are compared without case and without anything but letters and digits, so that ``@recipient-id``,
``recipient_id`` and ``recipientId`` are one name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.exchange.faults import fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECIPIENT_ID, KEY, FLAG = "recipients.id", "recipients.key", "recipients.optOut"
TRACKED_RECIPIENT, TRACKED_VISITOR = "tracking.recipient", "tracking.visitor"
MEMBER, OPT_OUT = "members.recipient", "optOuts.recipient"

_PERSON = ("recipientid", "irecipientid")
_CANDIDATES: Mapping[str, tuple[str, ...]] = {
    RECIPIENT_ID: ("id", *_PERSON),
    KEY: ("key",),
    FLAG: ("blacklist", "iblacklist", "optedout", "optout"),
    TRACKED_RECIPIENT: _PERSON,
    TRACKED_VISITOR: ("visitorid", "sourceid", "ssourceid", "ecid"),
    MEMBER: (*_PERSON, "id"),
    OPT_OUT: (*_PERSON, "id"),
}
ROLES = tuple(_CANDIDATES)

_NAME = re.compile(r"@?[^\W\d][^\d@]*")
"""What the only column of a file is called, and nobody's id."""
_NOISE = re.compile(r"[^a-z0-9]")


def find_columns(  # noqa: PLR0913 - by keyword
    columns: Sequence[str],
    roles: Mapping[str, str],
    *,
    table: str,
    named: Mapping[str, str],
    key: str,
    optional: Sequence[str] = (),
    may_be_rows: bool = False,
) -> Mapping[str, str]:
    """Return, for each name under which a column is wanted, the column's own name.

    ``roles`` gives the role of each wanted name, ``named`` what options say of roles, ``key`` the reconciliation key.
    Names in ``optional`` are left out where no column fits; for any other that is a FindingsError. ``may_be_rows``: the
    names are the first line of a file, which may have no header: they may be somebody's ids, and no message tells them.
    """
    is_header = not may_be_rows or any(
        _bare(column) in _candidates(role, key) for column in columns for role in ROLES
    )
    shown = ", ".join(columns) if is_header else ""
    found = {}
    for wanted, role in roles.items():
        column = _find(columns, role, table=table, named=named, key=key, shown=shown)
        if column is None and len(columns) == 1 and role in (MEMBER, OPT_OUT):
            column = columns[0] if not may_be_rows or _NAME.fullmatch(columns[0]) else None
        if column is not None:
            found[wanted] = column
        elif wanted not in optional:
            raise fault(
                "AUD2704",
                f"the table of {table} has no column for {role}: {_said(shown)}",
                f"name it with --column {role}=NAME"
                + ("" if shown else ", or give the file a first line that names its columns"),
            )
    return found


def _find(  # noqa: PLR0913 - by keyword
    columns: Sequence[str],
    role: str,
    *,
    table: str,
    named: Mapping[str, str],
    key: str,
    shown: str,
) -> str | None:
    if role in named:
        if named[role] in columns:
            return named[role]
        raise fault(
            "AUD2704",
            f'the table of {table} has no column "{named[role]}" for {role}: {_said(shown)}',
            f"correct --column {role}=NAME",
        )
    for candidate in _candidates(role, key):
        fitting = [each for each in columns if _bare(each) == candidate]
        if len(fitting) > 1:
            raise fault(
                "AUD2704",
                f"the table of {table} has several columns for {role}: {', '.join(fitting)}",
                f"say which with --column {role}=NAME",
            )
        if fitting:
            return fitting[0]
    return None


def _said(columns: str) -> str:
    return f"its columns are {columns}" if columns else "its first line names none that is known"


def _candidates(role: str, key: str) -> tuple[str, ...]:
    path = key.strip().strip("[]")
    last = path.rpartition("/")[2]
    if role == KEY:
        return (_bare(path), _bare(last), *_CANDIDATES[KEY])
    if role == TRACKED_VISITOR:
        return (*_CANDIDATES[TRACKED_VISITOR], _bare(last))
    return _CANDIDATES[role]


def _bare(name: str) -> str:
    return _NOISE.sub("", name.lower())
