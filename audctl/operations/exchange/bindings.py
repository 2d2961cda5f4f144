"""From a binding's name to what its manifests say of an exchange, once the law has nothing against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import FindingsError, RefusedByLaw
from audctl.exchange.job import Hashing, IdKind
from audctl.manifest.policy import plan_policy
from audctl.model.address import Address
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.campaign_list import ListSpec
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.destination import DestinationSpec
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec, alias_in_files, carrier
from audctl.model.kinds.kind import set_or
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from audctl.model.resource import Resource
    from audctl.operations.load import Loaded

DIMENSION = "nms:recipient"
VISITOR_KEY = "[trackingLog/@sourceId]"
"""Of the data source that comes with Campaign's package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """How a data source recognises people."""

    data_source: Address
    kind: IdKind
    hashing: Hashing
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundImport:
    """An ImportBinding, followed to what files and tables are about."""

    address: Address
    audience: Address
    alias: str
    destination_id: int
    ids: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundExport:
    """An ExportBinding, likewise."""

    address: Address
    trait_code: str
    list_name: str
    """Campaign's name of the list that is exported; empty: it is a query's people."""
    ids: Ids


def find_import(loaded: Loaded, name: str, today: date) -> BoundImport:
    """Return an import binding; raise FindingsError when there is none, RefusedByLaw when it may not run."""
    resource = _find(loaded, "ImportBinding", name)
    spec = resource.spec
    assert isinstance(spec, ImportBindingSpec)
    check_law_of(loaded, resource.address, today)
    resources = {each.address: each for each in loaded.resources}
    carried = carrier(spec, resources)
    assert carried is not None  # references have been checked
    destination = resources[Address("Destination", carried[0])].spec
    assert isinstance(destination, DestinationSpec)
    return BoundImport(
        address=resource.address,
        audience=Address("Audience", spec.audience),
        alias=alias_in_files(spec, resources),
        destination_id=destination.id,
        ids=_ids(resources[Address("DataSource", spec.data_source)]),
    )


def find_export(loaded: Loaded, name: str, today: date) -> BoundExport:
    """Return an export binding; raises as :func:`find_import` does."""
    resource = _find(loaded, "ExportBinding", name)
    spec = resource.spec
    assert isinstance(spec, ExportBindingSpec)
    check_law_of(loaded, resource.address, today)
    resources = {each.address: each for each in loaded.resources}
    return BoundExport(
        address=resource.address,
        trait_code=set_or(spec.trait.integration_code, resource.address.name),
        list_name=_list_name(spec, resources),
        ids=_ids(resources[Address("DataSource", spec.data_source)]),
    )


def _list_name(spec: ExportBindingSpec, resources: Mapping[Address, Resource]) -> str:
    name = spec.source.list
    if not isinstance(name, str):
        return ""
    exported = resources[Address("List", name)].spec
    assert isinstance(exported, ListSpec)
    return set_or(exported.name, name)


def known_segment(loaded: Loaded, audience: Address) -> int | None:
    """Return the number of a segment that its manifest states, as of those another product makes."""
    resource = next((each for each in loaded.resources if each.address == audience), None)
    spec = resource.spec if resource is not None else None
    return spec.id if isinstance(spec, AudienceSpec) and isinstance(spec.id, int) else None


def check_law_of(loaded: Loaded, binding: Address, today: date) -> None:
    """Raise RefusedByLaw for what restrictions and export controls have against the binding."""
    from audctl.plan.law.check import check_law  # noqa: PLC0415 - not for inspect

    policy = plan_policy(loaded.project, loaded.environment)
    against = [
        each
        for each in check_law(loaded.resources, policy, today)
        if each.severity is Severity.ERROR and each.address == binding
    ]
    if against:
        raise RefusedByLaw(against)


def _find(loaded: Loaded, kind: str, name: str) -> Resource:
    if loaded.has_errors:
        raise FindingsError(loaded.findings)
    wanted = Address(kind, name.removeprefix(f"{kind}/"))
    names = [each.address.name for each in loaded.resources if each.address.kind == kind]
    for each in loaded.resources:
        if each.address == wanted:
            return each
    hint = did_you_mean(wanted.name, names)
    raise FindingsError(
        [
            Finding(
                "AUD2711",
                Severity.ERROR,
                f'no manifest defines {kind} "{wanted.name}"',
                None,
                hint or f"there are {', '.join(sorted(names))}" if names else hint,
            )
        ]
    )


def _ids(resource: Resource) -> Ids:
    spec = resource.spec
    assert isinstance(spec, DataSourceSpec)
    kind = IdKind(spec.id_type.value)
    campaign = spec.campaign
    key = set_or(campaign.reconciliation_key, "") if campaign else ""
    dimension = set_or(campaign.targeting_dimension, DIMENSION) if campaign else DIMENSION
    if not key and kind is IdKind.VISITOR:
        key = VISITOR_KEY
    if not key or dimension != DIMENSION:
        what = "has no reconciliation key" if not key else f"targets {dimension}"
        raise FindingsError(
            [
                Finding(
                    "AUD2711",
                    Severity.ERROR,
                    f"{resource.address} {what}, so nobody can be matched by it",
                    resource.span("spec.campaign"),
                    f"set spec.campaign.reconciliationKey, on {DIMENSION}",
                    resource.address,
                )
            ]
        )
    hashing = campaign.hash_algorithm if campaign else None
    return Ids(
        data_source=resource.address,
        kind=kind,
        hashing=Hashing(hashing.value) if hashing else Hashing.NONE,
        key=key,
    )
