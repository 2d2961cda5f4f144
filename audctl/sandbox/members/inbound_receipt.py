"""What becomes of an inbound file: the counts of the documented receipt, kept as the data source's history."""

import json
from dataclasses import dataclass, field

from audctl.sandbox.members.job import Job

SAMPLED_ERRORS = 10
FORMAT, INVALID_AAM_ID, INVALID_DEVICE_ID, NO_MATCH, NO_TRAIT = (
    "formatErrors",
    "invalidAamIds",
    "invalidDeviceIds",
    "noMatchingAamIds",
    "noTraitRealized",
)


@dataclass(slots=True)
class Receipt:
    """Counts of one file; records are its lines."""

    file_name: str
    data_source_id: int
    """Owner of the traits; 0 when the name did not say."""
    user_source_id: int | None
    success: bool = True
    received: int = 0
    processed: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)
    devices: int = 0
    signals: int = 0
    unused_signals: int = 0
    realized_traits: int = 0
    removed_traits: int = 0
    refused_traits: int = 0
    refused_users: int = 0

    def error(self, kind: str, line: str = "", times: int = 1) -> None:
        """Count records that were not taken, and keep the first lines of each kind."""
        self.errors[kind] = self.errors.get(kind, 0) + times
        kept = self.samples.setdefault(kind, [])
        if line and len(kept) < SAMPLED_ERRORS:
            kept.append(line)

    @property
    def stored(self) -> int:
        """Give the number of records that were taken."""
        return self.processed - sum(self.errors.values())

    def keep(self, job: Job) -> None:
        """Add the receipt to the history; error samples only while the data source samples errors."""
        row = job.conn.execute(
            "SELECT document ->> '$.samplingEnabled' AS sampled, document ->> '$.samplingEndTime' AS until"
            " FROM aam_data_source WHERE id = ?",
            (self.data_source_id,),
        ).fetchone()
        now_ms = job.now_s * 1000
        sampled = row is not None and row["sampled"] and now_ms <= (row["until"] or now_ms)
        values = {
            "data_source_id": self.data_source_id,
            "data_file_name": self.file_name,
            "user_id_data_source_id": self.user_source_id,
            "success": self.success,
            "received_records": self.received,
            "format_errors": self.errors.get(FORMAT, 0),
            "invalid_aam_ids": self.errors.get(INVALID_AAM_ID, 0),
            "invalid_device_ids": self.errors.get(INVALID_DEVICE_ID, 0),
            "no_matching_aam_ids": self.errors.get(NO_MATCH, 0),
            "no_trait_realized": self.errors.get(NO_TRAIT, 0),
            "processed_records": self.processed,
            "stored_records": self.stored,
            "total_devices": self.devices,
            "total_signals": self.signals,
            "total_unused_signals": self.unused_signals,
            "total_realized_traits": self.realized_traits,
            "total_removed_traits": self.removed_traits,
            "total_traits_failed_validation": self.refused_traits,
            "total_users_failed_validation": self.refused_users,
            "samples": json.dumps(self.samples if sampled else {}),
            "start_ms": now_ms,
            "end_ms": now_ms,
        }
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        job.conn.execute(
            f"INSERT INTO aam_inbound_history ({columns}) VALUES ({marks})",  # noqa: S608 - own names
            tuple(values.values()),
        )

    def __str__(self) -> str:
        outcome = "processed" if self.success else "refused"
        errors = "".join(
            f", {kind} {count}" for kind, count in sorted(self.errors.items()) if count
        )
        return (
            f"{self.file_name}: {outcome}, {self.received} received, {self.stored} stored{errors}"
        )
