"""What the ledger's commands give as plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.ledger_edit import LedgerEdit


def ledger_edit_to_json(edit: LedgerEdit) -> dict[str, Any]:
    """Give ``{project, environment, serial, saved, entries: [{edit, address, before, liveId, …}], notes}``."""
    return {
        "project": edit.project,
        "environment": edit.environment,
        "serial": edit.serial,
        "saved": edit.saved,
        "entries": [
            {
                "edit": each.edit.value,
                "address": str(each.address),
                "before": None if each.before is None else str(each.before),
                "liveId": each.live_id or None,
                "label": each.label or None,
                "note": each.note or None,
            }
            for each in edit.entries
        ],
        "notes": list(edit.notes),
    }


def document_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Give an exported ledger as JSON, an entry a line: two of them are compared by any tool that compares lines."""
    yield "{"
    last = len(document) - 1
    for number, (name, content) in enumerate(document.items()):
        comma = "" if number == last else ","
        if isinstance(content, list) and content:
            yield f"  {_compact(name)}: ["
            for place, each in enumerate(content):
                yield f"    {_compact(each)}{'' if place == len(content) - 1 else ','}"
            yield f"  ]{comma}"
        else:
            yield f"  {_compact(name)}: {_compact(content)}{comma}"
    yield "}"


def _compact(content: object) -> str:
    # ASCII alone: half a surrogate pair, which a live system's name may hold, has no other form.
    return json.dumps(content, sort_keys=True)
