from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.sandbox.server import start
from tests.sandbox.campaign_soap import SoapClient, query

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demo_tenant_has_customers_and_one_list_made_by_hand(tmp_path: Path) -> None:
    with start(tmp_path, seed="demo") as sandbox, SoapClient(sandbox.url) as soap:
        expressions = ("@name", "@label", "@isAMC", "[folder/@fullName]", "[modifiedBy/@name]")
        (made_by_hand,) = soap.query(query("nms:group", *expressions))
        assert dict(made_by_hand.attrib.items()) == {
            "name": "newsletter-vip",
            "label": "Newsletter VIP",
            "isAMC": "false",
        }
        folder, operator = made_by_hand
        assert folder.get("fullName") == "/Profiles and Targets/Lists/Newsletter/"
        assert operator.get("name") == "marketer"
        counts = {
            schema: soap.query(query(schema, operation="count")).get("count")
            for schema in ("nms:recipient", "nms:trackingLogRcp", "nms:rcpGrpRel")
        }
        assert counts == {
            "nms:recipient": "240",
            "nms:trackingLogRcp": "120",
            "nms:rcpGrpRel": "40",
        }


def test_a_sandbox_without_a_seed_has_what_every_instance_is_born_with(tmp_path: Path) -> None:
    with start(tmp_path) as sandbox, SoapClient(sandbox.url) as soap:
        assert soap.select("nms:group", "@id") == []
        (source,) = soap.select("nms:amcDataSource", "@name", "@label", "@aamDataSourceId")
        assert source == {
            "name": "defaultDataSource",
            "label": "Recipient - Visitor ID",
            "aamDataSourceId": "0",
        }
        folders = {row["name"] for row in soap.select("xtk:folder", "@name")}
        assert {"nmsRootRecipient", "nmsTechnicalWorkflow", "nmsRootGroup"} <= folders
