"""Write an import's members to a list in Campaign, held to the guards on people that a plan is held to."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import RefusedByGuards, UsageError
from audctl.exchange.faults import fault
from audctl.exchange.list_members import write_members
from audctl.exchange.ports import RowTarget
from audctl.manifest.policy import plan_policy
from audctl.model.address import Address
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.campaign_list import ListSpec
from audctl.model.kinds.kind import set_or
from audctl.model.live import LiveState
from audctl.model.plan import PlanOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from audctl.exchange.ports import Engine, Told
    from audctl.model.exchange import ListChange
    from audctl.operations.exchange.sources import Sources
    from audctl.operations.load import Loaded

_NOT_NUMBERS = """
SELECT count(*) FROM member WHERE NOT regexp_matches(CAST(recipient_id AS VARCHAR), '^-?[1-9][0-9]{0,17}$')
"""
_IN_ORDER = "SELECT recipient_id FROM member ORDER BY CAST(recipient_id AS BIGINT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A list whose members an exchange may write."""

    address: Address
    name: str
    """Campaign's own."""
    label: str
    list_id: str


def find_target(loaded: Loaded, sources: Sources, name: str) -> Target:
    """Return the list that a manifest calls ``name``; raise a FindingsError when it cannot be written.

    A list that is a shared audience is Campaign's own to fill: its technical workflow would undo what is written here.
    """
    address = Address("List", name.removeprefix("List/"))
    resource = next((each for each in loaded.resources if each.address == address), None)
    if resource is None:
        raise fault("AUD2711", f'no manifest defines List "{address.name}"', "correct --into-list")
    assert isinstance(resource.spec, ListSpec)
    internal = set_or(resource.spec.name, address.name)
    list_id = sources.list_id(internal)
    if sources.connection().campaign.get("campaign.sharedList", list_id) is not None:
        raise fault(
            "AUD2732",
            f"{address} is a shared audience, which Campaign's own workflow importSharedAudience fills",
            "name a list that no binding fills",
        )
    return Target(address=address, name=internal, label=resource.spec.label, list_id=list_id)


def write_to_list(  # noqa: PLR0913 - by keyword
    loaded: Loaded,
    sources: Sources,
    engine: Engine,
    told: Told,
    *,
    target: Target,
    audience: Address,
    allowed: Sequence[str],
    agreed: Callable[[], None],
) -> ListChange:
    """Make the list hold the members that stand in the engine; raise RefusedByGuards before anything is written.

    ``agreed`` is called when no guard has anything against it, before the first write.
    """
    ((strange,),) = engine.fetch(_NOT_NUMBERS)
    if strange:
        raise fault(
            "AUD2734",
            f"{strange} recipients have keys that are no numbers of Campaign's, so they cannot be written to a list",
            "give recipients by their primary key in Campaign, with --column recipients.id=NAME",
        )
    spool = engine.spool()
    file = RowTarget(name=lambda _: "into-list.csv", content="members", form="csv")
    engine.write(_IN_ORDER, file, spool)
    campaign = sources.connection().campaign

    def check(change: ListChange) -> None:
        _judge(loaded, target, audience, change, allowed)
        agreed()

    return write_members(
        _numbers(spool / "into-list.csv"),
        list_id=target.list_id,
        reader=campaign,
        writer=campaign,
        folder=spool,
        told=told,
        allowed=check,
    )


def _numbers(path: Path) -> Iterator[int]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        next(rows)
        for row in rows:
            yield int(row[0])


def _judge(
    loaded: Loaded, target: Target, audience: Address, change: ListChange, allowed: Sequence[str]
) -> None:
    """Hold the change to the limits on people, as if a plan made it."""
    from audctl.plan.guards.case import Case  # noqa: PLC0415 - not for other exchanges
    from audctl.plan.guards.movement import movements  # noqa: PLC0415
    from audctl.plan.guards.people import judge_people  # noqa: PLC0415
    from audctl.plan.guards.reach import judge_reach  # noqa: PLC0415

    purpose = next(
        (
            str(each.spec.purpose)
            for each in loaded.resources
            if each.address == audience and isinstance(each.spec, AudienceSpec)
        ),
        "",
    )
    address = target.address.of("campaign.list")
    effect = Effect(
        address=address,
        label=target.label,
        purpose=purpose,
        impact=Impact(before=change.before, after=change.after, source=CountSource.CERTAIN),
        chain=(address,),
    )
    case = Case(
        steps=(),
        effects=(effect,),
        desired=loaded.desired(),
        live=LiveState(objects=(), types_read=frozenset()),
        owned=0,
        options=PlanOptions(allowed=frozenset(allowed)),
        policy=plan_policy(loaded.project, loaded.environment),
        today=None,
    )
    moving = movements(case)
    rulings = [each.ruling("") for each in judge_people(case, moving)]
    rulings += [ruling for _, ruling in judge_reach(case, moving)]
    known = {f"{each.verdict.guard}:{name}" for each in rulings for name in each.names}
    if vain := sorted(set(allowed) - known):
        raise UsageError(
            f"--allow {vain[0]} allows nothing; here it is GUARD:{target.address}, with a guard on people"
        )
    findings = [finding for each in rulings for finding in each.findings]
    if findings:
        raise RefusedByGuards(findings)
