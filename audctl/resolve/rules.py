"""What is wrong with the rules of audiences and traits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.trait import TraitSpec
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_checks import check_frequency_traits, check_segment_rule
from audctl.model.rules.segment_rule import LIVE_ID, parse_segment_rule
from audctl.model.rules.trait_rule import check_trait_rule, parse_trait_rule
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource
    from audctl.model.rules.rule_error import RuleProblem
    from audctl.model.rules.segment_rule import SegmentRule

_PATH = "spec.rule"
_NOT_A_NAME = re.compile(r"(?:and|or|not|frequency|[0-9]+[td]?)", re.IGNORECASE)
"""Words that a segment rule reads as something else than a trait's name."""


class RuleCheck:
    """Checks rules against the traits that there are."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.trait_types: dict[str, str] = {}
        self.twice: set[str] = set()
        for address, resource in around.resources.items():
            if address.kind == "Trait":
                if address.name in self.trait_types:
                    self.twice.add(address.name)
                assert isinstance(resource.spec, TraitSpec)
                self.trait_types[address.name] = str(resource.spec.type)
            elif address.kind == "ExportBinding":
                if address.name in self.trait_types:
                    self.twice.add(address.name)
                else:
                    self.trait_types[address.name] = "onboarded"
        self._known = frozenset(self.trait_types)

    def findings(self, resource: Resource) -> Iterator[Finding]:
        """Yield what is wrong with the resource's rule, if it has one."""
        spec = resource.spec
        if isinstance(spec, AudienceSpec):
            if isinstance(spec.rule, str):
                yield from self._audience(resource, spec.rule)
        elif isinstance(spec, TraitSpec):
            if _NOT_A_NAME.fullmatch(resource.address.name):
                yield self._finding(
                    resource, "AUD1407",
                    f'a trait cannot be called "{resource.address.name}": rules read that as '
                    "something else", "metadata.name", "choose another metadata.name; "
                    "spec.integrationCode may keep the old one",
                )  # fmt: skip
            if isinstance(spec.rule, str):
                yield from self._trait(resource, spec.rule)

    def _audience(self, resource: Resource, text: str) -> Iterator[Finding]:
        try:
            rule = parse_segment_rule(text)
        except RuleError as error:
            yield self._syntax(resource, error)
            return
        if not rule.traits <= self._known or (
            self.twice and not self.twice.isdisjoint(rule.traits)
        ):
            yield from self._names(resource, text, rule)
        for problem in (*check_segment_rule(rule), *check_frequency_traits(rule, self.trait_types)):
            yield self._problem(resource, problem)

    def _names(self, resource: Resource, text: str, rule: SegmentRule) -> Iterator[Finding]:
        for name in sorted(rule.traits):
            place = resource.places.inside(_PATH, _place_of(name, text))
            if name in self.twice:
                yield Finding(
                    "AUD1303", Severity.ERROR,
                    f'"{name}" could be Trait/{name} or the trait of ExportBinding/{name}',
                    place, "rename one of the two", resource.address,
                )  # fmt: skip
            elif name not in self._known and not LIVE_ID.fullmatch(name):
                yield Finding(
                    "AUD1408", Severity.ERROR,
                    f'the rule names trait "{name}", which no manifest defines', place,
                    did_you_mean(name, self._known)
                    or "define it, or give a live trait by its id, such as 70011T",
                    resource.address,
                )  # fmt: skip

    def _trait(self, resource: Resource, text: str) -> Iterator[Finding]:
        try:
            rule = parse_trait_rule(text)
        except RuleError as error:
            yield self._syntax(resource, error)
            return
        for problem in check_trait_rule(rule):
            yield self._problem(resource, problem)

    def _syntax(self, resource: Resource, error: RuleError) -> Finding:
        place = resource.places.inside(_PATH, error.position)
        return Finding("AUD1401", Severity.ERROR, str(error), place, "", resource.address)

    def _problem(self, resource: Resource, problem: RuleProblem) -> Finding:
        return self._finding(resource, problem.code, problem.message, _PATH, problem.hint)

    def _finding(
        self, resource: Resource, code: str, message: str, path: str, hint: str
    ) -> Finding:
        return Finding(code, Severity.ERROR, message, resource.span(path), hint, resource.address)


def _place_of(name: str, text: str) -> int:
    """Return the offset of a trait's name in its rule, as a whole word."""
    found = re.search(rf"(?<![A-Za-z0-9._-]){re.escape(name)}(?![A-Za-z0-9._-])", text)
    return found.start() if found else 0
