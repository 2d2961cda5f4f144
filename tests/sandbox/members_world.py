"""A sandbox with people, set up as Adobe and a customer would: short words for tests of how members travel."""

from __future__ import annotations

import gzip
import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from audctl.sandbox.server import RunningSandbox, start
from tests.sandbox.audience_manager_account import Account, mapping_body
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.sandbox.members import MemberChoices

PEOPLE = 300
FEED = 4200
VIP_SEGMENT, OPENERS_SEGMENT = 8_000_001, 8_000_002
VIP_TRAIT = 7_000_005
IMPORT, EXPORT = "importSharedAudience", "exportSharedAudience"
BUCKET, IN_PATH, OUT_PATH = "marlow-finch", "in/campaign", "out/campaign"
LIST_QUERY = (
    'SELECT "recipient-id" FROM nms_rcpGrpRel WHERE "group-id" ='
    " (SELECT id FROM nms_group WHERE name = ?)"
)


@dataclass
class World:
    sandbox: RunningSandbox
    soap: SoapClient
    account: Account
    data: Path

    def advance(self, span: str) -> list[dict[str, Any]]:
        answer = self.soap.http.post("/_sandbox/clock", json={"advance": span}, timeout=120)
        assert answer.status_code == 200, answer.text
        # A day is as long as a sign-in lasts.
        self.soap.bearer = self.soap.fetch_token("sandbox")
        self.account.http.headers["Authorization"] = f"Bearer {self.soap.bearer}"
        return cast("list[dict[str, Any]]", answer.json()["events"])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the state itself: an expectation must not come from the code under test."""
        with self.sandbox.store.read() as conn:
            return [tuple(row) for row in conn.execute(query, values)]

    def column(self, query: str, *values: object) -> set[Any]:
        return {row[0] for row in self.rows(query, *values)}

    # -- setting up

    def open_accounts(self, *, active: bool = True, bucket: str = BUCKET) -> None:
        for name, path in ((IMPORT, OUT_PATH), (EXPORT, IN_PATH)):
            self.soap.write(
                '<extAccount xtkschema="nms:extAccount" _operation="update" _key="@name"'
                f' name="{name}" active="{str(active).lower()}" account="AKIDEXAMPLE" password="secret"'
                f' server="{bucket}.s3.amazonaws.com/{path}" awsRegion="eu-west-1"/>'
            )

    def visitor_source(self) -> int:
        """Give the AMC data source that comes with the package the ids that Adobe provides."""
        source = self.account.data_source(
            name="Campaign visitors", integrationCode="visitors", useAudienceManagerVisitorID=True
        )
        return self.pair("defaultDataSource", source["dataSourceId"], "[trackingLog/@sourceId]")

    def declared_source(self, name: str, key: str, algorithm: str = "none") -> int:
        source = self.account.data_source(
            name=name,
            integrationCode=name,
            idType="CROSS_DEVICE",
            inboundS2S=True,
            outboundS2S=True,
        )
        return self.pair(name, source["dataSourceId"], key, algorithm)

    def pair(self, name: str, source_id: int, key: str, algorithm: str = "none") -> int:
        self.soap.write(
            '<amcDataSource xtkschema="nms:amcDataSource" _operation="insertOrUpdate" _key="@name"'
            f' name="{name}" label="{name}" reconciliationKey="{key}" hashAlgorithm="{algorithm}"'
            f' aamDataSourceId="{source_id}" aamDestinationId="{FEED}"/>'
        )
        (row,) = self.soap.select("nms:amcDataSource", "@id", where=f"@name='{name}'")
        return int(row["id"])

    def aam_source(self, amc_id: int) -> int:
        ((source,),) = self.rows(
            "SELECT aamDataSourceId FROM nms_amcDataSource WHERE id = ?", amc_id
        )
        return int(source)

    def shared_list(self, name: str, mapping_id: int, amc_id: int) -> int:
        self.soap.write(
            f'<group xtkschema="nms:group" _operation="insertOrUpdate" _key="@name" name="{name}" label="{name}"'
            f' isAMC="true" aamMappingId="{mapping_id}" amcDataSource-id="{amc_id}"/>'
        )
        (row,) = self.soap.select("nms:group", "@id", where=f"@name='{name}'")
        return int(row["id"])

    def map_segment(self, sid: int, alias: str) -> int:
        body = mapping_body(sid, traitAlias=alias)
        return int(
            self.account.post(f"/destinations/{FEED}/mappings", body)["destinationMappingId"]
        )

    def plain_list(self, name: str, recipients: list[int]) -> int:
        self.soap.write(
            f'<group xtkschema="nms:group" _operation="insert" name="{name}" label="{name}"/>'
        )
        (row,) = self.soap.select("nms:group", "@id", where=f"@name='{name}'")
        self.add_members(int(row["id"]), recipients)
        return int(row["id"])

    def add_members(self, group_id: int, recipients: list[int]) -> None:
        rows = "".join(
            f'<rcpGrpRel _operation="insert" group-id="{group_id}" recipient-id="{each}"/>'
            for each in recipients
        )
        self.soap.write_collection(
            f'<rcpGrpRel-collection xtkschema="nms:rcpGrpRel">{rows}</rcpGrpRel-collection>'
        )

    def onboarded_audience(self, code: str, source_id: int) -> tuple[int, int]:
        """Make the trait and the segment of an exported audience; gives both ids."""
        trait = self.account.trait(
            source_id,
            name=code,
            traitType="ON_BOARDED_TRAIT",
            traitRule=f'ic == "{code}"',
            integrationCode=code,
        )
        segment = self.account.segment(source_id, f"{trait['sid']}T", name=code)
        return trait["sid"], segment["sid"]

    def export_workflow(
        self,
        name: str,
        segment_id: int,
        amc_id: int,
        *,
        list_id: int | None = None,
        where: str = "",
        period: str | None = "m_iDayMode=1;m_iTimeMode=2;m_tmFixedTime='03:00:00'",
        complement: bool = True,
    ) -> None:
        first = '<start name="start"><transitions><initial name="initial" target="source"/></transitions></start>'
        if period is not None:
            first = (
                '<schedule name="schedule"><transitions><transition name="transition" target="source"/></transitions>'
                f"<period>{period}</period></schedule>"
            )
        condition = f'<where><condition expr="{where}"/></where>' if where else ""
        source = (
            f'<readList name="source" group-id="{list_id}"/>'
            if list_id is not None
            else f'<query name="source" schema="nms:recipient">{condition}</query>'
        )
        role = '<complement name="complement" target="rest"/>' if complement else ""
        self.soap.write(
            '<workflow xtkschema="xtk:workflow" _operation="insertOrUpdate" _key="@internalName"'
            f' internalName="{name}" label="{name}" schema="nms:recipient"><activities>{first}{source}'
            f'<saveAudience name="audience" audienceId="{segment_id}" audienceName="x" amcDataSource-id="{amc_id}">'
            f'<transitions><result name="result" target="end"/>{role}</transitions></saveAudience>'
            '<end name="end"/><end name="rest"/></activities></workflow>'
        )
        self.command("Start", name)

    def command(self, method: str, name: str) -> None:
        self.soap.call("xtk:workflow", method, name)

    # -- looking

    def members(self, name: str) -> set[int]:
        return self.column(LIST_QUERY, name)

    def workflow(self, name: str) -> dict[str, str]:
        (row,) = self.soap.select(
            "xtk:workflow", "@state", "@failed", "@errorActivity", where=f"@internalName='{name}'"
        )
        return row

    def log(self, name: str) -> list[dict[str, str]]:
        where = f"[workflow/@internalName]='{name}'"
        return self.soap.select(
            "xtk:workflowLog", "@message", "@error", "@activity", "@logDate", where=where
        )

    def files(self, path: str, bucket: str = BUCKET) -> list[Path]:
        folder = self.data / "buckets" / bucket / path
        return sorted(each for each in folder.rglob("*") if each.is_file())

    def lines(self, path: str, suffix: str) -> list[list[str]]:
        """Give the lines of every file of a folder whose name ends so, by columns."""
        found = []
        for file in self.files(path):
            if file.name.endswith(suffix):
                raw = file.read_bytes()
                text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode()
                found += [line.split("\t" if "\t" in line else " ") for line in text.splitlines()]
        return found

    def control(self, file: Path) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(file.read_text()))

    def holders(self, trait_id: int) -> set[str]:
        """Give the values of the ids that have a trait."""
        return self.column(
            "SELECT value FROM aam_identity JOIN aam_qualification ON identity_id = id WHERE trait_id = ?",
            trait_id,
        )


@contextmanager
def open_world(
    path: Path,
    *,
    people: int = PEOPLE,
    members: MemberChoices | None = None,
    buckets: str | None = None,
) -> Iterator[World]:
    with (
        start(path, seed="demo", people=people, members=members, buckets=buckets) as sandbox,
        SoapClient(sandbox.url) as soap,
        closing(Account(sandbox)) as account,
    ):
        yield World(sandbox, soap, account, path)
