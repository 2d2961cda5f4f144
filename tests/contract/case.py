"""One row of the contract suite: an object type, and what a test must know to exercise it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from audctl.ports import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.contract.bench import Bench


class ClosingProvider(Provider, Protocol):
    """A provider that holds connections."""

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Case:
    """How objects of one type are made, changed and disturbed."""

    type: str
    build: Callable[..., ClosingProvider]
    """``build(bench, *, page_size=None, client="sandbox")`` gives a provider over ``bench.clock`` and observer."""
    fields: Callable[[Bench, Provider, str], dict[str, Any]]
    """Fields of a new object with a unique name; makes first whatever they refer to."""
    change: Callable[[Bench], dict[str, Any]]
    """Give one field, and a value that no new object has."""
    rejected: Mapping[str, Any]
    """Fields to put over good ones so that the system refuses the create."""
    words: str
    """Part of what the system says to that."""
    create_route: str
    """Fault glob that strikes the create call."""
    list_route: str
    """Fault glob that strikes the bulk read."""
    repeatable: bool = False
    """Its create marks a row that exists already, so that the provider may safely repeat it."""
    pages: bool = True
    """Its list comes in pages when a page size is set."""
    unread: frozenset[str] = frozenset()
    """Fields that do not read back as written: secrets, and what the server owns once it exists."""
    clears: Mapping[str, Any] = field(default_factory=dict)
    """Fields that can be cleared one at a time, and what each reads back as then: nothing, or a default."""
    needed: frozenset[str] = frozenset()
    """Fields that no object of the type does without, beside its key and what never changes."""
    within: Callable[[Mapping[str, Any]], Mapping[str, tuple[str, ...]]] = field(
        default=lambda _fields: {}
    )
    """What ``Provider.read`` needs to see an object with these fields."""

    def __str__(self) -> str:
        return self.type
