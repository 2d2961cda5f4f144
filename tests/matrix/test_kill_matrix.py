"""The kill matrix, sampled: `make kill-matrix` tries every death there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.gate import Point, writes
from tests.matrix.kill import Kill, KillMatrix
from tests.matrix.reference import PARALLEL
from tests.matrix.world import APPLY

if TYPE_CHECKING:
    from tests.matrix.reference import Reference

LOCK = Point("SOAP xtk:persist#Write xtk:option insert lock", 1)
TYPES = {
    "aam.dataSource", "aam.mapping", "aam.segment", "aam.segmentFolder", "aam.trait", "aam.traitFolder",
    "campaign.dataSource", "campaign.externalAccount", "campaign.folder", "campaign.list", "campaign.sharedList",
    "campaign.workflow",
}  # fmt: skip


def test_the_reference_apply_has_every_sort_of_step_on_every_type(found: Reference) -> None:
    assert set(found.steps.values()) == {
        "adopt", "create", "delete", "pause", "replace", "update",
    }  # fmt: skip
    assert {address.partition("#")[2] for address in found.steps} == TYPES
    assert any("interim" in each["reason"] for each in found.plan)


def write_calls(found: Reference) -> list[str]:
    return [each.call for each in found.points() if each.nth == 1 and writes(each.call)]


@pytest.mark.timeout(900)
def test_the_next_apply_finishes_however_often_the_one_before_it_is_killed(
    found: Reference,
) -> None:
    calls = write_calls(found)
    assert len(calls) > 30
    # Every second class, to keep the suite short; `make kill-matrix` goes through all calls.
    assert KillMatrix(found).trouble_of_chain(calls[::2]) == ""


@pytest.mark.timeout(900)
def test_so_it_does_with_its_ledger_in_a_file(found_in_file: Reference) -> None:
    # The live systems' part is the same.
    assert KillMatrix(found_in_file).trouble_of_chain(write_calls(found_in_file)[::8]) == ""


def test_a_death_with_several_writes_in_flight_is_finished(found: Reference) -> None:
    matrix = KillMatrix(found, arguments=PARALLEL)
    assert matrix.trouble(Kill(Point("PUT /v1/traits/{id}", 2), after=True)) == ""


def test_the_lock_of_a_dead_run_holds_until_its_lease_is_over(found: Reference) -> None:
    world = found.begin()
    assert world.run_until(LOCK, *APPLY, after=True).killed
    early = world.run(*APPLY)
    assert early.code == 6
    assert "the lock is held by" in early.json()["error"]["message"]
    assert world.picture().live == found.before.live
