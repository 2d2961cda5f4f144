"""Which commit the manifests are of: asked of Git, and never a reason for anything to fail."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.model.plan import Revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from audctl.model.plan import Plan

PATIENCE_S = 10.0
"""A status takes milliseconds; on a sick file system the plan goes on without."""

_SHOWN = 12

_PASSED_ON = ("PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT")
"""All that Git needs: where it is, and its user's settings, which say whose repositories are trusted."""

_COMMAND = (
    "git",
    # Settings of a repository that would run a program of its choice.
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules", "--", ".",
)  # fmt: skip

_YAML = (".yaml", ".yml")


def read_revision(root: Path, environ: Mapping[str, str]) -> Revision | None:
    """Return the state of the repository that the project's root is in.

    None when there is no repository, no commit yet, no Git, or no answer in time. ``environ`` is the process's; nothing
    but a few names of it reaches Git, so neither secrets nor a ``GIT_DIR`` left by a hook do.
    """
    bounded = {name: environ[name] for name in _PASSED_ON if name in environ}
    try:
        done = subprocess.run(  # noqa: S603 - no part of the command comes from outside
            _COMMAND,
            cwd=root,
            env=bounded | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if done.returncode != 0:
        return None
    return _parse(done.stdout.decode("utf-8", "replace"))


def _parse(status: str) -> Revision | None:
    """Read Git's own documented format for programs, version 2, with NUL between entries."""
    commit = branch = ""
    dirty = False
    for line in status.split("\0"):
        mark, _, rest = line.partition(" ")
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif mark in {"1", "2", "u"} or (mark == "?" and _is_manifest(rest)):
            dirty = True
    if not commit or commit == "(initial)":
        return None
    return Revision(commit=commit, branch="" if branch == "(detached)" else branch, dirty=dirty)


def _is_manifest(path: str) -> bool:
    """Whether audctl may read a file that Git does not track: other files, a plan for one, are none of its business."""
    return path.endswith(_YAML) and not any(part.startswith(".") for part in path.split("/"))


def revision_findings(approved: Plan, now: Plan) -> Iterator[Finding]:
    """Yield what should be known of an approved plan's commit; the digest, not the commit, decides whether it runs."""
    then, here = approved.revision, now.revision
    if then is not None and here is not None and then.commit != here.commit:
        yield Finding(
            "AUD2201",
            Severity.WARNING,
            f"the plan was made at commit {_named(then)}, and {_named(here)} is checked out now; "
            "both ask for the same steps",
            hint="apply from the commit that was reviewed, or plan again, so that the record is right",
        )
    if then is not None and then.dirty:
        yield Finding(
            "AUD2202",
            Severity.WARNING,
            f"the plan was made from manifests that commit {_named(then)} does not hold",
            hint="commit them and plan again, so that a review shows what was approved",
        )


def _named(revision: Revision) -> str:
    branch = f" ({revision.branch})" if revision.branch else ""
    return f"{revision.commit[:_SHOWN]}{branch}"
