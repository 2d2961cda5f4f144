"""Exchanges against a definition in plain Python: the same people, and every row in exactly one bucket."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.exchange.duckdb_engine import open_duckdb
from audctl.exchange.previewing import preview_import
from audctl.model.match_rate import Basis
from audctl.operations.context import SystemClock
from tests.exchange import (
    DECLARED,
    FULL,
    ITER,
    MEMORY,
    VISITOR,
    Case,
    Silent,
    buckets,
    csv_table,
    visitor_id,
)

if TYPE_CHECKING:
    from audctl.exchange.job import IdSpace
    from audctl.model.exchange import ImportOutcome

GOOD = [visitor_id(number) for number in range(6)] + ["9" * 38]
ODD = [
    "a:b",
    "a%3ab",
    "me@x.org",
    " lead",
    "7",
    "C-1",
    "0" * 37,
    "1" * 39,
    "\u0661" * 38,
    "ünï",
    "0" * 37 + "x",
    "'; DROP",
    '"',
    "a,b",
]
IDS = st.sampled_from([each for each in GOOD + ODD if " " not in each])
LISTS = st.sampled_from(
    ["vip", "vip,80022", "80022", "80022,vip", "vipx", "xvip", "vip,vip", "VIP"]
)
BLANK = st.sampled_from([" ", "\t"])


@st.composite
def lines(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(
            st.sampled_from(["", " ", "vip", " x vip", "a vip b c", "!", "\ta", "x ", "a b c d"])
        )
    line = draw(IDS) + draw(BLANK)
    if kind == 1:  # only takes out
        line += draw(BLANK) + draw(LISTS)
    else:
        line += draw(LISTS)
        if kind == 2:
            line += draw(BLANK) + draw(LISTS)
    return line + draw(st.sampled_from(["", "", " ", "\t ", "  "]))


TRANSFERS = st.lists(st.lists(lines(), max_size=12), min_size=1, max_size=4)
PEOPLE = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([*GOOD, *ODD, ""])), max_size=12)
FLAGS = st.dictionaries(
    st.integers(1, 6), st.sampled_from(["0", "1", "", "true", "no"]), max_size=6
)
GONE = st.sets(st.integers(1, 7), max_size=2)


def parsed(line: str) -> tuple[str, set[str], set[str]] | None:
    """Read a line with one blank between columns: id, what it adds, what it takes out."""
    parts = line.replace("\t", " ").rstrip(" ").split(" ")
    if parts[0] == "" or len(parts) < 2:
        return None
    if re.fullmatch(r"\S+ {2,}\S+", " ".join(parts)):
        return parts[0], set(), set(parts[-1].split(","))
    rest = [each for each in parts[1:] if each]
    if not (1 <= len(rest) <= 2) or parts[1] == "":
        return None
    return parts[0], set(rest[0].split(",")), set(rest[1].split(",")) if len(rest) > 1 else set()


def expected(
    transfers: list[list[str]], holders: list[tuple[int, str]], out: set[int], *, visitor: bool
) -> tuple[set[str], dict[str, int]]:
    tally: Counter[str] = Counter()
    adds: Counter[str] = Counter()
    removes: Counter[str] = Counter()
    audience: set[str] = set()
    for number, transfer in enumerate(transfers):
        added, removed = set(), set()
        for line in transfer:
            row = parsed(line)
            if row is None:
                tally["malformed"] += 1
            elif "vip" in row[1]:
                added.add(row[0])
                adds[row[0]] += 1
            elif "vip" in row[2] and number > 0:
                removed.add(row[0])
                removes[row[0]] += 1
            else:
                tally["otherAudience"] += 1
        audience = (audience - removed) | added
    members = set()
    tally["removed"] = removes.total() + sum(adds[each] for each in adds.keys() - audience)
    for each in audience:
        found = {recipient for recipient, value in holders if value == each}
        tally["duplicate"] += adds[each] - 1
        if not found:
            is_wrong = visitor and not re.fullmatch(r"[0-9]{38}", each)
            tally["wrongIdSpace" if is_wrong else "unknownId"] += 1
        elif found <= out:
            tally["optedOut"] += 1
        else:
            tally["matched"] += 1
            members |= {str(recipient) for recipient in found - out}
    return members, {name: count for name, count in tally.items() if count}


def agree(
    space: IdSpace,
    transfers: list[list[str]],
    people: list[tuple[int, str]],
    flags: dict[int, str],
    gone: set[int],
    *,
    has_parquet: bool,
) -> None:
    visitor = space is VISITOR
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder), space, has_parquet=has_parquet)
        # One line that tells the separator: without any, some combinations can be read in two ways.
        whole = [[f"{GOOD[0]} 80022", *transfers[0]], *transfers[1:]]
        for number, transfer in enumerate(whole):
            case.put(f"{ITER if number else FULL}{1767225600 + number}.sync", transfer)
        there = sorted({1, 2, 3, 4, 5, 6} - gone)
        if visitor:
            case.know([(each, "", flags.get(each, "")) for each in there])
            case.track(people)
            holders = [(each, value) for each, value in people if each in there]
        else:
            keys = dict(people)
            case.know([(each, keys.get(each, ""), flags.get(each, "")) for each in there])
            holders = [(each, value) for each, value in keys.items() if each in there]
        case.leave_out(gone)
        out = {each for each, flag in flags.items() if flag in ("1", "true")} | gone
        outcome = case.run()
        members, tally = expected(
            whole, [each for each in holders if each[1]], out, visitor=visitor
        )
        assert set(case.members) == members
        assert len(case.members) == len(members) == outcome.members
        assert buckets(outcome) == tally
        assert outcome.tally.rows == sum(map(len, whole)) == sum(tally.values())
        previews_as(outcome, case)


def previews_as(outcome: ImportOutcome, case: Case) -> None:
    """Hold a preview of the same files and tables to what the import came to."""
    with open_duckdb(memory_bytes=MEMORY, threads=2, spool=case.root) as engine:
        found = preview_import(case.job, engine, Silent(), SystemClock())
    if found.rate.basis is Basis.DESTINATION:  # nobody is in the audience: all ids are looked at
        assert outcome.members == 0
        return
    tally = outcome.tally.buckets
    counts = {each.name: each.count for each in found.stages}
    known = tally["matched"] + tally["optedOut"]
    total = known + tally["wrongIdSpace"] + tally["unknownId"]
    assert (counts["audience"], found.rate.total, found.rate.asked) == (total, total, total)
    assert counts["rightKind"] == total - tally["wrongIdSpace"]
    assert (counts["known"], found.rate.matched) == (known, known)
    assert counts["afterOptOut"] == outcome.members <= (counts["reconciled"] or 0)


@settings(max_examples=25, deadline=None)
@given(TRANSFERS, PEOPLE, FLAGS, GONE, st.booleans())
def test_visitor_ids_agree_with_the_definition(
    transfers: list[list[str]],
    people: list[tuple[int, str]],
    flags: dict[int, str],
    gone: set[int],
    has_parquet: bool,
) -> None:
    agree(VISITOR, transfers, people, flags, gone, has_parquet=has_parquet)


@settings(max_examples=25, deadline=None)
@given(TRANSFERS, PEOPLE, FLAGS, GONE, st.booleans())
def test_declared_ids_agree_with_the_definition(
    transfers: list[list[str]],
    people: list[tuple[int, str]],
    flags: dict[int, str],
    gone: set[int],
    has_parquet: bool,
) -> None:
    agree(DECLARED, transfers, people, flags, gone, has_parquet=has_parquet)


SOURCE = st.lists(st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "07", "x", ""]), max_size=14)


@settings(max_examples=20, deadline=None)
@given(
    source=SOURCE,
    people=PEOPLE,
    flags=FLAGS,
    gone=GONE,
    visitor=st.booleans(),
    has_parquet=st.booleans(),
)
def test_exports_agree_with_the_definition(
    *,
    source: list[str],
    people: list[tuple[int, str]],
    flags: dict[int, str],
    gone: set[int],
    visitor: bool,
    has_parquet: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder), VISITOR if visitor else DECLARED, has_parquet=has_parquet)
        there = sorted({1, 2, 3, 4, 5, 6} - gone)
        keys = dict(people)
        case.know(
            [(each, "" if visitor else keys.get(each, ""), flags.get(each, "")) for each in there]
        )
        case.track(people if visitor else [])
        left_out = {each for each in gone if each % 2}
        case.leave_out(left_out)
        ids: dict[str, set[str]] = {}
        for each, value in people if visitor else keys.items():
            if value:
                ids.setdefault(str(each), set()).add(value)
        out = {str(each) for each, flag in flags.items() if flag in ("1", "true")}
        out |= {str(each) for each in left_out}
        tally: Counter[str] = Counter({"malformed": source.count("")})
        sent: set[str] = set()
        complement = set()
        for person, rows in Counter(filter(None, source)).items():
            tally["duplicate"] += rows - 1
            usable = {each for each in ids.get(person, ()) if _usable(each, visitor=visitor)}
            if person not in map(str, there):
                reason = "unknownPerson"
            elif person in out:
                reason = "optedOut"
            elif person not in ids:
                reason = "noId"
            else:
                reason = "exported" if usable else "unusableId"
            tally[reason] += 1
            if reason == "exported":
                sent |= usable
            else:
                complement.add(f"{person},{reason}")
        members = csv_table(case.root / "m.csv", ("recipient_id", "x"), [(e, 0) for e in source])
        outcome = case.run_export(case.export(members))
        assert case.lines("traits") == sorted(f"{each}\td_sid=70011" for each in sent)
        assert case.lines("complement") == sorted({*complement, "recipient_id,reason"})
        assert buckets(outcome) == {name: count for name, count in tally.items() if count}
        assert (outcome.ids, outcome.complement) == (len(sent), len(complement))


def _usable(value: str, *, visitor: bool) -> bool:
    if visitor:
        return re.fullmatch(r"[0-9]{38}", value) is not None
    return not re.search(r"[:@\x00-\x1f\x7f]|%3a|^\s|\s$", value, re.IGNORECASE)
