"""The platform's own size estimate of a rule that nobody has saved.

Contract: ``POST /segments/estimate-size`` with the rule, known from the vendor's worksheet and from one description
that speaks of totals for 7, 30 and 60 days. The shape of the answer is not public, so which of its members holds the
number is a setting. The segment builder's page adds: sampled, at the 95 % interval, at most four recency or frequency
expressions, merge rules left out of account. It can take minutes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audctl.errors import ProviderError
from audctl.model.estimate import Estimate, Estimates
from audctl.model.finding import Finding, Severity
from audctl.providers.audience_manager.codec import decode_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audctl.model.address import Address
    from audctl.model.estimate import Question
    from audctl.model.rules.segment_rule import SegmentRule
    from audctl.providers.audience_manager.rest import RestClient

_PATH: Final = "/segments/estimate-size"
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorSettings:
    """What may be asked, and how an answer is read."""

    most: int = 20
    """Audiences asked about for one plan; the others stay unknown."""
    at_once: int = 4
    """Questions under way at the same time."""
    size: str = "size"
    """Member of the answer that holds the number; dots lead into members of members."""
    low: str = ""
    """Member that holds the lower end of the interval; empty: there is none."""
    high: str = ""


class SegmentEstimator:
    """Asks Audience Manager (:class:`audctl.ports.Estimator`)."""

    def __init__(self, rest: RestClient, settings: EstimatorSettings) -> None:
        """``rest`` should have more patience than for ordinary calls, and no other work to do."""
        self._rest = rest
        self._settings = settings

    def estimate(self, questions: Sequence[Question]) -> Estimates:
        """Ask about each audience, and about its standing rule, which the answer is held against."""
        begun = self._rest.transport.calls
        answerable = [each for each in questions if each.by_id is not None]
        asked = answerable[: self._settings.most]
        findings = list(_left_out(answerable[self._settings.most :], self._settings.most))
        # The same rule may be asked about twice: once as it stands, once as it will.
        rules = {
            rule.canonical: rule
            for each in asked
            for rule in (each.by_id, each.standing)
            if rule is not None
        }
        with ThreadPoolExecutor(self._settings.at_once) as pool:
            sizes = dict(zip(rules, pool.map(self._size, rules.values()), strict=True))
        answers: dict[Address, Estimate] = {}
        for each in asked:
            assert each.by_id is not None
            size = sizes[each.by_id.canonical]
            if isinstance(size, str):
                findings.append(_unanswered(each, size))
                continue
            standing = sizes.get(each.standing.canonical) if each.standing is not None else None
            answers[each.address] = Estimate(
                people=size.people,
                low=size.low,
                high=size.high,
                standing=standing.people if isinstance(standing, Estimate) else None,
            )
        calls = {"aam": self._rest.transport.calls - begun}
        return Estimates(answers=answers, findings=tuple(findings), calls=calls)

    def _size(self, rule: SegmentRule) -> Estimate | str:
        """Return the size of a rule, or why there is none."""
        try:
            answer = self._rest.ask(_PATH, {"rule": rule.text})
        except ProviderError as error:
            return str(error)
        people = _number(answer, self._settings.size)
        if people is None:
            return f'POST {_PATH}: the answer has no number in "{self._settings.size}"'
        low, high = (
            _number(answer, name) if name else None
            for name in (self._settings.low, self._settings.high)
        )
        return Estimate(people=people, low=low, high=high)


def _number(answer: object, path: str) -> int | None:
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(answer, float) and answer.is_integer():
        return int(answer) if answer >= 0 else None
    number = decode_number(answer)
    return number if number is not None and number >= 0 else None


def _left_out(questions: Sequence[Question], most: int) -> list[Finding]:
    if not questions:
        return []
    named = ", ".join(str(each.address.resource) for each in questions[:_NAMED])
    more = f" and {len(questions) - _NAMED} more" if len(questions) > _NAMED else ""
    return [
        Finding(
            "AUD2402",
            Severity.WARNING,
            f"no estimate for {named}{more}: a plan asks for {most} at most",
            hint="raise estimates.most of the environment, or apply in parts with --only",
        )
    ]


def _unanswered(question: Question, why: str) -> Finding:
    return Finding(
        "AUD2401",
        Severity.WARNING,
        f"no estimate for {question.address.resource}, so how many people it will have is unknown: {why}",
        hint="see estimates in the environment: a file can answer instead, and live: false stops asking",
        address=question.address,
    )
