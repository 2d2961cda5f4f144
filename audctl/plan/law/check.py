"""Law over manifests alone, before anything live is read."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.policy import Unlabelled
from audctl.plan.law.export_controls import check_export_controls
from audctl.plan.law.landscape import Landscape
from audctl.plan.law.restrictions import check_restrictions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from audctl.model.finding import Finding
    from audctl.model.policy import PlanPolicy
    from audctl.model.resource import Resource


def check_law(
    resources: Iterable[Resource], policy: PlanPolicy, today: date
) -> tuple[Finding, ...]:
    """Return what valid manifests show to be blocked, restricted or unlabelled, in file order.

    A plan sees more: controls and labels that stand live only, and traits that a rule names by their ids.
    """
    land = Landscape(resources={each.address: each for each in resources}, ids=MappingProxyType({}))
    strict = policy.limits.export_controls is Unlabelled.STRICT
    found = [
        *check_export_controls(land, strict=strict),
        *check_restrictions(land, policy, today).findings,
    ]
    return tuple(sorted(found, key=lambda each: each.sort_key))
