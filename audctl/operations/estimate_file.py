"""Estimates from a file: what a warehouse, or the vendor's bulk worksheet, says about rules.

::

    {"estimates": [{"rule": "cart-add AND NOT purchase", "people": 203000, "low": 190000, "high": 217000}]}

Rules name traits as manifests do, or by live id; order and spelling of a rule do not matter. An answer belongs to a
rule and not to an audience: a file that was not made anew for a changed rule says nothing, instead of something wrong.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audctl.model.estimate import Estimate, Estimates
from audctl.model.finding import Finding, Severity
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_rule import parse_segment_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from audctl.model.estimate import Question
    from audctl.model.rules.segment_rule import SegmentRule

MOST_BYTES = 64 * 1024 * 1024

_MEMBERS = frozenset({"rule", "people", "low", "high"})


class _UnusableError(Exception):
    """Why the file, or an entry of it, says nothing."""


class EstimateFile:
    """A file of estimates (:class:`audctl.ports.Estimator`), read once and only when there is a question."""

    def __init__(self, path: Path, *, shown: str) -> None:
        """``shown`` is the path as messages name it."""
        self._path = path
        self._shown = shown

    def estimate(self, questions: Sequence[Question]) -> Estimates:
        """Return what the file says of these rules; what it says nothing of is nobody's fault and no finding."""
        try:
            known = self._read()
        except _UnusableError as error:
            return Estimates(
                findings=(
                    Finding(
                        "AUD2403",
                        Severity.WARNING,
                        f"estimates.file {self._shown} is not used: {error}",
                        hint='write {"estimates": [{"rule": "…", "people": 1000}]}',
                    ),
                )
            )
        answers = {}
        for each in questions:
            answer = _known(known, each.by_name) or _known(known, each.by_id)
            if answer is not None:
                standing = _known(known, each.standing)
                answers[each.address] = Estimate(
                    people=answer.people,
                    low=answer.low,
                    high=answer.high,
                    standing=standing.people if standing is not None else None,
                )
        return Estimates(answers=answers)

    def _read(self) -> Mapping[str, Estimate]:
        try:
            if self._path.stat().st_size > MOST_BYTES:
                raise _UnusableError(f"it is larger than {MOST_BYTES // 1024**2} MiB")
            content = json.loads(self._path.read_bytes())
        except OSError as error:
            raise _UnusableError(error.strerror or "it cannot be read") from error
        except (ValueError, RecursionError) as error:
            raise _UnusableError("it is no JSON") from error
        entries = content.get("estimates") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise _UnusableError("it has no list of estimates")
        return dict(_entry(each, index) for index, each in enumerate(entries, 1))


def _entry(entry: Any, index: int) -> tuple[str, Estimate]:  # noqa: ANN401 - JSON of any shape
    if not isinstance(entry, dict) or not isinstance(entry.get("rule"), str):
        raise _UnusableError(f"entry {index} has no rule")
    if unknown := sorted(entry.keys() - _MEMBERS):
        raise _UnusableError(f"entry {index} has an unknown member {unknown[0]!r}")
    try:
        rule = parse_segment_rule(entry["rule"])
    except RuleError as error:
        raise _UnusableError(f"the rule of entry {index} cannot be read: {error}") from error
    people, low, high = (_count(entry, name, index) for name in ("people", "low", "high"))
    if people is None:
        raise _UnusableError(f"entry {index} has no people")
    if (people if low is None else low) > people or (people if high is None else high) < people:
        raise _UnusableError(f"people of entry {index} are not between low and high")
    return rule.canonical, Estimate(people=people, low=low, high=high)


def _count(entry: dict[str, Any], name: str, index: int) -> int | None:
    count = entry.get(name)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _UnusableError(f"{name} of entry {index} is no number of people")
    return count


def _known(known: Mapping[str, Estimate], rule: SegmentRule | None) -> Estimate | None:
    return None if rule is None else known.get(rule.canonical)
