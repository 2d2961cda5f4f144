"""Who is in a segment: its rule evaluated over the trait histories.

A trait is held by an id from its first qualification until its time to live has passed since the last one. Trait rules
over signals are not evaluated: visitors carry their qualifications. A folder trait counts what qualifies for any trait
of its folder or of folders below; the traits that the server keeps follow from the ids themselves.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from audctl.sandbox.audience_manager.rule_tree import AllOf, AnyOf, Frequency, HasTrait, Node, Not
from audctl.sandbox.members.id_sets import EMPTY, IdSet, collect, without
from audctl.sandbox.members.profiles import Profiles, numbers

_DAY_S = 86_400
_CACHE_BYTES = 64 * 1024 * 1024
_FOREVER = -(2**62)
_HOLDERS = """
SELECT identity_id FROM aam_qualification WHERE trait_id = ? GROUP BY identity_id HAVING max(at_s) >= ?
"""
_TOTALS = """
SELECT identity_id, total(times) FILTER (WHERE at_s >= :since AND at_s <= :until) AS times
FROM aam_qualification WHERE trait_id = :trait GROUP BY identity_id HAVING max(at_s) >= :alive AND times > 0
"""
_FOLDER_TRAITS = """
WITH RECURSIVE below(id) AS (
    SELECT ? UNION SELECT folder.id FROM aam_trait_folder AS folder JOIN below ON folder.parent_id = below.id
)
SELECT trait.id FROM aam_trait AS trait JOIN below ON trait.folder_id = below.id
WHERE trait.trait_type <> 'FOLDER_TRAIT'
"""


class Evaluation:
    """Evaluates many rules of one merge rule, as of one moment."""

    def __init__(self, conn: sqlite3.Connection, merge_rule_id: int, now: datetime) -> None:
        self._conn = conn
        self._now_s = int(now.timestamp())
        self.profiles = Profiles(conn, merge_rule_id)
        self._sets: OrderedDict[tuple[str, int], IdSet] = OrderedDict()
        self._most_sets = max(8, _CACHE_BYTES // self.profiles.size)

    def profiles_in(self, rule: Node) -> IdSet:
        """Give the profiles for which a rule holds."""
        match rule:
            case HasTrait(sid=sid):
                return self._holders(sid)
            case Frequency():
                return self._often(rule)
            case Not(operand=operand):
                return without(self.profiles.everyone, self.profiles_in(operand))
            case AllOf(operands=operands):
                found = self.profiles_in(operands[0])
                for operand in operands[1:]:
                    found &= self.profiles_in(operand)
                return found
            case AnyOf(operands=operands):
                found = EMPTY
                for operand in operands:
                    found |= self.profiles_in(operand)
                return found
            case _:
                assert_never(rule)

    def ids_with(self, sid: int) -> IdSet:
        """Give the ids that hold a trait themselves."""
        row = self._conn.execute(
            "SELECT data_source_id, origin FROM aam_trait WHERE id = ?", (sid,)
        ).fetchone()
        if row is None:
            return EMPTY
        if row["origin"] == "company":
            return self.profiles.devices
        if row["origin"] == "dataSource":
            return self.profiles.ids_of_source(row["data_source_id"])
        found = EMPTY
        for trait in self._traits_behind(sid):
            found |= self._kept("ids", trait, self._qualified)
        return found

    def _holders(self, sid: int) -> IdSet:
        return self._kept(
            "profiles", sid, lambda number: self.profiles.reached_from(self.ids_with(number))
        )

    def _qualified(self, trait: int) -> IdSet:
        holders = numbers(self._conn, _HOLDERS, trait, self.alive_since(trait))
        return collect(holders, self.profiles.size)

    def _kept(self, what: str, sid: int, make: Callable[[int], IdSet]) -> IdSet:
        """Give a set that may be asked for again; those asked for last stay within bounds of memory."""
        key = what, sid
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = make(sid)
            if len(self._sets) > self._most_sets:
                self._sets.popitem(last=False)
        self._sets.move_to_end(key)
        return found

    def _often(self, rule: Frequency) -> IdSet:
        since, until = _FOREVER, -_FOREVER
        if rule.recency is not None:
            edge = self._now_s - rule.recency[1] * _DAY_S
            since, until = (edge, until) if rule.recency[0] == "<=" else (since, edge)
        amounts: dict[int, int] = {}
        for trait in dict.fromkeys(t for sid in rule.sids for t in self._traits_behind(sid)):
            values = {
                "trait": trait,
                "since": since,
                "until": until,
                "alive": self.alive_since(trait),
            }
            for identity, times in self._conn.execute(_TOTALS, values):
                amounts[identity] = amounts.get(identity, 0) + int(times)
        totals = self.profiles.total(amounts.items())
        everyone = self.profiles.everyone
        at_least = self._with_total(totals, rule.times) if rule.times else everyone
        if rule.operator == ">=":
            return at_least
        more = self._with_total(totals, rule.times + 1)
        return without(everyone, more) if rule.operator == "<=" else without(at_least, more)

    def _with_total(self, totals: dict[int, int], times: int) -> IdSet:
        return collect(
            (profile for profile, total in totals.items() if total >= times), self.profiles.size
        )

    def _traits_behind(self, sid: int) -> list[int]:
        row = self._conn.execute(
            "SELECT trait_type, folder_id FROM aam_trait WHERE id = ?", (sid,)
        ).fetchone()
        if row is None or row["trait_type"] != "FOLDER_TRAIT":
            return [sid]
        return [found[0] for found in self._conn.execute(_FOLDER_TRAITS, (row["folder_id"],))]

    def alive_since(self, sid: int) -> int:
        """Give the time since which the last qualification for a trait must have been, for the trait to be held."""
        row = self._conn.execute(
            "SELECT document ->> '$.ttl' FROM aam_trait WHERE id = ?", (sid,)
        ).fetchone()
        days = row[0] if row is not None and isinstance(row[0], int) else 0
        return self._now_s - days * _DAY_S if days else _FOREVER


class Evaluations:
    """Evaluations as of one moment, one for each merge rule, made when first asked for."""

    def __init__(self, conn: sqlite3.Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now
        self._made: dict[int, Evaluation] = {}

    def of(self, merge_rule_id: int) -> Evaluation:
        """Give the evaluation of a merge rule; only while nothing that it has read changes."""
        if merge_rule_id not in self._made:
            self._made[merge_rule_id] = Evaluation(self._conn, merge_rule_id, self._now)
        return self._made[merge_rule_id]
