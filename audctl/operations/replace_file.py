"""A file replaced whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Give a file new content and keep its mode; one behind a link stays behind it. Raises OSError."""
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".audctl-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(temporary).chmod(target.stat().st_mode & 0o7777)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
