"""Contract cases of Campaign's object types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audctl.providers.campaign import BearerSignIn, CampaignNames, CampaignProvider, connect
from audctl.providers.ims import BearerToken
from audctl.providers.transport import Transport
from audctl.redact import Secret
from tests.contract.case import Case

if TYPE_CHECKING:
    from audctl.ports import Provider
    from audctl.providers.campaign import CampaignClient
    from tests.contract.bench import Bench

LISTS = "/Profiles and Targets/Lists"
TOO_LONG = "x" * 300


def client_of(bench: Bench, client: str = "sandbox") -> CampaignClient:
    ims = Transport(bench.url, clock=bench.clock, observer=bench.observer)
    tokens = BearerToken(bench.auth(client), ims)
    bench.opened.callback(ims.close)
    return connect(bench.url, BearerSignIn(tokens), clock=bench.clock, observer=bench.observer)


def build(
    bench: Bench, *, page_size: int | None = None, client: str = "sandbox"
) -> CampaignProvider:
    sizes = {} if page_size is None else {"pageSize": page_size, "workflowPageSize": page_size}
    return CampaignProvider(
        client_of(bench, client), clock=bench.clock, names=CampaignNames.from_mapping(sizes)
    )


def folder_id(provider: Provider, path: str = LISTS) -> str:
    folder = provider.find("campaign.folder", (path,))
    assert folder is not None
    return folder.id


def folder(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {"path": f"{LISTS}/{name}", "parent": folder_id(provider)}


def data_source(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": f"Customers of <b> & 'co' {name}",
        "targetingDimension": "nms:recipient",
        "reconciliationKey": "@account",
        "hashAlgorithm": "none",
        "aamDataSource": "1042",
        "aamDestination": "4200",
    }


def group(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": f"Cart abandoners {name}",
        "description": 'Left without buying; "quoted" & <angled>\nsecond line',
        "folder": folder_id(provider),
    }


def shared_list(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    made = provider.create("campaign.list", group(bench, provider, name))
    source = provider.create(
        "campaign.dataSource", data_source(bench, provider, bench.unique("source"))
    )
    return {
        "list": made.id,
        "audience": "88001",
        "audienceName": "Cart abandoners",
        "dataSource": source.id,
    }


def workflow(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    made = provider.create("campaign.list", group(bench, provider, bench.unique("members")))
    source = provider.create(
        "campaign.dataSource", data_source(bench, provider, bench.unique("source"))
    )
    return {
        "name": name,
        "label": f"Export {name}",
        "folder": folder_id(provider, "/Administration/Production/Technical workflows"),
        "schedule": "daily 03:00",
        "sourceList": made.id,
        "audience": "90017",
        "audienceName": "Loyal customers",
        "dataSource": source.id,
        "complement": True,
        "complementLabel": "Without id",
        "running": False,
    }


def external_account(bench: Bench, provider: Provider, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": "Import audiences",
        "type": "s3",
        "enabled": True,
        "server": "acme-in.s3.amazonaws.com/aam",
        "region": "eu-west-1",
        "accessKeyId": Secret("AKIAEXAMPLE"),
        "secretAccessKey": Secret("never-to-be-seen", "${env:S3_SECRET}"),
        "serverSideEncryption": True,
    }


WRITE = "SOAP xtk:persist#Write"
QUERY = "SOAP xtk:queryDef#ExecuteQuery"

CASES = [
    Case(
        type="campaign.folder",
        build=build,
        fields=folder,
        change=lambda bench: {"path": f"{LISTS}/{bench.unique('Renamed')}"},
        rejected={"path": f"{LISTS}/{TOO_LONG}"},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        needed=frozenset({"parent"}),
    ),
    Case(
        type="campaign.dataSource",
        build=build,
        fields=data_source,
        change=lambda _bench: {"reconciliationKey": "@email"},
        rejected={"label": TOO_LONG},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        clears=dict.fromkeys(
            (
                "label",
                "targetingDimension",
                "reconciliationKey",
                "hashAlgorithm",
                "aamDataSource",
                "aamDestination",
            )
        ),
    ),
    Case(
        type="campaign.list",
        build=build,
        fields=group,
        change=lambda _bench: {"label": "Cart abandoners, renamed"},
        rejected={"label": TOO_LONG},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        clears=dict.fromkeys(("label", "description", "folder")),
    ),
    Case(
        type="campaign.sharedList",
        build=build,
        fields=shared_list,
        change=lambda _bench: {"audience": "88002"},
        rejected={"audience": TOO_LONG},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        clears=dict.fromkeys(("audience", "audienceName", "dataSource")),
        repeatable=True,
    ),
    Case(
        type="campaign.workflow",
        build=build,
        fields=workflow,
        change=lambda _bench: {"schedule": "weekly monday 04:30"},
        rejected={"label": TOO_LONG},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        clears={
            "label": None,
            "folder": None,
            "schedule": "manual",
            "complement": False,
            "complementLabel": None,
        },
        needed=frozenset(
            {"sourceList", "sourceQuery", "audience", "audienceName", "dataSource", "running"}
        ),
    ),
    Case(
        type="campaign.externalAccount",
        build=build,
        fields=external_account,
        change=lambda _bench: {"region": "eu-central-1"},
        rejected={"label": TOO_LONG},
        words="value too long",
        create_route=WRITE,
        list_route=QUERY,
        clears={
            "label": None,
            "enabled": False,
            "server": None,
            "region": None,
            "accessKeyId": None,
            "serverSideEncryption": False,
        },
        needed=frozenset({"type", "secretAccessKey"}),
        unread=frozenset({"secretAccessKey"}),
    ),
]
