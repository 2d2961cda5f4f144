"""Functions that expressions need and SQLite lacks: its own know ASCII letters only, and no digests."""

import hashlib
import math
import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache

Result = str | int | float | None
FUNCTION_PREFIX = "fn_"
_MAX_PADDED = 10_000


def add_functions(conn: sqlite3.Connection) -> None:
    """Make the functions known to `conn`; doing it twice does no harm."""
    for name, (arguments, function) in _FUNCTIONS.items():
        conn.create_function(FUNCTION_PREFIX + name, arguments, function, deterministic=True)


def _of_text(function: Callable[[str], str]) -> Callable[[object], Result]:
    def of_value(value: object) -> Result:
        return None if value is None else function(str(value))

    return of_value


def _smart(text: str) -> str:
    """Write the first letter of every word large and the others small."""
    return re.sub(r"\w+", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


def _digest(algorithm: str, value: object) -> str:
    text = "" if value is None else str(value)
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def _pad(value: object, width: object, filler: object) -> str | None:
    """Fill up to `width` characters on the right, or on the left when it is negative; longer text is cut."""
    if value is None or not isinstance(width, int | float) or not filler:
        return None
    wanted = min(abs(int(width)), _MAX_PADDED)
    text = str(value)[:wanted]
    missing = wanted - len(text)
    fill = (str(filler) * (missing // len(str(filler)) + 1))[:missing]
    return fill + text if width < 0 else text + fill


def _rounded(function: Callable[[float], int]) -> Callable[[object], Result]:
    def of_value(value: object) -> Result:
        if isinstance(value, int | float) and math.isfinite(value):
            return function(value)
        return None

    return of_value


def _like(value: object, pattern: object) -> int | None:
    """Match as LIKE does, minding capitals: each run between percent signs where it first fits, so never slowly."""
    if value is None or pattern is None:
        return None
    text = str(value)
    first, *others = _runs(str(pattern))
    if not others:
        return int(first.fullmatch(text) is not None)
    *middle, last = others
    found = first.match(text)
    if found is None:
        return 0
    position = found.end()
    for run in middle:
        found = run.search(text, position)
        if found is None:
            return 0
        position = found.end()
    return int(last.fullmatch(text, max(position, len(text) - _length(last))) is not None)


@lru_cache(maxsize=256)
def _runs(pattern: str) -> tuple[re.Pattern[str], ...]:
    runs: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            runs.append([])
        elif character == "_":
            runs[-1].append(".")
        elif character == "\\":
            following = next(characters, "\\")
            runs[-1].append(re.escape(following if following in "%_\\" else "\\" + following))
        else:
            runs[-1].append(re.escape(character))
    return tuple(re.compile("".join(run), re.DOTALL) for run in runs)


def _length(run: re.Pattern[str]) -> int:
    """Count the characters that a run takes: each piece is one, escaped or not."""
    return len(re.sub(r"\\(.)", r"\1", run.pattern, flags=re.DOTALL))


_FUNCTIONS: dict[str, tuple[int, Callable[..., Result]]] = {
    "lower": (1, _of_text(str.lower)),
    "upper": (1, _of_text(str.upper)),
    "smart": (1, _of_text(_smart)),
    "digest": (2, _digest),
    "pad": (3, _pad),
    "ceil": (1, _rounded(math.ceil)),
    "floor": (1, _rounded(math.floor)),
    "like": (2, _like),
}
