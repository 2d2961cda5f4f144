from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.apply.late import LateIds
from audctl.model.address import Address
from tests.build import make_entry, make_ledger, make_plan, make_state

if TYPE_CHECKING:
    import pytest

SOURCE = "DataSource/web#aam.dataSource"


def ids(*more: str) -> LateIds:
    ledger = make_ledger(
        *(make_entry(each, f"{n}", {}) for n, each in enumerate((SOURCE, *more), 5))
    )
    return LateIds(make_plan([], make_state(), make_ledger()), ledger)


def test_a_key_written_down_earlier_gets_the_ids_known_now() -> None:
    known = ids()
    assert known.fill((SOURCE, "a")) == ("5", "a")
    assert known.fill(("DataSource/crm#aam.dataSource", "a")) == (
        "DataSource/crm#aam.dataSource",
        "a",
    )


def test_a_key_with_a_number_sign_that_is_no_address_stays() -> None:
    assert ids().fill(("#1", "no#address", "/#", "")) == ("#1", "no#address", "/#", "")


def test_filling_one_key_does_not_look_at_every_id(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ids(*(f"Trait/t{n}#aam.trait" for n in range(50)))
    spelled = 0
    spell = Address.__str__

    def counted(address: Address) -> str:
        nonlocal spelled
        spelled += 1
        return spell(address)

    monkeypatch.setattr(Address, "__str__", counted)
    assert known.fill((SOURCE, "a")) == ("5", "a")
    assert spelled == 0
