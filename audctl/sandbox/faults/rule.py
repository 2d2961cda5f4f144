"""Fault rules in force: which call each strikes. The same rules and the same calls give the same faults."""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from fnmatch import translate
from time import time
from typing import Literal

from audctl.sandbox.faults.kinds import When

_HTML_STATUS = 502
_STATUS = 500


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One fault and the calls it strikes, as it was asked for; `kinds.FIELDS` says what each field means."""

    route: str
    kind: str
    nth: int | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    latency_ms: int = 0
    when: When = "before"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    retry_after: int | None = None
    retry_after_form: Literal["seconds", "date"] = "seconds"
    chunk_bytes: int = 64
    pause_ms: int = 100
    rows: int = 1
    edit: Mapping[str, object] | str | None = None

    @property
    def limit(self) -> int | None:
        """How many calls it may strike; None for any number."""
        return 1 if self.times is None and self.nth is not None else self.times

    @property
    def answer_status(self) -> int:
        """Status of an answer that the rule makes up."""
        if self.status is not None:
            return self.status
        return _HTML_STATUS if self.kind == "html" else _STATUS

    def answer_headers(self) -> dict[str, str]:
        """Headers of an answer that the rule makes up."""
        if self.retry_after is None:
            return dict(self.headers)
        # The date is one of real time, as clients compare it with their own clock or the `Date` header.
        value = (
            str(self.retry_after)
            if self.retry_after_form == "seconds"
            else formatdate(time() + self.retry_after, usegmt=True)
        )
        return {**self.headers, "Retry-After": value}


class ArmedRule:
    """A rule in force, with its counters."""

    def __init__(self, number: int, rule: FaultRule) -> None:
        self.number = number
        self.rule = rule
        self.matched = 0
        self.struck = 0
        self.trouble = ""
        """Why a concurrent editor could not do his edit."""
        self._pattern = re.compile(translate(rule.route))
        # Not for secrets: the same seed must give the same faults, on every machine.
        self._draws = random.Random(f"{rule.seed} {rule.kind} {rule.route}")  # noqa: S311

    def names(self, label: str) -> bool:
        """Tell whether the route covers `METHOD /path` or `SOAP schema#Method`."""
        return self._pattern.match(label) is not None

    def counts(self) -> bool:
        """Count a call that the rule names, and tell whether it is one to strike."""
        self.matched += 1
        drawn = self._draws.random() < self.rule.probability
        if self.rule.nth is not None and self.matched < self.rule.nth:
            return False
        return drawn and (self.rule.limit is None or self.struck < self.rule.limit)

    def as_json(self) -> dict[str, object]:
        """Give the rule as it was asked for, and its counters."""
        asked = {
            each.name: value
            for each in fields(self.rule)
            if (value := getattr(self.rule, each.name)) != each.default and value != {}
        }
        trouble = {"trouble": self.trouble} if self.trouble else {}
        counters = {"matched": self.matched, "struck": self.struck}
        return {"number": self.number, **asked, **counters, **trouble}


class Faults:
    """The rules in force. Used from the event loop only, hence no lock."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self.rules: list[ArmedRule] = []
        self._last = 0
        self.add(rules)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Arm rules, behind those in force; each gets a number of its own."""
        for rule in rules:
            self._last += 1
            self.rules.append(ArmedRule(self._last, rule))

    def clear(self, number: int | None = None) -> bool:
        """Disarm one rule, or all; False when there is none of that number."""
        kept = [each for each in self.rules if number is not None and each.number != number]
        found = number is None or len(kept) < len(self.rules)
        self.rules[:] = kept
        return found

    def names(self, label: str) -> bool:
        """Tell whether any rule's route covers the call."""
        return any(each.names(label) for each in self.rules)

    def pick(self, label: str, suits: Callable[[FaultRule], bool]) -> ArmedRule | None:
        """Count the call against every rule that names it and can strike it; give the first one that does."""
        ready = [
            each for each in self.rules if each.names(label) and suits(each.rule) and each.counts()
        ]
        if not ready:
            return None
        ready[0].struck += 1
        return ready[0]

    def as_json(self) -> list[dict[str, object]]:
        """Give every rule and its counters."""
        return [each.as_json() for each in self.rules]
