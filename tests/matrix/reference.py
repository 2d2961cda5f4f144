"""The reference apply: one change of one project with every sort of step in it, and what it comes to uninterrupted."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.matrix.world import APPLY, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.matrix.gate import Point
    from tests.matrix.picture import Picture, Row
    from tests.matrix.world import Moment

REMOVED = "[{address: Audience/ended, action: delete, reason: it is over}]"
PARALLEL = ("apply", "--auto-approve", "--output", "json", "--parallelism", "4")


@dataclass(frozen=True)
class Reference:
    """The world before the reference apply, and after one that nothing disturbed."""

    world: World
    start: Moment
    before: Picture
    end: Picture
    calls: tuple[Point, ...]
    """In the order of their arrival."""
    plan: tuple[Mapping[str, Any], ...]
    """What is to be done, as the plan's JSON has it."""
    steps: Mapping[str, str]
    """The same in a word, by address."""
    ids: Mapping[str, str]
    """Live ids before, by address."""
    made: Mapping[str, str]
    """Live ids after, by address."""

    def begin(self) -> World:
        """Put the world back to where the reference apply begins."""
        self.world.go_back(self.start)
        return self.world

    def row_before(self, address: str, kind: str) -> Row | None:
        """Return what stood for an address before."""
        return _row(self.before, self.ids.get(address, ""), kind)

    def row_after(self, address: str, kind: str) -> Row | None:
        """Return what stands for an address after."""
        return _row(self.end, self.made.get(address, ""), kind)

    def points(self) -> tuple[Point, ...]:
        """Return each call by its class and number, in the order of first arrival."""
        return tuple(dict.fromkeys(self.calls))


@contextmanager
def reference(scratch: Path, store: str) -> Iterator[Reference]:
    """Make the world, and run the reference apply once without any trouble."""
    with World(scratch, store=store) as world:
        world.put_project("before")
        first = world.run(*APPLY)
        assert first.code == 0, first.stderr
        start, before = world.moment(), world.picture()
        world.put_project("after", removed=REMOVED)
        undisturbed = world.run(*APPLY)
        assert undisturbed.code == 0, undisturbed.stderr
        calls = tuple(world.gate.calls)
        said = undisturbed.json()
        yield Reference(
            world=world,
            start=start,
            before=before,
            end=world.picture(),
            calls=calls,
            plan=tuple(said["plan"]["changes"]),
            steps={each["address"]: each["change"] for each in said["plan"]["changes"]},
            ids={
                each["address"]: each["live_id"]
                for each in said["plan"]["changes"]
                if each["live_id"]
            },
            made={
                each["address"]: each["liveId"]
                for each in said["done"]
                if each["change"] != "delete"
            },
        )


def _row(picture: Picture, number: str, kind: str) -> Row | None:
    return picture.rows.get(("campaign.list" if kind == "campaign.sharedList" else kind, number))
