"""Guards: limits on the finished plan, on by default, small sets included.

A limit is a number (``5``) or a share of the objects audctl owns (``10%``). A share is rounded down, but lets
one step through as long as it is not nought: taking a single object away is the smallest change that can be
reviewed, and a guard that always says no teaches people to override it always. Two of five objects are over
``10%``, and so are nine of nine. ``0`` and ``0%`` mean none at all.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.change import Step
    from audctl.model.plan import PlanOptions

GUARDED: Mapping[str, Change] = {
    "maxDeletes": Change.DELETE,
    "maxPauses": Change.PAUSE,
    "maxReplaces": Change.REPLACE,
}
"""Guard names, as in ``spec.guards``, and the steps each one counts.

``maxPauses`` counts every step that stops an object, whether its manifest is gone or says so.
"""

DEFAULT_LIMITS: Mapping[str, str] = {
    "maxDeletes": "10%",
    "maxPauses": "10%",
    "maxReplaces": "0%",
}

_CODES = {"maxDeletes": "AUD2101", "maxPauses": "AUD2102", "maxReplaces": "AUD2103"}

_GUARD_OF = {change: guard for guard, change in GUARDED.items()}

_PLAIN_WORD = re.compile(r"[A-Za-z0-9@%+=:,./_-][A-Za-z0-9@%+=:,./_#-]*")
_LIMIT = re.compile(r"(\d{1,9})(%?)")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many steps of one kind a plan may have."""

    number: int
    is_share: bool = False
    """``number`` is a percentage of the owned objects."""

    def allowed(self, owned: int) -> int:
        """Return the number of steps let through when ``owned`` objects are owned."""
        if not self.is_share or not self.number:
            return self.number
        return max(1, owned * self.number // 100)

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_share else str(self.number)


def parse_limit(text: str | int) -> Limit:
    """Read ``5`` or ``10%``; raise ValueError for anything else."""
    found = _LIMIT.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(
            f"not a limit: {text!r} (expected a number such as 5, or a share such as 10%)"
        )
    return Limit(int(found[1]), is_share=bool(found[2]))


def guard_findings(
    steps: Iterable[Step],
    *,
    owned: int,
    options: PlanOptions,
    limits: Mapping[str, str | int] | None = None,
) -> tuple[Finding, ...]:
    """Return an error for every step over a limit, each with the flag that would let it through.

    ``owned`` is the number of ledger entries. ``limits`` override the defaults by guard name; those of other
    guards are left to them. An override names a step's address or its resource's, and takes the step out of the
    count; one that names no such step is an error too, for it does not do what its author thinks.
    """
    by_guard: dict[str, list[Step]] = {guard: [] for guard in GUARDED}
    for step in steps:
        guard = _guard_of(step)
        if guard is not None:
            by_guard[guard].append(step)
    findings = list(_useless(by_guard, options))
    for guard, counted in by_guard.items():
        limit = parse_limit((limits or {}).get(guard, DEFAULT_LIMITS[guard]))
        left = [
            each
            for each in counted
            if not any(options.allows(guard, name) for name in _names(each))
        ]
        if len(left) > limit.allowed(owned):
            findings.extend(_refusal(guard, limit, owned, len(left), each) for each in left)
    return tuple(findings)


def _guard_of(step: Step) -> str | None:
    if step.change in {Change.UPDATE, Change.ADOPT} and _pauses(step):
        return _GUARD_OF[Change.PAUSE]
    return _GUARD_OF.get(step.change)


def _pauses(step: Step) -> bool:
    """Whether a step writes a value that pauses the object; what it writes stands otherwise live."""
    kinds = OBJECT_TYPES[step.type]
    for name, paused in kinds.paused.items():
        form = kinds.fields[name].form
        # Neither a state nor a flag is ever a reference or a secret.
        if name in step.write and canonical(form, step.write[name]) == canonical(form, paused):  # type: ignore[arg-type]
            return True
    return False


def _useless(by_guard: Mapping[str, list[Step]], options: PlanOptions) -> Iterator[Finding]:
    for each in sorted(options.allowed):
        guard, _, name = each.partition(":")
        if each.startswith((f"{EMPTY_READ}:", f"{EMPTY_PROJECT}:")):
            continue  # judged where they are used
        if guard not in by_guard or not name:
            known = ", ".join([*GUARDED, EMPTY_READ, EMPTY_PROJECT])
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each} is not GUARD:ADDRESS",
                hint=f"the guards are {known}",
            )
        elif not any(name in _names(step) for step in by_guard[guard]):
            yield Finding(
                "AUD2013",
                Severity.ERROR,
                f"--allow {each} allows nothing: the plan has no {GUARDED[guard]} of {name}",
                hint="take it away, or correct the address",
            )


def _names(step: Step) -> tuple[str, str]:
    return str(step.address), str(step.address.resource)


def _refusal(guard: str, limit: Limit, owned: int, count: int, step: Step) -> Finding:
    share = f" ({limit} of {owned} owned objects)" if limit.is_share else ""
    return Finding(
        _CODES[guard],
        Severity.ERROR,
        f"{guard}: {step.address} is one of {count} {GUARDED[guard]} steps, "
        f"{limit.allowed(owned)} allowed{share}",
        step.span,
        f"--allow {_pasteable(f'{guard}:{step.address}')}",
        step.address,
    )


def _pasteable(word: str) -> str:
    """Return a word as a shell takes it: folders have blanks, and most addresses need no quotes."""
    return word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word)
