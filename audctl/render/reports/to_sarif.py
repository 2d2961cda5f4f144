"""A run's problems as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from audctl.model.codes import CODES
from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.reports.markdown_text import shortened
from audctl.render.reports.observations import anchor, observations, with_ordinals

if TYPE_CHECKING:
    from audctl.model.finding import Finding
    from audctl.model.run import Run

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 25_000
"""Code scanning refuses a file with more."""

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_TAGS = (
    ("AUD10", "yaml"),
    ("AUD11", "project"),
    ("AUD12", "schema"),
    ("AUD13", "reference"),
    ("AUD14", "rule"),
    ("AUD20", "plan"),
    ("AUD21", "guard"),
    ("AUD25", "drift"),
    ("AUD26", "run"),
)

Json = dict[str, Any]


def sarif(run: Run) -> tuple[str, ...]:
    """Return one log with one run; of more results than a file may hold the worst, and a note about the others."""
    found = observations(run)
    kept = found[:MOST_RESULTS]
    worst: dict[str, Severity] = {}
    for each in kept:
        worst.setdefault(each.code, each.severity)
    indexes = {code: index for index, code in enumerate(sorted(worst))}
    driver: Json = {
        "name": "audctl",
        "rules": [_rule(code, worst[code]) for code in indexes],
    }
    version = run.tool.partition(" ")[2]
    if version:
        driver["version"] = version
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": _category(run)},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "%SRCROOT%": {"description": {"text": "The root of the repository."}}
                },
                "invocations": [_invocation(run, len(found) - len(kept))],
                "results": [
                    _result(run, each, identity, indexes) for each, identity in with_ordinals(kept)
                ],
            }
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n",)


def _category(run: Run) -> str:
    """Return what keeps uploads apart that are about different things: ``audctl/plan/shop/prod/``."""
    parts = ("audctl", run.command, run.project, run.environment)
    return "".join(f"{quote(each.encode('utf-8', 'replace'), safe='')}/" for each in parts if each)


def _rule(code: str, worst: Severity) -> Json:
    meaning = CODES.get(code, code)
    help_text = f"{meaning} The message names the place and the way out. See: audctl explain {code}"
    return {
        "id": code,
        "name": code,
        "shortDescription": {"text": meaning},
        "fullDescription": {"text": meaning},
        "help": {
            "text": help_text,
            "markdown": f"{meaning}\n\nThe message names the place and the way out. `audctl explain {code}`",
        },
        "defaultConfiguration": {"level": LEVELS[worst]},
        "properties": {
            "tags": ["audctl", *(tag for prefix, tag in _TAGS if code.startswith(prefix))],
            "precision": "very-high",
            "problem.severity": {"note": "recommendation"}.get(LEVELS[worst], LEVELS[worst]),
        },
    }


def _result(run: Run, finding: Finding, identity: tuple[str, ...], indexes: dict[str, int]) -> Json:
    place = anchor(finding)
    hint = f" ({finding.hint})" if finding.hint else ""
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {
                "uri": quote(run.path(place.file).encode("utf-8", "replace")),
                "uriBaseId": "%SRCROOT%",
            },
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }
    if finding.address is not None:
        name = printable(str(finding.address))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    text = printable(shortened(f"{finding.message}{hint}"))
    if "](" in text:  # would be read as a link
        text = text.replace("[", "\\[").replace("]", "\\]")
    digest = hashlib.sha256("\0".join(identity).encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": finding.code,
        "ruleIndex": indexes[finding.code],
        "level": LEVELS[finding.severity],
        "message": {"text": text or finding.code},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{digest[:32]}:{identity[-1]}"},
    }


def _invocation(run: Run, left_out: int) -> Json:
    invocation: Json = {
        "executionSuccessful": run.failure is None,
        "exitCode": run.exit_code,
        "startTimeUtc": f"{run.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "endTimeUtc": f"{run.ended_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    if left_out:
        text = f"{left_out} more findings are left out: a file may hold {MOST_RESULTS}."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return invocation
