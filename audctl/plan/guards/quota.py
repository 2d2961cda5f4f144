"""Guard on quotas: what an Audience Manager account may hold, before and after the plan.

Only a plan that adds to something is held to its quota: an account that is over already must be able to shrink.
Objects of other companies, which a list shows as well, are not counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.destination import DestinationType
from audctl.model.live import Origin
from audctl.plan.guards.case import Ruling, allow_hint, names_of, verdict
from audctl.plan.guards.limit import parse_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from audctl.model.change import Step
    from audctl.plan.guards.case import Case

GUARD = "quota"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Quota:
    """One number that Adobe documents."""

    name: str
    """As in ``spec.guards.quotas``, and in ``--allow quota:NAME``."""
    words: str
    type: str
    maximum: int
    kind: str = ""
    """Only objects with this ``type`` field; empty: all."""


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a quota is in use."""

    quota: Quota
    before: int
    adding: tuple[Step, ...]
    removing: int

    @property
    def after(self) -> int:
        """Objects once the plan is done."""
        return self.before + len(self.adding) - self.removing

    @property
    def grows(self) -> bool:
        """Whether the plan adds more than it takes away."""
        return len(self.adding) > self.removing

    def __str__(self) -> str:
        quota = self.quota
        change = (
            f"{self.before:,} → {self.after:,}" if self.after != self.before else f"{self.after:,}"
        )
        return f"{quota.words} {change} of {quota.maximum:,}"


def judge_quota(case: Case) -> Ruling:
    """Return what the documented limits leave room for; a warning comes before the refusal."""
    warning = parse_limit(case.policy.limits.quota_warning)
    over: list[str] = []
    allowed: list[str] = []
    findings: list[Finding] = []
    uses = [each for each in _uses(case) if each.quota.type in case.live.types_read]
    for use in uses:
        name, maximum = use.quota.name, use.quota.maximum
        if not use.grows:
            continue
        if use.after > maximum:
            if case.allows(GUARD, [name]):
                allowed.append(name)
            else:
                over.append(name)
                findings.append(_refusal(case, use))
        elif use.after * 100 > maximum * warning.number:
            findings.append(_warning(case, use))
    deep = list(_too_deep(case))
    for step in deep:
        if case.allows(GUARD, names_of(step.address)):
            allowed.append(str(step.address))
        else:
            over.append(str(step.address))
            findings.append(_depth(case, step))
    growing = [each for each in uses if each.grows] or uses
    fullest = max(growing, key=lambda each: each.after / max(1, each.quota.maximum), default=None)
    return Ruling(
        verdict=verdict(
            GUARD,
            limit=f"100%, warning over {warning}",
            measured=str(fullest) if fullest else "nothing to count",
            over=over,
            allowed=allowed,
        ),
        findings=tuple(findings),
        names=frozenset(
            [
                *(each.quota.name for each in uses if each.grows),
                *(name for each in deep for name in names_of(each.address)),
            ]
        ),
    )


def _quotas(case: Case) -> tuple[Quota, ...]:
    numbers = case.policy.limits.quotas
    server = DestinationType.SERVER_TO_SERVER
    return (
        Quota("segments", "segments", "aam.segment", numbers.segments),
        Quota("traits", "traits", "aam.trait", numbers.traits),
        Quota("traitFolders", "trait folders", "aam.traitFolder", numbers.trait_folders),
        Quota("destinations", "destinations", "aam.destination", numbers.destinations),
        Quota(
            "serverToServerDestinations",
            "server-to-server destinations",
            "aam.destination",
            numbers.server_to_server_destinations,
            str(server),
        ),
    )


def _uses(case: Case) -> Iterator[Use]:
    held: Counter[tuple[str, str]] = Counter()
    for each in case.live.objects:
        if each.origin is not Origin.READ_ONLY:
            held[each.type, ""] += 1
            if each.type == "aam.destination" and (kind := each.fields.get("type")):
                held[each.type, str(kind)] += 1
    adding, removing = _by_type(case.steps, _adds), _by_type(case.steps, _removes)
    kinds = {
        each.address: str(each.fields.get("type") or "")
        for each in case.desired
        if each.type == "aam.destination"
    }
    for quota in _quotas(case):
        steps = [
            each
            for each in adding.get(quota.type, ())
            if not quota.kind or kinds.get(each.address) == quota.kind
        ]
        yield Use(
            quota, held[quota.type, quota.kind], tuple(steps), len(removing.get(quota.type, ()))
        )


def _by_type(steps: tuple[Step, ...], counts: Callable[[Step], bool]) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for each in steps:
        if counts(each):
            found.setdefault(each.type, []).append(each)
    return found


def _adds(step: Step) -> bool:
    # A destination that is missing is made by a person, and takes its place all the same.
    return step.change is Change.CREATE or (step.change is Change.MANUAL and not step.live_id)


def _removes(step: Step) -> bool:
    return step.change is Change.DELETE


def _too_deep(case: Case) -> Iterator[Step]:
    depth = case.policy.limits.quotas.trait_folder_depth
    for step in case.steps:
        if (
            step.type == "aam.traitFolder"
            and step.change is Change.CREATE
            and step.address.name.count("/") + 1 > depth
        ):
            yield step


def _refusal(case: Case, use: Use) -> Finding:
    return Finding(
        "AUD2110",
        Severity.ERROR,
        f"{GUARD}: {use}: no room for {_named(use.adding)}",
        case.span(f"spec.guards.quotas.{use.quota.name}"),
        f"delete what is not used; if Adobe raised it: spec.guards.quotas.{use.quota.name}; "
        f"or {allow_hint(GUARD, use.quota.name)}",
    )


def _warning(case: Case, use: Use) -> Finding:
    return Finding(
        "AUD2111",
        Severity.WARNING,
        f"{GUARD}: {use} would be in use, more than {case.policy.limits.quota_warning}",
        case.span("spec.guards.quotaWarning"),
        "delete what is not used, or ask Adobe for more, before the quota is full",
    )


def _depth(case: Case, step: Step) -> Finding:
    depth = case.policy.limits.quotas.trait_folder_depth
    return Finding(
        "AUD2112",
        Severity.ERROR,
        f"{GUARD}: {step.address} is folder number {step.address.name.count('/') + 1} on its path, "
        f"and Audience Manager takes {depth}",
        step.span,
        f"choose a shorter path, or {allow_hint(GUARD, str(step.address))}",
        step.address,
    )


def _named(steps: tuple[Step, ...]) -> str:
    names = [str(each.address) for each in steps[:_SHOWN]]
    more = f" and {len(steps) - _SHOWN} more" if len(steps) > _SHOWN else ""
    return ", ".join(names) + more
