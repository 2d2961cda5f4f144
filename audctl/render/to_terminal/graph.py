"""A graph as a tree for people: each resource with all below it once, and a word where it comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.graph import Edge, Graph, Node
    from audctl.render.paint import Paint

_FORK, _LAST, _PAST, _NOTHING = "├─ ", "└─ ", "│  ", "   "


def graph(found: Graph, paint: Paint) -> Iterator[str]:
    """Give the trees, those of resources that nothing refers to first, and the numbers."""
    if found.around is None:
        tree = _Tree(found, paint)
        for start in _starts(found):
            yield from tree.lines(start)
    else:
        yield _Tree(found, paint).shown(found.by_address[found.around])
        for title, reverse in (("needs", False), ("is needed by", True)):
            lines = [*_Tree(found, paint, reverse=reverse).below(found.around)]
            yield f"{paint.bold(title)}{'' if lines else ' nothing'}"
            yield from lines
    numbers = f"{counted(len(found.nodes), 'resource')}, {counted(len(found.edges), 'reference')}"
    yield paint.faint(numbers)


def _starts(found: Graph) -> Iterator[Address]:
    """Yield where trees begin; what is in a circle has no other beginning than its first address."""
    seen: set[Address] = set()
    free = [each.address for each in found.nodes if each.address not in found.needed_by]
    for start in (*free, *(each.address for each in found.nodes)):
        if start in seen:
            continue
        yield start
        left = [start]
        while left:
            address = left.pop()
            if address not in seen:
                seen.add(address)
                left += [each.target for each in found.needs.get(address, ())]


class _Tree:
    """Trees of one graph, whatever several of them share in the first of them only."""

    def __init__(self, found: Graph, paint: Paint, *, reverse: bool = False) -> None:
        self.nodes = found.by_address
        self.reverse = reverse
        self.edges: Mapping[Address, tuple[Edge, ...]] = found.needed_by if reverse else found.needs
        self.paint = paint
        self.seen: set[Address] = set()

    def lines(self, start: Address) -> Iterator[str]:
        yield self.shown(self.nodes[start])
        yield from self.below(start)

    def below(self, start: Address) -> Iterator[str]:
        """Yield everything below a node; a loop, since plans nest as deeply as they like."""
        self.seen.add(start)
        open_: list[tuple[str, Iterator[tuple[Edge, bool]]]] = [("", self._children(start))]
        while open_:
            indent, children = open_[-1]
            child = next(children, None)
            if child is None:
                open_.pop()
                continue
            edge, is_last = child
            address = edge.source if self.reverse else edge.target
            again = address in self.seen and address in self.edges
            yield f"{indent}{_LAST if is_last else _FORK}{self._reference(edge, address)}{' …' if again else ''}"
            if address not in self.seen:
                self.seen.add(address)
                indent += _NOTHING if is_last else _PAST
                open_.append((indent, self._children(address)))

    def _children(self, address: Address) -> Iterator[tuple[Edge, bool]]:
        edges = self.edges.get(address, ())
        return iter([(each, each is edges[-1]) for each in edges])

    def _reference(self, edge: Edge, address: Address) -> str:
        field = self.paint.faint(f"{printable(edge.field)}: ") if edge.field else ""
        node = self.shown(self.nodes[address])
        return (
            f"{node} {self.paint.faint(f'({printable(edge.field)})')}"
            if self.reverse and field
            else field + node
        )

    def shown(self, node: Node) -> str:
        """Return a node's name, and what is to be known of it."""
        name = f"{self.paint.bold(printable(str(node.address)))}{label(node.label)}"
        return " ".join([name, *self._remarks(node)])

    def _remarks(self, node: Node) -> Iterable[str]:
        if node.is_missing:
            yield self.paint.bad("(no manifest defines it)")
        if node.is_live:
            yield self.paint.faint("(live, by its id)")
        if node.in_circle:
            yield self.paint.bad("(in a circle)")
        if node.changes:
            yield self.paint.caution(f"({', '.join(node.changes)})")
