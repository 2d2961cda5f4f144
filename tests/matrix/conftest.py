"""One reference apply for each place of the ledger, for all tests of a process: each case puts its world back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.reference import Reference, reference

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    with reference(tmp_path_factory.mktemp("matrix"), "campaign") as made:
        yield made


@pytest.fixture(scope="session")
def found_in_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    with reference(tmp_path_factory.mktemp("matrix"), "file") as made:
        yield made
