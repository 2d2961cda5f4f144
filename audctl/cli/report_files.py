"""Where reports go: checked before anything runs, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.suggestion import did_you_mean
from audctl.render.reports import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STDOUT = "-"

_MARKERS = (b"<!-- audctl:", b"[//]: # (audctl:")
"""How a part of a Markdown report begins."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """One ``--report FORMAT=FILE``."""

    format: str
    file: str
    """``-``: stdout."""


def parse_requests(
    texts: Iterable[str], command: str, taken: Iterable[Path] = ()
) -> tuple[ReportRequest, ...]:
    """Read the options; raise UsageError for whatever could not be written in the end.

    ``taken`` are files that the command writes itself.
    """
    requests: list[ReportRequest] = []
    used = {_real(each) for each in taken}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or not file:
            raise UsageError(
                f'--report "{text}" has no file; write {name or "FORMAT"}=FILE, or {name or "FORMAT"}=-'
            )
        _check_format(name, command)
        place = STDOUT if file == STDOUT else _real(Path(file))
        if place in used:
            raise UsageError(f"--report {text}: something else is written there as well")
        used.add(place)
        if file != STDOUT:
            _check_writable(text, Path(file))
        requests.append(ReportRequest(name, file))
    return tuple(requests)


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _check_format(name: str, command: str) -> None:
    known = FORMATS.get(name)
    if known is None:
        hint = did_you_mean(name, FORMATS) or f"known formats: {', '.join(FORMATS)}"
        raise UsageError(f'--report: there is no format "{name}"; {hint}')
    if known.commands and command not in known.commands:
        fit = ", ".join(sorted(known.commands))
        raise UsageError(f"--report {name} is about a plan: it goes with {fit}")


def _check_writable(text: str, path: Path) -> None:
    folder = path.absolute().parent
    if path.is_dir():
        raise UsageError(f"--report {text}: that is a folder; name a file in it")
    if not folder.is_dir():
        raise UsageError(f"--report {text}: there is no folder {folder}")
    special = path.exists() and not path.is_file()
    if not os.access(path if special else os.path.realpath(folder), os.W_OK):
        raise UsageError(f"--report {text}: {path if special else folder} cannot be written to")


def part_path(path: Path, number: int) -> Path:
    """Return where a part goes: ``plan.md``, then ``plan.2.md`` and so on."""
    return path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")


def write_parts(path: Path, parts: Sequence[str]) -> None:
    """Write each part to its file; parts of an earlier, longer report are removed, so that nobody posts them."""
    for number, text in enumerate(parts, 1):
        write_file(part_path(path, number), text)
    number = len(parts) + 1
    while _is_own_part(old := part_path(path, number)):
        old.unlink()
        number += 1


def _is_own_part(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).startswith(_MARKERS)
    except OSError:
        return False


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the rights that the process's umask gives; a pipe is written into."""
    content = text.encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    replace_file(path, content)


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file whole or not at all; with ``mode`` its rights are these, whatever the process's umask."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def append_to(path: Path, text: str) -> None:
    """Add to a file that others write to as well."""
    with path.open("ab") as file:
        file.write(text.encode("utf-8", "backslashreplace"))
