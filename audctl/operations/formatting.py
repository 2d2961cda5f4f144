"""Manifests and project files in canonical form: on disk, or on the way from stdin to stdout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.manifest.discover import PROJECT_FILE, discover, find_project
from audctl.manifest.form.canonical import canonical_text
from audctl.manifest.project import load_project
from audctl.manifest.yaml_tree import read_source
from audctl.model.finding import Finding, Severity
from audctl.model.formatted import FormatReport, FormattedFile
from audctl.model.span import Span
from audctl.operations.replace_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_MANIFESTS = "AUD1010"
"""What is wrong with an empty folder is nothing about layout."""
STDIN = "-"


def format_files(paths: Sequence[Path], project: Path | None, *, write: bool) -> FormatReport:
    """Bring files into canonical form, each whole or not at all.

    ``paths`` are files, and folders with everything below them; none: the project file and all its manifests. A file
    that is wrong as YAML, or no manifest, is a finding and stays as it is; others are formatted all the same. Links are
    followed as everywhere: the file behind one is replaced, the link stays.
    """
    findings: list[Finding] = []
    formatted: list[FormattedFile] = []
    for path in _files(paths, project, findings):
        try:
            made = _format(path, findings, write=write)
        except OSError as error:
            name = _shown(path)
            findings.append(_finding("AUD1003", f"file cannot be read: {error.strerror}", name))
            continue
        if made is not None:
            formatted.append(made)
    return FormatReport(
        files=tuple(formatted),
        findings=tuple(sorted(findings, key=lambda each: each.sort_key)),
        written=write,
    )


def format_stdin(data: bytes) -> FormatReport:
    """Bring one text into canonical form."""
    made = format_bytes(STDIN, data)
    if isinstance(made, FormattedFile):
        return FormatReport(files=(made,), findings=(), written=False)
    return FormatReport(files=(), findings=made, written=False)


def format_bytes(name: str, data: bytes) -> FormattedFile | tuple[Finding, ...]:
    """Return a file's text before and after, or what is wrong with it."""
    source = read_source(name, data)
    if isinstance(source, Finding):
        return (source,)
    after = canonical_text(source)
    if not isinstance(after, str):
        return after
    # A byte order mark is part of what a file was, and goes.
    return FormattedFile(path=name, before=data.decode(), after=after)


def _format(path: Path, findings: list[Finding], *, write: bool) -> FormattedFile | None:
    name, data = _shown(path), path.read_bytes()
    made = format_bytes(name, data)
    if not isinstance(made, FormattedFile):
        findings.extend(made)
        return None
    if not write or not made.differs:
        return made
    if path.read_bytes() != data:
        findings.append(_unwritten(name, "it was changed meanwhile", "run audctl fmt again"))
        return None
    try:
        replace_file(path, made.after)
    except OSError as error:
        findings.append(_unwritten(name, f"it cannot be replaced: {error.strerror}", ""))
        return None
    return made


def _files(paths: Sequence[Path], project: Path | None, findings: list[Finding]) -> Iterable[Path]:
    """Return the files that are meant, every real file once, in the order of names."""
    found: dict[Path, Path] = {}
    if not paths:
        loaded = load_project(project or find_project(Path.cwd()))
        places = [
            (folder, loaded.places.span(f"spec.manifests[{index}]"))
            for index, folder in enumerate(loaded.manifests)
        ]
        _discover(loaded.root, places, loaded.file, found, findings)
    for path in paths:
        if path.is_dir():
            _discover(path, [(".", Span(_shown(path), 1, 1))], path / PROJECT_FILE, found, findings)
        elif path.is_file():
            found.setdefault(path.resolve(), path)
        elif path.exists():
            raise UsageError(f"{path}: neither a file nor a folder")
        else:
            raise UsageError(f"{path}: there is no such file or folder")
    return sorted(found.values(), key=_shown)


def _discover(
    root: Path,
    folders: Sequence[tuple[str, Span]],
    project_file: Path,
    found: dict[Path, Path],
    findings: list[Finding],
) -> None:
    files, wrong = discover(root, folders, project_file, project="")
    findings.extend(each for each in wrong if each.code != _NO_MANIFESTS)
    if project_file.is_file():
        found.setdefault(project_file.resolve(), project_file)
    for name, _ in files:
        path = root / name
        found.setdefault(path.resolve(), path)


def _shown(path: Path) -> str:
    """Return a path as it is found from the working directory: what an editor opens and xargs passes on."""
    return Path(os.path.relpath(path)).as_posix()


def _finding(code: str, message: str, name: str, hint: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, Span(name, 1, 1), hint)


def _unwritten(name: str, why: str, hint: str) -> Finding:
    return _finding("AUD1013", f"file stays as it is: {why}", name, hint)
