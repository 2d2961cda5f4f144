"""Fixtures of the sandbox's own tests."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audctl.sandbox.server import RunningSandbox, start
from tests.sandbox.audience_manager_account import Account


@pytest.fixture(scope="session")
def born(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a first start leaves it, to copy: making its tables takes longer than all the rest."""
    data = tmp_path_factory.mktemp("born")
    start(data).stop()
    return data


@pytest.fixture(scope="session")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo tenant, to copy likewise."""
    data = tmp_path_factory.mktemp("sown")
    start(data, seed="demo").stop()
    return data


@pytest.fixture
def sandbox(born: Path, tmp_path: Path) -> Iterator[RunningSandbox]:
    with start(shutil.copytree(born, tmp_path / "data")) as running:
        yield running


@pytest.fixture
def account(sandbox: RunningSandbox) -> Iterator[Account]:
    with closing(Account(sandbox)) as opened:
        yield opened


@pytest.fixture
def demo_account(sown: Path, tmp_path: Path) -> Iterator[Account]:
    data = shutil.copytree(sown, tmp_path / "demo")
    with start(data) as running, closing(Account(running)) as opened:
        yield opened
