"""Where paths lead: tables joined as links are followed, and the rows behind a collection."""

import sqlite3
from dataclasses import dataclass, field, replace
from itertools import count

from audctl.sandbox.campaign.catalog import DEFAULT_CATALOG, Catalog
from audctl.sandbox.campaign.expression_grammar import Path
from audctl.sandbox.campaign.faults import CampaignFault, bad_query, unknown_path
from audctl.sandbox.campaign.schema import DATA_COLUMN, Field, Link, Schema, quoted

_PARENT = ".."


@dataclass(slots=True)
class Source:
    """The FROM clause of one SELECT: its own table and every table that paths led to."""

    schema: Schema
    now: str
    """Virtual time, as stored."""
    names: "count[int]" = field(default_factory=count)
    """Table aliases, shared by a query and its sub-queries."""
    conn: sqlite3.Connection | None = None
    """Where lists with tables of their own are looked up; None knows none."""
    catalog: Catalog = DEFAULT_CATALOG
    outer: "Place | None" = None
    """Where `..` leads from the rows of this source; None for a whole query."""
    alias: str = ""
    joins: list[str] = field(default_factory=list)
    joined: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.alias = f"t{next(self.names)}"

    @property
    def root(self) -> "Place":
        """Give the place from which top-level paths start."""
        return Place(self, self.schema, self.alias, self.outer)

    def join(self, alias: str, link: Link) -> str:
        """Join the target of `link` once, and give its alias."""
        known = self.joined.get((alias, link.name))
        if known is not None:
            return known
        target = self.catalog.target(link)
        name = f"t{next(self.names)}"
        self.joins.append(
            f" LEFT JOIN {quoted(target.table)} AS {name}"
            f" ON {name}.{quoted(link.destination_column)} = {alias}.{quoted(link.source_column)}"
        )
        self.joined[alias, link.name] = name
        return name

    def clause(self) -> str:
        """Write the FROM clause; complete only after every expression has been compiled."""
        return f"{quoted(self.schema.table)} AS {self.alias}" + "".join(self.joins)

    def inside(self, schema: Schema, outer: "Place") -> "Source":
        """Open a FROM clause that stands inside this one's query, below `outer`."""
        return replace(self, schema=schema, outer=outer, alias="", joins=[], joined={})

    def behind(self, link: Link, outer: "Place") -> "Source":
        """Open a FROM clause on the rows behind `link`, inside this one's query."""
        return self.inside(self.catalog.target(link), outer)


@dataclass(frozen=True, slots=True)
class Place:
    """A schema at an alias of a FROM clause: what paths are relative to."""

    source: Source
    schema: Schema
    alias: str
    outer: "Place | None" = None
    """Where `..` leads; None for the rows of a whole query."""
    depth: int = 0
    """Computed fields entered so far."""

    def follow(self, link: Link) -> "Place":
        """Move to the other end of `link`."""
        alias = self.source.join(self.alias, link)
        return replace(self, schema=self.source.catalog.target(link), alias=alias, outer=self)

    @property
    def is_root(self) -> bool:
        """Tell whether rows here always exist, as those behind a link may not."""
        return self.alias == self.source.alias


@dataclass(frozen=True, slots=True)
class Destination:
    """What a path leads to: a value, or a link left unfollowed."""

    place: Place
    field: Field | None = None
    link: Link | None = None
    xml_element: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """The rows behind a link, opened for a SELECT inside the query that they belong to."""

    source: Source
    place: Place
    """What conditions on the rows are relative to."""
    condition: str
    """Ties the rows to their outer row."""
    value: str | None = None
    """Path of a value of the rows, when the path went on to one."""


@dataclass(slots=True)
class _Walk:
    """A path being walked."""

    path: Path
    expression: str
    place: Place
    prefix: str = ""
    """Containers entered since the last link."""

    def step(self, name: str) -> Link | None:
        """Enter a container, go back, or name the link that is in the way; raises the fault of an unknown step."""
        if name == _PARENT:
            self._back()
            return None
        link = None if self.prefix else self.place.schema.links.get(name)
        if link is None:
            if self.prefix + name not in self.place.schema.containers:
                raise self.lost()
            self.prefix += f"{name}/"
        return link

    def _back(self) -> None:
        if self.prefix:
            self.prefix = self.prefix[: self.prefix.rstrip("/").rfind("/") + 1]
        elif self.place.outer is not None:
            self.place = self.place.outer
        else:
            raise self.lost()

    def lost(self) -> CampaignFault:
        return unknown_path(self.path.text[:200], self.place.schema.id, self.expression[:500])


def find_destination(path: Path, place: Place, expression: str) -> Destination:
    """Follow `path` from `place`, joining what it crosses."""
    walk = _Walk(path, expression, place)
    steps = path.steps
    for position, step in enumerate(steps[:-1]):
        link = walk.step(step)
        if link is None:
            continue
        if steps[position + 1 :] == (link.destination,) and not link.unbound:
            # The key at the other end is the foreign key at this one: no join needed.
            return Destination(walk.place, walk.place.schema.fields[link.source])
        walk.place = walk.place.follow(link)
    place, last = walk.place, steps[-1]
    found = place.schema.fields.get(walk.prefix + last)
    if found is not None:
        return Destination(place, found)
    if not walk.prefix and last in place.schema.links:
        return Destination(place, link=place.schema.links[last])
    if not walk.prefix and last in place.schema.xml_elements:
        return Destination(place, place.schema.fields[DATA_COLUMN], xml_element=last)
    raise walk.lost()


def open_collection(path: Path, place: Place, expression: str) -> Collection:
    """Open the rows that `path` leads to, from its first link on; raises a fault when it crosses none."""
    walk = _Walk(path, expression, place)
    steps = path.steps
    for position, step in enumerate(steps):
        if position == len(steps) - 1 and step not in walk.place.schema.links:
            break
        link = walk.step(step)
        if link is not None:
            return _open(walk, link, steps[position + 1 :])
    raise bad_query(f"'{expression[:200]}' is not a link, so nothing can exist behind it.")


def _open(walk: _Walk, link: Link, steps: tuple[str, ...]) -> Collection:
    source = walk.place.source.behind(link, walk.place)
    condition = correlate(link, walk.place, source)
    inner = _Walk(walk.path, walk.expression, source.root)
    for position, step in enumerate(steps):
        if position == len(steps) - 1 and step not in inner.place.schema.links:
            return Collection(source, inner.place, condition, inner.prefix + step)
        next_link = inner.step(step)
        if next_link is not None:
            inner.place = inner.place.follow(next_link)
            key = quoted(next_link.destination_column)
            condition += f" AND {inner.place.alias}.{key} IS NOT NULL"
    return Collection(source, inner.place, condition)


def correlate(link: Link, outer: Place, inner: Source) -> str:
    """Tie the rows of `inner` to the outer row they belong to."""
    return (
        f"{inner.alias}.{quoted(link.destination_column)}"
        f" = {outer.alias}.{quoted(link.source_column)}"
    )
