"""Folders of work go when their exchange ends, and after a kill with the next one."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from audctl.exchange.work_folder import work_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_killed_exchange_left_goes_with_the_next_one_and_nothing_else(
    tmp_path: Path,
) -> None:
    child = os.fork()
    if not child:
        with work_folder(tmp_path) as left:
            (left / "ids").touch()
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    (left,) = tmp_path.iterdir()
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (tmp_path / ".audctl-exchange-link").symlink_to(elsewhere)
    with work_folder(tmp_path) as first, work_folder(tmp_path) as second:
        assert not left.exists()
        assert first.exists()
        assert second.exists()
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert sorted(each.name for each in tmp_path.iterdir()) == [".audctl-exchange-link", "mine"]
