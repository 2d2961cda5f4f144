"""Which of the resources that could be written are: what patterns fit, and whatever those refer to."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds import KINDS
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.substitution import TRAIT, trait_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from audctl.brownfield.compose import Draft
    from audctl.brownfield.tenant import LiveTenant
    from audctl.model.imported import Skipped
    from audctl.model.live import LiveObject
    from audctl.model.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is written."""

    chosen: tuple[Address, ...]
    """Sorted."""
    unneeded: tuple[Address, ...]
    """Left out because nothing chosen refers to them, and nobody asked."""
    useless: tuple[str, ...]
    """Patterns that fit nothing at all, live or managed."""


def choose(  # noqa: PLR0913 - everything a choice depends on
    drafts: Sequence[Draft],
    resources: Mapping[Address, Resource],
    tenant: LiveTenant,
    *,
    patterns: Sequence[str],
    others: Iterable[Skipped],
    observe: bool,
) -> Choice:
    """Return the addresses to write: everything, or what the patterns fit, with what it refers to.

    ``resources`` are the drafts as manifests. What another project owns, and what is worth a manifest only when
    something refers to it, must be asked for by a pattern; ``observe`` asks for what others own, too.
    """
    by_address = {each.address: each for each in drafts}
    wanted: set[Address] = set()
    held_back: set[Address] = set()
    fits = dict.fromkeys(patterns, False)
    for draft in drafts:
        asked = [each for each in patterns if _matches(each, draft)]
        fits.update(dict.fromkeys(asked, True))
        on_demand = KINDS[draft.address.kind].inverse.on_demand
        if asked or (not patterns and not on_demand and (observe or not draft.foreign)):
            wanted.add(draft.address)
        elif not patterns:
            held_back.add(draft.address)
    for each in others:
        fits.update({p: True for p in patterns if skipped_matches(p, each)})
    for address in tenant.standing.values():
        fits.update({p: True for p in patterns if _fits(p, (str(address), address.name))})
    closed = _closure(wanted, by_address, resources, tenant)
    return Choice(
        chosen=tuple(sorted(closed)),
        unneeded=tuple(sorted(held_back - closed)),
        useless=tuple(each for each, found in fits.items() if not found),
    )


def _closure(
    wanted: set[Address],
    drafts: Mapping[Address, Draft],
    resources: Mapping[Address, Resource],
    tenant: LiveTenant,
) -> set[Address]:
    found: set[Address] = set()
    left = list(wanted)
    while left:
        address = left.pop()
        if address in found or address not in drafts:
            continue
        found.add(address)
        left.extend(_needs(drafts[address], resources[address], tenant))
    return found


def _needs(draft: Draft, resource: Resource, tenant: LiveTenant) -> Iterator[Address]:
    for mention in KINDS[draft.address.kind].mentions(resource):
        yield Address(mention.kind, mention.name)
    for live in draft.objects:
        rule = live.fields.get("rule")
        if isinstance(rule, SegmentRule):
            for token in rule.traits:
                address = tenant.standing.get((TRAIT, trait_id(token) or ""))
                if address is not None:
                    yield address


def _matches(pattern: str, draft: Draft) -> bool:
    return names_match((pattern,), draft.address, draft.objects)


def names_match(patterns: Iterable[str], address: Address, objects: Iterable[LiveObject]) -> bool:
    """Whether a pattern is about a resource: its address or name, or type, label or key of one of its objects."""
    texts = [str(address), address.name]
    for each in objects:
        texts += [each.type, str(each.fields.get("label") or ""), *each.key, "/".join(each.key)]
    return any(_fits(pattern, texts) for pattern in patterns)


def skipped_matches(pattern: str, skipped: Skipped) -> bool:
    """Whether a pattern is about an object that cannot be written."""
    return _fits(pattern, (skipped.type, skipped.label, skipped.live_id))


def _fits(pattern: str, texts: Iterable[str]) -> bool:
    return any(fnmatchcase(each, pattern) for each in texts)
