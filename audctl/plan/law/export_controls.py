"""Guard on Audience Manager's data export controls: what it blocks is refused here, since apply would fail there.

What passes only because one side was never labelled is a warning, or refused where the project says ``strict``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.policy import Unlabelled
from audctl.plan.guards.case import Ruling, allow_hint, verdict
from audctl.plan.law.landscape import Landscape
from audctl.plan.law.passage import Passage, opinions_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.plan.guards.case import Case
    from audctl.plan.law.passage import Flow, Opinion

GUARD = "exportControls"


def landscape_of(case: Case) -> Landscape:
    """Return what a plan knows: manifests, with everything live that it read."""
    ids = {**case.recorded, **{each.address: each.live_id for each in case.steps if each.live_id}}
    return Landscape(resources=case.resources, live=case.live, ids=ids)


def judge_export_controls(case: Case) -> Ruling:
    """Return the guard's word on every flow; what the platform blocks is refused, since apply would fail there."""
    strict = case.policy.limits.export_controls is Unlabelled.STRICT
    land = landscape_of(case)
    opinions = [each for each in opinions_on(land) if case.concerns(each.flow.nodes(land))]
    over: list[str] = []
    allowed: list[str] = []
    findings: list[Finding] = []
    for each in opinions:
        if each.passage is Passage.ALLOWED:
            continue
        name = str(each.flow.name)
        refuses = _refuses(each, strict=strict) and not _stands_already(case, each.flow)
        if refuses and case.allows(GUARD, [name]):
            allowed.append(name)
            continue
        if refuses:
            over.append(name)
        findings.append(_finding(each, error=refuses))
    findings += powerless_controls(land, [each.flow for each in opinions])
    counts = {
        passage: sum(1 for each in opinions if each.passage is passage) for passage in Passage
    }
    return Ruling(
        verdict=verdict(
            GUARD,
            limit=str(case.policy.limits.export_controls),
            measured=", ".join(f"{count} {passage}" for passage, count in counts.items()),
            over=over,
            allowed=allowed,
        ),
        findings=tuple(findings),
        names=frozenset(
            str(each.flow.name) for each in opinions if each.passage is not Passage.ALLOWED
        ),
    )


def check_export_controls(land: Landscape, *, strict: bool) -> Iterator[Finding]:
    """Yield what manifests alone show to be blocked, or to pass unlabelled."""
    opinions = list(opinions_on(land))
    for each in opinions:
        if each.passage is not Passage.ALLOWED:
            yield _finding(each, error=_refuses(each, strict=strict))
    yield from powerless_controls(land, [each.flow for each in opinions])


def powerless_controls(land: Landscape, flows: Iterable[Flow]) -> Iterator[Finding]:
    """Yield a warning for each audience whose own data source has controls that none of its traits' has."""
    for audience in sorted({each.audience for each in flows}):
        spec = land.resources[audience].spec if audience in land.resources else None
        if not isinstance(spec, AudienceSpec) or not isinstance(spec.data_source, str):
            continue
        own = land.controls(Address("DataSource", spec.data_source)) or frozenset()
        effective = {
            control
            for each in land.traits(audience)
            for control in land.controls(each.source) or ()
        }
        if powerless := sorted(own - effective):
            yield Finding(
                "AUD2153",
                Severity.WARNING,
                f"{GUARD}: {', '.join(powerless)} of DataSource/{spec.data_source} does nothing for {audience}: only "
                "the data sources of its traits count",
                land.resources[audience].span("spec.dataSource"),
                "set the control at the data sources of the traits in its rule",
                audience,
            )


def _refuses(opinion: Opinion, *, strict: bool) -> bool:
    return opinion.passage is Passage.BLOCKED or strict


def _stands_already(case: Case, flow: Flow) -> bool:
    """Whether a flow is only there live, and the plan leaves its audience alone: nothing new goes that way."""
    step = case.step_of.get(flow.audience.of("aam.segment"))
    return flow.binding is None and (step is None or step.change is Change.KEEP)


def _finding(opinion: Opinion, *, error: bool) -> Finding:
    hint = opinion.hint
    if error:
        hint += f"; or {allow_hint(GUARD, str(opinion.flow.name))}"
    return Finding(
        opinion.code,
        Severity.ERROR if error else Severity.WARNING,
        f"{GUARD}: {opinion.message}",
        opinion.flow.span,
        hint,
        opinion.flow.name,
    )
