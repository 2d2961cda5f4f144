"""The first screen of a plan: at most fifteen lines that say what is decided and what it does to people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.verdict import Judgement
from audctl.render.people import impacts_of, moves, total_text
from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audctl.model.plan import Plan, Revision
    from audctl.model.selection import Selection
    from audctl.model.verdict import Verdict
    from audctl.render.paint import Paint

_GUARDS_SHOWN = 4
_NAMES_SHOWN = 3
_COMMIT_SHOWN = 12

_WORST_FIRST = (Judgement.OVER, Judgement.UNKNOWN, Judgement.ALLOWED, Judgement.PASSED)

_TO_DO = {change: change.value for change in Change if change not in (Change.KEEP, Change.MANUAL)}


def first_screen(shown: Plan, paint: Paint) -> Iterator[str]:
    """Give what is partial, the counts, what is approved and where, people, guards, and what a person has to do."""
    if shown.options.selection:
        yield paint.caution(partial(shown.options.selection, left_out=shown.left_out))
    yield paint.bold(headline(shown))
    yield from _people(shown)
    yield from _guards(shown.verdicts, paint)
    by_hand = [str(step.address) for step in shown.steps if step.change is Change.MANUAL]
    if by_hand:
        yield f"By hand: {_named(by_hand)}"
    yield _against(shown)
    if shown.revision is not None:
        yield revision_text(shown.revision)
    if shown.digest:
        yield f"Digest {paint.faint(shown.digest)}"


def headline(shown: Plan) -> str:
    """Return the counts in one line: what changes, what does not, what nobody owns."""
    named = [
        f"{number} to {_TO_DO[change]}"
        for change, number in shown.counts.items()
        if number and change in _TO_DO
    ]
    manual = shown.counts[Change.MANUAL]
    if manual:
        named.append(f"{counted(manual, 'step')} for a person")
    rest = [f"{shown.counts[Change.KEEP]} unchanged", f"{sum(shown.unmanaged.values())} unmanaged"]
    if watched := sum(step.change is Change.KEEP and bool(step.fields) for step in shown.steps):
        named.append(f"{watched} observed only, and different")
    errors = sum(each.severity is Severity.ERROR for each in shown.findings)
    if errors:
        named.append(f"cannot be applied: {counted(errors, 'error')}")
    if named:
        head = ", ".join(named)
    elif shown.options.selection:
        head = "nothing to do in this part"
    else:
        head = "nothing to do: the live systems are what the manifests say"
    return f"Plan: {head} ({', '.join(rest)})"


def partial(selection: Selection, *, left_out: int) -> str:
    """Return the line that stands above a plan for a part of the project; ``left_out`` steps are elsewhere."""
    parts = []
    if selection.only:
        parts.append(f"only {', '.join(map(printable, selection.only))}")
    if selection.exclude:
        parts.append(f"without {', '.join(map(printable, selection.exclude))}")
    elsewhere = f"{counted(left_out, 'step')} left out" if left_out else "everything else stays"
    return f"Partial plan: {'; '.join(parts)}; {elsewhere}"


def revision_text(revision: Revision) -> str:
    """Return which commit the manifests are of, and whether they are."""
    branch = f" on {printable(revision.branch)}" if revision.branch else ""
    dirty = ", with changes that are not committed" if revision.dirty else ""
    return f"Manifests of commit {revision.commit[:_COMMIT_SHOWN]}{branch}{dirty}"


def _people(shown: Plan) -> Iterator[str]:
    """Give what moves for people, as far as it is known; who is in two audiences counts twice."""
    impacts = impacts_of(shown)
    moving = [each for each in impacts.values() if moves(each)]
    if not moving:
        return
    known = [
        (each.before, each.after)
        for each in moving
        if each.before is not None and each.after is not None
    ]
    parts = []
    if known:
        over = f"summed over {len(known)} objects" if len(known) > 1 else "in 1 object"
        before, after = (
            total_text(each[0] for each in known),
            total_text(each[1] for each in known),
        )
        parts.append(f"{before} -> {after} {over}")
    if len(known) < len(moving):
        parts.append(f"unknown for {counted(len(moving) - len(known), 'object')}")
    indirect = sum(not each.direct and moves(each.impact) for each in shown.effects)
    fed = f" ({len(moving) - indirect} directly, {indirect} indirectly)" if indirect else ""
    yield f"People: {', '.join(parts)}{fed}"


def _guards(verdicts: Iterable[Verdict], paint: Paint) -> Iterator[str]:
    """Give how the guards came out, the worst ones by name."""
    ranked = sorted(verdicts, key=lambda each: _WORST_FIRST.index(each.judgement))
    if not ranked:
        return
    numbers = Counter(each.judgement for each in ranked)
    yield "Guards: " + ", ".join(
        f"{numbers[judgement]} {judgement.value}"
        for judgement in _WORST_FIRST
        if numbers[judgement]
    )
    told = [each for each in ranked if each.judgement is not Judgement.PASSED]
    for each in told[:_GUARDS_SHOWN]:
        colour = _colour(each.judgement, paint)
        names = each.names or each.allowed
        about = f"  {_named(names)}" if names else ""
        yield (
            f"  {colour(each.judgement.value.ljust(len(Judgement.UNKNOWN)))} {printable(each.guard)}: "
            f"{printable(each.measured)}, limit {printable(each.limit)}{about}"
        )
    if len(told) > _GUARDS_SHOWN:
        yield f"  and {len(told) - _GUARDS_SHOWN} more"


def _colour(judgement: Judgement, paint: Paint) -> Callable[[str], str]:
    match judgement:
        case Judgement.OVER | Judgement.UNKNOWN:
            return paint.bad
        case Judgement.ALLOWED:
            return paint.caution
        case Judgement.PASSED:
            return paint.good


def _named(names: Iterable[str]) -> str:
    """Return the first few names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _NAMES_SHOWN} more" if len(listed) > _NAMES_SHOWN else ""
    return ", ".join(map(printable, listed[:_NAMES_SHOWN])) + more


def _against(shown: Plan) -> str:
    read = f"live as of {moment(shown.live_as_of)}" if shown.live_as_of else "live state not read"
    organization = shown.environment.organization
    of = f" ({printable(organization)})" if organization else ""
    return (
        f"Project {printable(shown.project)}, environment {printable(shown.environment.name)}{of}, "
        f"{read}, {counted(sum(shown.calls.values()), 'call')}"
    )
