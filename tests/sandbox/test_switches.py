"""Quirks by name: every one can be set, and what cannot be is said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, get_type_hints

import pytest

from audctl.sandbox.server import start
from audctl.sandbox.switches import SYSTEMS, SwitchError, read_switches
from tests import loopback
from tests.sandbox.audience_manager_account import Account
from tests.sandbox.sandbox_docs import EVERY_SWITCH, Switch

if TYPE_CHECKING:
    from pathlib import Path

FIELD_OF = {"audienceManager": "choices", "campaign": "quirks", "members": "members"}


def value_of(pairs: list[str], switch: Switch) -> object:
    return getattr(getattr(read_switches(pairs), FIELD_OF[switch.system]), switch.field)


@pytest.mark.parametrize("switch", EVERY_SWITCH, ids=lambda each: each.name)
def test_the_example_of_each_quirk_changes_it_and_nothing_else(switch: Switch) -> None:
    assert value_of([], switch) == switch.default
    changed = read_switches([switch.example])
    different = [
        (system, each.name)
        for system, cls in SYSTEMS.items()
        for each in fields(cls)
        if getattr(getattr(changed, FIELD_OF[system]), each.name)
        != getattr(getattr(read_switches([]), FIELD_OF[system]), each.name)
    ]
    assert different == [(switch.system, switch.field)]


@pytest.mark.parametrize("cls", SYSTEMS.values(), ids=SYSTEMS)
def test_every_quirk_has_a_type_that_can_be_read(cls: type) -> None:
    assert is_dataclass(cls)
    for name, hint in get_type_hints(cls).items():
        assert hint is not dict, name


@pytest.mark.parametrize(
    ("pair", "field", "value"),
    [
        ("max_page_size=5", "max_page_size", 5),
        ("max_page_size = 1_000 ", "max_page_size", 1000),
        ("audienceManager.max_page_size=5", "max_page_size", 5),
        ("audienceManager.max_body_bytes=5", "max_body_bytes", 5),
        ("api_key_required=NO", "api_key_required", False),
        ("trait_root_name=", "trait_root_name", ""),
        ("trait_root_name=a=b", "trait_root_name", "a=b"),
        ("available_id_types=COOKIE, OTHER", "available_id_types", ("COOKIE", "OTHER")),
        ("available_visitor_id_versions=3", "available_visitor_id_versions", (3,)),
        ('limits={"segments": 1}', "limits", {"segments": 1}),
        ("escaped_characters={}", "escaped_characters", {}),
    ],
)
def test_values_are_typed(pair: str, field: str, value: object) -> None:
    assert getattr(read_switches([pair]).choices, field) == value


def test_one_member_of_a_mapping_is_set_by_its_name() -> None:
    defaults = read_switches([]).choices.limits
    changed = read_switches(["limits.segments=1", "limits.traits=2"]).choices.limits
    assert changed == {**defaults, "segments": 1, "traits": 2}


def test_the_last_of_a_name_wins() -> None:
    assert read_switches(["fault_status=500", "fault_status=200"]).quirks.fault_status == 200


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("fault_status", "'fault_status': expected name=value"),
        ("fautl_status=1", "there is no quirk 'fautl_status', did you mean 'fault_status'?"),
        ("campaign.max_page_size=1", "there is no quirk 'campaign.max_page_size'"),
        ("zzz=1", "there is no quirk 'zzz'; there are absent_field_on_put_resets"),
        ("=1", "there is no quirk ''"),
        (
            "max_body_bytes=1",
            "several quirks 'max_body_bytes': audienceManager.max_body_bytes and campaign.max_body_bytes",
        ),
        ("max_page_size=many", "max_page_size: must be a whole number from 0"),
        ("max_page_size=-1", "max_page_size: must be a whole number from 0"),
        (f"max_page_size={'9' * 5000}", "max_page_size: must be a whole number from 0"),
        ("max_page_size=", "max_page_size: must be a whole number from 0"),
        ("fault_status=99", "fault_status: must be an HTTP status, not '99'"),
        ("api_key_required=maybe", "api_key_required: must be true or false, not 'maybe'"),
        ("memo_data=chld", "memo_data: must be child or text or expanded, not 'chld'"),
        ("limits=5", "limits: expected a JSON object, or limits.member=value"),
        ('limits={"segments": "few"}', "limits.segments: must be a whole number"),
        ("limits.segmets=5", "limits.segmets: there is no 'segmets', did you mean 'segments'?"),
        ("limits.zzz=5", "limits.zzz: there is no 'zzz', there are RULE_BASED_TRAIT"),
        ("fault_status.x=200", "fault_status.x: fault_status has no members"),
        ("available_visitor_id_versions=a", "must be a whole number"),
    ],
)
def test_what_cannot_be_set_is_said(pair: str, said: str) -> None:
    with pytest.raises(SwitchError) as caught:
        read_switches([pair])
    assert said in str(caught.value)


def test_a_switch_reaches_the_system_it_is_for(tmp_path: Path) -> None:
    switches = read_switches(["max_page_size=2", "expired_status=401", "fault_status=500"])
    with (
        start(tmp_path, choices=switches.choices, quirks=switches.quirks) as running,
        closing(Account(running)) as account,
    ):
        assert account.get("/traits", page=0, pageSize=50)["pageSize"] == 2
        assert account.http.post(f"{running.url}/nl/jsp/soaprouter.jsp").status_code == 500
        assert loopback.get(f"{running.url}/nl/jsp/ping.jsp").status_code == 401
