"""The digest of a plan: what a person approves, and nothing that may differ without a difference.

It covers the project, the environment's identity, what was allowed, and every step but Keep: its change, what
it touches, the live object it was planned against, each field before and after, and all that would be written,
down to the ids behind names and the prints of secrets. What was allowed includes the selection: the same steps are
another decision when they are all there is than when they are a part.

Left out is what may differ without a difference to what happens:

- places in files, times, wording, the Git revision and the tool's version: a comment added to a manifest, or a release
  in between, does not undo an approval;
- numbers of people, and with them the effects: they move all the time, and an approval that ends with the next visitor
  would never be used. A number that matters is a guard's business;
- verdicts, restrictions and named approvals: guards judge again when the plan is made again, by the limits and on the
  day of the apply. What they objected to and a person let through is covered, word for word, by what was allowed.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.plan.plan_json import step_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.change import Step
    from audctl.model.plan import EnvironmentIdentity, Plan, PlanOptions

_STEP_KEYS = (
    "address",
    "type",
    "change",
    "content",
    "live_id",
    "fingerprint",
    "requires",
    "protect",
    "deletion_policy",
    "renamed_from",
)
_NEWER_STEP_KEYS = ("after", "interim", "grace_days")
"""Only where there is something: all other steps keep the digest they had before these keys."""

_FIELD_KEYS = ("field", "before", "after", "known_after_apply", "waits_for", "sensitive")


def plan_digest(
    project: str, environment: EnvironmentIdentity, steps: Iterable[Step], options: PlanOptions
) -> str:
    """Return the SHA-256 of the canonical content, in hex."""
    content = canonical_text(project, environment, steps, options)
    # A name in a live system may hold half of a surrogate pair, which strict UTF-8 has no bytes for.
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(plan: Plan) -> str:
    """Return the digest the plan's content has, whatever its ``digest`` says."""
    return plan_digest(plan.project, plan.environment, plan.steps, plan.options)


def canonical_text(
    project: str, environment: EnvironmentIdentity, steps: Iterable[Step], options: PlanOptions
) -> str:
    """Return the bytes that are hashed, as text: JSON with sorted keys and without spaces."""
    content = {
        "project": project,
        "environment": [
            environment.name,
            environment.organization,
            environment.audience_manager,
            environment.campaign,
        ],
        "options": _canonical_options(options),
        "steps": [_canonical_step(each) for each in steps if each.change is not Change.KEEP],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _canonical_options(options: PlanOptions) -> dict[str, object]:
    content: dict[str, object] = {"adopt": options.adopt, "allowed": sorted(options.allowed)}
    if options.selection:
        # Only then: plans of everything keep the digest they had before there were selections.
        content["only"] = sorted(options.selection.only)
        content["exclude"] = sorted(options.selection.exclude)
    return content


def _canonical_step(step: Step) -> dict[str, object]:
    whole = step_to_json(step)
    content: dict[str, object] = {key: whole[key] for key in _STEP_KEYS}
    content.update({key: whole[key] for key in _NEWER_STEP_KEYS if whole[key]})
    fields = sorted(whole["fields"], key=lambda each: str(each["field"]))
    content["fields"] = [{key: each[key] for key in _FIELD_KEYS} for each in fields]
    return content
