"""A folder for what an engine cannot hold: people's ids, until the exchange ends, however it ends.

It is locked while its process lives. One that nobody has locked is what a killed exchange has left behind, and goes
with the next one in the same place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".audctl-exchange-"
_UNLOCKED = ".new-audctl-exchange-"
"""Of a folder that is not locked yet, and holds nothing."""


@contextmanager
def work_folder(place: Path | None) -> Iterator[Path]:
    """Give a folder for its owner only, in ``place`` or where temporary files go; it is removed at the end."""
    fresh = Path(tempfile.mkdtemp(prefix=_UNLOCKED, dir=place))
    folder = fresh.with_name(_PREFIX + fresh.name.removeprefix(_UNLOCKED))
    lock = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(
            OSError
        ):  # a file system without locks: then none is taken for left behind, either
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fresh.rename(folder)
        _clear(folder.parent)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear(place: Path) -> None:
    for each in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or in use
            lock = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(each, ignore_errors=True)
            finally:
                os.close(lock)
