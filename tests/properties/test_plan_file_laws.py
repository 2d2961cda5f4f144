"""Laws of plan files: whatever becomes of one, it is read as what was approved, or refused with a reason."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.errors import StalePlanError
from audctl.plan.plan_difference import compare_plans
from audctl.plan.plan_file import read_plan, write_plan
from audctl.plan.plan_json import checksum_of, plan_to_json
from audctl.plan.terraform_json import terraform_json
from audctl.render.paint import PLAIN
from audctl.render.to_terminal.plan import plan as plan_as_text
from tests.build import make_ledger, make_plan, make_state
from tests.properties.projects import projects, strangers
from tests.unit.plan.test_plan_file import rich_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.model.plan import Plan

laws = settings(max_examples=100, deadline=None)

CONTENT = plan_to_json(rich_plan())
DIGEST = rich_plan().digest

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["<50", "x/y#z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Give the path of every value in a JSON document."""
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


PLACES = sorted(places(CONTENT), key=str)


def read_text(text: str) -> Plan:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(text, encoding="utf-8")
        return read_plan(path)


@laws
@given(st.sampled_from(PLACES), anything, st.booleans())
def test_whatever_is_put_anywhere_is_refused_or_changes_nothing_that_was_approved(
    place: tuple[Any, ...], value: object, is_forged: bool
) -> None:
    content = copy.deepcopy(CONTENT)
    inside: Any = content
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    if is_forged:
        content["checksum"] = checksum_of(content)
    try:
        plan = read_text(json.dumps(content))
    except StalePlanError:
        return
    assert plan.digest == DIGEST
    assert is_forged or content == CONTENT
    # What was read can be shown in every form.
    assert list(plan_as_text(plan, PLAIN))
    json.dumps(terraform_json(plan))


@laws
@given(st.integers(0, len(json.dumps(CONTENT)) - 1))
def test_a_file_that_was_cut_anywhere_is_refused(at: int) -> None:
    try:
        read_text(json.dumps(CONTENT)[:at])
    except StalePlanError:
        return
    raise AssertionError("a part of a plan was read as a plan")


@settings(max_examples=25, deadline=None)
@given(projects(), strangers())
def test_every_plan_is_read_back_as_it_was_written(
    desired: list[DesiredObject], others: list[LiveObject]
) -> None:
    plan = make_plan(desired, make_state(*others), make_ledger())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        write_plan(plan, path)
        again = read_plan(path)
        assert plan_to_json(again) == json.loads(path.read_text(encoding="utf-8"))
    assert not compare_plans(plan, again)


@settings(max_examples=25, deadline=None)
@given(projects(), projects(), strangers())
def test_two_plans_have_one_digest_only_if_nothing_differs(
    first: list[DesiredObject], second: list[DesiredObject], others: list[LiveObject]
) -> None:
    one, two = (make_plan(each, make_state(*others), make_ledger()) for each in (first, second))
    assert (one.digest == two.digest) is not bool(compare_plans(one, two))
