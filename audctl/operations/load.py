"""From files to desired objects: read, checked, resolved; no call to any live system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.manifest.discover import find_project
from audctl.manifest.environment import AudienceIdentifier, select_environment
from audctl.manifest.load import load_manifests
from audctl.manifest.project import load_project
from audctl.manifest.removed import find_unremoved
from audctl.model.finding import Severity
from audctl.operations.uncollected import uncollected
from audctl.resolve.references import check_references

if TYPE_CHECKING:
    from audctl.manifest.environment import Environment
    from audctl.manifest.project import Project
    from audctl.model.desired import DesiredObject
    from audctl.model.finding import Finding
    from audctl.model.resource import Resource
    from audctl.operations.context import Context


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """One project as one environment sees it."""

    project: Project
    environment: Environment
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    digest: str

    @property
    def has_errors(self) -> bool:
        """Whether the manifests cannot be used."""
        return any(each.severity is Severity.ERROR for each in self.findings)

    def desired(self) -> tuple[DesiredObject, ...]:
        """Return what the manifests ask for; raise FindingsError when they cannot be used."""
        from audctl.resolve.desired import desired_objects  # noqa: PLC0415 - validate needs none

        if self.has_errors:
            raise FindingsError(self.findings)
        campaign = self.environment.campaign
        identifier = campaign.audience_identifier if campaign else AudienceIdentifier.MAPPING
        return desired_objects(self.resources, audience_identifier=identifier.value)


@uncollected()
def load(context: Context, *, may_be_empty: bool = False) -> Loaded:
    """Read the project, its environment and all its manifests, of which there may be none yet if so said."""
    project = load_project(context.project_path or find_project(Path.cwd()))
    named = context.environment or project.default_environment or ""
    context.located(project.root, project.name, named)
    environment = select_environment(project, context.environment, environ=context.environ)
    read = load_manifests(project, environment, environ=context.environ, may_be_empty=may_be_empty)
    findings = read.findings
    if not any(each.severity is Severity.ERROR for each in findings):
        findings = (
            *findings,
            *check_references(read.resources),
            *find_unremoved(project.removed, read.resources),
        )
    return Loaded(
        project=project,
        environment=environment,
        resources=read.resources,
        findings=tuple(sorted(findings, key=lambda each: each.sort_key)),
        digest=read.digest,
    )
