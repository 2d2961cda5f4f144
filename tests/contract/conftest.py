"""Fixtures of the contract suite: one sandbox per test process, its faults cleared for every test."""

from __future__ import annotations

import importlib.util
import itertools
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.server import start
from tests.contract import audience_manager_cases
from tests.contract.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.case import Case

NUMBERS = itertools.count()


def all_cases() -> list[Case]:
    """Every provider's cases."""
    found = list(audience_manager_cases.CASES)
    if importlib.util.find_spec("tests.contract.campaign_cases") is not None:
        module = importlib.import_module("tests.contract.campaign_cases")
        found += module.CASES
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", all_cases(), ids=str)
    if "creating_case" in metafunc.fixturenames:
        creating = [each for each in all_cases() if not each.repeatable]
        metafunc.parametrize("creating_case", creating, ids=str)
    if "clearing" in metafunc.fixturenames:
        clearing = [(each, name) for each in all_cases() for name in each.clears]
        metafunc.parametrize("clearing", clearing, ids=lambda pair: f"{pair[0]} {pair[1]}")
    if "paged_case" in metafunc.fixturenames:
        metafunc.parametrize("paged_case", [each for each in all_cases() if each.pages], ids=str)


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start(tmp_path_factory.mktemp("sandbox"), seed="demo") as sandbox:
        yield sandbox.url


@pytest.fixture
def bench(sandbox_url: str) -> Iterator[Bench]:
    bench = Bench(sandbox_url, numbers=NUMBERS)
    bench.no_more_faults()
    bench.forget_calls()
    with bench.opened:
        yield bench
    bench.no_more_faults()
