"""Laws of the canonical form: it says the same, keeps every comment, and is its own canonical form."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, assume, given, settings

from audctl.manifest.document_kind import document_kind
from audctl.manifest.form.canonical import canonical_text
from audctl.manifest.form.comments import Lines, read_comments
from audctl.manifest.positions import SourceFile
from audctl.manifest.schemas import kind_schema
from audctl.manifest.settle import settle_loose
from audctl.manifest.yaml_tree import read_documents
from tests.properties.untidy import untidy_files

laws = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def canonical(text: str) -> str:
    made = canonical_text(SourceFile("any.yaml", text.encode()))
    assert isinstance(made, str), made
    return made


def loaded(text: str) -> list[str] | None:
    """Read as every command does; numbers, truths and texts told apart."""
    documents, findings = read_documents(SourceFile("any.yaml", text.encode()))
    if findings:
        return None
    for each in documents:
        kind = document_kind(each)
        if not isinstance(kind, str):
            return None
        settle_loose(each, kind_schema(kind))
    return [json.dumps(each.root, sort_keys=True) for each in documents]


def comments_of(text: str) -> list[str]:
    return sorted(each.text for each in read_comments(text, Lines(text)))


@given(untidy_files())
@laws
def test_the_canonical_form_says_the_same_keeps_comments_and_is_its_own(text: str) -> None:
    before = loaded(text)
    assume(before)
    made = canonical(text)
    assert loaded(made) == before
    assert comments_of(made) == comments_of(text)
    assert canonical(made) == made
