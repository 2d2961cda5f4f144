"""``did you mean``: the nearest known word to a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``did you mean "x"?`` for the known word nearest to ``wrong``, empty when none is near.

    Words are compared without case; the first of equally near ones in alphabetical order is offered.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only wrong input needs it

    by_folded: dict[str, str] = {}
    for word in sorted(known):
        by_folded.setdefault(word.casefold(), word)
    near = get_close_matches(wrong.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f'did you mean "{by_folded[near[0]]}"?' if near else ""
