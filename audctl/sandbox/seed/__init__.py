"""Named contents for a new sandbox."""

from audctl.sandbox.seed import demo_audience_manager, demo_campaign
from audctl.sandbox.store import Store

NAMES = ("demo",)


def seed(store: Store, name: str) -> None:
    """Fill the store with a named content, once: a store that has had it is left as it is.

    Raises ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown seed {name!r}; known: {', '.join(NAMES)}")
    with store.write() as conn:
        if conn.execute("SELECT 1 FROM sandbox_seed WHERE name = ?", (name,)).fetchone():
            return
        # Both join this transaction, so a seed is sown whole or not at all.
        demo_audience_manager.fill(store)
        demo_campaign.fill(store)
        conn.execute("INSERT INTO sandbox_seed VALUES (?)", (name,))
