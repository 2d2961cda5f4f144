"""libyaml's events of one file, with every alias written out and nothing allowed to grow without bound.

The parser itself keeps its state on the heap, so nesting cannot crash it; whoever reads the events stops at
``MAX_DEPTH`` and ``MAX_NODES`` before anything recurses or piles up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # absent from the stubs

from audctl.manifest.controls import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000
"""Of one document, repetitions by alias included."""

_STARTS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_SHOWN: Final = 60


class Refused(Exception):  # noqa: N818 - a decision; never leaves the reading of one file
    """The rest of a file is not read."""

    def __init__(self, offset: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.problem = (offset, code, message, hint)


def read_events(data: bytes) -> Iterable[Any]:
    """Return the events of UTF-8 text; iterating raises yaml.YAMLError or Refused."""
    events: Iterable[Any] = iter(CParser(data).get_event, None)
    return _without_aliases(events) if b"*" in data or b"&" in data else events


def shortened(text: str) -> str:
    """Return text from a file in a form that fits a message."""
    flat = without_controls(text)
    return flat if len(flat) <= _SHOWN else flat[:_SHOWN] + "…"


def _without_aliases(events: Iterable[Any]) -> Iterator[Any]:
    """Replace every alias by the events of what it repeats, so that the builder knows no aliases.

    Repeated events keep their places: a wrong value is reported where it is written.
    """
    stream = iter(events)
    anchors: dict[str, list[Any]] = {}
    for event in stream:
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            anchors = {}
            yield event
        elif kind is yaml.AliasEvent:
            yield from _repeated(event, anchors)
        elif (kind is yaml.ScalarEvent or kind in _STARTS) and event.anchor is not None:
            yield from _recorded(event, stream, anchors)
        else:
            yield event


def _repeated(alias: Any, anchors: dict[str, list[Any]]) -> list[Any]:  # noqa: ANN401
    found = anchors.get(alias.anchor)
    if found is None:
        raise Refused(
            alias.start_mark.index, "AUD1008",
            f'alias "*{shortened(alias.anchor)}" repeats nothing that stands complete above it',
        )  # fmt: skip
    return found


def _recorded(first: Any, stream: Iterator[Any], anchors: dict[str, list[Any]]) -> list[Any]:  # noqa: ANN401
    """Return all events of one anchored node, aliases in it replaced, and remember its anchors."""
    events: list[Any] = []
    open_nodes: list[tuple[str | None, int]] = []
    event = first
    while True:
        kind = type(event)
        if kind is yaml.AliasEvent:
            events += _repeated(event, anchors)
        elif kind in _STARTS:
            if len(open_nodes) > MAX_DEPTH:
                raise Refused(
                    event.start_mark.index, "AUD1007", f"nested more than {MAX_DEPTH} levels deep"
                )
            open_nodes.append((event.anchor, len(events)))
            anchors.pop(event.anchor, None)
            events.append(event)
        else:
            events.append(event)
            if kind in _ENDS:
                anchor, begin = open_nodes.pop()
                if anchor is not None:
                    anchors[anchor] = events[begin:]
            elif event.anchor is not None:
                anchors[event.anchor] = [event]
        if len(events) > MAX_NODES * 2:
            raise Refused(
                first.start_mark.index, "AUD1007",
                f"aliases make this document larger than {MAX_NODES:,} values",
            )  # fmt: skip
        if not open_nodes:
            return events
        event = next(stream)
