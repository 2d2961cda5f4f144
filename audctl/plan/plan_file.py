"""The plan as a file: written for review, read back for approval."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any

from audctl.errors import StalePlanError
from audctl.model.plan import FORMAT_VERSION
from audctl.plan.digest import digest_of
from audctl.plan.plan_from_json import plan_from_json
from audctl.plan.plan_json import checksum_of, plan_to_json

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.plan import Plan

MAX_SIZE_BYTES = 256 * 1024 * 1024
"""No plan comes near it; whatever is larger is another file."""


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, whole or not at all, readable by its owner only.

    It holds no secret; labels and rules are still nobody else's business.
    """
    text = _lines(plan_to_json(plan))
    # Half a surrogate pair, which a live system's name may hold, becomes the escape that JSON has for it.
    data = text.encode("utf-8", "backslashreplace")
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the one call that is atomic, named as such
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - beside its twin above
        raise


def _lines(content: dict[str, Any]) -> str:
    """Return the JSON with a line for each key and for each step, finding or effect.

    Indented to its last field, a plan for a whole tenant would take twice the room and ten times as long: Python's
    quick encoder knows no indents.
    """
    entries = []
    for name, value in content.items():
        if isinstance(value, list) and value:
            items = ",\n".join(f"    {_compact(each)}" for each in value)
            entries.append(f"  {_compact(name)}: [\n{items}\n  ]")
        else:
            entries.append(f"  {_compact(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_plan(path: Path) -> Plan:
    """Read a plan back; raise StalePlanError saying why it cannot be trusted as an approval.

    Checksum and digest are worked out again from the content: a file that was edited, anywhere, is refused.
    """
    content = _content(path)
    minor = _minor_version(content.get("format_version"), path)
    # Version 1.0 had none.
    if (minor or "checksum" in content) and content.get("checksum") != checksum_of(content):
        raise StalePlanError(
            f"{path.name} was changed after it was planned: its checksum does not fit: plan again"
        )
    try:
        plan = plan_from_json(content)
        digest = digest_of(plan)
    except ValueError as error:
        raise StalePlanError(f"{path.name} is not a whole plan ({error}): plan again") from error
    except (KeyError, TypeError, AttributeError) as error:
        # Python's words about a missing key would tell a reader nothing.
        raise StalePlanError(
            f"{path.name} is not a whole plan, or not of this version's shape: plan again"
        ) from error
    if plan.digest != digest and minor > int(FORMAT_VERSION.split(".")[1]):
        raise StalePlanError(
            f"{path.name} was planned by {plan.tool or 'a newer audctl'} and holds what this audctl does not know "
            f"(plan format 1.{minor}, known is {FORMAT_VERSION}): apply it with that version, or plan again"
        )
    if plan.digest != digest:
        raise StalePlanError(
            f"{path.name} was changed after it was planned: its content has digest {digest}, "
            f"it claims {plan.digest}"
        )
    return plan


def _minor_version(version: object, path: Path) -> int:
    """Return the second number of a version this audctl reads."""
    if not isinstance(version, str):
        raise StalePlanError(f"{path.name} is not a plan: it has no format_version")
    known = FORMAT_VERSION.split(".")[0]
    found = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", version)
    if found is None:
        raise StalePlanError(f"{path.name} is not a plan: its format_version is no version")
    if found[1] != known:
        raise StalePlanError(
            f"{path.name} has plan format {version}, this audctl reads {FORMAT_VERSION}: plan again"
        )
    return int(found[2])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's keys and values; two readers of a key that stands twice would read two plans."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice")
    return content


def _content(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_SIZE_BYTES:
            raise StalePlanError(f"{path.name} is far too large for a plan")
        content = json.loads(path.read_bytes(), object_pairs_hook=_unique)
    except OSError as error:
        raise StalePlanError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise StalePlanError(
            f"{path.name} is not a whole plan (no valid JSON): plan again"
        ) from error
    if not isinstance(content, dict):
        raise StalePlanError(f"{path.name} is not a plan: it holds no JSON object")
    return content
