"""The same objects on a Campaign that answers differently where the public sources are silent or disagree."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from audctl.errors import ConflictError, RejectedError
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.server import start
from tests.contract.bench import Bench
from tests.contract.campaign_cases import CASES, TOO_LONG, build, group, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.case import Case

BUILDS = {
    "faults with an error status, definitions as text": Quirks(
        fault_status=500, expired_status=200, memo_data="text", null_strings="absent"
    ),
    "definitions in the row, collections written in part": Quirks(
        memo_data="expanded", write_collection_atomic=False, default_operation="insert"
    ),
    "few rows unless asked": Quirks(default_line_count=2, session_lifetime_s=1),
}
NUMBERS = itertools.count()


@pytest.fixture(scope="module", params=list(BUILDS.values()), ids=list(BUILDS))
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start(tmp_path_factory.mktemp("build"), seed="demo", quirks=request.param) as sandbox:
        yield sandbox.url


@pytest.fixture
def other(url: str) -> Iterator[Bench]:
    bench = Bench(url, numbers=NUMBERS)
    with bench.opened:
        yield bench


@pytest.mark.parametrize("each", CASES, ids=str)
def test_an_object_lives_through_its_whole_life(other: Bench, each: Case) -> None:
    provider = other.provider(each, page_size=3)
    fields = each.fields(other, provider, other.unique("it"))

    live = provider.create(each.type, fields)
    state = provider.read([each.type], other.observer, within={})
    changed = provider.update(live, each.change(other))
    other.expire_tokens()
    found = provider.find(each.type, changed.key)
    provider.delete(changed)

    assert state.by_id[each.type, live.id].fields == live.fields
    assert found == changed
    assert found.fields != live.fields
    assert provider.get(each.type, live.id) is None


def test_failures_are_told_apart(other: Bench) -> None:
    provider = build(other)
    other.opened.callback(provider.close)
    fields = group(other, provider, other.unique("twice"))
    provider.create("campaign.list", fields)

    with pytest.raises(ConflictError):
        provider.create("campaign.list", fields)
    with pytest.raises(RejectedError, match="value too long"):
        provider.create("campaign.list", {**fields, "name": other.unique("x"), "label": TOO_LONG})


def test_a_workflow_is_started_and_stopped(other: Bench) -> None:
    provider = build(other)
    other.opened.callback(provider.close)
    fields = {**workflow(other, provider, other.unique("export")), "running": True}

    live = provider.create("campaign.workflow", fields)
    paused = provider.update(live, {"running": False})

    assert {name: live.fields[name] for name in fields} == fields
    assert paused.fields == {**live.fields, "running": False}
