"""Trait: a characteristic of people or browsers that audiences are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.kinds.inverse import (
    InexpressibleError,
    Inverse,
    code_or_label,
    label_of,
    number_of,
    said,
    text_of,
    unless,
    word_of,
)
from audctl.model.kinds.kind import (
    Claim,
    Kind,
    Mention,
    OwnedFields,
    folder_reference,
    reference,
    set_or,
)
from audctl.model.kinds.unset import UNSET, Unset
from audctl.model.rules.trait_rule import TraitRule, onboarded_rule, parse_trait_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


_ALGORITHMIC = "algorithmic"


class TraitType(StrEnum):
    """Where a trait's members come from."""

    RULE_BASED = "ruleBased"
    """Signals of the web site."""
    ONBOARDED = "onboarded"
    """Files of the customer's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitSpec:
    """``spec`` of a Trait."""

    label: str
    type: TraitType
    data_source: str
    description: str | Unset | None = UNSET
    folder: str | Unset = UNSET
    rule: str | Unset = UNSET
    integration_code: str | Unset = UNSET
    ttl_days: int | Unset = UNSET
    """0: never leaves."""
    comments: str | Unset | None = UNSET


def _mentions(resource: Resource) -> Iterator[Mention]:
    spec = resource.spec
    assert isinstance(spec, TraitSpec)
    yield Mention("spec.dataSource", "DataSource", spec.data_source)


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, TraitSpec)
    code = set_or(spec.integration_code, resource.address.name)
    path = "spec.integrationCode" if spec.integration_code else "metadata.name"
    yield Claim("aam.trait", (spec.data_source, code), path)


def _desired(resource: Resource, _surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, TraitSpec)
    code = set_or(spec.integration_code, resource.address.name)
    code_path = "spec.integrationCode" if spec.integration_code else "metadata.name"
    fields = OwnedFields()
    fields.own("label", spec.label, "spec.label")
    fields.own("description", spec.description, "spec.description")
    fields.own("type", str(spec.type), "spec.type")
    fields.own(
        "dataSource", reference("DataSource", spec.data_source, "aam.dataSource"), "spec.dataSource"
    )
    fields.own("integrationCode", code, code_path)
    fields.own("folder", folder_reference(spec.folder, "aam.traitFolder"), "spec.folder")
    if isinstance(spec.rule, str):
        fields.own("rule", parse_trait_rule(spec.rule), "spec.rule")
    else:
        fields.own("rule", onboarded_rule(code), code_path)
    fields.own("ttlDays", spec.ttl_days, "spec.ttlDays")
    fields.own("comments", spec.comments, "spec.comments")
    yield fields.object(resource, "aam.trait")


def _express(found: Gathered, tenant: Tenant) -> TraitSpec:
    root = found.root
    code = text_of(root, "integrationCode")
    if text_of(root, "type") == _ALGORITHMIC:
        raise InexpressibleError(
            "an algorithmic trait is made by a model, not by a rule",
            "rules may name it by its id, followed by T",
        )
    rule = root.fields.get("rule")
    if not isinstance(rule, TraitRule):
        raise InexpressibleError("its rule cannot be read", "see its expression in the console")
    kind = word_of(root, "type", TraitType)
    plain = kind is TraitType.ONBOARDED and rule.onboarded_code == code
    return TraitSpec(
        label=label_of(root),
        type=kind,
        data_source=tenant.name("DataSource", "aam.dataSource", text_of(root, "dataSource")),
        description=said(root, "description"),
        folder=tenant.folder("aam.traitFolder", text_of(root, "folder")),
        rule=UNSET if plain else rule.text,
        integration_code=unless(code, found.name),
        ttl_days=number_of(root, "ttlDays"),
        comments=said(root, "comments"),
    )


TRAIT = Kind(
    name="Trait",
    spec=TraitSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="aam.trait", express=_express, called=code_or_label),
)
