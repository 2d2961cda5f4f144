"""Documents that list what the code holds must list all of it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from audctl.manifest.schemas import schema_kinds
from audctl.model.change import Change, FieldReason
from audctl.plan.guards import DEFAULT_LIMITS
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ
from audctl.providers.campaign.names import CampaignNames

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_name_setting_is_listed_with_its_default() -> None:
    text = (ROOT / "docs" / "live-systems.md").read_text(encoding="utf-8")
    for each in fields(CampaignNames):
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), each.name)
        assert f"| `{camel}` | `{each.default}` |" in text


def test_every_kind_is_described() -> None:
    text = (ROOT / "docs" / "manifests.md").read_text(encoding="utf-8")
    for kind in schema_kinds():
        assert f"| `{kind}` |" in text or f"kind: {kind}" in text


def test_every_change_and_field_reason_is_explained() -> None:
    text = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    for change in Change:
        assert change.value in text
    for reason in (
        FieldReason.MANIFEST,
        FieldReason.DRIFT,
        FieldReason.CONFLICT,
        FieldReason.RESET,
    ):
        assert f"| `{reason.value}` |" in text


def test_every_guard_is_listed_with_its_default() -> None:
    text = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    for guard, limit in DEFAULT_LIMITS.items():
        assert re.search(rf"^\| `{guard}` \| \w+ \| `{re.escape(limit)}` \|$", text, re.MULTILINE)
    for permission in (EMPTY_READ, EMPTY_PROJECT):
        assert f"`--allow {permission}:" in text


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("name", ["setup", "demo", "test", "check", "bench", "lock", "clean"])
def test_the_make_targets_that_documents_name_exist(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
