"""What became different between an approved plan and the one that would run now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audctl.model.change import Change
from audctl.plan.plan_json import step_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.plan import Plan, PlanOptions

_COMPARED = (
    "type",
    "live_id",
    "fingerprint",
    "requires",
    "protect",
    "deletion_policy",
    "renamed_from",
)


def compare_plans(approved: Plan, now: Plan) -> tuple[str, ...]:
    """Return one readable line per difference that counts; none for plans with the same digest."""
    return tuple(_differences(approved, now))


def _differences(approved: Plan, now: Plan) -> Iterator[str]:
    if approved.project != now.project:
        yield f"project: approved for {approved.project}, now {now.project}"
    for name in ("name", "organization", "audience_manager", "campaign"):
        before, after = getattr(approved.environment, name), getattr(now.environment, name)
        if before != after:
            yield f"environment {name}: approved for {_shown(before)}, now {_shown(after)}"
    if approved.options != now.options:
        yield (f"options: approved {_options(approved.options)}, now {_options(now.options)}")
    old, new = _acting(approved), _acting(now)
    for address in sorted(old.keys() | new.keys()):
        before, after = old.get(address), new.get(address)
        if before is None and after is not None:
            yield f"{address}: {after.change} was not approved"
        elif after is None and before is not None:
            yield f"{address}: {before.change} was approved, and there is nothing to do now"
        elif before is not None and after is not None:
            yield from _step_differences(address, before, after)
    if list(old) != list(new) and old.keys() == new.keys():
        yield "the order of the steps is another one"


def _options(options: PlanOptions) -> str:
    given = ["--adopt"] if options.adopt else []
    given += [f"--allow {each}" for each in sorted(options.allowed)]
    return " ".join(given) or "without any"


def _step_differences(address: Address, before: Step, after: Step) -> Iterator[str]:
    if before.change is not after.change:
        yield f"{address}: {before.change} was approved, now it would be {after.change}"
        return
    one, other = _content(before), _content(after)
    if one == other:
        if before.content != after.content:
            yield (
                f"{address}: what would be written is another live object behind the same name, or another secret"
            )
        return
    # Slow to import, and needed only here, where two values are known to differ.
    from deepdiff import DeepDiff  # noqa: PLC0415

    difference = DeepDiff(one, other, verbose_level=2)
    for kind, entries in sorted(difference.items()):
        for path in sorted(entries):
            yield f"{address}: {_line(kind, path, entries[path])}"


def _line(kind: str, path: str, entry: Any) -> str:  # noqa: ANN401 - whatever two plans differ in
    name = ".".join(re.findall(r"\['?([^'\]]+)'?\]", path))
    if name == "fingerprint":
        return "the live object changed since the plan was approved"
    if kind.endswith("_added"):
        return f"{name} ({_shown(entry)}) was not approved"
    if kind.endswith("_removed"):
        return f"{name} ({_shown(entry)}) was approved and is gone"
    return f"{name}: approved {_shown(entry['old_value'])}, now {_shown(entry['new_value'])}"


def _content(step: Step) -> dict[str, Any]:
    whole = step_to_json(step)
    content: dict[str, Any] = {name: whole[name] for name in _COMPARED}
    content["fields"] = {
        each["field"]: {
            name: each[name]
            for name in ("before", "after", "known_after_apply", "waits_for", "sensitive")
        }
        for each in whole["fields"]
    }
    return content


def _acting(plan: Plan) -> dict[Address, Step]:
    return {each.address: each for each in plan.steps if each.change is not Change.KEEP}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        after = _shown(value.get("after"))
        return f"{_shown(value.get('before'))} → {after}" if "before" in value else str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
