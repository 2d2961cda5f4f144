"""The tables of docs/sandbox.md that list what the code holds, made from the code."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Literal, get_args, get_origin, get_type_hints

from audctl.sandbox.faults.kinds import COMMON, FIELDS, KINDS
from audctl.sandbox.switches import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLES = {
    "audienceManager": "Audience Manager",
    "campaign": "Campaign",
    "members": "Members that travel between both",
}
_EXAMPLES = {
    "put_status": "201",
    "fault_status": "500",
    "expired_status": "200",
    "limits": "segments=5",
    "names": "isShared=@isShared",
    "default_line_count": "200",
    "legacy_token_lifetime_s": "3599",
    "mapping_start_date_days_lost": "0",
    "outbound_hour": "3",
    "metrics_hour": "3",
    "outbound_separator": ",",
    "trait_root_name": "Traits",
    "segment_root_name": "Segments",
    "destination_status_in_list": "ACTIVE",
}
"""Values worth trying, where doubling the default or turning it round would not be one."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One quirk, as the documentation lists it."""

    system: str
    field: str
    name: str
    """With its system where the field alone could be another's."""
    default: object
    meaning: str
    example: str
    """`name=value` with a value that is not the default."""


def _meanings(cls: type) -> dict[str, str]:
    """Return the docstring under each field, which only the source has."""
    tree = ast.parse(inspect.getsource(cls))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found: dict[str, str] = {}
    for before, node in itertools.pairwise(body):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
        ):
            found[before.target.id] = " ".join(str(node.value.value).split())
    return found


def _example(hint: object, default: object, field: str) -> str:
    if field in _EXAMPLES:
        return _EXAMPLES[field]
    if get_origin(hint) is Literal:
        return str(next(value for value in get_args(hint) if value != default))
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, int):
        return "400" if field.endswith("_status") else str(default * 2 or 1)
    return str(default[0]) if isinstance(default, tuple) else f"other-{default}"


def _switches() -> list[Switch]:
    names = [each.name for cls in SYSTEMS.values() for each in fields(cls)]
    found: list[Switch] = []
    for system, cls in SYSTEMS.items():
        meanings, hints = _meanings(cls), get_type_hints(cls)
        for each in fields(cls):
            default = (
                each.default_factory() if each.default_factory is not MISSING else each.default
            )
            name = each.name if names.count(each.name) == 1 else f"{system}.{each.name}"
            if isinstance(default, dict):
                member = _EXAMPLES.get(each.name)
                example = f"{name}.{member}" if member else f"{name}={{}}"
            else:
                example = f"{name}={_example(hints[each.name], default, each.name)}"
            meaning = meanings.get(each.name, "")
            found.append(Switch(system, each.name, name, default, meaning, example))
    return found


EVERY_SWITCH = _switches()


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"`{name}={each}`" for name, each in value.items())
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if str(value).strip() else "a space" if value else "empty"


def quirk_tables() -> str:
    """Return a table of the quirks of each system."""
    parts: list[str] = []
    for system, title in TITLES.items():
        parts += [
            f"### {title}",
            "",
            _row("quirk", "default", "means", "example"),
            "|---|---|---|---|",
        ]
        parts += [
            _row(
                f"`{each.name}`", _default(each.default), each.meaning, f"`--quirk {each.example}`"
            )
            for each in EVERY_SWITCH
            if each.system == system
        ]
        parts.append("")
    return "\n".join(parts).rstrip()


def fault_tables() -> str:
    """Return the table of the kinds of faults and that of their fields."""
    parts = [_row("kind", "what happens", "own fields", "example"), "|---|---|---|---|"]
    for name, kind in KINDS.items():
        only = f" Strikes only {kind.only}." if kind.only else ""
        own = ", ".join(f"`{each}`" for each in (*kind.takes, *kind.needs) if each not in COMMON)
        own = ", ".join(dict.fromkeys(own.split(", "))) if own else ""
        parts.append(_row(f"`{name}`", kind.summary + only, own, f"`{_json(kind.example)}`"))
    parts += ["", _row("field", "takes", "means", "default"), "|---|---|---|---|"]
    parts += [
        _row(f"`{name}`", each.form, each.meaning, each.default) for name, each in FIELDS.items()
    ]
    return "\n".join(parts)


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)


BLOCKS = {"quirks": quirk_tables, "faults": fault_tables}
"""What stands between `<!-- name: made from the code -->` and `<!-- end -->`."""
