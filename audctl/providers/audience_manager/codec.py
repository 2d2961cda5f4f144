"""How one field's value crosses the wire: decode what the API says, encode what audctl writes.

Decoding takes None for an absent member and never fails on an unknown spelling (it is shown as the system
writes it); encoding takes None for "clear it".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from audctl.errors import RejectedError
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_rule import SegmentRule, parse_segment_rule
from audctl.model.rules.trait_rule import TraitRule, parse_trait_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.value import LiveValue
    from audctl.ports import WriteValue

Row: TypeAlias = "dict[str, object]"
"""One JSON object of the API."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one form."""

    decode: Callable[[object], LiveValue]
    encode: Callable[[WriteValue], object]


@dataclass(frozen=True, slots=True)
class Member:
    """One field: audctl's name, the API's name, how the value crosses."""

    field: str
    wire: str
    codec: Codec
    optional: bool = False
    """Some answers leave it out: then it is unknown, not empty."""


def decode_members(members: tuple[Member, ...], row: Row) -> dict[str, LiveValue]:
    """Return the canonical fields of a row."""
    return {
        each.field: each.codec.decode(row.get(each.wire))
        for each in members
        if not each.optional or each.wire in row
    }


def encode_members(members: tuple[Member, ...], fields: Mapping[str, WriteValue]) -> Row:
    """Return the wire members of canonical fields; raise RejectedError for a field the type does not have."""
    by_field = {each.field: each for each in members}
    if unknown := fields.keys() - by_field.keys():
        raise RejectedError(f"fields that cannot be written: {', '.join(sorted(unknown))}")
    return {
        by_field[name].wire: by_field[name].codec.encode(value) for name, value in fields.items()
    }


def settled(members: tuple[Member, ...], fields: Mapping[str, WriteValue]) -> dict[str, WriteValue]:
    """Return the fields as they shall read back: what is cleared as the default that clearing writes."""
    by_field = {each.field: each.codec for each in members}
    return {
        name: by_field[name].decode(by_field[name].encode(None))
        if value is None and name in by_field
        else value
        for name, value in fields.items()
    }


def decode_text(value: object) -> str:
    """Return text as it is; nothing and null are empty; a number as its digits."""
    if value.__class__ is str:  # half the cost of isinstance, a dozen times per row
        return value
    return "" if value is None else str(value)


def decode_number(value: object) -> int | None:
    """Return a whole number, also from its digits; None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def decode_flag(value: object) -> bool:
    """Return truth, also from text."""
    return value is True or (isinstance(value, str) and value.lower() == "true") or value == 1


def encode_text(value: WriteValue) -> str:
    """Return text; empty to clear."""
    return "" if value is None else str(value)


def _encode_id(value: WriteValue) -> object:
    text = encode_text(value)
    return int(text) if text.isascii() and text.isdigit() else text or 0


def words(spelling: Mapping[str, str]) -> Codec:
    """Return the codec of a closed list; a word that is not in it stays as it is."""
    back = {ours: theirs for theirs, ours in spelling.items()}
    first = next(iter(spelling))

    def decode(value: object) -> str:
        text = decode_text(value)
        return spelling.get(text) or spelling.get(text.upper()) or text

    def encode(value: WriteValue) -> str:
        return first if value is None else back.get(str(value), str(value))

    return Codec(decode, encode)


def word_sets(spelling: Mapping[str, str]) -> Codec:
    """Return the codec of an unordered list of words."""
    one = words(spelling)

    def decode(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            return ()
        return tuple(sorted({str(one.decode(each)) for each in value}))

    def encode(value: WriteValue) -> list[object]:
        return [one.encode(each) for each in value] if isinstance(value, tuple) else []

    return Codec(decode, encode)


def numbers(default: int | None = None) -> Codec:
    """Return the codec of a whole number; ``default`` is written to clear it."""
    return Codec(decode_number, lambda value: default if value is None else value)


def read_segment_rule(text: str) -> SegmentRule | str:
    """Parse a live rule; text the grammar does not know stays text, so that it can be shown and compared."""
    try:
        return parse_segment_rule(text)
    except RuleError:
        return text


def read_trait_rule(text: str) -> TraitRule | str:
    """Do the same for a trait's rule."""
    try:
        return parse_trait_rule(text)
    except RuleError:
        return text


def _encode_rule(value: WriteValue) -> str:
    return value.text if isinstance(value, (SegmentRule, TraitRule)) else encode_text(value)


TEXT = Codec(decode_text, encode_text)
ID = Codec(decode_text, _encode_id)
"""Ids are text for us and numbers on the wire."""
FLAG = Codec(decode_flag, bool)
SEGMENT_RULE = Codec(lambda value: read_segment_rule(decode_text(value)), _encode_rule)
TRAIT_RULE = Codec(lambda value: read_trait_rule(decode_text(value)), _encode_rule)
