"""Status as text, JSON and metrics: one report in three forms."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from audctl.model.address import Address
from audctl.model.report import ReadFailure
from audctl.model.selection import Selection
from audctl.model.settling import Stage
from audctl.model.span import Span
from audctl.model.status import (
    BindingStatus,
    Definition,
    Direction,
    Freshness,
    Judged,
    StatusReport,
    StatusResult,
    Trouble,
)
from audctl.model.synchronisation import WorkflowRun
from audctl.render import status_json
from audctl.render.paint import PLAIN, Paint
from audctl.render.prometheus import METRICS, metrics, metrics_of_failure
from audctl.render.to_terminal import status as to_terminal

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
IMPORTER = WorkflowRun(name="importSharedAudience", going=True, processed_at=NOW - HOUR / 2)
SCHEMA = json.loads((ROOT / "schemas" / "status.schema.json").read_text(encoding="utf-8"))

FINE = BindingStatus(
    address=Address("ImportBinding", "carts"),
    direction=Direction.IMPORT,
    audience="carts",
    list="carts",
    definition=Definition.IN_PLACE,
    workflows=(IMPORTER,),
    runs=True,
    judged=Judged(freshness=Freshness.OK, synchronised_at=NOW - 26 * HOUR, limit=36 * HOUR),
    audience_people=812_000,
    list_people=310_000,
    span=Span("web/imports.yaml", 5, 1),
)
PENDING = replace(
    FINE,
    address=Address("ImportBinding", "lapsed"),
    judged=Judged(
        freshness=Freshness.PENDING,
        why="never synchronised",
        limit=36 * HOUR,
        earliest=NOW + 24 * HOUR,
        latest=NOW + 36 * HOUR,
        stages=(Stage("outbound", NOW + 24 * HOUR), Stage("import", NOW + 36 * HOUR)),
    ),
    audience_people=7,
    list_people=0,
)
OVERDUE = replace(
    FINE,
    address=Address("ExportBinding", "loyal"),
    direction=Direction.EXPORT,
    list="",
    definition=Definition.DIFFERS,
    troubles=(
        Trouble(
            address=Address("Audience", "loyal", "aam.segment"),
            definition=Definition.DIFFERS,
            fields=("label", "rule"),
        ),
    ),
    workflows=(
        WorkflowRun(name="loyal", going=False, failed=True, error_activity="js\x1b[2J"),
        WorkflowRun(name="exportSharedAudience", going=False),
    ),
    runs=False,
    judged=Judged(freshness=Freshness.OVERDUE, why="loyal is in error at js"),
    audience_people=None,
    list_people=None,
)
UNKNOWN = replace(
    FINE,
    address=Address("ImportBinding", "nobody-knows"),
    definition=Definition.UNKNOWN,
    workflows=(None,),
    runs=None,
    judged=Judged(freshness=Freshness.UNKNOWN, why="it could not be read"),
    audience_people=None,
    list_people=None,
    span=None,
)
REPORT = StatusReport(
    bindings=(OVERDUE, FINE, PENDING), live_as_of=NOW, project="shop", environment="prod"
)


def text(report: StatusReport, paint: Paint = PLAIN) -> str:
    return "\n".join(to_terminal.status(report, paint)) + "\n"


def samples(content: bytes) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and label values, as a collector would read it."""
    return {
        (each.name, *(each.labels[key] for key in sorted(each.labels))): each.value
        for family in text_string_to_metric_families(content.decode("utf-8"))
        for each in family.samples
    }


def test_a_table_says_how_each_binding_stands_and_why() -> None:
    assert text(REPORT) == (
        "Status: 3 bindings: 1 overdue, 1 pending, 1 ok, 1 not as the manifests say\n"
        "\n"
        "Imports (audience to list)          AGE   LIMIT    AUDIENCE        LIST  MATCH\n"
        "  ok       carts                  1d 2h  1d 12h     812,000     310,000    38%\n"
        "  pending  lapsed                     -  1d 12h         <50           0      -\n"
        "           never synchronised\n"
        "           expected from 2026-03-05 05:06 to 2026-03-05 17:06 UTC\n"
        "\n"
        "Exports (list to audience)          AGE   LIMIT    AUDIENCE        LIST  MATCH\n"
        "  overdue  loyal                      -       -           -           -      -\n"
        "           loyal is in error at js\n"
        "           differs: Audience/loyal#aam.segment: label, rule\n"
        "\n"
        "exportSharedAudience does not run\n"
        "importSharedAudience runs, last worked 30m ago\n"
    )


def test_lines_fit_a_narrow_terminal_and_colours_change_no_width() -> None:
    assert max(map(len, text(REPORT).splitlines())) <= 80
    painted = text(REPORT, Paint(on=True))
    assert "\x1b[31moverdue\x1b[0m" in painted
    for code in ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[1m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == text(REPORT)


def test_a_name_that_is_too_long_pushes_its_own_line_only() -> None:
    long = replace(FINE, address=Address("ImportBinding", "x" * 90))
    lines = text(replace(REPORT, bindings=(FINE, long))).splitlines()
    assert len(lines[3]) < 110
    assert "x" * 90 in lines[4] or "x" * 90 in lines[3]


@pytest.mark.parametrize(
    ("bindings", "failures", "result"),
    [
        ((), (), StatusResult.OK),
        ((FINE,), (), StatusResult.OK),
        ((FINE, PENDING), (), StatusResult.PENDING),
        ((FINE, PENDING, OVERDUE), (), StatusResult.OVERDUE),
        ((FINE, OVERDUE, UNKNOWN), (), StatusResult.UNKNOWN),
        ((FINE,), (ReadFailure(system="aam", message="x"),), StatusResult.UNKNOWN),
    ],
)
def test_the_worst_binding_is_the_answer_and_unknown_is_never_green(
    bindings: tuple[BindingStatus, ...], failures: tuple[ReadFailure, ...], result: StatusResult
) -> None:
    report = replace(REPORT, bindings=bindings, failures=failures)
    assert report.result is result
    up = samples(metrics(report))["audctl_status_up", "prod", "shop"]
    assert up == float(result is not StatusResult.UNKNOWN)


@pytest.mark.parametrize("binding", [FINE, PENDING, OVERDUE, UNKNOWN], ids=str)
def test_json_is_as_its_schema_says(binding: BindingStatus) -> None:
    report = replace(
        REPORT,
        bindings=(binding,),
        failures=(ReadFailure(system="aam", message="x"),),
        selection=Selection(only=("team=crm",)),
        left_out=3,
    )
    validator = jsonschema.Draft202012Validator(SCHEMA)
    document: Any = status_json.status(report)
    validator.validate(document)
    validator.validate(status_json.waited(report, lasted=HOUR, looks=3, timed_out=True))
    described = SCHEMA["properties"]["bindings"]["items"]["properties"]
    assert document["bindings"][0].keys() == described.keys()
    assert document.keys() | {"waited"} == SCHEMA["properties"].keys()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_metrics_say_what_the_table_says() -> None:
    found = samples(metrics(REPORT))
    carts = ("ImportBinding/carts", "import", "prod", "shop")
    lapsed = ("ImportBinding/lapsed", "import", "prod", "shop")
    loyal = ("ExportBinding/loyal", "export", "prod", "shop")
    at = (NOW - 26 * HOUR).timestamp()
    expected = {
        ("audctl_binding_last_synchronisation_timestamp_seconds", *carts): at,
        ("audctl_binding_age_seconds", *carts): 93_600,
        ("audctl_binding_freshness_limit_seconds", *carts): 129_600,
        ("audctl_binding_overdue", *carts): 0,
        ("audctl_binding_overdue", *loyal): 1,
        ("audctl_binding_pending", *lapsed): 1,
        ("audctl_binding_expected_timestamp_seconds", *lapsed): (NOW + 36 * HOUR).timestamp(),
        ("audctl_binding_definition_in_place", *carts): 1,
        ("audctl_binding_definition_in_place", *loyal): 0,
        ("audctl_binding_workflows_running", *loyal): 0,
        ("audctl_binding_members", *carts, "audience"): 812_000,
        ("audctl_binding_members_small", *lapsed, "audience"): 1,
        ("audctl_binding_members", *lapsed, "list"): 0,
        ("audctl_binding_match_ratio", *carts): 0.38,
        ("audctl_bindings", "prod", "overdue", "shop"): 1,
        ("audctl_bindings", "prod", "unknown", "shop"): 0,
        ("audctl_status_timestamp_seconds", "prod", "shop"): NOW.timestamp(),
    }
    assert expected.items() <= found.items()
    # Neither a small count nor anything it could be reckoned from, and nothing about what is not known.
    assert ("audctl_binding_members", *lapsed, "audience") not in found
    assert ("audctl_binding_match_ratio", *lapsed) not in found
    assert not [
        key for key in found if key[0].startswith("audctl_binding_members") and loyal[0] in key
    ]


def test_what_is_unknown_has_no_sample_and_a_failed_look_leaves_nothing_old() -> None:
    found = samples(metrics(replace(REPORT, bindings=(UNKNOWN,))))
    assert not [key for key in found if key[0].startswith("audctl_binding_")]
    failed = samples(metrics_of_failure("shop", "prod", 5.0))
    assert failed["audctl_status_up", "prod", "shop"] == 0
    assert {key[0] for key in failed} == {
        "audctl_build_info",
        "audctl_status_up",
        "audctl_status_timestamp_seconds",
    }


@given(name=st.text(max_size=30), project=st.text(max_size=30))
def test_no_name_breaks_the_file(name: str, project: str) -> None:
    hostile = replace(FINE, address=Address("ImportBinding", name + 'a"} 1\n# x\\'))
    content = metrics(replace(REPORT, bindings=(hostile,), project=project))
    found = samples(content)
    assert len(found) == len(samples(metrics(replace(REPORT, bindings=(FINE,)))))
    for line in content.decode().splitlines():
        assert line.startswith(("# HELP audctl_", "# TYPE audctl_", "audctl_"))


def test_every_metric_is_documented() -> None:
    docs = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
    for name, (_, labels) in METRICS.items():
        shown = ", ".join(f"`{each}`" for each in labels)
        assert f"| `{name}` | {shown} |" in docs
