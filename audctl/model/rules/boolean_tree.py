"""AND, OR and NOT over leaves: the part that both rule grammars share.

A tree keeps what its author wrote (order, grouping); its canonical text does not. Precedence is NOT, then
AND, then OR. Two rules are equal when their canonical texts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator


class Leaf(Protocol):
    """What stands between the operators; ``str()`` of it is its text in the author's order."""

    @property
    def canonical(self) -> str:
        """Its text in the one form that equal leaves share."""
        ...


LeafT = TypeVar("LeafT", bound=Leaf)


@dataclass(frozen=True, slots=True)
class And(Generic[LeafT]):
    """True when every operand is; at least two of them."""

    operands: tuple[Node[LeafT], ...]

    def __str__(self) -> str:
        return " AND ".join(
            f"({each})" if isinstance(each, (And, Or)) else str(each) for each in self.operands
        )


@dataclass(frozen=True, slots=True)
class Or(Generic[LeafT]):
    """True when one operand is; at least two of them."""

    operands: tuple[Node[LeafT], ...]

    def __str__(self) -> str:
        # An AND inside an OR needs no parentheses, but readers of "a AND b OR c" do.
        return " OR ".join(
            f"({each})" if isinstance(each, (And, Or)) else str(each) for each in self.operands
        )


@dataclass(frozen=True, slots=True)
class Not(Generic[LeafT]):
    """True when its operand is not."""

    operand: Node[LeafT]

    def __str__(self) -> str:
        plain = not isinstance(self.operand, (And, Or, Not))
        return f"NOT {self.operand}" if plain else f"NOT ({self.operand})"


Node: TypeAlias = Union["And[LeafT]", "Or[LeafT]", "Not[LeafT]", LeafT]


def leaves(node: Node[LeafT]) -> Iterator[LeafT]:
    """Yield every leaf, from left to right."""
    if isinstance(node, (And, Or)):
        for operand in node.operands:
            yield from leaves(operand)
    elif isinstance(node, Not):
        yield from leaves(node.operand)
    else:
        yield node


class _Form(NamedTuple):
    """A subtree in canonical form, still open to being merged into the operator above it."""

    operator: str
    """``AND``, ``OR``, ``NOT``, or empty for a leaf."""
    text: str
    parts: tuple[_Form, ...]
    """The operands, sorted and distinct; empty for a leaf."""


def _join(operator: str, forms: Iterator[_Form]) -> _Form:
    distinct: dict[str, _Form] = {}
    for form in forms:
        for part in form.parts if form.operator == operator else (form,):
            distinct[part.text] = part
    parts = tuple(distinct[text] for text in sorted(distinct))
    if len(parts) == 1:
        return parts[0]
    loose = "OR" if operator == "AND" else ""
    texts = (f"({p.text})" if loose and p.operator == loose else p.text for p in parts)
    return _Form(operator, f" {operator} ".join(texts), parts)


def _form(node: Node[LeafT]) -> _Form:
    if isinstance(node, And):
        return _join("AND", map(_form, node.operands))
    if isinstance(node, Or):
        return _join("OR", map(_form, node.operands))
    if isinstance(node, Not):
        inner = _form(node.operand)
        if inner.operator == "NOT":
            return inner.parts[0]
        text = f"NOT ({inner.text})" if inner.operator else f"NOT {inner.text}"
        return _Form("NOT", text, (inner,))
    return _Form("", node.canonical, ())


@dataclass(frozen=True, eq=False)
class BooleanRule(Generic[LeafT]):
    """A parsed rule. Equal to another of its grammar when the canonical texts are equal."""

    tree: Node[LeafT]
    """As the author wrote it: order and grouping kept, spacing, keyword case and spare parentheses gone."""

    @cached_property
    def canonical(self) -> str:
        """The one text that equal rules share: flattened, sorted, without repetition or spare parentheses."""
        return _form(self.tree).text

    @cached_property
    def text(self) -> str:
        """Readable text in the author's order; parsing it gives the same tree."""
        return str(self.tree)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, BooleanRule)
        return self is other or self.canonical == other.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)
