"""Late references: values whose live ids become known only while the plan is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import parse_address
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES
from audctl.model.substitution import missing, substitute, traits_by_name
from audctl.model.value import Reference
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.plan import Plan
    from audctl.model.value import DesiredValue, Plain
    from audctl.ports import WriteValue


class LateIds:
    """Live ids by address; grows as steps end. Used by the coordinating thread only."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._ids: dict[Address, str] = {
            address: entry.live_id for address, entry in ledger.entries.items()
        }
        for step in plan.steps:
            if step.change in {Change.CREATE, Change.REPLACE}:
                self._ids.pop(step.address, None)
            elif step.live_id:
                self._ids[step.address] = step.live_id
        self._traits = traits_by_name((*ledger.entries, *(each.address for each in plan.steps)))

    def learn(self, address: Address, live_id: str) -> None:
        """Note the id of what was just written."""
        self._ids[address] = live_id

    def resolve(self, values: Mapping[str, DesiredValue]) -> dict[str, WriteValue]:
        """Return the values over live ids; raise KeyError naming what is still unknown.

        Steps run after what they refer to, so an unknown id here is a broken plan, never bad luck.
        """
        resolved: dict[str, WriteValue] = {}
        for name, value in values.items():
            if waits_for := missing(value, self._ids, self._traits):
                raise KeyError(str(waits_for[0]))
            whole = substitute(value, self._ids, self._traits)
            assert not isinstance(whole, Reference)
            resolved[name] = whole
        return resolved

    def key(self, step: Step) -> tuple[str, ...]:
        """Return the object's key as far as it is known; what is not is the address it waits for."""
        kinds = OBJECT_TYPES[step.type]
        parts = []
        for name in kinds.key:
            value = substitute(step.write.get(name), self._ids, self._traits)
            if isinstance(value, Reference):
                parts.append(str(value.target))
            else:
                assert not isinstance(value, Secret)
                parts.append(str(canonical(kinds.fields[name].form, value) or ""))
        return tuple(parts)

    def fill(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Return a key written down earlier with addresses replaced by the ids known now."""
        return tuple(self._filled(part) if "#" in part else part for part in key)

    def _filled(self, part: str) -> str:
        try:
            return self._ids.get(parse_address(part), part)
        except ValueError:
            return part


def to_record(
    step: Step, values: Mapping[str, WriteValue], salt: str
) -> tuple[dict[str, Plain], dict[str, str]]:
    """Return the fields and the secrets' prints as the ledger keeps them."""
    kinds = OBJECT_TYPES[step.type].fields
    fields: dict[str, Plain] = {}
    secrets: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Secret):
            secrets[name] = value.fingerprint(salt)
        elif name in kinds:
            fields[name] = canonical(kinds[name].form, value)
    return fields, secrets
