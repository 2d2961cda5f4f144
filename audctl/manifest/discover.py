"""Which files of a project hold manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from audctl.errors import FindingsError
from audctl.model.finding import Finding, Severity
from audctl.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

PROJECT_FILE: Final = "audctl.yaml"
_SUFFIXES: Final = (".yaml", ".yml")


def find_project(start: Path) -> Path:
    """Return the project file in ``start`` or the nearest folder above it; raise FindingsError if none."""
    start = start.absolute()
    for folder in (start, *start.parents):
        candidate = folder / PROJECT_FILE
        if candidate.is_file():
            return candidate
    raise FindingsError(
        [
            Finding(
                "AUD1101",
                Severity.ERROR,
                f"no {PROJECT_FILE} in {start} or any folder above it",
                hint="name the project's folder with --project",
            )
        ]
    )


def discover(
    root: Path, folders: Iterable[tuple[str, Span]], project_file: Path, *, project: str
) -> tuple[list[tuple[str, Path]], list[Finding]]:
    """Return manifest files as (name relative to the root, path), sorted by name, and what is wrong.

    ``folders`` come with the place in the project file that names them. ``project`` is its name.
    Hidden files and folders and the project file are left out. Symbolic links are followed inside the
    root only, and every real file is returned once.
    """
    walk = _Walk(root, project_file, project)
    for folder, span in folders:
        walk.start(folder, span)
    return sorted(walk.files.values()), walk.findings


class _Walk:
    def __init__(self, root: Path, project_file: Path, project: str) -> None:
        self.root = root
        self.project = project
        self.real_root = root.resolve()
        self.project_file = project_file.resolve()
        self.files: dict[Path, tuple[str, Path]] = {}
        self.findings: list[Finding] = []
        self.seen = 0
        """Manifest files met, those met before included."""

    def start(self, folder: str, span: Span) -> None:
        path = self.root / folder
        before = self.seen, len(self.findings)
        if not path.resolve().is_relative_to(self.real_root):
            self._problem(
                span, "AUD1102", f'manifest folder "{folder}" lies outside the project',
                f"keep manifests beside {PROJECT_FILE} or below it",
            )  # fmt: skip
        elif not path.is_dir():
            self._problem(
                span, "AUD1102", f'manifest folder "{folder}" does not exist',
                "spec.manifests lists folders relative to the project's root",
            )  # fmt: skip
        else:
            self._folder(Path(folder), path.resolve(), ())
            if before == (self.seen, len(self.findings)):
                self._problem(
                    span, "AUD1010", f'no manifests in folder "{folder}"',
                    "manifests are files ending in .yaml or .yml, and audctl import writes them for what is live; "
                    "to let go of everything on purpose: "
                    f"plan --allow emptyProject:{self.project}",
                )  # fmt: skip

    def _folder(self, name: Path, real: Path, above: tuple[Path, ...]) -> None:
        for entry in sorted(real.iterdir()):
            if entry.name.startswith("."):
                continue
            entry_name = name / entry.name
            target = self._target(entry_name, entry, (*above, real))
            if target is None:
                continue
            if target.is_dir():
                self._folder(entry_name, target, (*above, real))
            elif entry.name.endswith(_SUFFIXES) and target != self.project_file:
                self.seen += 1
                if not target.is_file():
                    # Opening a pipe would wait for ever.
                    shown = entry_name.as_posix()
                    self._problem(
                        shown,
                        "AUD1012",
                        f"{shown} is not a regular file",
                        "remove it, or rename it",
                    )
                    continue
                self.files.setdefault(target, (entry_name.as_posix(), target))

    def _target(self, name: Path, entry: Path, above: tuple[Path, ...]) -> Path | None:
        """Return the real path behind an entry, None when a link must not be followed."""
        if not entry.is_symlink():
            return entry
        shown = name.as_posix()
        try:
            target = entry.resolve(strict=True)
        except (OSError, RuntimeError):
            self._problem(
                shown, "AUD1011", f"symbolic link {shown} leads nowhere, or to itself", ""
            )
            return None
        if not target.is_dir() and not entry.name.endswith(_SUFFIXES):
            return None
        if not target.is_relative_to(self.real_root):
            self._problem(
                shown, "AUD1011", f"symbolic link {shown} leads out of the project",
                "copy the files into the project",
            )  # fmt: skip
            return None
        if target in above:
            self._problem(
                shown, "AUD1011", f"symbolic link {shown} leads back to a folder above it", ""
            )
            return None
        return target

    def _problem(self, place: Span | str, code: str, message: str, hint: str) -> None:
        span = place if isinstance(place, Span) else Span(place, 1, 1)
        self.findings.append(Finding(code, Severity.ERROR, message, span, hint))
