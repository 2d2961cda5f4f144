"""Which addresses ``--only`` and ``--exclude`` mean.

An address glob is matched against resources and objects alike: ``Audience/cart-*`` takes every object of these
audiences, ``List/*#campaign.list`` only that object of each list. Everything else is a label of the manifest.

Two sorts of objects carry no labels:

- objects whose manifest is gone. A label never selects them, and while a label is part of the selection nothing but
  an ``--only`` with their address does: ``--exclude team=crm`` must not delete what was team crm's yesterday.
- folders, which have no manifest of their own. They go along with whatever needs them.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from fnmatch import translate
from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.selection import Selection


class Place(Enum):
    """Where an address stands towards a selection."""

    INSIDE = auto()
    OUTSIDE = auto()
    FOLLOWS = auto()
    """A folder that no pattern of ``--only`` names: inside with what needs it."""


class Scope:
    """A selection, held against the addresses of one project: its manifests' and its ledger's."""

    def __init__(
        self, selection: Selection, desired: Iterable[DesiredObject], ledger: Ledger
    ) -> None:
        self.selection = selection
        self._only = [_Pattern(each) for each in selection.only]
        self._exclude = [_Pattern(each) for each in selection.exclude]
        self._by_label = any(not each.is_glob for each in (*self._only, *self._exclude))
        self._labels: dict[Address, Mapping[str, str] | None] = {}
        if selection:
            for each in desired:
                resource = each.resource
                self._labels[each.address] = None if resource is None else resource.labels
        self._addresses = {*self._labels, *ledger.entries, *ledger.intents} if selection else set()

    def place(self, address: Address) -> Place:
        """Return where an address stands."""
        if not self.selection:
            return Place.INSIDE
        if self._matching(self._exclude, address):
            return Place.OUTSIDE
        named = self._matching(self._only, address)
        if any(each.is_glob for each in named):
            return Place.INSIDE
        if self._by_label and address not in self._labels:
            return Place.OUTSIDE
        if address.kind == "Folder":
            return Place.FOLLOWS
        return Place.INSIDE if named or not self._only else Place.OUTSIDE

    def excluding(self, address: Address) -> tuple[str, ...]:
        """Return the ``--exclude`` patterns that an address fits, as they were given."""
        return tuple(each.text for each in self._matching(self._exclude, address))

    def findings(self) -> tuple[Finding, ...]:
        """Return an error for each pattern that fits nothing: it does not do what its author thinks."""
        return tuple(
            self._unmatched(option, each)
            for option, patterns in (("--only", self._only), ("--exclude", self._exclude))
            for each in patterns
            if not any(self._fits(each, address) for address in self._addresses)
        )

    def _matching(self, patterns: Iterable[_Pattern], address: Address) -> list[_Pattern]:
        return [each for each in patterns if self._fits(each, address)]

    def _fits(self, pattern: _Pattern, address: Address) -> bool:
        if pattern.is_glob:
            return pattern.fits_address(address)
        return pattern.fits_labels(self._labels.get(address) or {})

    def _unmatched(self, option: str, pattern: _Pattern) -> Finding:
        if pattern.is_glob:
            known = {str(each) for each in self._addresses}
            what, example = (
                "no address of the manifests or the ledger",
                "an address is Kind/name, or Kind/name#object",
            )
            if "#" not in pattern.text:
                known = {str(each.resource) for each in self._addresses}
        else:
            pairs = [pair for each in self._labels.values() if each for pair in each.items()]
            known = {key for key, _ in pairs} | {f"{key}={value}" for key, value in pairs}
            what, example = (
                "no label of the manifests",
                "without a slash it is a label: team, or team=crm",
            )
            by_name = {each.name for each in self._addresses} & {pattern.text}
            if by_name or set(pattern.text) & set("*?"):
                example = f"did you mean {option} '*/{pattern.text}'?"
        return Finding(
            "AUD2501",
            Severity.ERROR,
            f'{option} "{pattern.text}" fits {what}',
            hint=did_you_mean(pattern.text, known) or example,
        )


class _Pattern:
    """One pattern, read."""

    __slots__ = ("_compiled", "_key", "_value", "is_glob", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        head, slash, _ = text.partition("/")
        # Kinds have neither; keys of labels may: example.com/team=crm.
        self.is_glob = bool(slash) and not {".", "="}.intersection(head)
        self._compiled = re.compile(translate(text))
        self._key, equals, value = text.partition("=")
        self._value = value if equals else None

    def fits_address(self, address: Address) -> bool:
        """Whether it means an object: by its own address, or by its resource's."""
        return any(
            each == self.text or self._compiled.match(each) is not None
            for each in (str(address.resource), str(address))
        )

    def fits_labels(self, labels: Mapping[str, str]) -> bool:
        """Whether labels carry the key, and the value where one was given."""
        return self._key in labels and self._value in (None, labels[self._key])
