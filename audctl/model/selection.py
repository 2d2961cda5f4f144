"""Which part of a project a plan is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Patterns as given to ``--only`` and ``--exclude``.

    A pattern is a glob over resource addresses (``Audience/cart-*``), or over object addresses
    (``List/*#campaign.list``), or a label: ``team`` (carries it) or ``team=crm`` (with this value).
    """

    only: tuple[str, ...] = ()
    """Empty: everything."""
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.only or self.exclude)


EVERYTHING = Selection()
"""Nothing selected is everything selected."""
