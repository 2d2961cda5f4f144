"""One authenticated call as its handler sees it, and what the handler gives back."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import invalid, not_found
from audctl.sandbox.audience_manager.rule_tree import Node

_MAX_ID = 2**63 - 1

Population = Callable[[sqlite3.Connection, Node], int | None]
"""Counts the profiles that a segment rule holds for; None when nobody can tell."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and what the groups the user is in may do."""

    user_id: int
    admin: bool
    """Administrators may do everything; groups say nothing about them."""
    groups: tuple[int, ...] = ()
    wildcards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call, ready for its handler."""

    conn: sqlite3.Connection
    now_ms: int
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    """Every parameter that the operation declares, and no other: reading an undeclared one is a defect."""
    body: object
    """Parsed JSON; None when the operation takes none."""
    if_match: str | None
    choices: Choices
    population: Population

    @property
    def user_id(self) -> int:
        """The user whose id lands in `crUID` and `upUID`."""
        return self.caller.user_id

    def flag(self, name: str) -> bool:
        """Read a boolean query parameter, false when absent."""
        values = self.query[name]
        return bool(values) and values[-1].lower() == "true"

    def text(self, name: str) -> str | None:
        """Read a query parameter's last value."""
        values = self.query[name]
        return values[-1] if values else None

    def numbers(self, name: str) -> list[int]:
        """Read a repeatable numeric query parameter."""
        found = [parse_id(value) for value in self.query[name]]
        if None in found:
            raise invalid(f"{name} must be a number")
        return [number for number in found if number is not None]

    def id(self, name: str, kind: str) -> int:
        """Read a numeric path parameter; anything else names no object."""
        value = parse_id(self.path[name])
        if value is None:
            raise not_found(kind, self.path[name])
        return value

    def members(self) -> dict[str, object]:
        """Give the body as an object."""
        if not isinstance(self.body, dict):
            raise invalid("the body must be a JSON object")
        return self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives back; `text` is JSON, unescaped."""

    status: int
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


def as_json(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_id(text: str) -> int | None:
    """Read an object id; None when the text is not one."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > _MAX_ID:  # noqa: PLR2004 - digits of 2**63
        return None
    return int(text)
