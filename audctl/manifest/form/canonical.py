"""One file in canonical form, and the proof that it says what it said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audctl.manifest.document_kind import document_kind
from audctl.manifest.form.comments import Lines, read_comments
from audctl.manifest.form.lines import document_lines
from audctl.manifest.form.tree import CannotFormatError, read_written
from audctl.manifest.positions import SourceFile
from audctl.manifest.schemas import kind_schema
from audctl.manifest.settle import settle_loose
from audctl.manifest.yaml_tree import read_documents
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from audctl.manifest.yaml_tree import Document


def canonical_text(source: SourceFile) -> str | tuple[Finding, ...]:
    """Return a file's text in canonical form, or why it has none: everything that is wrong with it as YAML.

    Whether it fits its schema does not matter.
    """
    documents, findings = read_documents(source)
    if findings:
        return tuple(findings)
    if not documents:
        return (_problem(source, 0, "AUD1009", "file holds no manifest", "fill it or remove it"),)
    kinds = [document_kind(each) for each in documents]
    strange = [each for each in kinds if isinstance(each, Finding)]
    if strange:
        return tuple(strange)
    known = [each for each in kinds if isinstance(each, str)]
    try:
        written = read_written(source.text)
        parts = [
            document_lines(each, kind_schema(kind))
            for each, kind in zip(written, known, strict=True)
        ]
    except CannotFormatError as error:
        return (
            _problem(source, error.offset, "AUD1013", f"file stays as it is: {error}", error.hint),
        )
    text = "".join(
        f"{line}\n" for number, part in enumerate(parts) for line in _parted(part, number)
    )
    if text != source.text and not _says_the_same(source, documents, known, text):
        # A fault of audctl's own; a file that loses something would be worse than one that keeps its layout.
        return (
            _problem(
                source, 0, "AUD1013",
                "file stays as it is: its canonical form would not say the same", "please report it",
            ),
        )  # fmt: skip
    return text


def _parted(lines: list[str], number: int) -> list[str]:
    return ["---", *lines] if number and not lines[0].startswith("---") else lines


def _says_the_same(
    source: SourceFile, documents: list[Document], kinds: list[str], text: str
) -> bool:
    again, findings = read_documents(SourceFile(source.name, text.encode()))
    return (
        not findings
        and _values(documents, kinds) == _values(again, kinds)
        and _comments(source.text) == _comments(text)
    )


def _values(documents: list[Document], kinds: list[str]) -> list[str] | None:
    """Return all values with their types; 1, 1.0 and true are one to Python and three to JSON."""
    if len(documents) != len(kinds):
        return None
    for document, kind in zip(documents, kinds, strict=True):
        settle_loose(document, kind_schema(kind))
    return [json.dumps(each.root, sort_keys=True) for each in documents]


def _comments(text: str) -> list[str]:
    return sorted(each.text for each in read_comments(text, Lines(text)))


def _problem(source: SourceFile, offset: int, code: str, message: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, message, source.span(offset), hint)
