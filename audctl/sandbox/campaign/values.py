"""Values between documents and the database.

Datetimes are stored as documents show them, `2024-01-31 10:00:00.000Z`, and dates as `2024-01-31`: both sort as text.
An empty string is stored as null; numbers are never null.
"""

import re
from datetime import UTC, datetime

from audctl.sandbox.campaign.faults import bad_document, database_error
from audctl.sandbox.campaign.schema import Category, Field

Stored = str | int | float | None
"""A value as SQLite keeps it."""

_RANGES = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "long": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "timespan": (-(2**63), 2**63 - 1),
}
_REAL = frozenset({"double", "float"})
_TRUTHS = {"true": "1", "false": "0"}
_MAX_DIGITS = 400
_MOMENT = re.compile(
    r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?\s*(Z|[+-]\d{2}:?(?:\d{2})?)?)?$"
)
_UNSAFE = re.compile("[&<>\"'\t\n\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def escape(text: str) -> str:
    """Escape `text` for an attribute or an element; characters that XML cannot hold are dropped."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: _ENTITIES.get(match[0], ""), text)


def stored_moment(moment: datetime) -> str:
    """Format an aware datetime as it is stored."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def soap_moment(moment: datetime) -> str:
    """Format an aware datetime as a SOAP `dateTime` parameter."""
    return stored_moment(moment).replace(" ", "T")


def parse_moment(text: str) -> datetime | None:
    """Read a date or datetime in any accepted spelling, UTC unless it says otherwise; None if it is neither."""
    match = _MOMENT.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0").ljust(6, "0"))
    iso = (
        f"{year}-{int(month):02d}-{int(day):02d}T{int(hour or 0):02d}:{minute or '00'}:{second or '00'}"
        f".{microsecond:06d}"
    )
    if zone in (None, "Z"):
        offset = "+00:00"
    else:
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = f"{zone[0]}{digits[:2]}:{digits[2:]}"
    try:
        return datetime.fromisoformat(iso + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def decode(field: Field, text: str) -> Stored:
    """Turn a document's text into the stored value of `field`; raises the database's fault when it does not fit."""
    category = field.category
    if category is Category.STRING:
        if field.length is not None and len(text) > field.length:
            raise database_error(f"value too long for type character varying({field.length})")
        return text or None
    stripped = text.strip()
    if category is Category.BOOLEAN:
        return _decode_boolean(field, stripped)
    if category is Category.NUMBER:
        return _decode_number(field, stripped)
    if not stripped:
        return None
    moment = parse_moment(stripped)
    if moment is None:
        raise bad_document(
            f"The value '{text[:80]}' of '{field.xpath}' is not a valid {field.type}."
        )
    return stored_moment(moment) if category is Category.DATETIME else f"{moment:%Y-%m-%d}"


def initial(field: Field) -> Stored:
    """Give the value of a field that nobody set and that declares no default."""
    if field.nullable:
        return None
    return 0.0 if field.type in _REAL else 0


def _decode_boolean(field: Field, text: str) -> int:
    lowered = text.lower()
    if lowered in ("true", "1"):
        return 1
    if lowered in ("false", "0", ""):
        return 0
    raise bad_document(f"The value '{text[:80]}' of '{field.xpath}' is not a valid boolean.")


def _decode_number(field: Field, text: str) -> int | float:
    if text in _TRUTHS:
        text = _TRUTHS[text]  # the official SDK writes a boolean option into a number
    if not text:
        return 0.0 if field.type in _REAL else 0
    try:
        if len(text) > _MAX_DIGITS:
            raise ValueError(text)  # noqa: TRY301 - one way to refuse
        number = float(text) if field.type in _REAL else int(text)
    except ValueError as error:
        raise bad_document(
            f"The value '{text[:80]}' of '{field.xpath}' is not a valid {field.type}."
        ) from error
    if isinstance(number, float):
        if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            raise bad_document(f"The value '{text[:80]}' of '{field.xpath}' is not finite.")
        return number
    low, high = _RANGES[field.type]
    if not low <= number <= high:
        raise database_error("integer out of range")
    return number
