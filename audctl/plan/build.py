"""Build the plan: the whole way from desired, live and last-applied to ordered steps with a digest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.model.finding import Finding, Severity
from audctl.model.plan import Plan
from audctl.model.policy import PlanPolicy
from audctl.plan.decide import Decisions
from audctl.plan.digest import plan_digest
from audctl.plan.effects import find_movements, with_impacts
from audctl.plan.graph import order_steps
from audctl.plan.guards.case import Case
from audctl.plan.guards.judge import judge
from audctl.plan.handover import hand_over
from audctl.plan.identify import identify
from audctl.plan.known import Known
from audctl.plan.ladder import Rules
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ, PlanOptions
from audctl.plan.partial import about_selected, select_steps
from audctl.plan.precedence import find_dangling, with_precedence
from audctl.plan.removal import decide_removals
from audctl.plan.selection import Scope
from audctl.plan.unmanaged import count_unmanaged, used_objects
from audctl.plan.unseen import unseen_mappings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.effect import Effect
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.model.match_rate import MatchRate
    from audctl.model.plan import EnvironmentIdentity, Revision


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Ordered steps, before anybody asked what they do to people and whether that may be."""

    desired: tuple[DesiredObject, ...]
    live: LiveState
    ledger: Ledger
    project: str
    environment: EnvironmentIdentity
    options: PlanOptions
    policy: PlanPolicy
    steps: tuple[Step, ...]
    """Those of the selection."""
    left_out: int = 0
    """Steps other than Keep outside of it."""
    findings: tuple[Finding, ...]
    unmanaged: Mapping[str, int]
    now: datetime | None


def build_plan(  # noqa: PLR0913 - the engine's one door
    desired: Iterable[DesiredObject],
    live: LiveState,
    ledger: Ledger,
    *,
    project: str,
    environment: EnvironmentIdentity,
    options: PlanOptions = PlanOptions(),  # noqa: B008 - frozen, and without any permission
    policy: PlanPolicy = PlanPolicy(),  # noqa: B008 - frozen defaults
    owners: Mapping[tuple[str, str], str] | None = None,
    now: datetime | None = None,
    manifest_digest: str = "",
    revision: Revision | None = None,
) -> Plan:
    """Return the steps that make the live systems what the manifests say, as :func:`draft_plan`, then judged.

    Of people it knows what the read told; who wants more asks between draft and completion.
    """
    draft = draft_plan(
        desired,
        live,
        ledger,
        project=project,
        environment=environment,
        options=options,
        policy=policy,
        owners=owners,
        now=now,
    )
    movements = find_movements(draft.steps, live=live, ledger=ledger, desired=draft.desired)
    effects = movements.weigh()
    draft = replace(draft, steps=with_impacts(draft.steps, movements, effects))
    return complete_plan(draft, effects=effects, manifest_digest=manifest_digest, revision=revision)


def draft_plan(  # noqa: PLR0913 - everything a plan is made from
    desired: Iterable[DesiredObject],
    live: LiveState,
    ledger: Ledger,
    *,
    project: str,
    environment: EnvironmentIdentity,
    options: PlanOptions = PlanOptions(),  # noqa: B008 - frozen, and without any permission
    policy: PlanPolicy = PlanPolicy(),  # noqa: B008 - frozen defaults
    owners: Mapping[tuple[str, str], str] | None = None,
    now: datetime | None = None,
) -> Draft:
    """Return the steps that make the live systems what the manifests say, in the order of their edges.

    The same input in any order gives the same steps. ``owners``: who else owns a live object, by (type, id):
    such an object is refused by its owner's name. ``now`` decides which days of grace are over; None: the time of the
    live read.
    """
    wanted = tuple(desired)
    findings: list[Finding] = list(_useless_beliefs(wanted, live, ledger, options))
    unsure = _unsure_types(wanted, live, ledger, options, findings)
    identified = identify(wanted, live, ledger, unreadable=unsure)
    findings.extend(identified.findings)

    last = identified.ledger
    # Never asked whether it is empty: that alone would read what most plans do not need.
    others = {} if owners is None else owners

    known = Known((each.address for each in wanted), last)
    for each in wanted:
        if each.type in unsure and (entry := last.entries.get(each.address)):
            known.learn(each.address, each.type, entry.live_id)
    decisions = Decisions(known, last, options, others)
    for match in identified.matches:
        decisions.decide(match)
    findings.extend(decisions.findings)
    steps = decisions.steps

    keeping = {each.address for each in wanted} | identified.renamed
    if wanted or not _forgotten_all(ledger, options, findings):
        rules = Rules(
            now=now or live.read_at,
            grace_days=policy.grace_days,
            removed=policy.removed,
            owners=others,
        )
        removals = decide_removals(live, last, steps, wanted=keeping, skipped=unsure, rules=rules)
        steps.update(removals.steps)
        findings.extend(removals.findings)
    handed, taken = hand_over(steps, live, last)
    findings.extend(taken)
    scope = Scope(options.selection, wanted, last)
    chosen = select_steps(scope, with_precedence(handed, last, live))
    findings = [*about_selected(findings, scope, chosen), *chosen.findings]
    findings.extend(find_dangling(chosen.steps, live, last))
    findings.extend(unseen_mappings(chosen.steps.values(), wanted, live, last))

    ordered, cycles = order_steps(chosen.steps)
    findings.extend(cycles)
    return Draft(
        desired=wanted,
        live=live,
        ledger=ledger,
        project=project,
        environment=environment,
        options=options,
        policy=policy,
        steps=ordered,
        left_out=chosen.left_out,
        findings=tuple(findings),
        unmanaged=count_unmanaged(live, ledger, used=used_objects(identified)),
        now=now,
    )


def complete_plan(
    draft: Draft,
    *,
    effects: Iterable[Effect] = (),
    match_rates: Iterable[MatchRate] = (),
    manifest_digest: str = "",
    revision: Revision | None = None,
) -> Plan:
    """Return the plan: the draft's steps with what they do to people, judged by every guard, under a digest.

    A plan with findings of severity error must not be applied. The same input gives the same plan, byte for byte.
    """
    moved = tuple(effects)
    rates = tuple(sorted(match_rates, key=lambda each: each.address))
    judged = judge(
        Case(
            steps=draft.steps,
            effects=moved,
            desired=draft.desired,
            live=draft.live,
            owned=len(draft.ledger.entries),
            options=draft.options,
            policy=draft.policy,
            match_rates=rates,
            recorded={each.address: each.live_id for each in draft.ledger.entries.values()},
            made=draft.ledger.made,
            today=draft.now.date() if draft.now is not None else None,
        )
    )
    findings = [*draft.findings, *judged.findings]
    return Plan(
        project=draft.project,
        environment=draft.environment,
        steps=draft.steps,
        findings=tuple(sorted(findings, key=lambda each: each.sort_key)),
        unmanaged=draft.unmanaged,
        live_as_of=draft.live.read_at,
        ledger_serial=draft.ledger.serial,
        manifest_digest=manifest_digest,
        digest=plan_digest(draft.project, draft.environment, draft.steps, draft.options),
        calls=dict(draft.live.calls),
        options=draft.options,
        left_out=draft.left_out,
        effects=tuple(sorted(moved, key=lambda each: (each.address, each.chain))),
        match_rates=rates,
        verdicts=judged.verdicts,
        revision=revision,
        tool=f"audctl {__version__}",
    )


def _unsure_types(
    wanted: Collection[DesiredObject],
    live: LiveState,
    ledger: Ledger,
    options: PlanOptions,
    findings: list[Finding],
) -> frozenset[str]:
    """Return the types whose live objects cannot be relied on; nothing is planned for them."""
    owned: dict[str, int] = {}
    departing = ledger.departing
    for entry in ledger.entries.values():
        # What an interrupted run was about to delete was asked for by id: it is not only the list that lacks it.
        if entry.address not in departing:
            owned[entry.type] = owned.get(entry.type, 0) + 1
    present = {each.type for each in live.objects}
    unsure = set()
    for name in sorted(owned.keys() | {each.type for each in wanted}):
        if name not in live.types_read:
            unsure.add(name)
            findings.append(
                Finding(
                    "AUD2001",
                    Severity.ERROR,
                    f"{name}: the live objects were not read, so nothing can be said about them",
                    hint="see the messages of the read, and plan again",
                )
            )
        elif owned.get(name) and name not in present and not options.allows(EMPTY_READ, name):
            unsure.add(name)
            findings.append(
                Finding(
                    "AUD2002",
                    Severity.ERROR,
                    f"{name}: the live system says it has none, but audctl owns {owned[name]}; "
                    "an empty answer is more likely wrong than true",
                    hint=f"check the rights of the sign-in; if they are really gone: --allow {EMPTY_READ}:{name}",
                )
            )
    return frozenset(unsure)


def _useless_beliefs(
    wanted: Collection[DesiredObject], live: LiveState, ledger: Ledger, options: PlanOptions
) -> Iterable[Finding]:
    """Yield an error for each permission to believe something that nobody says."""
    if not options.allowed:
        return
    present = {each.type for each in live.objects}
    believable = {
        f"{EMPTY_READ}:{each.type}"
        for each in ledger.entries.values()
        if each.type in live.types_read and each.type not in present
    }
    if ledger.entries and not wanted:
        believable.add(f"{EMPTY_PROJECT}:{ledger.project}")
    for each in sorted(options.allowed - believable):
        if each.startswith((f"{EMPTY_READ}:", f"{EMPTY_PROJECT}:")):
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each} allows nothing: there is nothing of that kind to believe",
                hint="take it away",
            )


def _forgotten_all(ledger: Ledger, options: PlanOptions, findings: list[Finding]) -> bool:
    """Whether the project has no manifest left although the ledger has entries; says so."""
    if not ledger.entries or options.allows(EMPTY_PROJECT, ledger.project):
        return False
    findings.append(
        Finding(
            "AUD2003",
            Severity.ERROR,
            f"the manifests ask for nothing, but audctl owns {len(ledger.entries)} object(s)",
            hint=f"check spec.manifests; to let all of them go: --allow {EMPTY_PROJECT}:{ledger.project}",
        )
    )
    return True
