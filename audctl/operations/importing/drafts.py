"""What could be written, checked as if it were manifests already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from audctl.brownfield.choose import choose, skipped_matches
from audctl.brownfield.compose import Draft, Neighbours, compose, skipped_object
from audctl.brownfield.layout import file_of
from audctl.manifest.schemas import API_VERSION, kind_schema
from audctl.manifest.write import spec_tree
from audctl.model.finding import Finding, Severity
from audctl.model.resource import Lifecycle, Manage, Resource
from audctl.model.span import Span
from audctl.plan.identify import identify
from audctl.resolve.references import check_references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.brownfield.compose import Composition
    from audctl.brownfield.tenant import Id, LiveTenant
    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.imported import Skipped
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.model.policy import Removed
    from audctl.operations.import_ import ImportOptions

ADOPT = {"audctl.dev/adopt": "true"}


@dataclass(frozen=True, slots=True)
class FileStart:
    """Places of a manifest that is not written yet: its file's start."""

    file: str

    def span(self, path: str) -> Span:  # noqa: ARG002 - one place for all of it
        """Return the file's start."""
        return Span(self.file, 1, 1)

    def inside(self, path: str, position: int) -> Span:  # noqa: ARG002 - one place for all of it
        """Return the file's start."""
        return Span(self.file, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """Resources to write, each with the file it belongs into, and what is left out."""

    chosen: tuple[Resource, ...]
    skipped: tuple[Skipped, ...]
    managed: int
    tenant: LiveTenant
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an import starts from."""

    resources: tuple[Resource, ...]
    """Existing ones."""
    desired: tuple[DesiredObject, ...]
    live: LiveState
    ledger: Ledger
    foreign: Mapping[Id, str]
    audience_identifier: str
    out: str
    """Folder for new files, with a slash at its end; empty for the project's root."""
    removed: tuple[Removed, ...] = ()
    """What the project file lets go of: no manifest may come back for it."""


def draft_resources(known: Known, options: ImportOptions) -> Drafts:
    """Return what is to be written; whatever manifests may not say is left out, with the finding as its reason."""
    refused: dict[Id, str] = {}
    standing = _standing(known)
    while True:
        composition = compose(known.live, _neighbours(known, standing, refused))
        resources = {
            each.address: _resource(each, known.out, options) for each in composition.drafts
        }
        unfit = _unfit(known, resources, composition)
        if not unfit.keys() - refused.keys():
            return _drafts(composition, resources, options)
        refused.update(unfit)


def _standing(known: Known) -> Mapping[Id, Address]:
    """Return what existing manifests mean, folders left out."""
    matches = identify(known.desired, known.live, known.ledger).matches
    return {
        (each.live.type, each.live.id): each.desired.address
        for each in matches
        if each.live is not None and each.desired.resource is not None
    }


def _neighbours(
    known: Known, standing: Mapping[Id, Address], refused: Mapping[Id, str]
) -> Neighbours:
    owned = {(each.type, each.live_id): each.address for each in known.ledger.entries.values()}
    return Neighbours(
        standing=standing,
        owned={key: address for key, address in owned.items() if key not in standing},
        foreign=known.foreign,
        audience_identifier=known.audience_identifier,
        fits=fits,
        refused=refused,
    )


def fits(kind: str, spec: object) -> str:
    """Return why the kind's schema does not let a manifest say this spec; empty when it does."""
    tree = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": "any"},
        "spec": spec_tree(spec),
    }
    schema = kind_schema(kind)
    if schema.is_valid(tree):
        return "" if _is_text(tree) else "it holds half a character, which no file can hold"
    failing = sorted({".".join(map(str, path)) for path in schema.failing_paths(tree)})
    return f"manifests do not take what stands in {', '.join(failing)}"


def _is_text(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_text, value.values()))
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _resource(draft: Draft, out: str, options: ImportOptions) -> Resource:
    watched = options.observe or bool(draft.foreign)
    return Resource(
        address=draft.address,
        spec=draft.spec,
        places=FileStart(f"{out}{file_of(draft.address, draft.spec)}"),
        annotations=ADOPT if options.adopt and not watched else {},
        lifecycle=_lifecycle(watched=watched),
    )


@cache
def _lifecycle(*, watched: bool) -> Lifecycle:
    return Lifecycle(manage=Manage.OBSERVE if watched else Manage.FULL)


def _unfit(
    known: Known,
    resources: Mapping[Address, Resource],
    composition: Composition,
) -> dict[Id, str]:
    """Return the roots whose resources would be findings of validation."""
    roots = {each.address: (each.root.type, each.root.id) for each in composition.drafts}
    unfit = {
        roots[each.address]: f"{each.message} ({each.code})"
        for each in check_references((*known.resources, *resources.values()))
        if each.severity is Severity.ERROR and each.address in roots
    }
    for entry in known.removed:
        if entry.address in roots:
            unfit[roots[entry.address]] = f"spec.removed says {entry.action} of {entry.address}"
    return unfit


def _drafts(
    composition: Composition, resources: Mapping[Address, Resource], options: ImportOptions
) -> Drafts:
    patterns = options.patterns
    choice = choose(
        composition.drafts,
        resources,
        composition.tenant,
        patterns=patterns,
        others=composition.skipped,
        observe=options.observe,
    )
    by_address = {each.address: each for each in composition.drafts}
    skipped = [
        each
        for each in composition.skipped
        if not patterns or any(skipped_matches(pattern, each) for pattern in patterns)
    ]
    skipped += [_unneeded(by_address[each]) for each in choice.unneeded]
    skipped.sort(key=lambda each: (each.type, each.reason, each.label, each.live_id))
    return Drafts(
        chosen=tuple(resources[each] for each in choice.chosen),
        skipped=tuple(skipped),
        managed=composition.managed,
        tenant=composition.tenant,
        findings=tuple(
            Finding(
                "AUD2303",
                Severity.ERROR,
                f'the pattern "{each}" fits nothing that is live',
                hint="patterns fit addresses (Audience/cart-*), types (aam.segment), labels and keys, in their case",
            )
            for each in choice.useless
        ),
    )


def _unneeded(draft: Draft) -> Skipped:
    if draft.foreign:
        reason = f"{draft.foreign} owns it"
        hint = "--observe, or a pattern that fits it, writes a manifest that only looks"
    else:
        reason = "nothing in Campaign uses it, and looking at it costs a call with every plan"
        hint = f"a pattern that fits it, such as '{draft.address.kind}/*', writes it all the same"
    return skipped_object(draft.root, reason, hint)
