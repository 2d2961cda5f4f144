"""Guards that count steps: deletes, pauses, replaces. On by default, small sets included.

A share is one of the objects that audctl owns. An override takes its step out of the count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.plan.guards.case import Ruling, allow_hint, names_of, verdict
from audctl.plan.guards.limit import Limit, parse_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.change import Step
    from audctl.plan.guards.case import Case

GUARDED: Mapping[str, Change] = {
    "maxDeletes": Change.DELETE,
    "maxPauses": Change.PAUSE,
    "maxReplaces": Change.REPLACE,
}
"""Guard names, as in ``spec.guards``, and the steps each one counts.

``maxPauses`` counts every step that stops an object, whether its manifest is gone or says so.
"""

_CODES = {"maxDeletes": "AUD2101", "maxPauses": "AUD2102", "maxReplaces": "AUD2103"}

_GUARD_OF = {change: guard for guard, change in GUARDED.items()}


def judge_counts(case: Case) -> Iterator[Ruling]:
    """Yield one ruling for each guard, with an error for every step that is left over its limit."""
    by_guard: dict[str, list[Step]] = {guard: [] for guard in GUARDED}
    for step in case.steps:
        guard = _guard_of(step)
        if guard is not None:
            by_guard[guard].append(step)
    limits = case.policy.limits
    set_limits = (limits.max_deletes, limits.max_pauses, limits.max_replaces)
    for (guard, counted), limit in zip(by_guard.items(), set_limits, strict=True):
        yield _ruling(case, guard, counted, parse_limit(limit))


def pauses(step: Step) -> bool:
    """Whether a step stops its object, keeping who is in it."""
    return _guard_of(step) == "maxPauses"


def _ruling(case: Case, guard: str, counted: list[Step], limit: Limit) -> Ruling:
    left = [each for each in counted if not case.allows(guard, names_of(each.address))]
    most = limit.allowed(case.owned)
    is_over = len(left) > most
    # What was let through without need is no override worth a word.
    lifted = len(counted) > most
    shown = f"{limit} ({most} of {case.owned})" if limit.is_share else str(limit)
    return Ruling(
        verdict=verdict(
            guard,
            limit=shown,
            measured=str(len(counted)),
            over=[str(each.address) for each in left] if is_over else (),
            allowed=frozenset(str(each.address) for each in counted)
            - frozenset(str(each.address) for each in left)
            if lifted
            else (),
        ),
        findings=tuple(_refusal(case, guard, limit, len(left), each) for each in left)
        if is_over
        else (),
        names=frozenset(name for each in counted for name in names_of(each.address)),
    )


def _guard_of(step: Step) -> str | None:
    if step.change in {Change.UPDATE, Change.ADOPT} and _writes_a_pause(step):
        return _GUARD_OF[Change.PAUSE]
    return _GUARD_OF.get(step.change)


def _writes_a_pause(step: Step) -> bool:
    """Whether a step writes a value that pauses the object; what it writes stands otherwise live."""
    kinds = OBJECT_TYPES[step.type]
    for name, paused in kinds.paused.items():
        form = kinds.fields[name].form
        # Neither a state nor a flag is ever a reference or a secret.
        if name in step.write and canonical(form, step.write[name]) == canonical(form, paused):  # type: ignore[arg-type]
            return True
    return False


def _refusal(case: Case, guard: str, limit: Limit, count: int, step: Step) -> Finding:
    share = f" ({limit} of {case.owned} owned objects)" if limit.is_share else ""
    return Finding(
        _CODES[guard],
        Severity.ERROR,
        f"{guard}: {step.address} is one of {count} {GUARDED[guard]} steps, "
        f"{limit.allowed(case.owned)} allowed{share}",
        step.span,
        allow_hint(guard, str(step.address)),
        step.address,
    )
