"""Exchanges as plain data for other programs, by the rules of :mod:`audctl.render.to_json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from audctl.model.effect import SMALL_COUNT, count_to_json
from audctl.render.findings_json import findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.exchange import (
        ExportOutcome,
        ImportOutcome,
        Inspection,
        Preview,
        Stage,
        Tally,
        WrittenFile,
    )
    from audctl.model.match_rate import Share

Json = dict[str, Any]


def exchange_import(outcome: ImportOutcome) -> Json:
    """Give the tally, the transfers that were read, the files that were written, and findings."""
    return {
        "kind": "import",
        "binding": outcome.binding,
        "destination": outcome.destination_id,
        "dataSource": outcome.data_source_id,
        "asOf": outcome.as_of.isoformat(),
        "members": outcome.members,
        "tally": _tally(outcome.tally),
        "transfers": [
            {"name": each.name, "full": each.is_full, "files": each.files, "rows": each.rows}
            for each in outcome.transfers
        ],
        "superseded": outcome.superseded,
        "skipped": dict(outcome.skipped),
        "files": _files(outcome.files),
        "intoList": None
        if outcome.change is None
        else {
            "address": outcome.into,
            "before": outcome.change.before,
            "added": outcome.change.added,
            "removed": outcome.change.removed,
            "after": outcome.change.after,
        },
        "findings": findings(outcome.findings),
        "seconds": round(outcome.seconds, 3),
    }


def exchange_export(outcome: ExportOutcome) -> Json:
    """Give the tally, what moved since the previous export (null without one), the files, and findings."""
    return {
        "kind": "export",
        "binding": outcome.binding,
        "dataSource": outcome.data_source_id,
        "ids": outcome.ids,
        "idPairs": outcome.id_pairs,
        "complement": outcome.complement,
        "new": outcome.new,
        "gone": outcome.gone,
        "takenBack": outcome.taken_back,
        "tally": _tally(outcome.tally),
        "files": _files(outcome.files),
        "findings": findings(outcome.findings),
        "seconds": round(outcome.seconds, 3),
    }


def inspection(found: Inspection) -> Json:
    """Give ``{name, kind, usable, facts, counts, problems, remarks}``."""
    return {
        "name": found.name,
        "kind": found.kind,
        "usable": found.is_usable,
        "facts": dict(found.facts),
        "counts": dict(found.counts),
        "problems": list(found.problems),
        "remarks": list(found.remarks),
    }


def _tally(tally: Tally) -> Json:
    return {"rows": tally.rows, **tally.buckets}


def _files(files: Iterable[WrittenFile]) -> list[Json]:
    return [asdict(each) for each in files]


def exchange_preview(found: Preview) -> Json:
    """Give the funnel, the match rate with its interval, and findings; small counts hidden."""
    return {
        "kind": "preview",
        "binding": found.binding,
        "asOf": None if found.as_of is None else found.as_of.isoformat(),
        "funnel": [
            {
                "stage": each.name,
                "unit": each.unit,
                "count": count_to_json(each.count),
                "share": share_to_json(each.share) if not _is_small(found, each) else None,
            }
            for each in found.stages
        ],
        "matchRate": {
            "basis": str(found.rate.basis),
            "rate": share_to_json(None if found.rate.is_small else found.rate.share),
            "total": count_to_json(found.rate.total),
            "asked": count_to_json(found.rate.asked),
            "matched": count_to_json(found.rate.matched),
        },
        "findings": findings(found.findings),
        "seconds": round(found.seconds, 3),
    }


def share_to_json(share: Share | None) -> Json | None:
    """Give ``{value, low, high}``; the three are one where everybody was looked at."""
    if share is None:
        return None
    return {
        "value": round(share.value, 4),
        "low": round(share.low, 4),
        "high": round(share.high, 4),
    }


def _is_small(found: Preview, stage: Stage) -> bool:
    """Whether a sampled share could point at single people of the sample."""
    return stage.share is not None and 0 < stage.share.value * found.rate.asked < SMALL_COUNT
