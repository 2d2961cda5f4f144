"""The published schema of plan files and what audctl writes must agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audctl.model.change import Change, FieldReason
from audctl.model.effect import SMALL_COUNT, CountSource
from audctl.model.finding import Severity
from audctl.model.match_rate import Basis
from audctl.model.resource import DeletionPolicy
from audctl.model.verdict import Judgement
from audctl.plan.plan_json import plan_to_json
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state
from tests.unit.plan.test_plan_file import rich_plan

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "schemas" / "plan.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_is_written_is_valid() -> None:
    VALIDATOR.validate(plan_to_json(rich_plan()))
    VALIDATOR.validate(plan_to_json(make_plan([], make_state(), make_ledger())))


def test_a_plan_with_removals_and_findings_is_valid() -> None:
    live = make_state(
        make_live("campaign.list", "1", {"name": "a"}),
        make_live("campaign.list", "2", {"name": "b"}),
        make_live("aam.segment", "3", {"status": "active"}),
    )
    ledger = make_ledger(
        make_entry("List/a#campaign.list", "1", {"name": "a"}, deletion_policy="Delete"),
        make_entry("Audience/s#aam.segment", "3", {}, deletion_policy="Pause"),
        make_entry("DataSource/d#aam.dataSource", "9", {}, deletion_policy="Orphan"),
    )
    plan = make_plan([make_desired("List/b#campaign.list", {"name": "b"})], live, ledger)
    assert plan.findings
    content = plan_to_json(plan)
    assert {each["change"] for each in content["changes"]} == {"delete", "pause"}
    VALIDATOR.validate(content)


def test_every_key_is_described_and_every_description_has_its_key() -> None:
    content = plan_to_json(rich_plan())
    step = content["changes"][0]
    for written, described in (
        (content, SCHEMA),
        (content["environment"], SCHEMA["properties"]["environment"]),
        (content["options"], SCHEMA["properties"]["options"]),
        (content["kept"][0], SCHEMA["properties"]["kept"]["items"]),
        (content["findings"][0], SCHEMA["$defs"]["finding"]),
        (step, SCHEMA["$defs"]["step"]),
        (content["revision"], SCHEMA["properties"]["revision"]),
        (content["effects"][0], SCHEMA["$defs"]["effect"]),
        (content["effects"][0]["impact"], SCHEMA["$defs"]["impact"]),
        (content["match_rates"][0], SCHEMA["$defs"]["matchRate"]),
        (content["verdicts"][0], SCHEMA["$defs"]["verdict"]),
        (step["fields"][0], SCHEMA["$defs"]["field"]),
    ):
        assert set(written) == set(described["properties"]) == set(described["required"])
        assert all("description" in each for each in described["properties"].values())


def test_closed_lists_agree_with_the_model() -> None:
    step = SCHEMA["$defs"]["step"]["properties"]
    assert set(step["change"]["enum"]) == set(Change) - {Change.KEEP}
    assert set(SCHEMA["properties"]["summary"]["propertyNames"]["enum"]) == set(Change)
    assert set(step["deletion_policy"]["enum"]) == {"", *DeletionPolicy}
    assert set(SCHEMA["$defs"]["field"]["properties"]["reason"]["enum"]) == set(FieldReason)
    assert set(SCHEMA["$defs"]["finding"]["properties"]["severity"]["enum"]) == set(Severity)
    assert set(SCHEMA["$defs"]["impact"]["properties"]["source"]["enum"]) == set(CountSource)
    assert set(SCHEMA["$defs"]["verdict"]["properties"]["judgement"]["enum"]) == set(Judgement)
    assert set(SCHEMA["$defs"]["matchRate"]["properties"]["basis"]["enum"]) == set(Basis)
    assert {"const": f"<{SMALL_COUNT}"} in SCHEMA["$defs"]["people"]["anyOf"]


@pytest.mark.parametrize("key", ["digest", "changes", "environment"])
def test_a_plan_without_its_parts_is_invalid(key: str) -> None:
    content = plan_to_json(rich_plan())
    del content[key]
    assert not VALIDATOR.is_valid(content)
