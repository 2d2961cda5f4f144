"""All guards over one plan, in a fixed order, and what was allowed in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from audctl.model.finding import Finding, Severity
from audctl.plan.guards.counts import GUARDED, judge_counts
from audctl.plan.guards.match_rate import judge_match_rates
from audctl.plan.guards.movement import movements
from audctl.plan.guards.people import UNKNOWN_IMPACT, judge_people, unknown_findings
from audctl.plan.guards.quota import judge_quota
from audctl.plan.guards.reach import judge_reach
from audctl.plan.law.export_controls import judge_export_controls
from audctl.plan.law.restrictions import GUARD as RESTRICTIONS
from audctl.plan.law.restrictions import judge_restrictions
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.verdict import Verdict
    from audctl.plan.guards.case import Case, Ruling


class Judgement(NamedTuple):
    """What all guards say together."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]


def judge(case: Case) -> Judgement:
    """Return every guard's verdict, and an error for each thing that one of them refuses.

    An override that names nothing its guard looks at is an error too: it does not do what its author thinks.
    """
    moving = movements(case)
    limits = case.policy.limits
    people = judge_people(case, moving)
    reach = judge_reach(case, moving)
    shown = (limits.max_shrink, limits.max_growth, limits.to_zero)
    rulings = [
        *judge_counts(case),
        *(docket.ruling(_shown(limit)) for docket, limit in zip(people, shown, strict=True)),
        *(ruling for _, ruling in reach),
        *judge_match_rates(case),
        judge_quota(case),
        judge_export_controls(case),
        judge_restrictions(case),
    ]
    unforeseen = unknown_findings(case, [*people, *(docket for docket, _ in reach)])
    return Judgement(
        tuple(each.verdict for each in rulings),
        (
            *_useless(case, _overridable(rulings)),
            *(finding for each in rulings for finding in each.findings),
            *unforeseen,
        ),
    )


def _shown(limit: object) -> str:
    return "off" if limit is None else str(limit)


def _overridable(rulings: list[Ruling]) -> Mapping[str, frozenset[str]]:
    """Return by guard what ``--allow`` may name; nothing lifts a restriction but an approval."""
    names = {
        each.verdict.guard: each.names for each in rulings if each.verdict.guard != RESTRICTIONS
    }
    on_people = ("maxShrink", "maxGrowth", "toZero", "maxReach", "maxNewReach")
    names[UNKNOWN_IMPACT] = frozenset().union(*(names[each] for each in on_people))
    return names


def _useless(case: Case, names: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    for each in sorted(case.options.allowed):
        guard, _, name = each.partition(":")
        if each.startswith((f"{EMPTY_READ}:", f"{EMPTY_PROJECT}:")):
            continue  # judged where they are used
        if guard == RESTRICTIONS:
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each}: a restriction cannot be allowed on the command line",
                case.span("spec.restrictions"),
                "only an approval lifts it, under spec.restrictions[].approvals",
            )
        elif guard not in names or not name:
            known = ", ".join([*names, EMPTY_READ, EMPTY_PROJECT])
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each} is not GUARD:ADDRESS",
                hint=f"the guards are {known}",
            )
        elif name not in names[guard]:
            nothing = (
                f"the plan has no {GUARDED[guard]} of {name}"
                if guard in GUARDED
                else f"{guard} has nothing to say about {name}"
            )
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each} allows nothing: {nothing}",
                hint="take it away, or correct the address",
            )
