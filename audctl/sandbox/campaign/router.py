"""placeholder"""

from __future__ import annotations


def routes(store: object) -> list:
    """Routes."""
    return []
