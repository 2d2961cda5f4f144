"""Segment rules as trees: what the parser gives, what evaluation and the expression tree of the API are read from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never


@dataclass(frozen=True, slots=True)
class HasTrait:
    """True for a profile that has the trait."""

    sid: int


@dataclass(frozen=True, slots=True)
class Frequency:
    """Compares how often any of the traits was qualified for, within the recency when there is one."""

    sids: tuple[int, ...]
    """In the order of the rule; a profile's counts for all of them are added up."""
    operator: str
    """`>=`, `<=` or `==`."""
    times: int
    recency: tuple[str, int] | None = None
    """(`<=`, n): within the last n days; (`>=`, n): from first sight to n days ago."""


@dataclass(frozen=True, slots=True)
class Not:
    """True where its operand is false."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every operand is; at least two."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where one operand is; at least two."""

    operands: tuple["Node", ...]


Node = HasTrait | Frequency | Not | AllOf | AnyOf


def matches_nobody_known(node: Node) -> bool:
    """Tell whether a rule is true for a profile without any trait."""
    match node:
        case HasTrait():
            return False
        case Frequency(operator=operator, times=times):
            return operator == "<=" or times == 0
        case Not(operand=operand):
            return not matches_nobody_known(operand)
        case AllOf(operands=operands):
            return all(matches_nobody_known(operand) for operand in operands)
        case AnyOf(operands=operands):
            return any(matches_nobody_known(operand) for operand in operands)
        case _:
            assert_never(node)


def leaves(node: Node) -> Iterator[HasTrait | Frequency]:
    """Give the conditions on traits, in the order of the rule."""
    match node:
        case HasTrait() | Frequency():
            yield node
        case Not(operand=operand):
            yield from leaves(operand)
        case AllOf(operands=operands) | AnyOf(operands=operands):
            for operand in operands:
                yield from leaves(operand)
        case _:
            assert_never(node)


def within_days(node: Node, days: int) -> Node:
    """Give the rule that asks the same of what happened in the last `days` only; a recency of its own stays."""
    match node:
        case HasTrait(sid=sid):
            return Frequency((sid,), ">=", 1, ("<=", days))
        case Frequency():
            return node if node.recency is not None else replace(node, recency=("<=", days))
        case Not(operand=operand):
            return Not(within_days(operand, days))
        case AllOf(operands=operands):
            return AllOf(tuple(within_days(operand, days) for operand in operands))
        case AnyOf(operands=operands):
            return AnyOf(tuple(within_days(operand, days) for operand in operands))
        case _:
            assert_never(node)


def rule_text(node: Node) -> str:
    """Write a rule in one way whatever way it was typed: single spaces, `frequency`, OR inside brackets."""
    match node:
        case HasTrait(sid=sid):
            return f"{sid}T"
        case Frequency():
            return _frequency_text(node)
        case Not(operand=operand):
            return f"NOT {_inside(operand, (AllOf, AnyOf, Not))}"
        case AllOf(operands=operands):
            return " AND ".join(_inside(operand, (AllOf, AnyOf)) for operand in operands)
        case AnyOf(operands=operands):
            return " OR ".join(_inside(operand, (AnyOf,)) for operand in operands)
        case _:
            assert_never(node)


def as_document(node: Node) -> dict[str, object]:
    """Give the tree as JSON members; the live system's own member names are not public."""
    match node:
        case HasTrait(sid=sid):
            return {"type": "TRAIT", "sid": sid}
        case Frequency():
            recency = None
            if node.recency is not None:
                recency = {"operator": node.recency[0], "days": node.recency[1]}
            return {
                "type": "FREQUENCY",
                "sids": list(node.sids),
                "recency": recency,
                "operator": node.operator,
                "times": node.times,
            }
        case Not(operand=operand):
            return {"type": "NOT", "operands": [as_document(operand)]}
        case AllOf(operands=operands):
            return {"type": "AND", "operands": [as_document(operand) for operand in operands]}
        case AnyOf(operands=operands):
            return {"type": "OR", "operands": [as_document(operand) for operand in operands]}
        case _:
            assert_never(node)


def _inside(node: Node, parenthesised: tuple[type, ...]) -> str:
    text = rule_text(node)
    return f"({text})" if isinstance(node, parenthesised) else text


def _frequency_text(node: Frequency) -> str:
    traits = " OR ".join(f"{sid}T" for sid in node.sids)
    recency = "" if node.recency is None else f" {node.recency[0]} {node.recency[1]}D"
    return f"frequency([{traits}]{recency}) {node.operator} {node.times}"
