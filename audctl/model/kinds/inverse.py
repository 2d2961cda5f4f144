"""The way back: how a resource is read off live objects, for manifests of what exists already.

A kind's ``gather`` finds the live objects that one resource would be; its ``express`` says them as a spec. Both
only look at what is live; ``express`` may also ask how other resources are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeVar

from audctl.model.kinds.unset import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.live import LiveObject


class InexpressibleError(Exception):
    """No manifest can mean what stands live; says why, and what a person can do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Tenant(Protocol):
    """Everything live in one place, and how the resources in it are called."""

    audience_identifier: str
    """What a shared list stores: the id of the ``mapping``, or of the ``segment``."""

    def live(self, object_type: str, live_id: str) -> LiveObject | None:
        """Return one object by id."""
        ...

    def referring(self, object_type: str, field: str, live_id: str) -> tuple[LiveObject, ...]:
        """Return the objects of a type whose reference field holds an id, in the order of their own ids."""
        ...

    def name(self, kind: str, object_type: str, live_id: str) -> str:
        """Return the name of the resource of that kind which an object belongs to.

        Raises InexpressibleError when no resource stands for the object.
        """
        ...

    def folder(self, object_type: str, live_id: str) -> str | Unset:
        """Return a folder's path, ``/`` for a tree's root; UNSET when there is no such folder."""
        ...

    @property
    def trait_names(self) -> Mapping[str, str]:
        """Names that rules may give to traits, by their live token (``70011T``)."""
        ...

    def exported_traits(self, segment: str) -> tuple[str, ...]:
        """Return the live tokens of the traits through which exports fill a segment, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The live objects that one resource stands for."""

    name: str
    """Of the resource; empty while only gathering."""
    root: LiveObject
    parts: tuple[LiveObject, ...]
    """The others, in an order that the kind knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """How resources of one kind are found among live objects."""

    root: str
    """The object type that each resource of the kind has exactly one of."""
    express: Callable[[Gathered, Tenant], object]
    """Its spec, so that ``desired`` gives what is live; raises InexpressibleError."""
    called: Callable[[LiveObject, Tenant], str]
    """What people call it already: a code, an internal name, else a label; any text."""
    gather: Callable[[LiveObject, Tenant], tuple[LiveObject, ...]] = lambda _root, _tenant: ()
    """What belongs to a root object; raises InexpressibleError when that is not to be told."""
    does_without: bool = False
    """Whether a part that nobody may take is left out rather than the whole resource."""
    on_demand: bool = False
    """Whether a resource is worth a manifest only when another one refers to it, or somebody asks for it."""


def text_of(live: LiveObject, field: str) -> str:
    """Return a field as text, empty when it says nothing."""
    value = live.fields.get(field)
    return value if isinstance(value, str) else "" if value is None else str(value)


def said(live: LiveObject, field: str) -> str | Unset:
    """Return a field's text, UNSET when it is empty."""
    return text_of(live, field) or UNSET


def unless(value: str, default: str) -> str | Unset:
    """Return a text, UNSET when it is what its absence would mean anyhow, or empty."""
    return UNSET if value in {"", default} else value


def number_of(live: LiveObject, field: str) -> int | Unset:
    """Return a whole number, UNSET when the field has none."""
    value = live.fields.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNSET


def label_of(live: LiveObject) -> str:
    """Return the label; raise InexpressibleError when the object has none."""
    label = text_of(live, "label")
    if not label:
        raise InexpressibleError("it has no label, which every manifest says", "give it a name")
    return label


def audience_name_of(live: LiveObject, label: str) -> str | Unset:
    """Return the audience's name as Campaign has it, UNSET for its label; raise InexpressibleError for none."""
    name = text_of(live, "audienceName")
    if not name:
        raise InexpressibleError(
            "it does not say what its audience is called", "choose the audience in Campaign again"
        )
    return unless(name, label)


Word = TypeVar("Word", bound=Enum)


def word_of(live: LiveObject, field: str, words: type[Word]) -> Word:
    """Return a field's word; raise InexpressibleError for one that manifests do not have."""
    value = text_of(live, field)
    try:
        return words(value)
    except ValueError:
        known = ", ".join(str(each.value) for each in words)
        raise InexpressibleError(
            f'its {field} is "{value}"; manifests know {known}'
            if value
            else f"its {field} is not told"
        ) from None


def code_or_label(live: LiveObject, _tenant: Tenant) -> str:
    """Return the integration code, else the label in small letters."""
    return text_of(live, "integrationCode") or text_of(live, "label").lower()


def internal_name(live: LiveObject, _tenant: Tenant) -> str:
    """Return Campaign's internal name."""
    return text_of(live, "name")
