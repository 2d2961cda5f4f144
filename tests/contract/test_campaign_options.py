"""Options over HTTP: what a lock and a ledger can rely on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from audctl.errors import ConflictError
from audctl.providers.campaign import OptionStore
from tests.contract.campaign_cases import client_of

if TYPE_CHECKING:
    from audctl.ledger.options_port import OptionsClient
    from tests.contract.bench import Bench


@pytest.fixture
def options(bench: Bench) -> OptionStore:
    client = client_of(bench)
    bench.opened.callback(client.close)
    return OptionStore(client)


def test_it_is_what_the_ledger_asks_for(options: OptionStore) -> None:
    port: OptionsClient = options

    assert port.server_time().utcoffset() is not None


def test_of_many_inserts_at_once_one_wins(bench: Bench, options: OptionStore) -> None:
    name = f"audctl.{bench.unique('lock')}"
    won: list[str] = []
    lost: list[str] = []
    ready = threading.Barrier(8)

    def take(holder: str) -> None:
        ready.wait()
        try:
            options.insert_option(name, holder)
        except ConflictError:
            lost.append(holder)
        else:
            won.append(holder)

    threads = [threading.Thread(target=take, args=(f"holder-{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(won) == 1
    assert len(lost) == 7
    assert options.read_options(name, memo=False) == {name: (won[0], "")}


def test_a_claim_is_renewed_and_released_only_by_its_holder(
    bench: Bench, options: OptionStore
) -> None:
    name = f"audctl.{bench.unique('lock')}"
    options.insert_option(name, "mine", "until noon")

    options.update_memo_if(name, "yours", "until midnight")
    options.delete_option_if(name, "yours")
    assert options.read_options(name, memo=True) == {name: ("mine", "until noon")}

    options.update_memo_if(name, "mine", "until one")
    assert options.read_options(name, memo=True) == {name: ("mine", "until one")}

    options.delete_option_if(name, "mine")
    options.delete_option_if(name, "mine")
    options.update_memo_if(name, "mine", "until two")
    assert options.read_options(name, memo=True) == {}


def test_an_option_without_a_string_is_deleted_by_that(bench: Bench, options: OptionStore) -> None:
    name = f"audctl.{bench.unique('lock')}"
    options.insert_option(name, "")

    options.delete_option_if(name, "")

    assert options.read_options(name, memo=False) == {}


def test_a_prefix_is_literal(bench: Bench, options: OptionStore) -> None:
    prefix = f"audctl.{bench.unique('a_b%')}."
    near = prefix.replace("_", "x").replace("%", "y")
    for name in (f"{prefix}1", f"{prefix}2", f"{near}3", prefix.upper()):
        options.write_option(name, "s", "m")

    assert sorted(options.read_options(prefix, memo=False)) == [f"{prefix}1", f"{prefix}2"]


def test_long_values_come_back_as_written(bench: Bench, options: OptionStore) -> None:
    name = f"audctl.{bench.unique('chunk')}"
    memo = "QUJD+/=0" * 25_000

    options.write_option(name, "1/1", memo)
    options.write_option(name, "2/2", memo[8:])

    assert options.read_options(name, memo=True) == {name: ("2/2", memo[8:])}
    assert options.read_options(name, memo=False) == {name: ("2/2", "")}


def test_many_options_are_read_and_deleted_in_few_calls(bench: Bench, options: OptionStore) -> None:
    prefix = f"audctl.{bench.unique('many')}."
    names = [f"{prefix}{number:04}" for number in range(250)]
    for each in names:
        options.write_option(each, "s", each)
    bench.forget_calls()

    found = options.read_options(prefix, memo=True)
    read = len(bench.calls())
    options.delete_options([*names, f"{prefix}never-there"])

    assert {name: memo for name, (_, memo) in found.items()} == {each: each for each in names}
    assert read == 4
    assert len(bench.calls()) - read == 2
    assert options.read_options(prefix, memo=False) == {}
