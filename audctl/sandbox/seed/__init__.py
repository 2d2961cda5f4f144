"""Named contents for a new sandbox."""

import sqlite3

from audctl.sandbox.seed import demo_audience_manager, demo_campaign
from audctl.sandbox.seed.people import Plan, sow_people
from audctl.sandbox.store import Store

NAMES = ("demo",)


def seed(store: Store, name: str, *, people: int = 0, number: int = 1) -> None:
    """Fill the store with a named content, once: a store that has had it is left as it is.

    `people` synthetic customers come with it, the same ones for the same seed `number`; a store that has the content
    but no people yet gets them. Raises ValueError for an unknown name or a number out of bounds.
    """
    if name not in NAMES:
        raise ValueError(f"unknown seed {name!r}; known: {', '.join(NAMES)}")
    with store.write() as conn:
        # What is sown joins this transaction, so that a seed is sown whole or not at all.
        if _is_new(conn, name):
            demo_audience_manager.fill(store)
            demo_campaign.fill(store)
        if people and _is_new(conn, f"{name} people"):
            sow_people(conn, Plan(people, number))


def _is_new(conn: sqlite3.Connection, name: str) -> bool:
    return bool(conn.execute("INSERT OR IGNORE INTO sandbox_seed VALUES (?)", (name,)).rowcount)
