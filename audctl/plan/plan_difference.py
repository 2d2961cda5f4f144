"""What became different between an approved plan and the one that would run now, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.change import Change
from audctl.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.change import FieldChange, Step
    from audctl.model.plan import Plan, PlanOptions
    from audctl.model.value import Plain, Unknown

_WIDEST_VALUE = 120
_OTHERWISE_SHOWN = (
    "type",
    "live_id",
    "requires",
    "protect",
    "deletion_policy",
    "renamed_from",
    "after",
    "interim",
    "grace_days",
)
"""What a digest covers of a step beside its fields, its content and its live object's fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDifference:
    """One step that is in one plan only, or differs."""

    address: Address
    headline: str
    """``new step``, ``gone step`` or ``differs``, with what there was or is to do."""
    details: tuple[str, ...] = ()
    """For a step that is in both: one line for each thing that differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifference:
    """Everything that gives two plans two digests."""

    general: tuple[str, ...] = ()
    """Project, environment, options, order."""
    new: tuple[StepDifference, ...] = ()
    gone: tuple[StepDifference, ...] = ()
    changed: tuple[StepDifference, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.general or self.new or self.gone or self.changed)

    @property
    def summary(self) -> str:
        """How many steps are new, gone, or another thing; empty when it is none of them."""
        counts = (
            (len(self.new), "new"),
            (len(self.gone), "gone"),
            (len(self.changed), "differing"),
        )
        told = [f"{number} {word}" for number, word in counts if number]
        one = sum(number for number, _ in counts) == 1
        return f"{', '.join(told)} step{'' if one else 's'}" if told else ""

    def lines(self, *, steps_shown: int) -> Iterator[str]:
        """Give one line for each difference, those of a step indented below it; then how many steps are left out."""
        yield from self.general
        listed = (*self.new, *self.gone, *self.changed)
        for each in listed[:steps_shown]:
            yield each.headline
            for line in each.details:
                yield f"  {line}"
        if len(listed) > steps_shown:
            yield f"and {len(listed) - steps_shown} more"


def compare_plans(approved: Plan, now: Plan) -> PlanDifference:
    """Return all that differs, as far as it counts; nothing for plans with the same digest."""
    old, new = _acting(approved), _acting(now)
    general = list(_general_differences(approved, now))
    if old.keys() == new.keys() and list(old) != list(new):
        general.append("the order of the steps is another one")
    both = [each for each in old if each in new]
    changed = [(each, tuple(_step_differences(old[each], new[each]))) for each in both]
    return PlanDifference(
        general=tuple(general),
        new=tuple(_alone("new step", step) for each, step in new.items() if each not in old),
        gone=tuple(_alone("gone step", step) for each, step in old.items() if each not in new),
        changed=tuple(
            StepDifference(address=each, headline=f"{each} differs in", details=lines)
            for each, lines in changed
            if lines
        ),
    )


def _alone(what: str, step: Step) -> StepDifference:
    return StepDifference(
        address=step.address, headline=f"{what}: {step.change} {step.address}: {step.reason}"
    )


def _general_differences(approved: Plan, now: Plan) -> Iterator[str]:
    if approved.project != now.project:
        yield f"project: approved for {approved.project}, now {now.project}"
    for name in ("name", "organization", "audience_manager", "campaign"):
        before, after = getattr(approved.environment, name), getattr(now.environment, name)
        if before != after:
            yield f"environment {name}: approved for {_shown(before)}, now {_shown(after)}"
    if approved.options != now.options:
        yield f"options: approved {_options(approved.options)}, now {_options(now.options)}"


def _options(options: PlanOptions) -> str:
    given = ["--adopt"] if options.adopt else []
    given += [f"--allow {each}" for each in sorted(options.allowed)]
    given += [f"--only {each}" for each in options.selection.only]
    given += [f"--exclude {each}" for each in options.selection.exclude]
    return " ".join(given) or "without any"


def _step_differences(before: Step, after: Step) -> Iterator[str]:
    if before.change is not after.change:
        yield f"what is done: approved {before.change}, now {after.change} ({after.reason})"
        return
    if before.fingerprint != after.fingerprint:
        yield f"the live object, which changed since the plan was approved{_by_whom(after)}"
    for name in _OTHERWISE_SHOWN:
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield f"{name}: approved {_shown(one)}, now {_shown(other)}"
    fields = list(_field_differences(_fields(before), _fields(after)))
    yield from fields
    if not fields and before.content != after.content:
        yield "what would be written: another live object behind the same name, or another secret"


def _by_whom(step: Step) -> str:
    who = f" by {step.changed_by}" if step.changed_by else ""
    when = f" on {step.changed_at:%Y-%m-%d %H:%M} UTC" if step.changed_at else ""
    return f" (last{who}{when})" if who or when else ""


def _field_differences(
    old: Mapping[str, FieldChange], new: Mapping[str, FieldChange]
) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            yield f"{name}: {_move(after)} was not approved"
        elif after is None and before is not None:
            yield f"{name}: {_move(before)} was approved, and is not to be done now"
        elif before is not None and after is not None and _counted(before) != _counted(after):
            yield f"{name}: {_told_apart(before, after)}"


def _told_apart(before: FieldChange, after: FieldChange) -> str:
    if before.before == after.before and not (before.sensitive or after.sensitive):
        return f"approved {_shown(before.after)}, now {_shown(after.after)}"
    return f"approved {_move(before)}, now {_move(after)}"


def _counted(change: FieldChange) -> tuple[object, ...]:
    """Return what a digest covers of a field."""
    return change.before, change.after, change.sensitive


def _fields(step: Step) -> Mapping[str, FieldChange]:
    return {each.field: each for each in step.fields}


def _acting(plan: Plan) -> Mapping[Address, Step]:
    return {each.address: each for each in plan.steps if each.change is not Change.KEEP}


def _move(change: FieldChange) -> str:
    if change.sensitive:
        return f"another secret ({change.after if _is_masked(change.after) else MASK})"
    return f"{_shown(change.before)} -> {_shown(change.after)}"


def _is_masked(value: Plain | Unknown) -> bool:
    return isinstance(value, str) and value.startswith(MASK)


def _shown(value: object) -> str:
    """Return a value as a line of text holds it, texts in quotes and not longer than anyone reads."""
    match value:
        case None:
            return "nothing"
        case str():
            cut = "..." if len(value) > _WIDEST_VALUE else ""
            return f'"{value[:_WIDEST_VALUE]}{cut}"'
        case tuple() if not isinstance(value, Address):  # which is a tuple as well
            return f"[{', '.join(map(str, value))}]"
        case _:
            return str(value)
