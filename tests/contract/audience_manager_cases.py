"""Contract cases of Audience Manager's object types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.model.rules.trait_rule import parse_trait_rule
from audctl.providers.audience_manager import AudienceManagerProvider
from tests.contract.case import Case

if TYPE_CHECKING:
    from audctl.ports import Provider
    from tests.contract.bench import Bench


def build(
    bench: Bench, *, page_size: int | None = None, client: str = "sandbox"
) -> AudienceManagerProvider:
    return AudienceManagerProvider(
        f"{bench.url}/v1",
        bench.auth(client),
        clock=bench.clock,
        observer=bench.observer,
        page_size=page_size,
    )


def data_source(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {
        "label": f"Customers {name}",
        "description": "People with an account",
        "integrationCode": name,
        "type": "crossDevice",
        "inbound": True,
        "outbound": True,
        "exportControls": ("onsitePersonalization", "pii"),
    }


def folder(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {"path": f"/{name}", "parent": "0"}


def trait(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    source = provider.create("aam.dataSource", _web_source(bench))
    place = provider.create("aam.traitFolder", folder(bench, provider, bench.unique("Web")))
    return {
        "label": f"Added to cart {name}",
        "description": "Put something in",
        "type": "ruleBased",
        "dataSource": source.id,
        "integrationCode": name,
        "folder": place.id,
        "rule": parse_trait_rule('c_event == "cart_add" AND NOT price < 10'),
        "ttlDays": 30,
        "comments": "made by a test",
    }


def segment(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    had = provider.create("aam.trait", trait(bench, provider, bench.unique("had")))
    place = provider.create("aam.segmentFolder", folder(bench, provider, bench.unique("Web")))
    return {
        "label": f"Cart abandoners {name}",
        "description": "Left without buying",
        "dataSource": had.fields["dataSource"],
        "integrationCode": name,
        "folder": place.id,
        "rule": parse_segment_rule(f"frequency([{had.id}T] <= 7D) >= 2"),
        "status": "active",
    }


def mapping(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    mapped = provider.create("aam.segment", segment(bench, provider, bench.unique("mapped")))
    return {
        "destination": "4200",
        "segment": mapped.id,
        "alias": name,
        "startDate": "2026-03-01",
        "endDate": "2026-12-31",
    }


def _web_source(bench: Bench) -> dict[str, Any]:
    code = bench.unique("web")
    return {"label": f"Web {code}", "integrationCode": code, "type": "cookie"}


CASES = [
    Case(
        type="aam.dataSource",
        build=build,
        fields=data_source,
        change=lambda _bench: {"label": "Customers, renamed"},
        rejected={"label": ""},
        words="name is required",
        create_route="POST /v1/datasources",
        clears={"description": "", "inbound": False, "exportControls": (), "outbound": False},
        needed=frozenset({"label"}),
        list_route="GET /v1/datasources",
    ),
    Case(
        type="aam.traitFolder",
        build=build,
        fields=folder,
        change=lambda bench: {"path": f"/{bench.unique('Renamed')}"},
        rejected={"parent": "999999999"},
        words="parentFolderId 999999999 does not exist",
        create_route="POST /v1/folders/traits",
        needed=frozenset({"parent"}),
        list_route="GET /v1/folders/traits",
        pages=False,
    ),
    Case(
        type="aam.segmentFolder",
        build=build,
        fields=folder,
        change=lambda bench: {"path": f"/{bench.unique('Renamed')}"},
        rejected={"parent": "999999999"},
        words="parentFolderId 999999999 does not exist",
        create_route="POST /v1/folders/segments",
        needed=frozenset({"parent"}),
        list_route="GET /v1/folders/segments",
        pages=False,
    ),
    Case(
        type="aam.trait",
        build=build,
        fields=trait,
        change=lambda _bench: {"rule": parse_trait_rule('c_event == "cart_drop"')},
        rejected={"rule": "c_event == AND"},
        words="traitRule",
        create_route="POST /v1/traits",
        clears={"description": "", "folder": "0", "ttlDays": 120, "comments": ""},
        needed=frozenset({"label", "rule"}),
        list_route="GET /v1/traits",
    ),
    Case(
        type="aam.segment",
        build=build,
        fields=segment,
        change=lambda _bench: {"status": "paused"},
        rejected={"rule": "AND AND"},
        words="segmentRule",
        create_route="POST /v1/segments",
        clears={"description": "", "folder": "0"},
        # One merge rule stands at all times: without a choice the account's standard one.
        needed=frozenset({"label", "rule", "mergeRule", "status"}),
        list_route="GET /v1/segments",
    ),
    Case(
        type="aam.mapping",
        build=build,
        fields=mapping,
        change=lambda _bench: {"endDate": "2027-01-31"},
        rejected={"segment": "999999999"},
        words="999999999",
        create_route="POST /v1/destinations/4200/mappings",
        clears={"endDate": ""},
        list_route="GET /v1/destinations/4200/mappings",
        # The live system is documented to give a mapping's start a day early.
        unread=frozenset({"startDate"}),
        within=lambda fields: {"aam.mapping": (str(fields["destination"]),)},
    ),
]
