"""A run's problems as a Code Climate report, which GitLab shows beside the changed lines."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.reports.observations import anchor, observations, with_ordinals

if TYPE_CHECKING:
    from audctl.model.run import Run

SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def codequality(run: Run) -> tuple[str, ...]:
    """Return a JSON array; fingerprints hold no line numbers, so that a moved problem stays the same one."""
    entries = []
    for each, identity in with_ordinals(observations(run)):
        place = anchor(each)
        hint = f" ({each.hint})" if each.hint else ""
        entries.append(
            {
                "description": printable(f"{each.message}{hint}"),
                "check_name": each.code,
                "fingerprint": hashlib.sha256(
                    "\0".join(identity).encode("utf-8", "replace")
                ).hexdigest(),
                "severity": SEVERITIES[each.severity],
                "location": {
                    "path": printable(run.path(place.file)),
                    "lines": {"begin": place.line},
                },
            }
        )
    return (json.dumps(entries, indent=2, ensure_ascii=False) + "\n",)
