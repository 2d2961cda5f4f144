"""Which kind a document is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.manifest.schemas import API_VERSION, schema_kinds
from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from audctl.manifest.yaml_tree import Document


def document_kind(document: Document) -> str | Finding:
    """Return the document's kind, the project's included, or a finding when it is not one of ours."""
    root = document.root
    places = document.positions
    if not isinstance(root, dict):
        return Finding(
            "AUD1201", Severity.ERROR,
            "a manifest is a mapping with apiVersion, kind, metadata and spec", places.span(""),
        )  # fmt: skip
    version, kind = root.get("apiVersion"), root.get("kind")
    if version != API_VERSION:
        found = "apiVersion is missing" if version is None else f'apiVersion is "{version}"'
        return Finding(
            "AUD1202", Severity.ERROR, f"{found}; expected {API_VERSION}", places.span("apiVersion"),
            "files that are no manifests belong outside the folders of spec.manifests"
            if version is None else "",
        )  # fmt: skip
    if isinstance(kind, str) and kind in schema_kinds():
        return kind
    shown = "kind is missing" if kind is None else f'unknown kind "{kind}"'
    hint = did_you_mean(str(kind), KINDS) or f"kinds: {', '.join(sorted(KINDS))}"
    return Finding("AUD1201", Severity.ERROR, shown, places.span("kind"), hint)
