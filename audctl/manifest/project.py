"""``audctl.yaml``: which folders hold manifests, and which environments they may be applied to."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - decoding reads these annotations at run time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from audctl.errors import FindingsError
from audctl.manifest.decode import decode
from audctl.manifest.discover import PROJECT_FILE
from audctl.manifest.removed import read_removed
from audctl.manifest.restrictions import read_restrictions
from audctl.manifest.schema_check import explain
from audctl.manifest.schemas import PROJECT_KIND, kind_schema
from audctl.manifest.settle import settle_loose
from audctl.manifest.yaml_tree import read_documents, read_source
from audctl.model.finding import Finding, Severity
from audctl.model.policy import GRACE_DAYS, Limits
from audctl.model.span import Span
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.manifest.yaml_tree import Document
    from audctl.model.policy import Removed, Restriction
    from audctl.model.resource import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A repo of manifests."""

    name: str
    root: Path
    file: Path
    manifests: tuple[str, ...]
    """Folders, relative to the root."""
    environments: Mapping[str, Any]
    """As written, by name: references in them are replaced only in the one that is used."""
    default_environment: str | None
    guards: Limits
    """Of the project itself; an environment's own ones win (:func:`audctl.manifest.policy.plan_policy`)."""
    guards_tree: Mapping[str, Any]
    """The same as written: only what is set."""
    restrictions: tuple[Restriction, ...]
    removed: tuple[Removed, ...]
    grace_days: int
    """Between pausing an object whose manifest is gone and deleting it."""
    places: Places


def load_project(path: Path) -> Project:
    """Read a project file, or the one in a folder; raise FindingsError.

    :func:`audctl.manifest.discover.find_project` finds it upward from a working directory.
    """
    file = path / PROJECT_FILE if path.is_dir() else path
    document = _read(file)
    schema = kind_schema(PROJECT_KIND)
    settle_loose(document, schema)
    if not schema.is_valid(document.root):
        raise FindingsError(explain(document, schema))
    assert isinstance(document.root, dict)
    tree: Any = document.root
    spec = tree["spec"]
    environments = spec["environments"]
    return Project(
        name=tree["metadata"]["name"],
        root=file.parent.absolute(),
        file=file.absolute(),
        manifests=tuple(spec.get("manifests", ["."])),
        environments=MappingProxyType(environments),
        default_environment=_default(spec, document),
        guards=decode(Limits, spec.get("guards", {}), {}),
        guards_tree=MappingProxyType(spec.get("guards", {})),
        restrictions=read_restrictions(spec, document.positions),
        removed=read_removed(spec, document.positions),
        grace_days=spec.get("graceDays", GRACE_DAYS),
        places=document.positions,
    )


def _read(file: Path) -> Document:
    if file.exists() and not file.is_file():
        message = f"project file {file} is not a regular file"
        raise FindingsError([Finding("AUD1012", Severity.ERROR, message)])
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"project file {file} cannot be read: {error.strerror}"
        raise FindingsError([Finding("AUD1101", Severity.ERROR, message)]) from error
    source = read_source(file.name, data)
    if isinstance(source, Finding):
        raise FindingsError([source])
    documents, findings = read_documents(source)
    if findings:
        raise FindingsError(findings)
    if len(documents) != 1:
        message = f"a project file holds one document, not {len(documents)}"
        raise FindingsError([Finding("AUD1107", Severity.ERROR, message, Span(file.name, 1, 1))])
    return documents[0]


def _default(spec: Mapping[str, Any], document: Document) -> str | None:
    environments = spec["environments"]
    default: str | None = spec.get("defaultEnvironment")
    if default is None:
        return next(iter(environments)) if len(environments) == 1 else None
    if default not in environments:
        raise FindingsError(
            [
                Finding(
                    "AUD1108",
                    Severity.ERROR,
                    f'spec.defaultEnvironment is "{default}", which spec.environments does not define',
                    document.positions.span("spec.defaultEnvironment"),
                    did_you_mean(default, environments),
                )
            ]
        )
    return default
