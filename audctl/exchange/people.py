"""Bring Campaign's tables into an engine: who there is, by which ids they are known, who has opted out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.exchange import tables
from audctl.exchange.faults import fault
from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.sql_text import id_holder, opted_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audctl.exchange.job import IdSpace, People
    from audctl.exchange.ports import Engine, TableFile, TableSource, Told


def read_people(space: IdSpace, people: People, engine: Engine, told: Told) -> bool:
    """Make the relations ``id_holder`` and ``opted_out``, and ``recipients`` and ``tracking`` where they are given.

    Returns whether recipients are given, so that people who are none any more can be left out.
    """
    flagged = is_hashed = False
    if people.recipients is not None:
        wanted = {"recipient_id": tables.RECIPIENT_ID}
        if space.kind is IdKind.DECLARED:
            wanted["key"] = tables.KEY
        if people.honours_flag:
            wanted["opted_out"] = tables.FLAG
        optional = () if tables.FLAG in people.columns else ("opted_out",)
        found, table = _read(
            "recipients", people.recipients, wanted, space, people, engine, told, optional
        )
        flagged, is_hashed = "opted_out" in found, table.is_hashed
    elif space.kind is IdKind.DECLARED:
        raise fault(
            "AUD2704", "declared ids need the table of recipients", "give it with --recipients"
        )
    if people.tracking is not None:
        wanted = {
            "recipient_id": tables.TRACKED_RECIPIENT,
            "visitor_id": tables.TRACKED_VISITOR,
        }
        _read("tracking", people.tracking, wanted, space, people, engine, told)
    elif space.kind is IdKind.VISITOR:
        raise fault(
            "AUD2704", "visitor ids need the table of tracking logs", "give it with --tracking"
        )
    if people.opt_outs is not None:
        wanted = {"recipient_id": tables.OPT_OUT}
        _read("opt_outs", people.opt_outs, wanted, space, people, engine, told)
    stored = replace(space, hashing=Hashing.NONE) if is_hashed else space
    engine.define("id_holder", id_holder(stored))
    engine.create("opted_out", opted_out(flagged=flagged, listed=people.opt_outs is not None))
    return people.recipients is not None


def read_members(
    members: TableSource, space: IdSpace, people: People, engine: Engine, told: Told
) -> None:
    """Make the relation ``members``: whom an export is about."""
    _read("members", members, {"recipient_id": tables.MEMBER}, space, people, engine, told)


_WORDS: Mapping[str, str] = {
    "recipients": "recipients",
    "tracking": "tracking logs",
    "opt_outs": "opt-outs",
    "members": "members",
}


def _read(  # noqa: PLR0913, PLR0917 - one call for each table
    name: str,
    source: TableSource,
    wanted: Mapping[str, str],
    space: IdSpace,
    people: People,
    engine: Engine,
    told: Told,
    optional: Sequence[str] = (),
) -> tuple[Mapping[str, str], TableFile]:
    table = source.fetch(engine.spool(), tuple(wanted.values()), told)
    found = tables.find_columns(
        engine.columns(table),
        wanted,
        table=_WORDS[name],
        named=people.columns,
        key=space.key,
        optional=optional,
    )
    engine.read_table(name, table, found)
    return found, table
