"""All manifests of a project: read, checked against their schemas, decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audctl.manifest.decode import decode_resource
from audctl.manifest.discover import discover
from audctl.manifest.document_kind import document_kind
from audctl.manifest.environment import substitution_for
from audctl.manifest.schema_check import explain
from audctl.manifest.schemas import PROJECT_KIND, kind_schema
from audctl.manifest.settle import settle_loose, settle_templates
from audctl.manifest.yaml_tree import read_documents, read_source
from audctl.model.finding import Finding, Severity
from audctl.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audctl.manifest.environment import Environment
    from audctl.manifest.project import Project
    from audctl.manifest.substitute import Substitution
    from audctl.manifest.yaml_tree import Document
    from audctl.model.resource import Resource
    from audctl.redact import Secret


_NO_MANIFESTS = "AUD1010"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What the manifests say. With an error among the findings, ``resources`` is empty."""

    resources: tuple[Resource, ...]
    """In file order."""
    findings: tuple[Finding, ...]
    """In file order; of reading and of schemas together."""
    digest: str
    """SHA-256 over names and bytes of all manifest files; says nothing about referenced values."""


def load_manifests(
    project: Project,
    environment: Environment,
    *,
    environ: Mapping[str, str],
    may_be_empty: bool = False,
) -> LoadResult:
    """Read every manifest of the project, as the environment sees it.

    ``may_be_empty``: a folder without manifests is one that is about to get some.
    """
    folders = [
        (folder, project.places.span(f"spec.manifests[{index}]"))
        for index, folder in enumerate(project.manifests)
    ]
    files, findings = discover(project.root, folders, project.file, project=project.name)
    if may_be_empty:
        findings = [each for each in findings if each.code != _NO_MANIFESTS]
    loading = _Loading(substitution_for(project.root, environment, environ), findings)
    return loading.run(files)


class _Loading:
    """One load: every file is read, then every document of a sound file meets its schema."""

    def __init__(self, substitution: Substitution, findings: list[Finding]) -> None:
        self.substitution = substitution
        self.findings = findings
        self.documents: list[tuple[str, Document]] = []
        self.secrets: dict[str, Secret] = {}
        self.digest = hashlib.sha256()

    def run(self, files: list[tuple[str, Path]]) -> LoadResult:
        for name, path in files:
            self._read(name, path)
        resources = self._decode()
        return self._result([] if self._has_errors() else resources)

    def _has_errors(self) -> bool:
        return any(each.severity is Severity.ERROR for each in self.findings)

    def _result(self, resources: list[Resource]) -> LoadResult:
        return LoadResult(
            resources=tuple(resources),
            findings=tuple(sorted(self.findings, key=lambda each: each.sort_key)),
            digest=self.digest.hexdigest(),
        )

    def _read(self, name: str, path: Path) -> None:
        start = Span(name, 1, 1)
        try:
            data = path.read_bytes()
        except OSError as error:
            self._problem("AUD1003", f"file cannot be read: {error.strerror}", start)
            return
        self.digest.update(f"{name}\0{len(data)}\0".encode())
        self.digest.update(data)
        source = read_source(name, data)
        if isinstance(source, Finding):
            self.findings.append(source)
            return
        documents, findings = read_documents(source)
        if findings:
            # A document that lost a key, or its end, would only give findings that follow from that.
            self.findings += findings
            return
        if not documents:
            self._problem("AUD1009", "file holds no manifest", start, "fill it or remove it")
        for document in documents:
            self._settle(document)

    def _settle(self, document: Document) -> None:
        kind = self._kind(document)
        if kind is None:
            return
        if document.loose or document.templates:
            schema = kind_schema(kind)
            settle_loose(document, schema)
            self.findings += settle_templates(document, schema, self.substitution, self.secrets)
        self.documents.append((kind, document))

    def _kind(self, document: Document) -> str | None:
        """Return the document's kind; None, and a finding, when it is not one of ours."""
        kind = document_kind(document)
        if isinstance(kind, Finding):
            self.findings.append(kind)
            return None
        if kind == PROJECT_KIND:
            self._problem(
                "AUD1201", "a second project file; a project has one, at its root",
                document.positions.span("kind"),
                "remove it, or list the folders to read under spec.manifests",
            )  # fmt: skip
            return None
        return kind

    def _decode(self) -> list[Resource]:
        resources = []
        usable = not self._has_errors()
        valid = {kind: kind_schema(kind).is_valid for kind in {kind for kind, _ in self.documents}}
        for kind, document in self.documents:
            root: Any = document.root
            if not valid[kind](root):
                self.findings += explain(document, kind_schema(kind))
            elif usable:
                resources.append(decode_resource(kind, root, document.positions, self.secrets))
        return resources

    def _problem(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.findings.append(Finding(code, Severity.ERROR, message, span, hint))
