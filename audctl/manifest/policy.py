"""What a project says about plans, as the environment in use sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audctl.manifest.decode import decode
from audctl.model.policy import Limits, PlanPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.manifest.environment import Environment
    from audctl.manifest.project import Project


def plan_policy(project: Project, environment: Environment) -> PlanPolicy:
    """Return the limits, the environment's own ones first, and the restrictions that hold there."""
    return PlanPolicy(
        limits=decode(Limits, _merged(project.guards_tree, environment.guards), {}),
        restrictions=project.restrictions,
        removed=project.removed,
        grace_days=project.grace_days,
        environment=environment.name,
        places=project.places,
    )


def _merged(project: Mapping[str, Any], environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the project's limits with the environment's over them; quotas count one by one, like limits."""
    merged = {**project, **environment}
    if "quotas" in project and "quotas" in environment:
        merged["quotas"] = {**project["quotas"], **environment["quotas"]}
    return merged
