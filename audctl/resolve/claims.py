"""Two resources that ask for one live object: found before anything live is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.kinds.kind import Claim, Surroundings
    from audctl.model.resource import Resource


def check_claims(around: Surroundings) -> Iterator[Finding]:
    """Yield a finding for every claim that an earlier resource has made already."""
    first: dict[tuple[str, tuple[str, ...]], tuple[Resource, Claim]] = {}
    for resource in around.resources.values():
        for claim in KINDS[resource.address.kind].claims(resource, around):
            other = first.setdefault(claim[:2], (resource, claim))
            if other[1] is not claim:
                yield _finding(*other, resource, claim)


def _finding(first: Resource, there: Claim, second: Resource, here: Claim) -> Finding:
    key = " / ".join(f'"{part}"' for part in here.key if part)
    return Finding(
        "AUD1307",
        Severity.ERROR,
        f"{second.address} and {first.address} both ask for the {here.type} {key}",
        second.span(here.path),
        f"the other one stands at {first.span(there.path)}; change or remove one of the two",
        second.address,
    )
