"""A folder of results after crashes, and with something in it that nobody expects."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.result import MANIFEST, listed_files, open_result, read_manifest
from tests.exchange import put_files

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.exchange.result import ResultFolder
    from audctl.model.exchange import WrittenFile


class CutError(Exception):
    """The engine failed."""


def put(made: ResultFolder, *names: str) -> list[WrittenFile]:
    return put_files(made.staging, {name: name for name in names})


def write(folder: Path, *names: str) -> None:
    with open_result(folder) as made:
        made.finish(put(made, *names), {"kind": "import"})


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def killed(folder: Path, *files: str, at: int) -> None:
    """Write a result in a process that ends like one that is killed, before its so-and-so-many-th renaming."""
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
        return
    count = 0

    def watched(event: str, _: object) -> None:
        nonlocal count
        if event == "os.rename":
            count += 1
            if count == at:
                os._exit(0)

    import sys  # noqa: PLC0415 - the hook is the child's alone

    sys.addaudithook(watched)
    with open_result(folder) as made:
        made.finish(put(made, *files), {"kind": "import"})
    os._exit(1)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_kill_at_any_renaming_leaves_a_result_or_none_and_the_next_exchange_clears_up(
    tmp_path: Path, at: int
) -> None:
    folder = tmp_path / "out"
    write(folder, "old", "same")
    killed(folder, "new", "same", at=at)
    manifest = read_manifest(folder)
    assert (manifest is not None) == (at == 1)
    for each in listed_files(manifest or {}):
        assert (folder / str(each["name"])).exists()

    def fail() -> None:
        with open_result(folder):
            raise CutError

    with pytest.raises(CutError):
        fail()
    assert names(folder) == ([MANIFEST, "old", "same"] if at == 1 else [])
    write(folder, "newest")
    assert names(folder) == [MANIFEST, "newest"]


def test_one_exchange_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    with open_result(tmp_path / "out") as made:
        with pytest.raises(FindingsError) as caught, open_result(tmp_path / "out"):
            pass
        assert "another exchange is writing to" in caught.value.findings[0].message
        made.finish(put(made, "members"), {"kind": "import"})
    assert names(tmp_path / "out") == [MANIFEST, "members"]


def test_a_folder_that_cannot_be_locked_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("audctl.exchange.result.fcntl.flock", refuse)
    write(tmp_path / "out", "members")
    assert names(tmp_path / "out") == [MANIFEST, "members"]


@pytest.mark.parametrize(
    "changed", [{"name": ".."}, {"name": "../x"}, {"rows": "zap"}, {"bytes": None}]
)
def test_what_a_manifest_says_of_a_file_is_believed_only_when_it_can_be(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    folder = tmp_path / "out"
    write(folder, "members")
    document = json.loads((folder / MANIFEST).read_text())
    document["files"][0] |= changed
    (folder / MANIFEST).write_text(json.dumps(document))
    assert not listed_files(read_manifest(folder) or {})
