"""Bring Campaign's tables into an engine: who there is, by which ids they are known, who has opted out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.exchange import tables
from audctl.exchange.faults import fault, warning
from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.ports import TableForm
from audctl.exchange.sql_text import (
    LISTED,
    LISTED_LOOSELY,
    MEMBERS_AS_NUMBERS,
    MEMBERS_AS_TEXTS,
    MEMBERS_SPLIT,
    Sources,
    id_holder,
    is_up,
    listed_numbers,
    opted_out,
    unusable_opt_outs,
)
from audctl.exchange.tallies import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audctl.exchange.job import IdSpace, People
    from audctl.exchange.ports import Engine, TableFile, TableSource, Told
    from audctl.model.finding import Finding


_MAY_BE_NUMBERS = frozenset({"recipient_id", "opted_out"})
"""Columns that are as good as numbers; people's ids are texts, whatever a table has for them."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A table that is there."""

    table: TableFile
    found: Mapping[str, str]
    """Its columns, by the name under which they are wanted."""
    integers: frozenset[str]
    """Which of those hold integers."""

    @property
    def is_number(self) -> bool:
        """Whether it knows recipients by numbers."""
        return "recipient_id" in self.integers


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
) -> Sources:
    """Make ``id_holder``, ``gone``, and the relations of the tables that are given, under their names.

    ``gone`` has one row per recipient who has opted out, by a flag on any of their rows or by the list.
    """
    read: dict[str, _Read] = {}
    for wanted in _wanted(space, people, members):
        table = wanted.source.fetch(engine.spool(), tuple(wanted.roles.values()), told)
        kinds = _columns(wanted, table, engine)
        found = tables.find_columns(
            list(kinds),
            wanted.roles,
            table=wanted.words,
            named=people.columns,
            key=space.key,
            optional=wanted.optional,
            may_be_rows=table.form is TableForm.CSV,
        )
        integers = frozenset(name for name in _MAY_BE_NUMBERS & found.keys() if kinds[found[name]])
        read[wanted.name] = _Read(table, found, integers)
    numbers = _are_numbers(read, engine)
    for name, each in read.items():
        if name not in ("members", "opt_outs"):
            _read_table(name, each, engine, are_numbers=numbers)
    flagged = ""
    if "recipients" in read:
        recipients = read["recipients"]
        if "opted_out" in recipients.found:
            flagged = is_up("p.opted_out", is_number="opted_out" in recipients.integers)
        if recipients.table.is_hashed:
            space = replace(space, hashing=Hashing.NONE)
    engine.define("id_holder", id_holder(space))
    unusable = 0
    if "opt_outs" in read:
        unusable = _read_opt_outs(read["opt_outs"], engine, are_numbers=numbers)
    engine.create(
        "gone",
        opted_out(
            "recipients" if "recipients" in read else "tracking",
            flagged=flagged,
            has_list="opt_outs" in read,
            are_numbers=numbers,
        ),
    )
    return Sources(
        has_recipients="recipients" in read,
        asks_recipients="recipients" in read and space.kind is IdKind.VISITOR,
        unusable_opt_outs=unusable,
        are_numbers=numbers,
    )


def _read_opt_outs(read: _Read, engine: Engine, *, are_numbers: bool) -> int:
    """Make ``listed``, of numbers where recipients are known by numbers; gives how many entries are none."""
    if are_numbers and read.is_number:
        _read_table("opt_outs", read, engine, are_numbers=True)
        engine.create("listed", LISTED)
        return 0
    _read_table("opt_outs", read, engine, are_numbers=False)
    if not are_numbers:
        engine.create("listed", LISTED_LOOSELY)
        return 0
    engine.create("listed_text", LISTED_LOOSELY)
    engine.create("listed", listed_numbers())
    ((others,),) = engine.fetch(unusable_opt_outs())
    return number(others)


def opt_out_findings(sources: Sources) -> list[Finding]:
    """Return the warning that entries of the list of opt-outs keep nobody out, if some do not."""
    if not sources.unusable_opt_outs:
        return []
    return [
        warning(
            "AUD2717",
            f"{sources.unusable_opt_outs:,} entries of the list of opt-outs are no numbers, as recipients' are: they "
            "leave nobody out",
            "check which column the list is read from (--column optOuts.recipient=NAME), and how it was written",
        )
    ]


def _read_table(name: str, read: _Read, engine: Engine, *, are_numbers: bool) -> None:
    integers = read.integers if are_numbers else read.integers - {"recipient_id"}
    engine.read_table(name, read.table, read.found, integers)


def _are_numbers(read: Mapping[str, _Read], engine: Engine) -> bool:
    """Return whether recipients can be joined as numbers, which is faster; makes ``members``.

    7 and 007 must not become one where any table tells them apart. Who is a text in the list of opt-outs is looked for
    among numbers all the same; who is one among the members, as all of a CSV file are, if each of them is a number and
    written as such.
    """
    numbers = all(
        each.is_number for name, each in read.items() if name not in ("members", "opt_outs")
    )
    if "members" not in read:
        return numbers
    members = read["members"]
    if numbers and members.is_number:
        _read_table("members", members, engine, are_numbers=True)
        return True
    # One pass over what may be a compressed file: numbers apart from whatever else there is.
    _read_table("members_read", members, engine, are_numbers=False)
    engine.create("members_split", MEMBERS_SPLIT)
    if numbers:
        ((others,),) = engine.fetch("SELECT count(other) FROM members_split")
        numbers = not others
    engine.define("members", MEMBERS_AS_NUMBERS if numbers else MEMBERS_AS_TEXTS)
    return numbers


def _columns(wanted: _Wanted, table: TableFile, engine: Engine) -> Mapping[str, bool]:
    try:
        return engine.columns(table)
    except FindingsError as error:
        if any(each.span is not None for each in error.findings):
            raise  # it is known where
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
