"""A new project: a few files that work at once, written all or none."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audctl.errors import FindingsError
from audctl.manifest.discover import PROJECT_FILE
from audctl.manifest.write import word
from audctl.model.finding import Finding, Severity
from audctl.model.started import StartReport

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES: Final = Path(__file__).parent / "starter"
_MANIFESTS: Final = "manifests"
_FILES: Final = {
    PROJECT_FILE: "audctl.yaml",
    f"{_MANIFESTS}/shared.yaml": "shared.yaml",
    f"{_MANIFESTS}/cart-abandoners.yaml": "cart-abandoners.yaml",
    ".gitignore": "gitignore",
}
"""Each file of a project, and what it is written from. No pipeline is among them: one runs as soon as it is pushed, and
only at the root of a repository, which the project's folder need not be."""
_NAME: Final = "my-audiences"
"""In the templates; a project is called like its folder."""
_LONGEST: Final = 100


def init(folder: Path) -> StartReport:
    """Write a new project into a folder, which is made when missing; after FindingsError nothing is written."""
    name = _name_of(folder)
    made: list[Path] = []
    path = folder
    try:
        if in_the_way := list(_in_the_way(folder)):
            raise FindingsError(in_the_way)  # noqa: TRY301 - looking may fail as writing may
        _make_folder(folder, made)
        for target, template in _FILES.items():
            path = folder / target
            _make_folder(path.parent, made)
            text = (_TEMPLATES / template).read_text(encoding="utf-8").replace(_NAME, word(name))
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                made.append(path)
                stream.write(text)
    except OSError as error:
        _unmake(made)
        why = (error.strerror or "unusable").lower()
        raise FindingsError([_finding(f"{_shown(path)} cannot be written: {why}", "")]) from error
    except BaseException:
        _unmake(made)
        raise
    return StartReport(
        project=name,
        files=tuple(_shown(folder / each) for each in _FILES),
        commands=tuple(f"audctl {each}{_project_option(folder)}" for each in ("plan", "apply")),
    )


def _in_the_way(folder: Path) -> Iterator[Finding]:
    if os.path.lexists(folder) and not folder.is_dir():
        yield _finding(f"{_shown(folder)} is no folder", "name another folder: audctl init DIR")
        return
    hint = "name a folder of its own: audctl init DIR"
    for target in _FILES:
        if os.path.lexists(folder / target):
            yield _finding(f"{_shown(folder / target)} exists already", hint)
    manifests = folder / _MANIFESTS
    if os.path.lexists(manifests) and not manifests.is_dir():
        yield _finding(f"{_shown(manifests)} is no folder", hint)
    elif manifests.is_dir():
        # They would be manifests of the project, whatever they are.
        for each in sorted(manifests.iterdir()):
            if f"{_MANIFESTS}/{each.name}" not in _FILES:
                yield _finding(f"{_shown(each)} exists already", hint)


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir()
        made.append(each)


def _unmake(made: list[Path]) -> None:
    """Remove what was written, folders only while nobody has put anything else into them."""
    for path in reversed(made):
        try:
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        except OSError:
            continue


def _name_of(folder: Path) -> str:
    """Return a valid name of a project that people recognise the folder by."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name)[:_LONGEST].strip("-_")
    return plain or _NAME


def _project_option(folder: Path) -> str:
    shown = _shown(folder)
    return "" if shown == "." else f" --project {shlex.quote(shown)}"


def _shown(path: Path) -> str:
    return Path(os.path.relpath(path)).as_posix()


def _finding(message: str, hint: str) -> Finding:
    return Finding("AUD1014", Severity.ERROR, f"nothing is written: {message}", hint=hint)
