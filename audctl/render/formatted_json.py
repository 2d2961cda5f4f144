"""Files in canonical form as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.findings_json import findings
from audctl.render.to_terminal.formatted import difference

if TYPE_CHECKING:
    from audctl.model.formatted import FormatReport


def formatted_to_json(report: FormatReport, *, diff: bool) -> dict[str, object]:
    """Give ``{files: [{path, differs, diff?}], written, findings}``."""
    return {
        "files": [
            {"path": each.path, "differs": each.differs}
            | ({"diff": list(difference(each))} if diff else {})
            for each in report.files
        ],
        "written": report.written,
        "findings": findings(report.findings),
    }
