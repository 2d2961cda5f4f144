"""Documents that list what the code holds must list all of it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from audctl.manifest.schemas import schema_kinds
from audctl.model.change import Change, FieldReason
from audctl.model.codes import CODES
from audctl.model.live import LiveState
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.plan.guards.case import Case
from audctl.plan.guards.judge import judge
from audctl.plan.guards.people import UNKNOWN_IMPACT
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ
from audctl.providers.campaign.names import CampaignNames

ROOT = Path(__file__).parents[2]
NOTHING_PLANNED = Case(
    steps=(), effects=(), desired=(), live=LiveState((), frozenset()), owned=0,
    options=PlanOptions(), policy=PlanPolicy(), today=None,
)  # fmt: skip
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
    text = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
    limits = Limits()
    guards = [each.guard for each in judge(NOTHING_PLANNED).verdicts]
    assert len(guards) == len(set(guards))
    for guard in guards:
        (row,) = re.findall(rf"^\| `{guard}` \| [^|]+ \| ([^|]+) \|", text, re.MULTILINE)
        field = re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", guard)
        default = getattr(limits, field, None)
        if default is not None:
            assert row == f"`{default}`", guard
    for each in fields(limits.quotas):
        name = re.sub(r"_(\w)", lambda found: found[1].upper(), each.name)
        assert f"| `{name}` | {getattr(limits.quotas, each.name):,}" in text
    for permission in (EMPTY_READ, EMPTY_PROJECT, UNKNOWN_IMPACT):
        assert f"`--allow {permission}:" in text


def test_every_code_of_the_law_is_explained() -> None:
    text = (ROOT / "docs" / "law.md").read_text(encoding="utf-8")
    law = {code for code in CODES if code.startswith(("AUD215", "AUD216"))}
    assert law <= set(re.findall(r"AUD\d{4}", text))


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("name", ["setup", "demo", "test", "check", "bench", "lock", "clean"])
def test_the_make_targets_that_documents_name_exist(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
