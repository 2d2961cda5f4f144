"""A sandbox's data folder, emptied."""

import shutil
from contextlib import closing
from pathlib import Path

from audctl.sandbox.store import DATABASE, claim_folder

BUCKETS = "buckets"


class NoSandboxFolderError(Exception):
    """A folder that holds no sandbox."""


def reset(data: Path) -> None:
    """Delete what a sandbox keeps under `data`, and nothing else that lies there.

    Raises NoSandboxFolderError, and DataFolderInUseError while a sandbox has it open.
    """
    if not (data / DATABASE).exists():
        raise NoSandboxFolderError(f"{data} holds no sandbox: there is no {DATABASE}")
    with closing(claim_folder(data)):
        # The database first: SQLite drops a log without one, but would play the log of another.
        for suffix in ("", "-wal", "-shm", "-journal"):
            (data / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        if (data / BUCKETS).is_dir():
            shutil.rmtree(data / BUCKETS)
