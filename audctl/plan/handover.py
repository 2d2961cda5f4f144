"""Keys that pass from one object to another: names of Campaign objects, integration codes of Audience Manager.

A live system refuses the same key twice, so the object that has it gives it up first. Where objects exchange their
keys, each would wait for the other: one of them gets an interim key, which nobody else has, before the rest moves up::

    a ⇄ b    a takes an interim key, b takes a's key, a takes b's

After a run that was killed in between, the ledger still knows the objects by id: the next plan is an update.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.value import Reference
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState

    Key = tuple[str, ...]

_TAKING = frozenset({Change.UPDATE, Change.REPLACE})
_DIGITS = 10


def hand_over(
    steps: Mapping[Address, Step], live: LiveState, ledger: Ledger
) -> tuple[Mapping[Address, Step], tuple[Finding, ...]]:
    """Return the steps with the order and the interim keys that passing keys on needs.

    An error comes back for each key that somebody has who does not give it up.
    """
    keys = _new_keys(steps, live)
    if not keys:
        return steps, ()
    owners = {(each.type, each.live_id): address for address, each in ledger.entries.items()}
    ordered = dict(steps)
    findings: list[Finding] = []
    waits: dict[Address, Address] = {}
    for address, key in sorted(keys.items()):
        step = steps[address]
        for holder in live.by_key.get((step.type, key), ()):
            if holder.id == step.live_id:
                continue
            giver = owners.get((holder.type, holder.id))
            if giver is None or not _gives_up(steps.get(giver), keys.get(giver), key):
                findings.append(_taken(step, key, holder))
                break
            waits[address] = giver
            ordered[address] = replace(ordered[address], after=(*ordered[address].after, giver))
    for address in _one_of_each_ring(waits, steps):
        step = ordered[address]
        interim = _interim(step, live)
        shown = " and ".join(f'{name} "{value}"' for name, value in interim.items())
        reason = f"{step.reason}; by way of the interim {shown}"
        ordered[address] = replace(step, interim=interim, reason=reason)
    return ordered, tuple(findings)


def _new_keys(steps: Mapping[Address, Step], live: LiveState) -> dict[Address, Key]:
    """Return the key of each object that exists and gets another one, where it is known now."""
    found = {}
    for address, step in steps.items():
        kinds = OBJECT_TYPES[step.type]
        if step.change not in _TAKING or step.write.keys().isdisjoint(kinds.key):
            continue
        standing = live.by_id.get((step.type, step.live_id))
        values = {**(standing.fields if standing is not None else {}), **step.write}
        key = []
        for name in kinds.key:
            value = values.get(name)
            if isinstance(value, (Reference, Secret)):
                break
            key.append(str(canonical(kinds.fields[name].form, value) or ""))
        else:
            if standing is None or tuple(key) != standing.key:
                found[address] = tuple(key)
    return found


def _gives_up(giver: Step | None, new_key: Key | None, key: Key) -> bool:
    """Whether a step leaves a key free: its object goes, or gets another one."""
    if giver is None:
        return False
    return giver.change is Change.DELETE or (new_key is not None and new_key != key)


def _one_of_each_ring(
    waits: Mapping[Address, Address], steps: Mapping[Address, Step]
) -> Iterator[Address]:
    """Yield one member of each circle of waiting; none where a replaced object frees its key at once anyhow."""
    seen: set[Address] = set()
    for start in sorted(waits):
        path: list[Address] = []
        at: Address | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = waits.get(at)
        if at not in path:
            continue
        ring = path[path.index(at) :]
        if all(steps[each].change is Change.UPDATE for each in ring):
            yield min(ring)


def _interim(step: Step, live: LiveState) -> dict[str, str]:
    """Return the value for one key field that makes the whole key one that nobody has; always the same one."""
    kinds = OBJECT_TYPES[step.type]
    standing = live.by_id[step.type, step.live_id]
    name = next(
        each for each in kinds.key if each in step.write and kinds.fields[each].form is Form.TEXT
    )
    for attempt in range(len(live.objects) + 1):
        seed = f"{step.type}/{step.live_id}/{attempt}"
        value = f"audctl{hashlib.sha256(seed.encode()).hexdigest()[:_DIGITS]}"
        key = tuple(
            value if each == name else part
            for each, part in zip(kinds.key, standing.key, strict=True)
        )
        if not live.by_key.get((step.type, key)):
            return {name: value}
    raise AssertionError("more objects than attempts")  # pragma: no cover


def _taken(step: Step, key: Key, holder: LiveObject) -> Finding:
    shown = " / ".join(f'"{part}"' for part in key)
    return Finding(
        "AUD2015",
        Severity.ERROR,
        f"{step.address}: {step.type} {step.live_id} cannot take the key {shown}, "
        f"{holder.type} {holder.id} has it",
        step.span,
        "choose another key, or change the other one first and apply that",
        step.address,
    )
