"""What is known about identities while a plan is made: live ids by address, and addresses by live id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.objects import Form
from audctl.model.rules.boolean_tree import BooleanRule
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.substitution import (
    TRAIT,
    missing,
    substitute,
    trait_id,
    trait_token,
    traits_by_name,
)
from audctl.model.value import Reference, Unknown
from audctl.plan.same_rule import same_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger
    from audctl.model.objects import FieldType
    from audctl.model.value import DesiredValue, LiveValue, Plain


class Known:
    """Ids that hold now and after applying; grows while steps are decided in type order."""

    def __init__(self, addresses: Iterable[Address], ledger: Ledger) -> None:
        wanted = tuple(addresses)
        self.ids: dict[Address, str] = {}
        """Live ids that stay what they are; an object about to be created or replaced is not here."""
        self.recorded: Mapping[Address, str] = {
            address: entry.live_id for address, entry in ledger.entries.items()
        }
        """Live ids as last applied, also of objects that are gone."""
        self.traits = traits_by_name((*ledger.entries, *wanted))
        self.addresses: dict[tuple[str, str], Address] = {
            (entry.type, entry.live_id): address for address, entry in ledger.entries.items()
        }
        """Addresses by type and live id, to show references by name."""
        self._tokens: dict[str, str] = {}
        self._names: dict[str, str] | None = None

    def learn(
        self, address: Address, object_type: str, live_id: str, *, stays: bool = True
    ) -> None:
        """Note which live object an address is; ``stays`` is False when it will get another id."""
        self.addresses[object_type, live_id] = address
        if stays:
            self.ids[address] = live_id
        if object_type == TRAIT:
            # Of traits alone, which come before the rules over them: names are gathered once, not for each rule.
            self._names = None
            if stays and self.traits.get(address.name) == address:
                self._tokens[address.name] = trait_token(live_id)

    def resolve(self, value: DesiredValue) -> DesiredValue:
        """Return the value over live ids; what cannot be resolved yet stays a Reference or named rule."""
        if isinstance(value, SegmentRule):
            return value.rename(self._tokens) if value.traits else value
        return substitute(value, self.ids, self.traits)

    def same_rule(self, named: SegmentRule, live: SegmentRule) -> bool:
        """Whether a rule by names certainly is a live one; False says nothing."""
        return same_tree(named.tree, live.tree, self._tokens)

    def as_recorded(self, form: Form, value: DesiredValue) -> Plain:
        """Return what the ledger would hold for this value had its targets kept their recorded ids."""
        old = substitute(value, self.recorded, self.traits)
        return str(old.target) if isinstance(old, Reference) else canonical(form, old)

    def gather_targets(self, value: DesiredValue, into: set[Address]) -> None:
        """Add the objects a value refers to."""
        if isinstance(value, Reference):
            into.add(value.target)
        elif isinstance(value, SegmentRule):
            traits = self.traits
            into.update(traits[name] for name in value.traits if name in traits)

    def unresolved(self, value: DesiredValue) -> tuple[Address, ...]:
        """Return the objects a value refers to whose live id is not known yet."""
        return missing(value, self.ids, self.traits)

    def show_desired(self, kind: FieldType, value: DesiredValue) -> Plain | Unknown:
        """Return a desired value as a reader knows it: references by address, rules by trait names."""
        waits_for = self.unresolved(value)
        if isinstance(value, Reference):
            return Unknown(str(value.target), waits_for) if waits_for else str(value.target)
        if isinstance(value, BooleanRule):
            named = self._named(value)
            return Unknown(named, waits_for) if waits_for else named
        return self.show_live(kind, value)

    def show_live(self, kind: FieldType, value: LiveValue, beside: DesiredValue = None) -> Plain:
        """Return a live value as a reader knows it; ids nobody here owns stay ids.

        ``beside`` is the desired value of the same field, which says what type an id may belong to.
        """
        if value is None:
            return None
        if isinstance(value, BooleanRule):
            return self._named(value)
        plain = canonical(kind.form, value)
        if kind.form is not Form.REFERENCE or not isinstance(plain, str):
            return plain
        types = (beside.target.object,) if isinstance(beside, Reference) else kind.to
        owners = (self.addresses.get((each, plain)) for each in types)
        return next((str(each) for each in owners if each is not None), plain)

    def show_recorded(self, kind: FieldType, value: Plain) -> Plain:
        """Return a last-applied value as a reader knows it."""
        if kind.form is Form.SEGMENT_RULE and isinstance(value, str):
            from audctl.model.rules.rule_error import RuleError  # noqa: PLC0415 - only for drift
            from audctl.model.rules.segment_rule import parse_segment_rule  # noqa: PLC0415

            try:
                return self._named(parse_segment_rule(value))
            except RuleError:
                return value
        return self.show_live(kind, value)

    def _named(self, rule: BooleanRule) -> str:  # type: ignore[type-arg]  # of either grammar
        if not isinstance(rule, SegmentRule):
            return rule.canonical
        if self._names is None:
            self._names = {
                trait_token(live_id): address.name
                for (object_type, live_id), address in self.addresses.items()
                if object_type == TRAIT and self.traits.get(address.name) == address
            }
        names = self._names
        if all(trait_id(each) is None or each not in names for each in rule.traits):
            return rule.canonical
        return rule.rename(names).canonical
