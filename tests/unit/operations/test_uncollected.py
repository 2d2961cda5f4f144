from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from audctl.operations.uncollected import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    yield
    gc.enable()
    gc.unfreeze()


def test_the_collector_is_away_for_the_block_and_back_after_it_whatever_happens() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        _fail()
    assert gc.isenabled()


@uncollected()
def _fail() -> None:
    assert not gc.isenabled()
    raise ZeroDivisionError


def test_what_a_block_made_is_frozen_only_in_a_process_that_froze_its_beginnings() -> None:
    with uncollected():
        made = [[each] for each in range(100)]
    assert not gc.get_freeze_count()
    gc.freeze()
    began_with = gc.get_freeze_count()
    with uncollected():
        more = [[each] for each in range(100)]
    assert gc.get_freeze_count() >= began_with + len(more)
    assert made


def test_a_collector_that_somebody_switched_off_stays_off() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
