"""A plan's part of an outline: what changes, for whom, what stands against it, and how to apply it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason
from audctl.model.finding import Severity
from audctl.model.verdict import Judgement
from audctl.render.match_rate import match_rate_text
from audctl.render.people import impact_text
from audctl.render.reports.outline import DiffLine, Fact, Judged, Row, Tone, listed
from audctl.render.reports.people import moved_by, moved_text
from audctl.render.to_terminal.plan import SIGNS
from audctl.render.to_terminal.words import counted, moment, value, who_and_when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.change import Step
    from audctl.model.effect import Effect
    from audctl.model.plan import Plan
    from audctl.model.run import Run
    from audctl.model.verdict import Verdict

TONES = {
    Change.CREATE: Tone.GOOD,
    Change.UPDATE: Tone.CAUTION,
    Change.REPLACE: Tone.BAD,
    Change.DELETE: Tone.BAD,
    Change.PAUSE: Tone.CAUTION,
    Change.ADOPT: Tone.GOOD,
    Change.FORGET: Tone.QUIET,
    Change.KEEP: Tone.QUIET,
    Change.MANUAL: Tone.CAUTION,
}

_SHORT_DIGEST = 12
_RATES_SHOWN = 5


def plan_verdict(plan: Plan) -> tuple[str, Tone]:
    """Return what the plan comes to, in one sentence, and how that looks."""
    parts = [
        f"{number} to {change.value}"
        for change, number in plan.counts.items()
        if number and change not in (Change.KEEP, Change.MANUAL)
    ]
    if plan.counts[Change.MANUAL]:
        parts.append(f"{counted(plan.counts[Change.MANUAL], 'step')} for a person")
    if watched := sum(step.change is Change.KEEP and bool(step.fields) for step in plan.steps):
        parts.append(f"{watched} observed only, and different")
    if plan.options.selection:
        text = f"Partial plan: {', '.join(parts) or 'nothing to do in this part'}"
    else:
        text = ", ".join(parts) or "nothing to do: the live systems are what the manifests say"
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    if errors:
        refused = all(each.code.startswith("AUD21") for each in errors)
        word = "refused by guards" if refused else "cannot be applied"
        return f"{text}; {word}: {counted(len(errors), 'error')}", Tone.BAD
    dangerous = any(plan.counts[each] for each in (Change.DELETE, Change.REPLACE))
    return text, Tone.GOOD if plan.is_empty else Tone.BAD if dangerous else Tone.CAUTION


def plan_facts(plan: Plan) -> Iterator[Fact]:
    """Give the lines under the headline: selection, people, guards, what was let through."""
    chosen = plan.options.selection
    if chosen:
        parts = [f"only {', '.join(chosen.only)}"] if chosen.only else []
        parts += [f"without {', '.join(chosen.exclude)}"] if chosen.exclude else []
        text = f"{'; '.join(parts)}; {counted(plan.left_out, 'step')} left out"
        yield Fact(name="Selection", text=text, tone=Tone.CAUTION)
    people = moved_text(moved_by(plan))
    if people:
        yield Fact(name="People", text=people)
    yield from _match_rates(plan)
    yield from _guards(plan)
    rest = f"{plan.counts[Change.KEEP]} unchanged, {sum(plan.unmanaged.values())} unmanaged"
    yield Fact(name="Left alone", text=rest)
    if plan.options.adopt:
        yield Fact(name="Adopts", text="whatever exists already and nobody owns (--adopt)")
    if plan.options.allowed:
        text = listed(tuple(sorted(plan.options.allowed)))
        yield Fact(name="Let through", text=text, tone=Tone.CAUTION)


def _match_rates(plan: Plan) -> Iterator[Fact]:
    """Give the lowest ones, those that nobody can tell first."""
    ranked = sorted(plan.match_rates, key=lambda each: each.share.low if each.share else -1.0)
    for each in ranked[:_RATES_SHOWN]:
        unknown = each.share is None and each.total != 0
        yield Fact(
            name="Match rate",
            text=f"{each.address}: {match_rate_text(each)}",
            tone=Tone.CAUTION if unknown else Tone.QUIET,
        )
    if len(ranked) > _RATES_SHOWN:
        yield Fact(name="Match rate", text=f"{len(ranked) - _RATES_SHOWN} more, all of them higher")


def _guards(plan: Plan) -> Iterator[Fact]:
    against = [
        each for each in plan.verdicts if each.judgement in (Judgement.OVER, Judgement.UNKNOWN)
    ]
    if against:
        text = ", ".join(
            f"{each.guard} ({each.measured}, limit {each.limit})" for each in against[:3]
        )
        if len(against) > 3:  # noqa: PLR2004 - as many as fit in a line
            text += f" and {len(against) - 3} more"
        yield Fact(name="Guards against it", text=text, tone=Tone.BAD)
    elif plan.verdicts:
        allowed = sum(each.judgement is Judgement.ALLOWED for each in plan.verdicts)
        text = f"{len(plan.verdicts) - allowed} passed"
        text += f", {allowed} let through by name" if allowed else ""
        yield Fact(name="Guards", text=text, tone=Tone.CAUTION if allowed else Tone.GOOD)


def plan_rows(plan: Plan) -> Iterator[Row]:
    """Give a row for each step that does something, then one for whoever is moved without a step of their own."""
    effects = {each.address: each for each in plan.effects}
    for step in plan.steps:
        # An observed object that differs is kept, and still worth a row.
        if step.change is not Change.KEEP or step.fields:
            yield step_row(step, effects.pop(step.address, None))
    for effect in effects.values():
        yield _indirect(effect)


def step_row(step: Step, effect: Effect | None = None) -> Row:
    """Return one step's row."""
    impact = effect.impact if effect else step.impact
    because = "" if step.direct else " (because of what it refers to)"
    return Row(
        sign=SIGNS[step.change],
        action=step.change.value,
        name=str(step.address),
        label=step.label,
        people=impact_text(impact) if impact else "",
        reason=f"{step.reason}{because}",
        place=str(step.span) if step.span else "",
        tone=TONES[step.change],
        diff=tuple(_diff(step)),
        notes=tuple(_notes(step)),
    )


def _diff(step: Step) -> Iterator[DiffLine]:
    for each in step.fields:
        after = value(each.after, sensitive=each.sensitive)
        if each.reason is not FieldReason.INITIAL:
            before = value(each.before, sensitive=each.sensitive)
            yield DiffLine("-", f"{each.field}: {before}")
            after += "" if each.reason.value == step.reason else f"  # {each.reason.value}"
        yield DiffLine("+", f"{each.field}: {after}")


def _notes(step: Step) -> Iterator[str]:
    who = who_and_when(step.changed_by, step.changed_at)
    if who:
        yield f"last changed {who}"
    yield from step.instructions.splitlines()


def _indirect(effect: Effect) -> Row:
    chain = " -> ".join(str(each) for each in effect.chain)
    return Row(
        sign="·",
        action="indirect",
        name=str(effect.address),
        label=effect.label,
        people=impact_text(effect.impact),
        reason=f"moved by {chain}",
    )


def plan_guards(plan: Plan) -> Iterator[Judged]:
    """Give what each guard says."""
    for each in plan.verdicts:
        yield Judged(
            guard=each.guard,
            word=each.judgement.value,
            limit=each.limit,
            measured=each.measured,
            names=each.names or each.allowed,
            tone=_tone(each),
        )


def _tone(verdict: Verdict) -> Tone:
    match verdict.judgement:
        case Judgement.PASSED:
            return Tone.GOOD
        case Judgement.ALLOWED:
            return Tone.CAUTION
        case Judgement.OVER | Judgement.UNKNOWN:
            return Tone.BAD


def plan_footer(run: Run, plan: Plan) -> Iterator[Fact]:
    """Give what ties the report to one plan, and how to apply exactly that one."""
    if plan.revision is not None:
        dirty = ", with changes that are not committed" if plan.revision.dirty else ""
        branch = f" on {plan.revision.branch}" if plan.revision.branch else ""
        commit = f"{plan.revision.commit[:_SHORT_DIGEST]}{branch}{dirty}"
        yield Fact(name="Commit", text=commit)
    if plan.live_as_of is not None:
        yield Fact(name="Live as of", text=moment(plan.live_as_of))
    if plan.digest:
        yield Fact(name="Digest", text=plan.digest, is_code=True)
    fit = all(each.severity is not Severity.ERROR for each in plan.findings)
    if fit and plan.writes and run.command in ("plan", "show"):
        file = shlex.quote(run.plan_path) if run.plan_path else f"--expect-digest {plan.digest}"
        environment = shlex.quote(plan.environment.name)
        yield Fact(name="Apply with", text=f"audctl apply {file} --env {environment}", is_code=True)
