"""The fault matrix, sampled: `make fault-matrix` tries every kind of fault at every class of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.faults.kinds import KINDS
from tests.matrix.faults import IN_CAMPAIGN, OF_WRITES, WHEREVER, Fault, FaultMatrix
from tests.matrix.gate import Point

if TYPE_CHECKING:
    from tests.matrix.reference import Reference

WORKFLOW = "SOAP xtk:persist#Write xtk:workflow update"
SAMPLE = [
    ("404", "GET /v1/destinations/{id}/mappings", 1, False),
    ("half an answer although it is done", "GET /v1/segments", 1, False),
    ("reset although it is done", "POST /v1/segments", 1, False),
    ("500 although it is done", "SOAP xtk:persist#Write xtk:folder insert", 1, False),
    ("lost", "DELETE /v1/segments/{id}", 1, True),
    ("lost", WORKFLOW, 1, False),
    ("lost", "SOAP xtk:workflow#Start", 2, False),
    ("reset although it is done", "SOAP xtk:persist#Write xtk:option insert pointer", 2, True),
]
"""Each has found something once, or is of a sort of its own."""


@pytest.fixture(scope="module")
def matrix(found: Reference) -> FaultMatrix:
    return FaultMatrix(found)


def test_every_kind_of_fault_that_the_sandbox_has_is_tried() -> None:
    tried = {str(each["kind"]) for each in (WHEREVER | IN_CAMPAIGN | OF_WRITES).values()}
    # An editor is raced against in `test_race`; audctl asks for no list by page.
    assert tried == KINDS.keys() - {"concurrent_editor", "duplicate_page", "shift_page"}


def test_every_class_of_calls_meets_every_kind(matrix: FaultMatrix) -> None:
    cases = list(matrix.cases())
    calls = {each.call for each in matrix.reference.calls}
    assert {(each.at.call, each.kind) for each in cases} >= {
        (call, kind) for call in calls for kind in WHEREVER
    }


@pytest.mark.parametrize(("kind", "call", "nth", "lasting"), SAMPLE)
def test_a_fault(matrix: FaultMatrix, kind: str, call: str, nth: int, lasting: bool) -> None:
    assert call in {each.call for each in matrix.reference.calls}
    assert matrix.trouble(Fault(Point(call, nth), kind, lasting)) == ""
