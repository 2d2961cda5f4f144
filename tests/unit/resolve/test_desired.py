from __future__ import annotations

from random import Random  # noqa: TC003 - Hypothesis reads annotations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.environment import select_environment
from audctl.manifest.load import load_manifests
from audctl.manifest.project import load_project
from audctl.model.address import Address, parse_address
from audctl.model.kinds import KINDS
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.resource import DEFAULT_POLICIES
from audctl.model.rules.boolean_tree import BooleanRule
from audctl.model.value import Reference
from audctl.redact import Secret
from audctl.resolve.desired import desired_objects
from audctl.resolve.index import surroundings
from audctl.resolve.references import check_references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.kind import Claim
    from audctl.model.resource import Resource

PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: case}
spec: {environments: {test: {}}}
"""
ALL_KINDS = """\
kind: DataSource
metadata: {name: web}
spec: {label: Web, idType: visitorId, campaign: {destination: feed}}
---
kind: DataSource
metadata: {name: crm}
spec:
  label: CRM
  idType: declaredId
  description: null
  audienceManager: {integrationCode: CRM1, exportControls: [pii, onsiteAdTargeting]}
  campaign: {name: crmIds, reconciliationKey: "@account", hashAlgorithm: sha256}
---
kind: DataSource
metadata: {name: aamOnly}
spec: {label: Only there, idType: visitorId, audienceManager: {type: crossDevice, exportControls: null}}
---
kind: Destination
metadata: {name: feed}
spec: {type: serverToServer, id: 4200, exportLabels: []}
---
kind: Trait
metadata: {name: cart-add}
spec: {label: Cart, type: ruleBased, dataSource: web, folder: /Web/Commerce, rule: c_e == "x", ttlDays: 0}
---
kind: Trait
metadata: {name: card}
spec: {label: Card, type: onboarded, dataSource: crm, folder: /, integrationCode: card_1, comments: null}
---
kind: Audience
metadata: {name: carts}
spec: {label: Carts, dataSource: web, folder: /Web, rule: card AND 70011T OR cart-add, mergeRule: 5900, paused: true}
---
kind: Audience
metadata: {name: fans}
spec: {label: Fans, dataSource: crm, source: campaign}
---
kind: Audience
metadata: {name: spenders}
spec: {label: Spenders, source: analytics}
---
kind: Audience
metadata: {name: people}
spec: {label: People, source: peopleCoreService, id: 80077}
---
kind: List
metadata: {name: carts}
spec: {label: Carts, name: cartList, folder: /Profiles and Targets/Lists/Shared}
---
kind: List
metadata: {name: fans}
spec: {label: Fans}
---
kind: ImportBinding
metadata: {name: carts-in}
spec: {audience: carts, list: carts, dataSource: web, endDate: null}
---
kind: ExportBinding
metadata: {name: fans-out}
spec: {source: {list: fans}, audience: fans, dataSource: crm, schedule: {weekly: "monday 03:00"}, folder: /Jobs}
---
kind: ExportBinding
metadata: {name: query-out}
spec:
  source: {query: "@status = 2"}
  audience: fans
  dataSource: crm
  trait: {integrationCode: q, label: Q, folder: /CRM, ttlDays: 30}
  paused: true
---
kind: ExternalAccount
metadata: {name: importSharedAudience}
spec: {label: In, secretAccessKey: "${env:KEY}"}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], tuple[Resource, ...]]:
    def loaded(text: str) -> tuple[Resource, ...]:
        (tmp_path / "audctl.yaml").write_text(PROJECT)
        documents = "\n---\n".join(
            f"apiVersion: audctl.dev/v1\n{each}" for each in text.split("---\n")
        )
        (tmp_path / "m.yaml").write_text(documents)
        project = load_project(tmp_path)
        environment = select_environment(project, environ={})
        result = load_manifests(project, environment, environ={"KEY": "s3cret"})
        assert result.findings == ()
        assert check_references(result.resources) == ()
        return result.resources

    return loaded


@pytest.fixture
def resources(load: Callable[[str], tuple[Resource, ...]]) -> tuple[Resource, ...]:
    return load(ALL_KINDS)


def plain(each: DesiredObject) -> dict[str, Any]:
    """Return the owned fields with references and rules as text."""
    return {name: text(value) for name, value in each.fields.items()}


def text(value: object) -> object:
    if isinstance(value, Reference):
        return f"@{value.target}"
    return value.canonical if isinstance(value, BooleanRule) else value


def by_address(resources: tuple[Resource, ...], **options: str) -> Mapping[str, DesiredObject]:
    return {str(each.address): each for each in desired_objects(resources, **options)}


EXPECTED: dict[str, dict[str, Any]] = {
    "DataSource/web#aam.dataSource": {"label": "Web", "integrationCode": "web", "type": "cookie"},
    "DataSource/web#campaign.dataSource": {
        "name": "web", "label": "Web", "aamDataSource": "@DataSource/web#aam.dataSource",
        "aamDestination": "@Destination/feed#aam.destination",
    },
    "DataSource/crm#aam.dataSource": {
        "label": "CRM", "description": None, "integrationCode": "CRM1", "type": "crossDevice",
        "exportControls": ("onsiteAdTargeting", "pii"),
    },
    "DataSource/crm#campaign.dataSource": {
        "name": "crmIds", "label": "CRM", "reconciliationKey": "@account", "hashAlgorithm": "sha256",
        "aamDataSource": "@DataSource/crm#aam.dataSource",
    },
    "DataSource/aamOnly#aam.dataSource": {
        "label": "Only there", "integrationCode": "aamOnly", "type": "crossDevice", "exportControls": None,
    },
    "Destination/feed#aam.destination": {"id": "4200", "type": "serverToServer", "exportLabels": ()},
    "Trait/cart-add#aam.trait": {
        "label": "Cart", "type": "ruleBased", "dataSource": "@DataSource/web#aam.dataSource",
        "integrationCode": "cart-add", "folder": "@Folder/Web/Commerce#aam.traitFolder",
        "rule": 'c_e == "x"', "ttlDays": 0,
    },
    "Trait/card#aam.trait": {
        "label": "Card", "type": "onboarded", "dataSource": "@DataSource/crm#aam.dataSource",
        "integrationCode": "card_1", "folder": "0", "rule": 'ic == "card_1"', "comments": None,
    },
    "Audience/carts#aam.segment": {
        "label": "Carts", "dataSource": "@DataSource/web#aam.dataSource", "integrationCode": "carts",
        "folder": "@Folder/Web#aam.segmentFolder", "rule": "70011T AND card OR cart-add",
        "mergeRule": 5900, "status": "paused",
    },
    "Audience/fans#aam.segment": {
        "label": "Fans", "dataSource": "@DataSource/crm#aam.dataSource", "integrationCode": "fans",
        "rule": "fans-out OR query-out", "status": "active",
    },
    "Audience/spenders#aam.segment": {"label": "Spenders", "integrationCode": "spenders"},
    "Audience/people#aam.segment": {"label": "People", "id": "80077"},
    "List/carts#campaign.list": {
        "name": "cartList", "label": "Carts",
        "folder": "@Folder/Profiles and Targets/Lists/Shared#campaign.folder",
    },
    "List/fans#campaign.list": {"name": "fans", "label": "Fans"},
    "ImportBinding/carts-in#aam.mapping": {
        "destination": "@Destination/feed#aam.destination", "segment": "@Audience/carts#aam.segment",
        "alias": "carts", "endDate": None,
    },
    "ImportBinding/carts-in#campaign.sharedList": {
        "list": "@List/carts#campaign.list", "audience": "@ImportBinding/carts-in#aam.mapping",
        "audienceName": "Carts", "dataSource": "@DataSource/web#campaign.dataSource",
    },
    "ExportBinding/fans-out#aam.trait": {
        "label": "Fans", "type": "onboarded", "dataSource": "@DataSource/crm#aam.dataSource",
        "integrationCode": "fans-out", "folder": "0", "rule": 'ic == "fans-out"',
    },
    "ExportBinding/fans-out#campaign.workflow": {
        "name": "fans-out", "label": "Fans", "folder": "@Folder/Jobs#campaign.folder",
        "schedule": "weekly monday 03:00", "sourceList": "@List/fans#campaign.list",
        "audience": "@Audience/fans#aam.segment", "audienceName": "Fans",
        "dataSource": "@DataSource/crm#campaign.dataSource", "running": True,
    },
    "ExportBinding/query-out#aam.trait": {
        "label": "Q", "type": "onboarded", "dataSource": "@DataSource/crm#aam.dataSource",
        "integrationCode": "q", "folder": "@Folder/CRM#aam.traitFolder", "rule": 'ic == "q"', "ttlDays": 30,
    },
    "ExportBinding/query-out#campaign.workflow": {
        "name": "query-out", "label": "Fans", "sourceQuery": "@status = 2",
        "audience": "@Audience/fans#aam.segment", "audienceName": "Fans",
        "dataSource": "@DataSource/crm#campaign.dataSource", "running": False,
    },
    "ExternalAccount/importSharedAudience#campaign.externalAccount": {
        "name": "importSharedAudience", "label": "In", "type": "s3", "enabled": True,
        "secretAccessKey": Secret("s3cret", "${env:KEY}"),
    },
    "Folder/CRM#aam.traitFolder": {"path": "/CRM", "parent": "0"},
    "Folder/Jobs#campaign.folder": {"path": "/Jobs", "parent": ""},
    "Folder/Profiles and Targets#campaign.folder": {"path": "/Profiles and Targets", "parent": ""},
    "Folder/Profiles and Targets/Lists#campaign.folder": {
        "path": "/Profiles and Targets/Lists", "parent": "@Folder/Profiles and Targets#campaign.folder",
    },
    "Folder/Profiles and Targets/Lists/Shared#campaign.folder": {
        "path": "/Profiles and Targets/Lists/Shared",
        "parent": "@Folder/Profiles and Targets/Lists#campaign.folder",
    },
    "Folder/Web#aam.segmentFolder": {"path": "/Web", "parent": "0"},
    "Folder/Web#aam.traitFolder": {"path": "/Web", "parent": "0"},
    "Folder/Web/Commerce#aam.traitFolder": {
        "path": "/Web/Commerce", "parent": "@Folder/Web#aam.traitFolder",
    },
}  # fmt: skip


def test_every_kind_asks_for_its_objects_with_the_fields_it_sets(
    resources: tuple[Resource, ...],
) -> None:
    found = by_address(resources)
    assert {address: plain(each) for address, each in found.items()} == EXPECTED


def test_what_other_products_make_is_observed_and_says_what_to_do(
    resources: tuple[Resource, ...],
) -> None:
    observed = {name: each.manual for name, each in by_address(resources).items() if each.observed}
    assert set(observed) == {
        "Audience/spenders#aam.segment",
        "Audience/people#aam.segment",
        "Destination/feed#aam.destination",
    }
    assert "Adobe Analytics" in observed["Audience/spenders#aam.segment"]
    assert '"Spenders"' in observed["Audience/spenders#aam.segment"]
    assert "80077" in observed["Audience/people#aam.segment"]
    assert "4200" in observed["Destination/feed#aam.destination"]


def test_a_shared_list_can_store_the_segment_instead_and_still_waits_for_the_mapping(
    resources: tuple[Resource, ...],
) -> None:
    found = by_address(resources, audience_identifier="segment")
    shared = found["ImportBinding/carts-in#campaign.sharedList"]
    assert plain(shared)["audience"] == "@Audience/carts#aam.segment"
    assert shared.requires == (parse_address("ImportBinding/carts-in#aam.mapping"),)


def test_objects_are_sorted_and_references_lead_to_objects_of_the_right_type(
    resources: tuple[Resource, ...],
) -> None:
    objects = desired_objects(resources)
    addresses = [each.address for each in objects]
    assert addresses == sorted(addresses)
    for each in objects:
        assert each.address.object == each.type
        for name, value in each.fields.items():
            if isinstance(value, Reference):
                kind = OBJECT_TYPES[each.type].fields[name]
                assert kind.form is Form.REFERENCE
                assert value.target in set(addresses), f"{each.address} {name}"
                assert value.target.object in kind.to, f"{each.address} {name}"
        assert set(each.requires) <= set(addresses)


def test_every_owned_field_says_where_it_comes_from(resources: tuple[Resource, ...]) -> None:
    for each in desired_objects(resources):
        if each.resource is None:
            continue
        assert set(each.paths) == set(each.fields)
        for name, path in each.paths.items():
            place = each.span(name)
            assert path.startswith(("spec.", "metadata.name"))
            assert place is not None
            assert place.file == "m.yaml"


def test_owned_fields_are_fields_of_the_type_or_an_observed_ones_id(
    resources: tuple[Resource, ...],
) -> None:
    for each in desired_objects(resources):
        unknown = set(each.fields) - set(OBJECT_TYPES[each.type].fields)
        assert unknown <= ({"id"} if each.observed else set())


def test_claims_are_the_keys_of_the_objects(resources: tuple[Resource, ...]) -> None:
    around = surroundings(resources)
    for resource in resources:
        kind = KINDS[resource.address.kind]
        claims = {each.type: each for each in kind.claims(resource, around)}
        objects = {each.type: each for each in kind.desired(resource, around)}
        assert set(claims) == set(objects)
        for object_type, claim in claims.items():
            assert claim.key == key_of(objects[object_type], claim)


def key_of(each: DesiredObject, claim: Claim) -> tuple[str, ...]:
    if each.observed and "id" in each.fields and each.type == "aam.segment":
        return (f"id {each.fields['id']}",)
    names = OBJECT_TYPES[claim.type].key
    values = [each.fields.get(name, "") for name in names]
    return tuple(
        value.target.name if isinstance(value, Reference) else str(value) for value in values
    )


@given(st.randoms(use_true_random=False))
def test_the_order_of_resources_does_not_matter(random: Random) -> None:
    shuffled = list(_SAMPLE)
    random.shuffle(shuffled)
    assert [each.address for each in desired_objects(shuffled)] == [
        each.address for each in desired_objects(_SAMPLE)
    ]
    fans = {str(each.address): each for each in desired_objects(shuffled)}
    rule = fans["Audience/fans#aam.segment"].fields["rule"]
    assert text(rule) == "fans-out OR query-out"


@pytest.fixture(autouse=True)
def _sample(resources: tuple[Resource, ...]) -> None:
    # Hypothesis runs one test function many times; it cannot take the fixture itself.
    _SAMPLE[:] = resources


_SAMPLE: list[Resource] = []


def test_default_policies_are_of_kinds_that_exist() -> None:
    assert set(DEFAULT_POLICIES) <= set(KINDS)


def test_kinds_are_listed_by_their_own_names() -> None:
    assert [each.name for each in KINDS.values()] == list(KINDS)
    assert Address("Audience", "x").kind in KINDS


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ("", None),
        ("  paused: false\n", None),
        ("  paused: true\n", False),
        ('  schedule: {daily: "03:00"}\n', True),
        ('  schedule: {daily: "03:00"}\n  paused: true\n', False),
    ],
)
def test_only_a_scheduled_export_is_kept_running(
    load: Callable[[str], tuple[Resource, ...]], lines: str, *, running: bool | None
) -> None:
    text = ALL_KINDS.replace("  paused: true\n---", f"{lines}---", 1)

    workflow = by_address(load(text))["ExportBinding/query-out#campaign.workflow"]

    # One without a schedule ends by itself: it is started by a person, and not again by every apply.
    assert workflow.fields.get("running") is running
