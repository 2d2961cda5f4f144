"""Exchanges with a live tenant: its own tables over SOAP, members into its lists, and what the workflows made of it."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pytest

from audctl.errors import FindingsError, RefusedByGuards, UnreachableError, UsageError
from audctl.model.match_rate import Basis
from audctl.operations.context import Context, SystemClock
from audctl.operations.exchange.members_in import exchange_import
from audctl.operations.exchange.members_out import exchange_export
from audctl.operations.exchange.options import (
    EngineOptions,
    ExportOptions,
    ImportOptions,
    NumberOptions,
    PeopleOptions,
)
from audctl.operations.exchange.preview import PreviewOptions, exchange_preview
from tests.contract.bench import Bench
from tests.exchange import Silent
from tests.memory import RecordingObserver
from tests.sandbox.members_world import OUT_PATH, VIP_SEGMENT, World, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.model.exchange import Preview

PEOPLE = 2000
MIB = 1024 * 1024
PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: live}
spec:
  environments:
    local:
      ims: {endpoint: "URL", clientId: sandbox, clientSecret: "${env:SECRET}",
            orgId: sandbox@AdobeOrg, scopes: [openid, AdobeID]}
      audienceManager: {endpoint: "URL/v1"}
      campaign: {endpoint: "URL", names: {pageSize: 300}}
      ledger: {store: file}
      exchange: {files: BUCKET, recipients: campaign, tracking: campaign}
"""
MANIFESTS = """\
apiVersion: audctl.dev/v1
kind: Destination
metadata: {name: feed}
spec: {type: serverToServer, id: 4200}
---
apiVersion: audctl.dev/v1
kind: Audience
metadata: {name: vip}
spec: {label: VIP, dataSource: NAME, rule: "7000005T", purpose: target, folder: /}
"""
SOURCE = """\
---
apiVersion: audctl.dev/v1
kind: DataSource
metadata: {name: NAME}
spec:
  label: NAME
  idType: TYPE
  campaign: {reconciliationKey: "KEY", hashAlgorithm: HASH, destination: feed}
  governance: {dataClasses: [pseudonymous], legalBasis: consent}
---
apiVersion: audctl.dev/v1
kind: List
metadata: {name: NAME}
spec: {label: NAME}
---
apiVersion: audctl.dev/v1
kind: List
metadata: {name: NAME-by-hand}
spec: {label: NAME}
---
apiVersion: audctl.dev/v1
kind: ImportBinding
metadata: {name: NAME}
spec: {audience: vip, list: NAME, dataSource: NAME, alias: vip}
"""
SOURCES = {
    "vips": ("visitorId", "[trackingLog/@sourceId]", "none"),
    "vips-crm": ("declaredId", "@account", "none"),
    "vips-mail": ("declaredId", "@email", "sha256"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a tenant whose audience has been sent, and has filled three lists."""
    with open_world(tmp_path_factory.mktemp("tenant") / "data", people=PEOPLE) as opened:
        opened.open_accounts()
        mapping = opened.map_segment(VIP_SEGMENT, "vip")
        sources = [
            opened.visitor_source(),
            opened.declared_source("vips-crm", "@account"),
            opened.declared_source("vips-mail", "@email", "sha256"),
        ]
        for name, source in zip(SOURCES, sources, strict=True):
            opened.shared_list(name, mapping, source)
            opened.plain_list(f"{name}-by-hand", [3001, 3002, 3003])
        opened.advance("25h")
        yield opened


@pytest.fixture
def name() -> str:
    """Which data source the audience is bound through, unless the test is given one."""
    return "vips"


@pytest.fixture
def project(world: World, tmp_path: Path, name: str) -> Path:
    return make_project(world, tmp_path, name)


def make_project(world: World, folder: Path, name: str) -> Path:
    bucket = world.data / "buckets" / "marlow-finch" / OUT_PATH
    text = PROJECT.replace("URL", world.sandbox.url).replace("BUCKET", str(bucket))
    (folder / "audctl.yaml").write_text(text, encoding="utf-8")
    kind, key, hashing = SOURCES[name]
    source = SOURCE.replace("NAME", name).replace("TYPE", kind)
    source = source.replace("KEY", key).replace("HASH", hashing)
    manifests = MANIFESTS.replace("NAME", name) + source
    (folder / "all.yaml").write_text(manifests, encoding="utf-8")
    return folder


@pytest.fixture
def bench(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    bench = Bench(world.sandbox.url)
    bench.forget_calls()
    yield bench
    bench.no_more_faults()


def context(project: Path) -> Context:
    return Context(
        project_path=project,
        environment=None,
        environ={"SECRET": "sandbox"},
        observer=RecordingObserver(),
    )


def options(world: World, project: Path, name: str, **changes: object) -> ImportOptions:
    number = world.column(
        'SELECT aamDataSourceId FROM nms_amcDataSource WHERE id = (SELECT "amcDataSource-id"'
        " FROM nms_group WHERE name = ?)",
        name,
    ).pop()
    made = ImportOptions(
        binding=name,
        files="",
        people=PeopleOptions(honours_flag=False),
        numbers=NumberOptions(data_source_id=number, segment_id=VIP_SEGMENT),
        engine=EngineOptions(memory_bytes=256 * MIB, threads=2),
        out=str(project / "out"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def members(project: Path) -> set[int]:
    with gzip.open(project / "out" / "members.csv.gz", "rt", encoding="utf-8") as lines:
        return {int(row["recipient_id"]) for row in csv.DictReader(lines)}


def flagged(world: World) -> set[int]:
    return world.column("SELECT id FROM nms_recipient WHERE blackList = 1")


@pytest.mark.parametrize("name", list(SOURCES))
def test_what_is_read_over_soap_gives_the_members_that_the_workflow_made(
    world: World, project: Path, name: str
) -> None:
    outcome = exchange_import(context(project), options(world, project, name), Silent())
    assert members(project) == world.members(name)
    assert outcome.members == len(world.members(name)) > 50
    assert not list((project / ".audctl").rglob("*.csv"))  # nothing of anybody is left behind


@pytest.mark.parametrize("name", ["vips-mail"])
def test_hashed_ids_reach_the_disk_only_as_digests(
    world: World, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audctl.operations.exchange.sources.Sources.used", lambda _self: None)
    exchange_import(context(project), options(world, project, "vips-mail"), Silent())
    (kept,) = (project / ".audctl").rglob("recipients.csv")
    text = kept.read_text(encoding="utf-8")
    assert "@" not in text.partition("\n")[2]
    assert text.count("\n") > PEOPLE


@pytest.mark.parametrize("name", ["vips-crm"])
def test_a_reading_that_was_cut_goes_on_where_it_stopped(
    world: World, project: Path, bench: Bench
) -> None:
    asked = options(world, project, "vips-crm")
    bench.fault("SOAP xtk:queryDef#ExecuteQuery", status=503, nth=5, times=99)
    with pytest.raises(UnreachableError):
        exchange_import(context(project), asked, Silent())
    assert not (project / "out").exists()
    bench.no_more_faults()
    (kept,) = (project / ".audctl").rglob("recipients.csv")
    rows = kept.read_bytes().count(b"\n")
    assert rows > 300
    bench.forget_calls()
    exchange_import(context(project), asked, Silent())
    assert members(project) == world.members("vips-crm")
    total = len(world.column("SELECT id FROM nms_recipient WHERE id <> 0"))
    pages = -(-(total - rows + 1) // 300)
    queries = [each for each in bench.calls() if "ExecuteQuery" in str(each)]
    assert len(queries) <= pages + 3  # the count before, and the end


@pytest.mark.parametrize("name", ["vips", "vips-crm"])
def test_members_go_into_a_list_in_place_of_those_it_has(
    world: World, project: Path, name: str
) -> None:
    by_hand = f"{name}-by-hand"
    asked = options(
        world,
        project,
        name,
        out=None,
        into_list=by_hand,
        people=PeopleOptions(),
        allowed=(f"maxShrink:List/{by_hand}", f"maxGrowth:List/{by_hand}"),
    )
    before = world.members(by_hand)
    wanted = world.members(name) - flagged(world)
    outcome = exchange_import(context(project), asked, Silent())
    assert world.members(by_hand) == wanted
    change = outcome.change
    assert change is not None
    assert (change.before, change.after) == (len(before), len(wanted))
    assert (change.added, change.removed) == (len(wanted - before), len(before - wanted))
    again = exchange_import(context(project), replace(asked, allowed=()), Silent()).change
    assert again is not None
    assert (again.added, again.removed) == (0, 0)


@pytest.mark.parametrize(("column", "code"), [("BIGINT", ""), ("VARCHAR", "AUD2734")])
@pytest.mark.parametrize("name", ["vips-crm"])
def test_recipients_of_an_export_go_into_a_list_when_they_are_campaigns_own_numbers(
    world: World, project: Path, name: str, column: str, code: str
) -> None:
    people = world.rows(
        "SELECT id, account FROM nms_recipient WHERE id <> 0 AND account IS NOT NULL"
    )
    strange = "r-" if code else ""
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE people (id {column}, account VARCHAR)")
        engine.executemany(
            "INSERT INTO people VALUES (?, ?)", [(f"{strange}{key}", each) for key, each in people]
        )
        engine.execute(f"COPY people TO '{project}/people.parquet' (format parquet)")
    asked = options(
        world,
        project,
        name,
        out=None,
        into_list=f"{name}-by-hand",
        people=PeopleOptions(recipients=str(project / "people.parquet")),
        allowed=(),
    )
    if code:
        with pytest.raises(FindingsError) as caught:
            exchange_import(context(project), asked, Silent())
        assert [each.code for each in caught.value.findings] == [code]
        return
    allowed = tuple(f"{guard}:List/{name}-by-hand" for guard in ("maxShrink", "maxGrowth"))
    exchange_import(context(project), replace(asked, allowed=allowed), Silent())
    assert world.members(f"{name}-by-hand") == world.members(name)


@pytest.mark.parametrize("name", ["vips-mail"])
def test_a_list_that_would_grow_too_far_is_refused_before_anything_is_written(
    world: World, project: Path
) -> None:
    by_hand = "vips-mail-by-hand"
    before = world.members(by_hand)
    asked = options(world, project, "vips-mail", into_list=by_hand)
    with pytest.raises(RefusedByGuards) as caught:
        exchange_import(context(project), asked, Silent())
    hints = {each.hint for each in caught.value.findings}
    assert f"--allow maxGrowth:List/{by_hand}#campaign.list" in hints
    assert world.members(by_hand) == before
    assert not (project / "out").exists()
    (project / "out").mkdir()
    allowed = (f"maxGrowth:List/{by_hand}", f"maxShrink:List/{by_hand}")
    exchange_import(context(project), replace(asked, allowed=allowed), Silent())
    assert members(project) == world.members(by_hand)
    with pytest.raises(UsageError, match="allows nothing"):
        exchange_import(context(project), replace(asked, allowed=("maxGrowth:List/x",)), Silent())


def preview_of(world: World, project: Path, name: str, **changes: object) -> Preview:
    asked = options(world, project, name)
    made = PreviewOptions(
        binding=name, people=PeopleOptions(), numbers=asked.numbers, engine=asked.engine
    )
    return exchange_preview(context(project), replace(made, **changes), Silent())  # type: ignore[arg-type]


def stages(found: Preview) -> dict[str, int | None]:
    return {each.name: each.count for each in found.stages}


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_preview_tells_what_an_import_would_come_to(
    world: World, project: Path, name: str
) -> None:
    found = preview_of(world, project, name)
    members = world.members(name)
    assert stages(found)["reconciled"] == len(members)
    assert stages(found)["afterOptOut"] == len(members - flagged(world))
    assert found.rate.total == found.rate.asked == stages(found)["audience"]
    assert found.rate.matched == stages(found)["known"]
    assert found.rate.share is not None
    assert found.rate.share.is_exact
    assert not (project / "out").exists()
    assert not list((project / ".audctl").rglob("*.csv"))


@pytest.mark.parametrize("name", ["vips", "vips-crm"])
def test_a_sample_takes_few_calls_and_its_interval_holds_the_truth(
    world: World, project: Path, name: str, bench: Bench
) -> None:
    exact = preview_of(world, project, name)
    bench.forget_calls()
    assert exact.rate.share is not None
    assert exact.rate.total is not None
    sample = exact.rate.total // 3
    found = preview_of(world, project, name, sample=sample)
    assert len([each for each in bench.calls() if "ExecuteQuery" in str(each)]) <= 6
    share = found.rate.share
    assert share is not None
    assert (found.rate.total, found.rate.asked) == (exact.rate.total, sample)
    assert share.low <= exact.rate.share.value <= share.high
    assert share.low < share.high
    known, after = (each.share for each in found.stages if each.share is not None)
    assert known == share
    assert after.value <= share.value
    assert preview_of(world, project, name, sample=sample).rate == found.rate
    whole = preview_of(world, project, name, sample=100_000)
    assert (whole.rate, whole.stages) == (exact.rate, exact.stages)


@pytest.mark.parametrize("name", ["vips-mail"])
def test_digests_cannot_be_asked_for_so_all_are_matched(
    world: World, project: Path, name: str
) -> None:
    found = preview_of(world, project, name, sample=100)
    assert found.rate.share is not None
    assert found.rate.share.is_exact


@pytest.mark.parametrize("name", ["vips-crm"])
def test_before_anything_of_an_audience_has_come_all_of_its_destination_is_told(
    world: World, project: Path, name: str
) -> None:
    path = project / "all.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("alias: vip", "alias: new"))
    asked = options(world, project, name).numbers
    found = preview_of(world, project, name, numbers=replace(asked, segment_id=None))
    assert found.rate.basis is Basis.DESTINATION
    assert (found.rate.total or 0) > 50
    assert found.rate.matched > 50
    assert [each.code for each in found.findings] == ["AUD2710"]


def test_a_name_that_is_no_binding_is_refused(world: World, project: Path) -> None:
    with pytest.raises(
        UsageError, match='no manifest defines a binding "vip"; did you mean "vips"'
    ):
        preview_of(world, project, "vips", binding="vip")


def test_a_list_is_exported_straight_from_campaign(world: World, project: Path) -> None:
    binding = (
        "---\napiVersion: audctl.dev/v1\nkind: Audience\nmetadata: {name: out}\n"
        "spec: {label: Out, dataSource: vips, source: campaign, folder: /}\n"
        "---\napiVersion: audctl.dev/v1\nkind: ExportBinding\nmetadata: {name: out}\n"
        "spec: {source: {list: vips}, audience: out, dataSource: vips, schedule: {daily: '03:00'}}\n"
    )
    with (project / "all.yaml").open("a", encoding="utf-8") as manifests:
        manifests.write(binding)
    asked = ExportOptions(
        binding="out",
        members="",
        people=PeopleOptions(),
        numbers=NumberOptions(data_source_id=5001, trait_id=7),
        engine=EngineOptions(memory_bytes=256 * MIB, threads=2),
        split_bytes=MIB,
        is_gzip=False,
        out=str(project / "out"),
    )
    outcome = exchange_export(context(project), asked, Silent())
    people = world.members("vips")
    assert outcome.tally.rows == len(people)
    (file,) = (project / "out").glob("*.sync")
    ids = {line.partition("\t")[0] for line in file.read_text(encoding="utf-8").splitlines()}
    made = exchange_preview(
        context(project),
        PreviewOptions(
            binding="out", numbers=NumberOptions(data_source_id=None), engine=asked.engine
        ),
        Silent(),
    )
    assert stages(made)["people"] == len(people)
    assert stages(made)["usableId"] == made.rate.matched == outcome.tally.buckets["exported"]
    assert made.rate.total == len(people - flagged(world))
    known = world.rows('SELECT sourceId, "recipient-id" FROM nms_trackingLogRcp')
    assert ids == {source for source, person in known if person in people - flagged(world)}


def test_a_list_that_campaign_fills_itself_is_left_alone(world: World, project: Path) -> None:
    asked = options(world, project, "vips", out=None, into_list="vips")
    with pytest.raises(FindingsError) as caught:
        exchange_import(context(project), asked, Silent())
    assert [each.code for each in caught.value.findings] == ["AUD2732"]


def test_offline_asks_nothing_of_campaign(world: World, project: Path, bench: Bench) -> None:
    asked = options(world, project, "vips")
    offline = replace(asked, numbers=replace(asked.numbers, offline=True))
    bench.forget_calls()
    with pytest.raises(UsageError, match="--offline"):
        exchange_import(context(project), offline, Silent())
    assert not bench.calls()
