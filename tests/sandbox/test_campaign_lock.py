"""The compare-and-set substitutes that a lock in `xtk:option` rests on, under parallel clients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.campaign_soap import Fault, SoapClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audctl.sandbox.server import RunningSandbox

CLIENTS = 32


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


def insert(soap: SoapClient, name: str, value: str) -> bool:
    try:
        soap.write(
            f'<option xtkschema="xtk:option" _operation="insert" name="{name}" dataType="6" stringValue="{value}"/>'
        )
    except Fault as fault:
        detail = fault.detail
    else:
        return True
    assert "duplicate key value violates unique constraint" in detail
    assert "XtkOption_name" in detail
    return False


def holder(soap: SoapClient, name: str = "lock") -> str | None:
    value, data_type = soap.call("xtk:session", "GetOption", name)
    return value.text if data_type.text != "0" else None


def together(work: Callable[[int], bool]) -> list[int]:
    """Run `work` for every client at once and give the numbers of those who won."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return [number for number, won in enumerate(pool.map(work, range(CLIENTS))) if won]


def test_one_of_many_inserts_wins(soap: SoapClient) -> None:
    winners = together(lambda number: insert(soap, "lock", f"holder-{number}"))
    assert len(winners) == 1
    assert holder(soap) == f"holder-{winners[0]}"


def test_one_of_many_breakers_of_a_stale_lock_gets_it(soap: SoapClient) -> None:
    assert insert(soap, "lock", "dead")

    def break_and_take(number: int) -> bool:
        soap.delete("xtk:option", "@name='lock' AND @stringValue='dead'")
        return insert(soap, "lock", f"holder-{number}")

    winners = together(break_and_take)
    assert len(winners) == 1
    assert holder(soap) == f"holder-{winners[0]}"


def test_a_conditional_delete_spares_a_lock_that_changed_hands(soap: SoapClient) -> None:
    assert insert(soap, "lock", "mine")
    soap.delete("xtk:option", "@name='lock' AND @stringValue='someone else'")
    assert holder(soap) == "mine"
    soap.delete("xtk:option", "@name='lock' AND @stringValue='mine'")
    assert holder(soap) is None


def test_a_renewal_holds_only_while_the_token_matches(soap: SoapClient) -> None:
    assert insert(soap, "lock", "mine")

    def renew(token: str, until: str) -> None:
        soap.write(
            '<option xtkschema="xtk:option" _operation="update" _key="@name, @stringValue"'
            f' name="lock" stringValue="{token}" timeStampValue="{until}"/>'
        )

    renew("theirs", "2031-01-01T00:00:00Z")
    assert soap.select("xtk:option", "@timeStampValue", where="@name='lock'") == [
        {"timeStampValue": ""}
    ]
    renew("mine", "2032-01-01T00:00:00Z")
    (row,) = soap.select("xtk:option", "@timeStampValue", "@stringValue", where="@name='lock'")
    assert row == {"timeStampValue": "2032-01-01 00:00:00.000Z", "stringValue": "mine"}


def test_a_long_value_needs_the_memo(soap: SoapClient) -> None:
    with pytest.raises(Fault, match="character varying"):
        soap.write(f'<option xtkschema="xtk:option" name="big" stringValue="{"x" * 256}"/>')
    payload = "0123456789abcdef" * 131_072
    soap.write(
        f'<option xtkschema="xtk:option" name="big" dataType="12"><memoValue>{payload}</memoValue></option>'
    )
    assert holder(soap, "big") == payload
    row = soap.query(
        '<queryDef schema="xtk:option" operation="get"><select><node expr="memoValue"/></select>'
        "<where><condition expr=\"@name='big'\"/></where></queryDef>"
    )
    assert row.findtext("{*}memoValue") == payload


def test_many_writers_and_readers_at_once_lose_nothing(soap: SoapClient) -> None:
    def write_and_read(number: int) -> bool:
        soap.write(f'<group xtkschema="nms:group" _operation="insertOrUpdate" name="g{number}"/>')
        return len(soap.select("nms:group", "@id", where=f"@name='g{number}'")) == 1

    assert together(write_and_read) == list(range(CLIENTS))
    assert len(soap.select("nms:group", "@id")) == CLIENTS
