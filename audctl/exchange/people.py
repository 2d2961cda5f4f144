"""Bring Campaign's tables into an engine: who there is, by which ids they are known, who has opted out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.exchange import tables
from audctl.exchange.faults import fault
from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.ports import TableForm
from audctl.exchange.sql_text import id_holder, opted_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audctl.exchange.job import IdSpace, People
    from audctl.exchange.ports import Engine, TableFile, TableSource, Told


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A table that is read, and what of it."""

    name: str
    """Of the relation."""
    words: str
    """For messages."""
    source: TableSource
    roles: Mapping[str, str]
    """By the name under which a column is wanted."""
    optional: Sequence[str] = ()


def read_people(
    space: IdSpace,
    people: People,
    engine: Engine,
    told: Told,
    *,
    members: TableSource | None = None,
) -> bool:
    """Make the relations ``id_holder`` and ``opted_out``, and those of the tables that are given.

    Returns whether the ids have to be compared with recipients, since they come from elsewhere.
    """
    read: list[tuple[_Wanted, TableFile, Mapping[str, str]]] = []
    for wanted in _wanted(space, people, members):
        table = wanted.source.fetch(engine.spool(), tuple(wanted.roles.values()), told)
        found = tables.find_columns(
            _columns(wanted, table, engine),
            wanted.roles,
            table=wanted.words,
            named=people.columns,
            key=space.key,
            optional=wanted.optional,
            may_be_rows=table.form is TableForm.CSV,
        )
        read.append((wanted, table, found))
    # Numbers join faster than texts; but 7 and 007 must not become one where any table tells them apart.
    numbers = all(engine.columns(table)[found["recipient_id"]] for _, table, found in read)
    for wanted, table, found in read:
        engine.read_table(wanted.name, table, found, ("recipient_id",) if numbers else ())
    is_hashed = any(each.name == "recipients" and table.is_hashed for each, table, _ in read)
    stored = replace(space, hashing=Hashing.NONE) if is_hashed else space
    engine.define("id_holder", id_holder(stored))
    flagged = any("opted_out" in found for _, _, found in read)
    engine.create(
        "opted_out",
        opted_out(flagged=flagged, listed=people.opt_outs is not None, are_numbers=numbers),
    )
    return space.kind is IdKind.VISITOR and people.recipients is not None


def _columns(wanted: _Wanted, table: TableFile, engine: Engine) -> list[str]:
    try:
        return list(engine.columns(table))
    except FindingsError as error:
        raise fault(
            "AUD2701",
            f"the table of {wanted.words} cannot be read as {table.form}",
            "check that the file is whole, and what its name says",
        ) from error


def _wanted(space: IdSpace, people: People, members: TableSource | None) -> Iterator[_Wanted]:
    if people.recipients is not None:
        roles = {"recipient_id": tables.RECIPIENT_ID}
        if space.kind is IdKind.DECLARED:
            roles["key"] = tables.KEY
        if people.honours_flag:
            roles["opted_out"] = tables.FLAG
        optional = () if tables.FLAG in people.columns else ("opted_out",)
        yield _Wanted("recipients", "recipients", people.recipients, roles, optional)
    elif space.kind is IdKind.DECLARED:
        raise fault(
            "AUD2704", "declared ids need the table of recipients", "give it with --recipients"
        )
    if people.tracking is not None:
        roles = {"recipient_id": tables.TRACKED_RECIPIENT, "visitor_id": tables.TRACKED_VISITOR}
        yield _Wanted("tracking", "tracking logs", people.tracking, roles)
    elif space.kind is IdKind.VISITOR:
        raise fault(
            "AUD2704", "visitor ids need the table of tracking logs", "give it with --tracking"
        )
    if people.opt_outs is not None:
        yield _Wanted("opt_outs", "opt-outs", people.opt_outs, {"recipient_id": tables.OPT_OUT})
    if members is not None:
        yield _Wanted("members", "members", members, {"recipient_id": tables.MEMBER})
