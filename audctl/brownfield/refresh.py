"""What of an existing manifest live values replace: fields that changed live, never those that a person edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audctl.model.change import FieldReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject

_LIVE = frozenset({FieldReason.DRIFT, FieldReason.TAKEOVER})
"""Only the live side changed, or nobody ever said what was there before."""
_BOTH = FieldReason.CONFLICT

Path = tuple[str, ...]
Tree = "Mapping[str, object]"


@dataclass(slots=True)
class Refresh:
    """What to do to one manifest."""

    values: dict[Path, object] = field(default_factory=dict)
    """New values by path from the manifest's root."""
    gone: list[Path] = field(default_factory=list)
    """Keys that say nothing any more."""
    contested: list[str] = field(default_factory=list)
    """Fields that changed live and in the manifest, to different values: left as they are."""
    unsaid: list[str] = field(default_factory=list)
    """Fields that changed live, and that no manifest can say so."""


def refresh(
    steps: Iterable[tuple[Step, DesiredObject]],
    written: Mapping[str, object],
    live: Mapping[str, object] | None,
) -> Refresh:
    """Return how a manifest becomes what stands live.

    ``written`` and ``live`` are the specs as trees: as the manifest has it, and as it would be written now (None
    when that cannot be told). ``steps`` are those of its objects, with the differences that planning found.
    """
    found = Refresh()
    for step, wanted in steps:
        for change in step.fields:
            if change.reason is _BOTH:
                found.contested.append(change.field)
            elif change.reason in _LIVE and not change.sensitive:
                path = tuple(wanted.paths.get(change.field, "").split("."))
                if live is None or not _learn(found, path, change.field, written, live):
                    found.unsaid.append(change.field)
    return found


def _learn(
    found: Refresh,
    path: Path,
    name: str,
    written: Mapping[str, object],
    live: Mapping[str, object],
) -> bool:
    """Note the new value where the manifest says the field; False when no place for it is found."""
    places = [path[1:]] if path[0] == "spec" else []
    # A field that follows from another one until somebody says it: a code from the name, a label from the audience.
    places += [each for each in _leaves(live) if each[-1] == name]
    for place in places:
        old, new = _at(written, place), _at(live, place)
        if old != new:
            if new is None:
                found.gone.append(("spec", *place))
            else:
                found.values["spec", *place] = new
            return True
    return False


def _at(tree: Mapping[str, object], path: Path) -> object:
    node: object = tree
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _leaves(tree: Mapping[str, object], above: Path = ()) -> Iterable[Path]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key)
