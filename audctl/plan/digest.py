"""The digest of a plan: what a person approves, and nothing that may differ without a difference.

It covers the project, the environment's identity, what was allowed, and every step but Keep: its change, what
it touches, the live object it was planned against, each field before and after, and all that would be written,
down to the ids behind names and the prints of secrets. Places in files, times,
wording and counts are left out, so that a comment added to a manifest does not undo an approval.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.plan.plan_json import options_to_json, step_to_json

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
_FIELD_KEYS = ("field", "before", "after", "known_after_apply", "waits_for", "sensitive")


def plan_digest(
    project: str, environment: EnvironmentIdentity, steps: Iterable[Step], options: PlanOptions
) -> str:
    """Return the SHA-256 of the canonical content, in hex."""
    content = canonical_text(project, environment, steps, options)
    return hashlib.sha256(content.encode()).hexdigest()


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
        "options": options_to_json(options),
        "steps": [_canonical_step(each) for each in steps if each.change is not Change.KEEP],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _canonical_step(step: Step) -> dict[str, object]:
    whole = step_to_json(step)
    content: dict[str, object] = {key: whole[key] for key in _STEP_KEYS}
    fields = sorted(whole["fields"], key=lambda each: str(each["field"]))
    content["fields"] = [{key: each[key] for key in _FIELD_KEYS} for each in fields]
    return content
