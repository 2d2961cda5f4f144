"""Every object type, both providers: make it, read it back, change it, lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import ConflictError
from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.live import LiveObject
    from audctl.ports import Provider
    from tests.contract.bench import Bench
    from tests.contract.case import Case


def made(case: Case, bench: Bench, provider: Provider) -> tuple[LiveObject, dict[str, Any]]:
    fields = case.fields(bench, provider, bench.unique("it"))
    return provider.create(case.type, fields), fields


def shown(case: Case, fields: Mapping[str, Any]) -> dict[str, object]:
    """Fields in the one form that equal values share, without what never reads back."""
    types = OBJECT_TYPES[case.type].fields
    return {
        name: canonical(types[name].form, value)
        for name, value in fields.items()
        if name not in case.unread
    }


def test_what_is_created_reads_back_equal(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, fields = made(case, bench, provider)

    again = provider.get(case.type, live.id)

    assert again is not None
    for each in (live, again):
        assert (each.type, each.id) == (case.type, live.id)
        assert shown(case, {name: each.fields.get(name) for name in fields}) == shown(case, fields)
    assert again.fingerprint() == live.fingerprint()


def test_a_second_one_is_refused_where_the_provider_says_so(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, fields = made(case, bench, provider)
    said = provider.refuses_second(case.type, fields)
    assert said == (
        case.type in {"aam.trait", "aam.segment", "campaign.list", "campaign.sharedList"}
    )
    if not said:
        return

    with pytest.raises(ConflictError) as refused:
        provider.create(case.type, fields)

    assert not refused.value.may_have_happened
    again = provider.find(case.type, live.key)
    assert again is not None
    assert again.id == live.id


def test_it_is_found_by_its_key(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, _ = made(case, bench, provider)

    found = bench.provider(case).find(case.type, live.key)

    assert found is not None
    assert found.id == live.id


def test_the_bulk_read_shows_it_like_the_single_one(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, fields = made(case, bench, provider)

    state = bench.provider(case).read([case.type], bench.observer, within=case.within(fields))

    row = state.by_id[case.type, live.id]
    assert state.types_read == {case.type}
    assert shown(case, {name: row.fields.get(name) for name in fields}) == shown(case, fields)
    assert row.changed_at == live.changed_at
    assert row.fingerprint() == live.fingerprint()
    assert bench.observer.read[case.type] == len(state.objects)


def test_an_update_changes_its_field_and_no_other(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, _ = made(case, bench, provider)
    change = case.change(bench)

    updated = provider.update(live, change)

    before, after = shown(case, live.fields), shown(case, updated.fields)
    assert after == {**before, **shown(case, change)}
    assert after != before
    again = provider.get(case.type, live.id)
    assert again is not None
    assert shown(case, again.fields) == after


def test_each_field_is_cleared_alone(clearing: tuple[Case, str], bench: Bench) -> None:
    case, name = clearing
    provider = bench.provider(case)
    live, _ = made(case, bench, provider)
    empty = {name: case.clears[name]}
    before = shown(case, live.fields)
    assert shown(case, {name: live.fields[name]}) != shown(case, empty)

    updated = provider.update(live, {name: None})

    again = provider.get(case.type, live.id)
    assert again is not None
    for each in (updated, again):
        assert shown(case, each.fields) == {**before, **shown(case, empty)}


def test_a_field_can_be_cleared_or_cannot_be_missing(case: Case) -> None:
    kind = OBJECT_TYPES[case.type]
    changeable = {
        name
        for name, each in kind.fields.items()
        if name not in kind.key and not each.immutable and not each.create_only
    }
    assert case.clears.keys() | case.needed == changeable
    assert not case.clears.keys() & case.needed


def test_what_is_deleted_is_gone_and_deleting_again_is_no_error(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, fields = made(case, bench, provider)

    provider.delete(live)
    provider.delete(live)

    assert provider.get(case.type, live.id) is None
    assert provider.find(case.type, live.key) is None
    state = provider.read([case.type], bench.observer, within=case.within(fields))
    assert (case.type, live.id) not in state.by_id


def test_an_update_refuses_what_somebody_else_changed_meanwhile(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live, fields = made(case, bench, provider)
    change = case.change(bench)
    name = next(iter(change))
    somebody = bench.provider(case, client="marketer")
    somebody.update(live, change)

    with pytest.raises(ConflictError, match="since it was read"):
        provider.update(live, {name: fields[name]})


def test_pages_give_the_same_objects_as_the_whole_list(paged_case: Case, bench: Bench) -> None:
    provider = bench.provider(paged_case)
    _, fields = made(paged_case, bench, provider)
    for _ in range(3):
        made(paged_case, bench, provider)
    within = paged_case.within(fields)
    whole = provider.read([paged_case.type], bench.observer, within=within)

    paged = bench.provider(paged_case, page_size=2).read(
        [paged_case.type], bench.observer, within=within
    )

    assert len(whole.objects) > 3
    assert {each.id: each.fingerprint() for each in paged.objects} == {
        each.id: each.fingerprint() for each in whole.objects
    }


def test_calls_are_counted_as_the_system_counts_them(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    _, fields = made(case, bench, provider)
    bench.forget_calls()

    state = provider.read([case.type], bench.observer, within=case.within(fields))

    seen = [each for each in bench.calls() if "/ims/" not in each["path"]]
    assert state.calls == {provider.system: len(seen)}
