"""Switches by name: `name=value` texts to the settings of both systems and of what travels between them.

A name that two have is told apart by its system: `campaign.max_body_bytes`. One member of a mapping is set by its own
name: `limits.segments=5`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.members import MemberChoices

Settings = Choices | Quirks | MemberChoices
SYSTEMS: Mapping[str, type[Settings]] = {
    "audienceManager": Choices,
    "campaign": Quirks,
    "members": MemberChoices,
}
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True}
_LIES = {"false": False, "no": False, "off": False, "0": False}
_MAX_NUMBER = 2**40


class SwitchError(ValueError):
    """A switch that does not exist, or a value it cannot take."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What was set, over the defaults."""

    choices: Choices
    quirks: Quirks
    members: MemberChoices


@dataclass(frozen=True, slots=True)
class _Switch:
    system: str
    name: str
    member: str
    """Key inside a mapping; empty for the whole value."""


def read_switches(pairs: Iterable[str]) -> Switches:
    """Read `name=value` texts, the last of a name wins; raises SwitchError."""
    settings: dict[str, Any] = {system: cls() for system, cls in SYSTEMS.items()}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator:
            raise SwitchError(f"{pair!r}: expected name=value")
        switch = _find(name.strip())
        current = settings[switch.system]
        settings[switch.system] = replace(
            current, **{switch.name: _read(switch, getattr(current, switch.name), text.strip())}
        )
    return Switches(settings["audienceManager"], settings["campaign"], settings["members"])


def _find(written: str) -> _Switch:
    system, _, rest = written.partition(".")
    known = {cls_name: _names(cls) for cls_name, cls in SYSTEMS.items()}
    wanted = rest if system in SYSTEMS and rest else written
    name, _, member = wanted.partition(".")
    systems = [each for each in known if name in known[each]]
    if wanted is not written:
        systems = [each for each in systems if each == system]
    if not systems:
        raise SwitchError(f"there is no quirk {written!r}{_suggest(name, known)}")
    if len(systems) > 1:
        both = " and ".join(f"{each}.{name}" for each in systems)
        raise SwitchError(f"there are several quirks {name!r}: {both}")
    return _Switch(systems[0], name, member)


def _names(cls: type[Settings]) -> list[str]:
    return [each.name for each in fields(cls)]


def _suggest(name: str, known: Mapping[str, list[str]]) -> str:
    every = [each for names in known.values() for each in names]
    close = get_close_matches(name, every, n=1)
    return f", did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(every))}"


def _read(switch: _Switch, current: object, text: str) -> object:
    hint = get_type_hints(SYSTEMS[switch.system])[switch.name]
    name = f"{switch.name}.{switch.member}" if switch.member else switch.name
    if get_origin(hint) is Mapping:
        return _read_mapping(name, switch.member, hint, dict(current), text)  # type: ignore[call-overload]  # a mapping field holds one
    if switch.member:
        raise SwitchError(f"{name}: {switch.name} has no members")
    return _read_value(name, hint, text)


def _read_mapping(
    name: str,
    member: str,
    hint: object,
    current: dict[str, object],
    text: str,
) -> dict[str, object]:
    value_hint = get_args(hint)[1]
    if member:
        if member not in current:
            close = get_close_matches(member, current, n=1)
            hint_text = (
                f"did you mean {close[0]!r}?" if close else f"there are {', '.join(current)}"
            )
            raise SwitchError(f"{name}: there is no {member!r}, {hint_text}")
        return {**current, member: _read_value(name, value_hint, text)}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SwitchError(f"{name}: expected a JSON object, or {name}.member=value")
    return {
        key: _read_value(
            f"{name}.{key}", value_hint, value if isinstance(value, str) else json.dumps(value)
        )
        for key, value in found.items()
    }


def _read_value(name: str, hint: object, text: str) -> object:
    if get_origin(hint) is Literal:
        known = {str(each): each for each in get_args(hint)}
        if text not in known:
            raise SwitchError(f"{name}: must be {' or '.join(known)}, not {text!r}")
        return known[text]
    if get_origin(hint) is tuple:
        parts = [part.strip() for part in text.split(",")]
        return tuple(_read_value(name, get_args(hint)[0], part) for part in parts if part)
    if hint is bool:
        found = {**_TRUTHS, **_LIES}.get(text.lower())
        if found is None:
            raise SwitchError(f"{name}: must be true or false, not {text!r}")
        return found
    if hint is int:
        return _read_number(name, text)
    return text


def _read_number(name: str, text: str) -> int:
    digits = text.replace("_", "")
    if not digits.isascii() or not digits.isdigit() or int(digits[:20]) > _MAX_NUMBER:
        raise SwitchError(f"{name}: must be a whole number from 0 to {_MAX_NUMBER}, not {text!r}")
    if name.partition(".")[0].endswith("_status") and not 100 <= int(digits) <= 599:  # noqa: PLR2004 - HTTP
        raise SwitchError(f"{name}: must be an HTTP status, not {text!r}")
    return int(digits)
