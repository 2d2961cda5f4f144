"""``spec.removed`` of a project file: explicit words about resources whose manifests are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audctl.errors import FindingsError
from audctl.model.address import parse_address
from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS
from audctl.model.policy import Removed, RemovedAction
from audctl.model.resource import DEFAULT_POLICIES, DeletionPolicy
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.resource import Places, Resource
    from audctl.model.span import Span

NEVER_OWNED = frozenset({"Destination"})
"""Kinds that are only observed: there is nothing to let go of."""

PAUSABLE = frozenset(
    kind for kind, policy in DEFAULT_POLICIES.items() if policy is DeletionPolicy.PAUSE
)
"""Kinds that have an object which can be paused."""


def read_removed(spec: Mapping[str, Any], places: Places) -> tuple[Removed, ...]:
    """Return the entries of a valid ``spec``; raise FindingsError with all that is wrong with them."""
    entries: dict[Address, Removed] = {}
    findings: list[Finding] = []
    for index, tree in enumerate(spec.get("removed", [])):
        path = f"spec.removed[{index}]"
        address = parse_address(tree["address"])
        entry = Removed(
            address=address,
            action=RemovedAction(tree["action"]),
            reason=tree["reason"],
            span=places.span(f"{path}.address"),
        )
        findings.extend(_problems(entry, entries, places.span(f"{path}.action")))
        entries.setdefault(address, entry)
    if findings:
        raise FindingsError(findings)
    return tuple(entries.values())


def _problems(entry: Removed, earlier: Collection[Address], action_span: Span) -> Iterator[Finding]:
    kind = entry.address.kind
    if kind not in KINDS:
        yield Finding(
            "AUD1113",
            Severity.ERROR,
            f'spec.removed: {entry.address} is of kind "{kind}", which audctl does not know',
            entry.span,
            did_you_mean(kind, KINDS),
        )
    elif kind in NEVER_OWNED:
        yield Finding(
            "AUD1114",
            Severity.ERROR,
            f"spec.removed: nothing is ever owned of {entry.address}",
            entry.span,
            f"a {kind} is only observed: dropping its manifest is enough",
        )
    elif entry.action is RemovedAction.PAUSE and kind not in PAUSABLE:
        yield Finding(
            "AUD1114",
            Severity.ERROR,
            f"spec.removed: {entry.address} cannot be paused",
            action_span,
            "action: forget leaves it as it is, action: delete removes it",
        )
    if entry.address in earlier:
        yield Finding(
            "AUD1115",
            Severity.ERROR,
            f"spec.removed names {entry.address} twice",
            entry.span,
            "remove one of the two",
        )


def find_unremoved(removed: Iterable[Removed], resources: Iterable[Resource]) -> Iterator[Finding]:
    """Yield an error for each entry whose resource still has a manifest: two places say two things."""
    there = {each.address: each for each in resources}
    for entry in removed:
        resource = there.get(entry.address)
        if resource is not None:
            yield Finding(
                "AUD1116",
                Severity.ERROR,
                f"spec.removed says {entry.action} of {entry.address}, which has a manifest "
                f"({resource.span('metadata.name')})",
                entry.span,
                "remove the manifest, or this entry",
                entry.address,
            )
