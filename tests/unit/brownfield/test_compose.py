"""Which live objects become resources, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.brownfield.choose import choose
from audctl.brownfield.compose import EXPRESSED_IN_ORDER, Neighbours, compose
from audctl.brownfield.layout import FOLDERS, file_of
from audctl.manifest.write import spec_tree
from audctl.model.address import Address
from audctl.model.kinds import KINDS
from audctl.model.resource import Resource
from audctl.operations.importing.drafts import fits
from tests.build import FixedPlaces, make_live, make_state

if TYPE_CHECKING:
    from audctl.brownfield.compose import Composition
    from audctl.model.live import LiveObject

NOBODY = Neighbours(
    standing={}, owned={}, foreign={}, audience_identifier="mapping", fits=fits, refused={}
)
TENANT: dict[tuple[str, str], dict[str, Any]] = {
    ("aam.dataSource", "10"): {"label": "CRM", "integrationCode": "crm", "type": "crossDevice"},
    ("campaign.dataSource", "11"): {
        "name": "crm", "label": "CRM", "aamDataSource": "10", "aamDestination": "20",
    },
    ("aam.destination", "20"): {"id": "20", "label": "Feed", "type": "serverToServer"},
    ("aam.trait", "30"): {
        "label": "Card", "type": "onboarded", "dataSource": "10", "integrationCode": "card",
        "folder": "0", "rule": 'ic == "card"',
    },
    ("aam.trait", "31"): {
        "label": "Loyal", "type": "onboarded", "dataSource": "10", "integrationCode": "loyal-out",
        "folder": "0", "rule": 'ic == "loyal-out"',
    },
    ("aam.segment", "40"): {
        "label": "Card holders", "dataSource": "10", "integrationCode": "cards", "folder": "0",
        "rule": "30T AND NOT 99T", "status": "active",
    },
    ("aam.segment", "41"): {
        "label": "Loyal", "dataSource": "10", "integrationCode": "loyal", "folder": "0",
        "rule": "31T", "status": "paused",
    },
    ("aam.mapping", "50"): {"destination": "20", "segment": "40", "alias": "cards"},
    ("campaign.list", "60"): {"name": "cards", "label": "Cards"},
    ("campaign.sharedList", "60"): {
        "list": "60", "audience": "50", "audienceName": "Card holders", "dataSource": "11",
    },
    ("campaign.workflow", "70"): {
        "name": "loyal-out", "label": "Loyal", "schedule": "daily 03:00", "sourceList": "60",
        "audience": "41", "audienceName": "Loyal", "dataSource": "11", "running": True,
    },
    ("campaign.externalAccount", "80"): {"name": "in", "label": "In", "type": "s3"},
}  # fmt: skip


def tenant(**changes: Any) -> list[LiveObject]:  # noqa: ANN401 - field values
    """Return a small tenant; ``changes`` by type and id (``segment_40={"status": "odd"}``), None: without it."""
    found = []
    for (object_type, live_id), fields in TENANT.items():
        change = changes.pop(f"{object_type.partition('.')[2]}_{live_id}", {})
        if change is not None:
            found.append(make_live(object_type, live_id, {**fields, **change}))
    assert not changes
    return found


def composed(*objects: LiveObject, **around: Any) -> Composition:  # noqa: ANN401 - of any field
    return compose(make_state(*objects), replace(NOBODY, **around))


def addresses(composition: Composition) -> set[str]:
    return {str(each.address) for each in composition.drafts}


def reasons(composition: Composition) -> dict[tuple[str, str], str]:
    return {(each.type, each.live_id): each.reason for each in composition.skipped}


EVERYTHING = {
    "DataSource/crm", "Destination/feed", "Trait/card", "Audience/cards", "Audience/loyal",
    "List/cards", "ImportBinding/cards-import", "ExportBinding/loyal-out", "ExternalAccount/in",
}  # fmt: skip


def test_each_resource_is_put_together_from_all_its_objects() -> None:
    composition = composed(*tenant())
    assert addresses(composition) == EVERYTHING
    assert composition.skipped == ()
    parts = {
        str(each.address): [(o.type, o.id) for o in each.objects] for each in composition.drafts
    }
    assert parts["ExportBinding/loyal-out"] == [("campaign.workflow", "70"), ("aam.trait", "31")]
    trees = {str(each.address): spec_tree(each.spec) for each in composition.drafts}
    assert trees["Audience/cards"]["rule"] == "card AND NOT 99T"
    assert "rule" not in trees["Audience/loyal"]
    assert trees["Audience/loyal"]["source"] == "campaign"
    assert "destination" not in trees["ImportBinding/cards-import"]


def test_every_kind_has_a_place_and_a_turn() -> None:
    assert set(EXPRESSED_IN_ORDER) == set(KINDS) == set(FOLDERS)
    assert file_of(Address("Audience", "a"), type("S", (), {"folder": "/Web/É & Co./日本"})()) == (
        "audiences/web/e-co/a.yaml"
    )


@pytest.mark.parametrize(
    ("changes", "key", "reason", "lost"),
    [
        ({"trait_30": {"type": "algorithmic", "rule": "x"}}, ("aam.trait", "30"),
         "an algorithmic trait", {"Trait/card"}),
        ({"trait_30": {"integrationCode": ""}}, ("aam.trait", "30"), "no integration code", {"Trait/card"}),
        ({"trait_30": {"rule": "((("}}, ("aam.trait", "30"), "its rule cannot be read", {"Trait/card"}),
        ({"segment_40": {"status": "odd"}}, ("aam.segment", "40"), 'its status is "odd"',
         {"Audience/cards", "ImportBinding/cards-import"}),
        ({"segment_40": {"label": ""}}, ("aam.segment", "40"), "it has no label",
         {"Audience/cards", "ImportBinding/cards-import"}),
        ({"segment_40": {"label": "x" * 300}}, ("aam.segment", "40"), "do not take what stands in spec.label",
         {"Audience/cards", "ImportBinding/cards-import"}),
        ({"list_60": {"name": "9 lives"}}, ("campaign.list", "60"), "do not take what stands in spec.name",
         {"List/cards", "ImportBinding/cards-import", "ExportBinding/loyal-out", "+Trait/loyal-out"}),
        ({"mapping_50": None}, ("campaign.sharedList", "60"), "which no destination has",
         {"ImportBinding/cards-import"}),
        ({"mapping_50": {"alias": ""}}, ("campaign.sharedList", "60"), "has no alias",
         {"ImportBinding/cards-import"}),
        ({"sharedList_60": {"audience": ""}}, ("campaign.sharedList", "60"), "names no audience",
         {"ImportBinding/cards-import"}),
        ({"sharedList_60": {"audienceName": ""}}, ("campaign.sharedList", "60"),
         "does not say what its audience is called", {"ImportBinding/cards-import"}),
        ({"workflow_70": {"audience": None}}, ("campaign.workflow", "70"), "no export into a shared audience",
         {"ExportBinding/loyal-out", "+Trait/loyal-out"}),
        ({"workflow_70": {"schedule": "daily 03:00 (activities rearranged)"}}, ("campaign.workflow", "70"),
         "its activities or its schedule", {"ExportBinding/loyal-out", "+Trait/loyal-out"}),
        ({"workflow_70": {"schedule": "custom: x"}}, ("campaign.workflow", "70"),
         "its activities or its schedule", {"ExportBinding/loyal-out", "+Trait/loyal-out"}),
        ({"trait_31": {"type": "ruleBased"}}, ("campaign.workflow", "70"), "no onboarded trait",
         {"ExportBinding/loyal-out", "+Trait/loyal-out"}),
        ({"externalAccount_80": {"type": "code 3"}}, ("campaign.externalAccount", "80"), 'its type is "code 3"',
         {"ExternalAccount/in"}),
        ({"dataSource_10": {"type": "mobile"}}, ("aam.trait", "30"), "it needs data source 10: its type is",
         EVERYTHING - {"Destination/feed", "List/cards", "ExternalAccount/in"}),
        ({"dataSource_11": {"label": ""}}, ("aam.dataSource", "10"), "its Campaign side has no label",
         EVERYTHING - {"Destination/feed", "List/cards", "ExternalAccount/in"}),
    ],
)  # fmt: skip
def test_what_cannot_be_expressed_says_why_and_takes_along_what_needs_it(
    changes: dict[str, Any], key: tuple[str, str], reason: str, lost: set[str]
) -> None:
    composition = composed(*tenant(**changes))
    assert reason in reasons(composition)[key]
    gained = {each[1:] for each in lost if each.startswith("+")}
    assert addresses(composition) == (EVERYTHING - lost) | gained


def test_an_audience_says_its_rule_once_its_export_cannot_be_said() -> None:
    composition = composed(*tenant(workflow_70={"schedule": "custom: x"}))
    (audience,) = (
        each for each in composition.drafts if each.address == Address("Audience", "loyal")
    )
    tree = spec_tree(audience.spec)
    assert (tree["rule"], tree.get("source")) == ("loyal-out", None)


def test_one_key_for_two_objects_is_nobodys() -> None:
    twin = make_live("aam.trait", "32", TENANT["aam.trait", "30"])
    composition = composed(*tenant(), twin)
    assert "aam.trait 32 has it too" in reasons(composition)["aam.trait", "30"]
    assert "aam.trait 30 has it too" in reasons(composition)["aam.trait", "32"]


def test_of_two_sides_in_campaign_the_one_of_the_same_name_counts() -> None:
    other = make_live(
        "campaign.dataSource", "9", {"name": "old", "label": "Old", "aamDataSource": "10"}
    )
    composition = composed(*tenant(), other)
    assert addresses(composition) == EVERYTHING
    assert "shares it with another one" in reasons(composition)["campaign.dataSource", "9"]


@pytest.mark.parametrize("origin", ["readOnly", "server"])
def test_what_this_company_did_not_make_is_not_written(origin: str) -> None:
    fields = TENANT["aam.segment", "40"] | {"integrationCode": "z"}
    others = make_live("aam.segment", "42", fields, origin=origin)
    composition = composed(*tenant(), others)
    assert addresses(composition) == EVERYTHING
    told = reasons(composition)
    assert (("aam.segment", "42") in told) is (origin == "readOnly")


def test_what_manifests_mean_already_keeps_its_name_and_is_not_written_again() -> None:
    standing = {
        ("aam.trait", "30"): Address("Trait", "by-hand", "aam.trait"),
        ("aam.dataSource", "10"): Address("DataSource", "people", "aam.dataSource"),
        ("campaign.dataSource", "11"): Address("DataSource", "people", "campaign.dataSource"),
        ("campaign.workflow", "70"): Address("ExportBinding", "out", "campaign.workflow"),
        ("aam.trait", "31"): Address("ExportBinding", "out", "aam.trait"),
    }
    composition = composed(*tenant(), standing=standing)
    assert addresses(composition) == EVERYTHING - {
        "Trait/card", "DataSource/crm", "ExportBinding/loyal-out",
    }  # fmt: skip
    trees = {str(each.address): spec_tree(each.spec) for each in composition.drafts}
    assert trees["Audience/cards"]["rule"] == "by-hand AND NOT 99T"
    assert trees["Audience/cards"]["dataSource"] == "people"
    assert trees["Audience/loyal"]["source"] == "campaign"
    assert composition.managed == 5


def test_what_the_ledger_owns_without_a_manifest_is_not_brought_back() -> None:
    composition = composed(
        *tenant(), owned={("campaign.list", "60"): Address("List", "gone", "campaign.list")}
    )
    assert "audctl owns it as List/gone" in reasons(composition)["campaign.list", "60"]


def test_a_segment_identifier_finds_the_mapping_of_the_data_source_s_destination() -> None:
    other = make_live("aam.mapping", "51", {"destination": "21", "segment": "40", "alias": "x"})
    objects = tenant(sharedList_60={"audience": "40"})
    assert addresses(composed(*objects, other, audience_identifier="segment")) == EVERYTHING
    without = tenant(sharedList_60={"audience": "40"}, mapping_50=None)
    assert "mapped to no destination" in reasons(
        composed(*without, audience_identifier="segment")
    )["campaign.sharedList", "60"]  # fmt: skip


# --- which of them ------------------------------------------------------------------------------


def chosen(*patterns: str, foreign: bool = False, observe: bool = False) -> set[str]:
    around = {("aam.segment", "40"): "project x"} if foreign else {}
    composition = composed(*tenant(), foreign=around)
    resources = {
        each.address: Resource(each.address, each.spec, FixedPlaces("x"))
        for each in composition.drafts
    }
    choice = choose(
        composition.drafts, resources, composition.tenant,
        patterns=patterns, others=composition.skipped, observe=observe,
    )  # fmt: skip
    return {str(each) for each in choice.chosen} | {f"?{each}" for each in choice.useless}


def test_a_destination_comes_with_what_uses_it_or_when_it_is_asked_for() -> None:
    assert chosen() == EVERYTHING
    assert chosen("Trait/*") == {"Trait/card", "DataSource/crm", "Destination/feed"}
    assert chosen("List/*") == {"List/cards"}
    assert chosen("aam.destination") == {"Destination/feed"}


@pytest.mark.parametrize(
    "pattern", ["Audience/car*", "Card h*", "cards", "*/cards", "campaign.sharedList"]
)
def test_patterns_fit_addresses_labels_keys_and_types_and_bring_what_is_referred_to(
    pattern: str,
) -> None:
    found = chosen(pattern)
    assert {"Audience/cards", "Trait/card", "DataSource/crm", "Destination/feed"} <= found
    assert not any(each.startswith("?") for each in found)


def test_a_pattern_that_fits_nothing_is_told() -> None:
    assert chosen("Nope/*", "List/*") == {"List/cards", "?Nope/*"}


def test_what_another_project_owns_has_to_be_asked_for() -> None:
    assert "Audience/cards" in chosen(foreign=True)  # the binding needs it
    assert "Audience/cards" in chosen("Audience/*", foreign=True)
    assert "Audience/cards" in chosen(foreign=True, observe=True)
    alone = composed(
        make_live("campaign.list", "60", {"name": "cards", "label": "Cards"}),
        foreign={("campaign.list", "60"): "project x"},
    )
    choice = choose(alone.drafts, {}, alone.tenant, patterns=(), others=(), observe=False)
    assert (choice.chosen, choice.unneeded) == ((), (Address("List", "cards"),))
