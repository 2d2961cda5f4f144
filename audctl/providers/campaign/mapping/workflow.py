"""``campaign.workflow``: export workflows (xtk:workflow), their definition and whether they run."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from audctl.errors import ProviderError, RejectedError
from audctl.model.live import Origin
from audctl.model.objects import Form
from audctl.providers.aftermath import after_write
from audctl.providers.campaign.documents import (
    UnsafeDocumentError,
    append,
    child,
    children_of,
    parse_document,
)
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.definition import (
    DEFINITION_FIELDS,
    build_activities,
    read_activities,
)
from audctl.providers.campaign.mapping.schedule import MANUAL
from audctl.providers.campaign.mapping.table import TableMapping
from audctl.providers.campaign.query import Node
from audctl.providers.campaign.workflow_commands import (
    ENDED,
    GOING,
    STARTED,
    STATE_NODES,
    await_state,
    start,
    state_of,
    stop,
)
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml import etree

    from audctl.model.live import LiveObject
    from audctl.model.value import LiveValue
    from audctl.ports import WriteValue
    from audctl.providers.campaign.names import CampaignNames

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
COMMAND_LIMIT_S = 120.0
"""How long a start or stop may take before it counts as unknown."""


class WorkflowMapping(TableMapping):
    """Workflows; what is not an export workflow of ours gives whatever fields can be told."""

    object_type = "campaign.workflow"
    schema = "xtk:workflow"
    page_condition = ("@isModel = 0",)

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:  # noqa: ARG002 - all public
        return (
            Column("name", "@internalName"),
            Column("label", "@label"),
            Column("folder", "[@folder-id]", Form.REFERENCE),
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with; ``data`` is the whole definition."""
        return (*super().nodes, *STATE_NODES, Node("@builtIn"), Node("data"))

    def page_size(self) -> int:
        """Return the number of rows to ask for at once: definitions are long."""
        return self.instance.names.workflow_page_size

    def origin(self, row: etree._Element) -> Origin:
        """Tell the system's own workflows."""
        return Origin.SERVER if row.get("builtIn") in {"1", "true"} else Origin.CUSTOMER

    def read_fields(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return row fields, whether it runs, and what its definition shows."""
        fields = super().read_fields(row)
        fields["running"] = state_of(row).state in GOING
        activities = _activities_of(row)
        if activities is not None:
            fields |= read_activities(activities, self.instance.names)
        return fields

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Insert the workflow, then start it when it is to run."""
        definition = _written(fields)
        live = super().create(definition)
        with after_write():
            return self._drive(live, running=bool(fields.get("running")))

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write what changed, then start or stop.

        A changed definition takes effect at the next start, so a workflow that runs is stopped first: a run that is
        killed half-way leaves one that does not run, which the next plan sees. One that still ran by its old
        definition, nobody would.
        """
        changed = _written(fields)
        redefined = any(name in changed for name in DEFINITION_FIELDS)
        operation = f"update {self.object_type} {'/'.join(live.key)}"
        self.require_unchanged(live, operation)
        runs = bool(live.fields.get("running"))
        wanted = bool(fields["running"]) if "running" in fields else runs
        stopped = runs and redefined
        if stopped:
            self._stop(live.key[0])
        if changed:
            whole = _merge(live.fields, changed) if redefined else changed
            with after_write(written=stopped), self._running_again(live, stopped=stopped):
                self._write_row(live.id, whole, operation)
                with after_write():
                    live = self.confirm(self.get(live.id), changed, operation)
        with after_write(written=bool(changed)):
            return self._drive(live, running=wanted)

    @contextmanager
    def _running_again(self, live: LiveObject, *, stopped: bool) -> Iterator[None]:
        """Start what was stopped for a write that the system then refused, or did not keep."""
        try:
            yield
        except RejectedError:
            if stopped:
                with suppress(ProviderError):
                    start(self.instance.client, live.key[0])
            raise

    def delete(self, live: LiveObject) -> None:
        """Stop the workflow when it runs, then delete it."""
        now = self.get(live.id)
        if now is None:
            return
        stopped = bool(now.fields.get("running"))
        if stopped:
            self._stop(now.key[0])
        with after_write(written=stopped):
            super().delete(live)

    def build_row(
        self, operation: str, fields: Mapping[str, WriteValue], *, key: str = "", live_id: str = ""
    ) -> etree._Element:
        """Build the document of a write, with the whole definition whenever a part of it is given."""
        row = super().build_row(operation, fields, key=key, live_id=live_id)
        if operation == "insert" or any(name in fields for name in DEFINITION_FIELDS):
            row.set("schema", self.instance.names.workflow_schema)
            row.append(build_activities(_plain(fields), self.instance.names))
            append(row, "variables")
        return row

    def _drive(self, live: LiveObject, *, running: bool) -> LiveObject:
        """Bring the workflow into the wanted state and return it as it is then."""
        if bool(live.fields.get("running")) is running:
            return live
        name = live.key[0]
        if running:
            start(self.instance.client, name)
        else:
            self._stop(name)
        with after_write():
            if running:
                self._await(name, STARTED)
            after = self.get(live.id)
        return self.confirm(after, {"running": running}, f"update {self.object_type} {name}")

    def _stop(self, name: str) -> None:
        stop(self.instance.client, name)
        with after_write():
            self._await(name, ENDED)

    def _await(self, name: str, wanted: frozenset[int]) -> None:
        await_state(
            self.instance.client, name, wanted, clock=self.instance.clock, limit_s=COMMAND_LIMIT_S
        )


def _written(fields: Mapping[str, WriteValue]) -> dict[str, WriteValue]:
    """Return what goes into the row; whether it runs does not, and no schedule is one too."""
    return {
        name: MANUAL if name == "schedule" and value is None else value
        for name, value in fields.items()
        if name != "running"
    }


def _merge(
    live: Mapping[str, LiveValue], changed: Mapping[str, WriteValue]
) -> dict[str, WriteValue]:
    """Return all definition fields as they shall be: live ones, overwritten by changed ones."""
    whole: dict[str, WriteValue] = {
        name: value for name, value in live.items() if name in DEFINITION_FIELDS
    }
    # One source takes the place of the other.
    if changed.get("sourceList") and "sourceQuery" not in changed:
        whole.pop("sourceQuery", None)
    if changed.get("sourceQuery") and "sourceList" not in changed:
        whole.pop("sourceList", None)
    return {**whole, **changed}


def _plain(fields: Mapping[str, WriteValue]) -> dict[str, LiveValue]:
    plain: dict[str, LiveValue] = {}
    for name, value in fields.items():
        if isinstance(value, Secret):
            raise RejectedError(f"campaign.workflow {name}: a secret does not belong here")
        plain[name] = value
    return plain


def _activities_of(row: etree._Element) -> etree._Element | None:
    """Find the definition in a row: under ``data`` as elements or as text, or right under the row."""
    data = child(row, "data")
    if data is not None and not children_of(data) and (data.text or "").strip():
        text = _DECLARATION.sub("", data.text or "")
        try:
            # The text may be a whole document or several elements side by side.
            data = parse_document(f"<data>{text}</data>".encode())
        except UnsafeDocumentError:
            return None
    for place in (data, row):
        if place is None:
            continue
        found = child(place, "activities")
        if found is None and (inner := child(place, "workflow")) is not None:
            found = child(inner, "activities")
        if found is not None:
            return found
    return None
