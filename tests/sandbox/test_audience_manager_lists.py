"""What every list call takes, whatever it lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.audience_manager_account import Json, mapping_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.audience_manager_account import Account

NAMES = ("Berta", "Ärger", "anton")


def make_data_sources(account: Account) -> str:
    for name in NAMES:
        account.data_source(name=name)
    return "/datasources"


def make_traits(account: Account) -> str:
    for name in NAMES:
        account.trait(4900, name=name)
    return "/traits"


def make_segments(account: Account) -> str:
    for name in NAMES:
        account.segment(4900, "7000000T", name=name)
    return "/segments"


def make_destinations(account: Account) -> str:
    for name in NAMES:
        account.url_destination(name=name)
    return "/destinations"


def make_mappings(account: Account) -> str:
    segment = account.segment(4900, "7000000T")["sid"]
    base = f"/destinations/{account.url_destination()['destinationId']}/mappings"
    for name in NAMES:
        account.post(base, mapping_body(segment, url=name))
    return base


def make_signals(account: Account) -> str:
    for name in NAMES:
        texts = dict.fromkeys(("sourceKey", "sourceValue", "targetKey", "targetValue"), "x")
        account.post("/signals/derived", {**texts, "sourceKey": name})
    return "/signals/derived"


def make_trait_types(account: Account) -> str:
    for name in NAMES:
        account.post("/customer-trait-types", {"name": name})
    return "/customer-trait-types"


def make_sites(account: Account) -> str:
    for name in ("Berta", "arger", "anton"):
        account.post("/partner-sites", {"url": f"{name}.example"})
    return "/partner-sites"


KINDS: dict[str, tuple[Callable[[Account], str], str, str]] = {
    "datasources": (make_data_sources, "name", "dataSourceId"),
    "traits": (make_traits, "name", "sid"),
    "segments": (make_segments, "name", "sid"),
    "destinations": (make_destinations, "name", "destinationId"),
    "mappings": (make_mappings, "url", "destinationMappingId"),
    "signals": (make_signals, "sourceKey", "derivedSignalId"),
    "trait types": (make_trait_types, "name", "pixelType"),
    "partner sites": (make_sites, "url", "siteId"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_list_sorts_searches_and_pages(account: Account, kind: str) -> None:
    make, name, id_name = KINDS[kind]
    path = make(account)

    def rows(**query: Json) -> list[Json]:
        answer = account.get(path, **query)
        listed = answer["list"] if isinstance(answer, dict) else answer
        assert isinstance(listed, list)
        return listed

    everything = rows()
    names = [row[name] for row in everything]
    assert [row[name] for row in rows(sortBy=name)] == sorted(names)
    assert [row[name] for row in rows(sortBy=name, descending="true")] == sorted(names)[::-1]
    assert rows(sortBy=id_name, descending="true") == everything[::-1]
    (found,) = rows(search="BERT")
    assert found[name].startswith("Berta")
    assert len(rows(search="ARGER" if "site" in kind else "ÄRGER")) == 1
    assert rows(search="no such text") == []
    page = account.get(path, page=1, pageSize=2, sortBy=name)
    assert (page["total"], page["page"], page["pageSize"]) == (len(everything), 1, 2)
    assert [row[name] for row in page["list"]] == sorted(names)[2:4]
    assert account.get(path, page=0)["pageSize"] == 10
    account.get(path, sortBy="colour", status=400)
    assert all("READ" in row["permissions"] for row in rows(includePermissions="true"))
    assert rows(permissions="READ") == everything
    assert account.get(path, permissions="FLY", status=400)["childMessages"] == [
        "permissions must be one of READ, WRITE, CREATE, DELETE"
    ]


def test_unknown_parameters_are_ignored(account: Account) -> None:
    assert account.get("/traits", colour="red") == account.get("/traits")
