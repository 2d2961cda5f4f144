"""Every object type, both providers: what a caller is told when a call fails, and what is never repeated."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from audctl.errors import (
    AuthenticationError,
    PermissionDeniedError,
    ProviderError,
    RejectedError,
    ThrottledError,
    UnreachableError,
)

if TYPE_CHECKING:
    from tests.contract.bench import Bench
    from tests.contract.case import Case


def test_a_token_that_expires_under_way_is_renewed_once(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live = provider.create(case.type, case.fields(bench, provider, bench.unique("it")))
    bench.expire_tokens()

    again = provider.get(case.type, live.id)

    assert again is not None
    assert bench.clock.slept == []


def test_throttling_is_waited_out_as_long_as_the_system_asks(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    fields = case.fields(bench, provider, bench.unique("it"))
    bench.fault(case.create_route, status=429, headers={"Retry-After": "7"}, times=2)

    live = provider.create(case.type, fields)

    assert provider.get(case.type, live.id) is not None
    assert bench.clock.slept[:2] == [7.0, 7.0]
    assert sum(bench.clock.slept[2:]) < 1, "spaced out afterwards, and no more than that"
    assert [wait for _, wait, _ in bench.observer.retries] == [7.0, 7.0]


def test_throttling_without_end_is_told_with_the_time_to_wait(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    bench.fault(case.list_route, status=429, headers={"Retry-After": "3600"})

    with pytest.raises(ThrottledError) as caught:
        provider.read([case.type], bench.observer, within=case.within({"destination": "4200"}))

    assert caught.value.retry_after_s == 3600
    assert bench.clock.slept == []


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_create_whose_answer_is_lost_is_not_repeated_and_can_be_found(
    creating_case: Case, bench: Bench, kind: str
) -> None:
    case = creating_case
    provider = bench.provider(case)
    fields = case.fields(bench, provider, bench.unique("it"))
    bench.fault(case.create_route, kind, when="after", nth=1)
    bench.forget_calls()

    with pytest.raises(UnreachableError) as caught:
        provider.create(case.type, fields)

    assert caught.value.may_have_happened
    assert not caught.value.retryable
    assert creates_of(case, bench) == 1
    state = provider.read([case.type], bench.observer, within=case.within(fields))
    key = next(each.key for each in state.objects if _is(each.fields, fields, case))
    assert provider.find(case.type, key) is not None


def test_a_create_that_fails_inside_the_server_may_have_happened(
    creating_case: Case, bench: Bench
) -> None:
    case = creating_case
    provider = bench.provider(case)
    fields = case.fields(bench, provider, bench.unique("it"))
    bench.fault(case.create_route, status=503)
    bench.forget_calls()

    with pytest.raises(UnreachableError) as caught:
        provider.create(case.type, fields)

    assert caught.value.may_have_happened
    assert creates_of(case, bench) == 1


def test_a_read_is_repeated_after_failures_and_still_complete(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    fields = case.fields(bench, provider, bench.unique("it"))
    live = provider.create(case.type, fields)
    bench.fault(case.list_route, "cut", when="after", times=1)
    bench.fault(case.list_route, status=502, times=1)

    state = provider.read([case.type], bench.observer, within=case.within(fields))

    assert (case.type, live.id) in state.by_id
    assert len(bench.observer.retries) == 2


@pytest.mark.parametrize("kind", ["cut", "reset", "status"])
def test_a_bulk_read_that_keeps_failing_raises_and_is_never_short(
    case: Case, bench: Bench, kind: str
) -> None:
    provider = bench.provider(case)
    fields = case.fields(bench, provider, bench.unique("it"))
    bench.fault(case.list_route, kind, when="after")

    with pytest.raises(UnreachableError):
        provider.read([case.type], bench.observer, within=case.within(fields))


def test_a_page_that_keeps_failing_fails_the_whole_read(paged_case: Case, bench: Bench) -> None:
    case = paged_case
    fields = {}
    for _ in range(3):
        provider = bench.provider(case)
        fields = case.fields(bench, provider, bench.unique("it"))
        provider.create(case.type, fields)
    bench.fault(case.list_route, nth=2, times=1000, status=500)

    with pytest.raises(UnreachableError):
        bench.provider(case, page_size=1).read(
            [case.type], bench.observer, within=case.within(fields)
        )


def test_the_systems_own_words_reach_the_reader(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    fields = {**case.fields(bench, provider, bench.unique("it")), **case.rejected}

    with pytest.raises(RejectedError) as caught:
        provider.create(case.type, fields)

    assert case.words in str(caught.value)
    assert not caught.value.retryable
    assert not caught.value.may_have_happened


def test_a_refused_right_is_not_an_absent_object(case: Case, bench: Bench) -> None:
    provider = bench.provider(case)
    live = provider.create(case.type, case.fields(bench, provider, bench.unique("it")))
    route = "SOAP *" if case.create_route.startswith("SOAP") else "GET *"
    bench.fault(route, status=403)

    with pytest.raises(PermissionDeniedError):
        provider.find(case.type, live.key)


def test_a_wrong_secret_is_a_failed_sign_in(case: Case, bench: Bench) -> None:
    provider = bench.provider(case, client="unknown")

    with pytest.raises(AuthenticationError) as caught:
        provider.get(case.type, "1")

    assert not caught.value.retryable
    assert isinstance(caught.value, ProviderError)


def creates_of(case: Case, bench: Bench) -> int:
    """Count the creating calls that reached the system."""
    labels = [f"{each['method']} {each['path']}" for each in bench.calls()]
    return sum(fnmatchcase(label, case.create_route) for label in labels)


def _is(live: object, fields: dict[str, object], case: Case) -> bool:
    assert isinstance(live, dict)
    return all(live.get(name) == value for name, value in fields.items() if name not in case.unread)
