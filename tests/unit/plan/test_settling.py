"""How long people are on their way after a write, link by link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from audctl.model.address import Address, parse_address
from audctl.model.kinds.audience import AudienceSpec, Source
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.plan.settling import Chain, settling_bindings, settling_objects, spacing_of
from tests.build import NOON, make_desired, make_entry, make_ledger

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import LedgerEntry

TRAIT, SEGMENT = "Trait/t#aam.trait", "Audience/s#aam.segment"
MAPPING, BOUND = "ImportBinding/b#aam.mapping", "ImportBinding/b#campaign.sharedList"
WORKFLOW = "ExportBinding/e#campaign.workflow"
HOUR = timedelta(hours=1)


def entry(address: str, hours: float, *requires: str, **fields: str | bool) -> LedgerEntry:
    return make_entry(address, "1", fields, applied_at=NOON + hours * HOUR, requires=[*requires])


def wanted(source: Source) -> dict[Address, DesiredObject]:
    found = {}
    for address, spec in (
        (SEGMENT, AudienceSpec(label="S", source=source)),
        (BOUND, ImportBindingSpec(audience="s", list="l", data_source="d")),
    ):
        made = make_desired(address, {})
        assert made.resource is not None
        found[parse_address(address)] = replace(made, resource=replace(made.resource, spec=spec))
    return found


def chain(*entries: LedgerEntry, source: Source = Source.AUDIENCE_MANAGER) -> Chain:
    return Chain(make_ledger(*entries), wanted(source))


@pytest.mark.parametrize(
    ("trait", "ready"),
    [
        ({"type": "ruleBased"}, 4),
        ({"type": "onboarded"}, 48),
    ],
)
def test_an_import_waits_for_the_slowest_link_before_it(trait: dict[str, str], ready: int) -> None:
    bound = entry(BOUND, -1, MAPPING)
    found = chain(
        entry(TRAIT, 0, **trait), entry(SEGMENT, -9, TRAIT), entry(MAPPING, -2, SEGMENT), bound
    ).settling(bound)
    assert found is not None
    assert found.begun == NOON
    assert found.ready == NOON + ready * HOUR
    assert (found.earliest, found.latest) == (found.ready + 24 * HOUR, found.ready + 36 * HOUR)
    assert [(each.name, (each.by - found.ready) / HOUR) for each in found.stages] == [
        ("segment", 0),
        ("outbound", 24),
        ("import", 36),
    ]


def test_analytics_takes_its_own_time_first() -> None:
    bound = entry(BOUND, 0)
    found = chain(bound, source=Source.ANALYTICS).settling(bound)
    assert found is not None
    assert (found.earliest, found.latest) == (NOON + 36 * HOUR, NOON + 60 * HOUR)
    assert [(each.by - NOON) / HOUR for each in found.stages] == [24, 48, 60]


@pytest.mark.parametrize(
    ("schedule", "hours"), [("daily 03:00", 73), ("every 6h", 55), ("weekly monday 03:00", 217)]
)
def test_an_export_counts_48_hours_after_its_next_run(schedule: str, hours: int) -> None:
    runs = entry(WORKFLOW, 0, schedule=schedule, running=True)
    found = chain(runs).settling(runs)
    assert found is not None
    assert found.latest == NOON + hours * HOUR
    assert found.earliest == NOON + 48 * HOUR
    assert [each.name for each in found.stages] == ["workflow", "sent", "audience"]


@pytest.mark.parametrize(
    "fields",
    [{"schedule": "daily 03:00"}, {"running": True}, {"schedule": "manual", "running": True}],
)
def test_nobody_knows_when_a_workflow_that_stands_or_runs_by_hand_sends(
    fields: dict[str, str | bool],
) -> None:
    still = entry(WORKFLOW, 0, **fields)
    assert chain(still).settling(still) is None


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("daily 03:00", 24),
        ("weekly monday 03:00", 168),
        ("every 90m", 1.5),
        ("every 6h", 6),
        ("manual", None),
        ("custom: m_iDayMode=9", None),
        ("every h", None),
        (None, None),
    ],
)
def test_the_time_between_two_runs(schedule: str | None, hours: float | None) -> None:
    assert spacing_of(schedule) == (None if hours is None else hours * HOUR)


def test_a_circle_in_a_ledger_ends() -> None:
    bound = entry(BOUND, 0, MAPPING)
    found = chain(entry(MAPPING, 1, MAPPING), bound).settling(bound)
    assert found is not None
    assert found.begun == NOON + HOUR


def test_after_a_run_only_what_it_put_on_its_way_is_pending() -> None:
    old, new = entry(BOUND, -3), entry("ImportBinding/c#campaign.sharedList", 0)
    ledger = make_ledger(old, new, entry(SEGMENT, 0))
    names = [each.address.name for each in settling_bindings(ledger, {}, NOON)]
    assert names == ["c"]
    assert [each.address.name for each in settling_objects(ledger, {}, NOON)] == ["s", "b", "c"]
