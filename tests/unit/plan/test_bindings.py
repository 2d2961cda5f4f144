"""How a binding's sides come to one word: definition, workflows, ends, freshness."""

# ruff: noqa: ANN401  # specs and fields of any shape
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.export_binding import ExportBindingSpec, ExportSource, Schedule
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.selection import Selection
from audctl.model.status import BindingStatus, Definition, Freshness
from audctl.model.synchronisation import Transfer, WorkflowRun
from audctl.plan.bindings.facts import Facts
from audctl.plan.bindings.judge import judge_bindings, select_bindings
from tests.build import (
    ALL_TYPES,
    NOON,
    make_desired,
    make_entry,
    make_ledger,
    make_live,
    make_state,
)

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject

HOUR = timedelta(hours=1)
WORKS = {
    name: WorkflowRun(name=name, going=True, processed_at=NOON - HOUR)
    for name in ("importSharedAudience", "exportSharedAudience", "e")
}
SENT = Transfer(
    data_source="5",
    started_at=NOON - 2 * HOUR,
    ended_at=NOON - 2 * HOUR,
    succeeded=True,
)
FACTS = Facts(
    now=NOON,
    workflows=WORKS,
    transfers={"4": (SENT,)},
    people={("aam.segment", "20"): 1_000, ("campaign.list", "3"): 250},
)
FIELDS: dict[str, dict[str, Any]] = {
    "DataSource/d#campaign.dataSource": {"name": "d", "aamDataSource": "5"},
    "Audience/s#aam.segment": {"label": "S", "status": "active", "folder": "7"},
    "List/l#campaign.list": {"name": "l"},
    "ImportBinding/b#aam.mapping": {"destination": "4", "segment": "20"},
    "ImportBinding/b#campaign.sharedList": {"list": "3", "audience": "40", "dataSource": "9"},
    "ExportBinding/e#aam.trait": {"type": "onboarded"},
    "ExportBinding/e#campaign.workflow": {
        "name": "e",
        "schedule": "daily 03:00",
        "sourceList": "3",
        "audience": "20",
    },
}
IDS = dict(zip(FIELDS, ("9", "20", "3", "40", "3", "50", "60"), strict=True))
REFERENCES = {
    "ImportBinding/b#aam.mapping": {"segment": "@Audience/s#aam.segment"},
    "ImportBinding/b#campaign.sharedList": {
        "list": "@List/l#campaign.list",
        "audience": "@ImportBinding/b#aam.mapping",
        "dataSource": "@DataSource/d#campaign.dataSource",
    },
    "ExportBinding/e#campaign.workflow": {
        "sourceList": "@List/l#campaign.list",
        "audience": "@Audience/s#aam.segment",
    },
}
SPECS: dict[str, Any] = {
    "Audience/s": AudienceSpec(label="S"),
    "ImportBinding/b": ImportBindingSpec(audience="s", list="l", data_source="d"),
    "ExportBinding/e": ExportBindingSpec(
        source=ExportSource(list="l"),
        audience="s",
        data_source="d",
        schedule=Schedule(daily="03:00"),
    ),
}


def wanted(specs: dict[str, Any]) -> list[DesiredObject]:
    found = []
    for address, fields in FIELDS.items():
        made = make_desired(address, {**fields, **REFERENCES.get(address, {})})
        assert made.resource is not None
        spec = specs.get(str(made.address.resource))
        found.append(replace(made, resource=replace(made.resource, spec=spec)))
    return found


def judge(
    name: str,
    facts: Facts = FACTS,
    *,
    live: dict[str, dict[str, Any] | None] | None = None,
    owned: bool = True,
    types: Any = ALL_TYPES,
    **specs: Any,
) -> BindingStatus:
    """Judge one binding of a world in which all is well, but for what is given."""
    changed = live or {}
    rows = {
        address: FIELDS[address] if address not in changed else changed[address]
        for address in FIELDS
    }
    lives = [
        make_live(address.partition("#")[2], IDS[address], fields)
        for address, fields in rows.items()
        if fields is not None
    ]
    # Somebody else's, so that an empty list is never all there is.
    lives += [make_live(each, "999", {}) for each in sorted({x.type for x in lives} | set(types))]
    entries = [
        make_entry(address, IDS[address], fields, applied_at=NOON - timedelta(days=9))
        for address, fields in FIELDS.items()
    ]
    kind = {"b": "ImportBinding/b", "e": "ExportBinding/e", "s": "Audience/s"}
    given = {**SPECS, **{kind[key]: spec for key, spec in specs.items()}}
    bindings = select_bindings(
        make_state(*lives, types=types), make_ledger(*entries if owned else ()), wanted(given)
    )
    report = judge_bindings(bindings, facts)
    (found,) = [each for each in report.bindings if each.address.name == name]
    return found


@pytest.mark.parametrize(("name", "percent"), [("b", 25), ("e", 400)])
def test_all_is_well(name: str, percent: int) -> None:
    found = judge(name)
    assert found.consistent
    assert (found.definition, found.runs, found.troubles) == (Definition.IN_PLACE, True, ())
    assert (found.audience_people, found.list_people, found.match_percent) == (1_000, 250, percent)


@pytest.mark.parametrize(
    ("live", "definition", "freshness"),
    [
        # Something it refers to: told, and people still come.
        ({"Audience/s#aam.segment": {"label": "X", "status": "active"}}, Definition.DIFFERS, "ok"),
        ({"Audience/s#aam.segment": None}, Definition.GONE, "ok"),
        # Its own objects: nothing can come.
        ({"ImportBinding/b#aam.mapping": None}, Definition.GONE, "overdue"),
        ({"ImportBinding/b#campaign.sharedList": None}, Definition.GONE, "overdue"),
        # An export is no business of an import.
        ({"ExportBinding/e#campaign.workflow": None}, Definition.IN_PLACE, "ok"),
        (
            {"Audience/s#aam.segment": {**FIELDS["Audience/s#aam.segment"], "status": "paused"}},
            Definition.DIFFERS,
            "ok",
        ),
    ],
)
def test_the_definition_is_the_worst_of_all_it_consists_of(
    live: dict[str, dict[str, Any] | None], definition: Definition, freshness: str
) -> None:
    found = judge("b", live=live)
    assert (found.definition, found.judged.freshness) == (definition, freshness)
    assert not found.consistent or definition is Definition.IN_PLACE
    assert bool(found.troubles) == (definition is not Definition.IN_PLACE)


def test_what_was_never_applied_waits_and_says_no_more_than_that() -> None:
    found = judge("b", owned=False, live=dict.fromkeys(FIELDS))
    assert (found.definition, found.judged.freshness) == (
        Definition.NOT_APPLIED,
        Freshness.PENDING,
    )
    assert found.judged.latest is None


@pytest.mark.parametrize(
    ("facts", "types", "why"),
    [
        (replace(FACTS, workflows=None), ALL_TYPES, "the workflows could not be read"),
        (replace(FACTS, transfers={}), ALL_TYPES, "what Audience Manager sent could not be read"),
        (FACTS, ALL_TYPES - {"campaign.sharedList"}, "it could not be read"),
        (FACTS, ALL_TYPES - {"aam.mapping"}, "it could not be read"),
    ],
)
def test_what_was_not_read_is_unknown_and_never_fine(facts: Facts, types: Any, why: str) -> None:
    found = judge("b", facts, types=types)
    assert (found.judged.freshness, found.judged.why) == (Freshness.UNKNOWN, why)
    assert not found.consistent


@pytest.mark.parametrize(
    ("name", "specs", "live", "why"),
    [
        (
            "b",
            {},
            {"Audience/s#aam.segment": {"label": "S", "status": "paused"}},
            "its audience is paused",
        ),
        (
            "b",
            {"b": replace(SPECS["ImportBinding/b"], end_date="2026-02-28")},
            {},
            "ended on 2026-02-28",
        ),
        ("e", {"e": replace(SPECS["ExportBinding/e"], paused=True)}, {}, "paused by its manifest"),
    ],
)
def test_nothing_is_expected_of_what_its_manifest_stops(
    name: str, specs: dict[str, Any], live: dict[str, Any], why: str
) -> None:
    stopped = replace(FACTS, workflows={}, transfers={"4": ()})
    found = judge(name, stopped, live=live, **specs)
    assert (found.judged.freshness, found.judged.why) == (Freshness.OK, why)


def test_a_workflow_that_is_not_there_does_not_run() -> None:
    found = judge("e", replace(FACTS, workflows={**WORKS, "e": replace(WORKS["e"], going=False)}))
    assert (found.runs, found.judged.why) == (False, "e does not run")
    found = judge("b", replace(FACTS, workflows={}))
    assert (found.runs, found.judged.why) == (False, "importSharedAudience does not run")


@pytest.mark.parametrize(
    ("freshness", "expected"), [("90m", Freshness.OVERDUE), ("2h", Freshness.OK)]
)
def test_the_manifest_says_how_old_is_too_old(freshness: str, expected: Freshness) -> None:
    spec = replace(SPECS["ImportBinding/b"], freshness=freshness)
    assert judge("b", b=spec).judged.freshness is expected


def test_a_selection_leaves_the_others_out_and_counts_them() -> None:
    bindings = select_bindings(
        make_state(), make_ledger(), wanted(SPECS), selection=Selection(only=("ExportBinding/*",))
    )
    assert [str(each.address) for each in bindings.resources] == ["ExportBinding/e"]
    assert bindings.left_out == 1
