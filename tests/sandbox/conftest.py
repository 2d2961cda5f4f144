"""Fixtures of the sandbox's own tests."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audctl.sandbox.server import RunningSandbox, start
from tests.sandbox.audience_manager_account import Account


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with start(tmp_path / "data") as running:
        yield running


@pytest.fixture
def account(sandbox: RunningSandbox) -> Iterator[Account]:
    with closing(Account(sandbox)) as opened:
        yield opened


@pytest.fixture
def demo_account(tmp_path: Path) -> Iterator[Account]:
    with start(tmp_path / "demo", seed="demo") as running, closing(Account(running)) as opened:
        yield opened
