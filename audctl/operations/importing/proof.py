"""What planning with new manifests finds beside adoption: nothing, or they do not say what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.plan.describe import overwritten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.plan.build import Draft


@dataclass(frozen=True, slots=True)
class Proof:
    """Objects of new manifests, by what applying would do to them."""

    adopt: int
    observed: int
    change: int
    findings: tuple[Finding, ...]


def prove(draft: Draft, new: Collection[Address], folders: Collection[Address]) -> Proof:
    """Judge a plan that may adopt; ``folders`` are those that the project asked for before."""
    adopt = observed = 0
    wrong: list[Finding] = []
    for step in draft.steps:
        is_new_folder = step.address.kind == "Folder" and step.address not in folders
        if step.address.resource not in new and not is_new_folder:
            continue
        if step.change is Change.ADOPT and not step.fields:
            adopt += 1
        elif step.change is Change.KEEP and not step.fields:
            observed += not is_new_folder
        else:
            wrong.append(_unfaithful(step))
    change = len(wrong)
    wrong.extend(_against(draft, new))
    return Proof(adopt, observed, change, tuple(wrong))


def _against(draft: Draft, new: Collection[Address]) -> Iterator[Finding]:
    """Yield what planning has against the new manifests, and what it could not look at."""
    for each in draft.findings:
        about = each.address.resource if each.address is not None else None
        if about in new or (about is None and each.severity is Severity.ERROR and new):
            yield each


def _unfaithful(step: Step) -> Finding:
    return Finding(
        "AUD2304",
        Severity.ERROR,
        f"{step.address}: the new manifest does not say what is live; applying would {step.change} {step.type}"
        f" {step.live_id}: {overwritten(step.fields)}".replace("  ", " "),
        step.span,
        "correct the manifest, or remove it: it stays as it was written",
        step.address,
    )
