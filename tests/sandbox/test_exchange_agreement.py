"""The exchange and the sandbox's technical workflows, written apart from each other, give the same people.

Both look at one tenant at one moment of its clock: the workflows fill lists, the exchange reads the files they read and
exports of the tables they join, as a customer would have them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audctl.exchange.folder_store import FolderStore
from audctl.exchange.job import ExportJob, Hashing, IdKind, IdSpace, ImportJob
from tests.exchange import Case, csv_table
from tests.sandbox.members_world import (
    FEED,
    IN_PATH,
    OUT_PATH,
    VIP_SEGMENT,
    VIP_TRAIT,
    World,
    open_world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = 50_000
TARGETED = "@language = 'fr'"
SPACES = {
    "vips": IdSpace(kind=IdKind.VISITOR, data_source_id=None, key="[trackingLog/@sourceId]"),
    "vips-crm": IdSpace(kind=IdKind.DECLARED, data_source_id=None, key="@account"),
    "vips-mail": IdSpace(
        kind=IdKind.DECLARED, hashing=Hashing.SHA256, data_source_id=None, key="@email"
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a tenant whose audience has been sent in full, and then in changes: some people came, some left."""
    with open_world(tmp_path_factory.mktemp("tenant") / "data", people=PEOPLE) as opened:
        opened.open_accounts()
        mapping = opened.map_segment(VIP_SEGMENT, "vip")
        sources = [
            opened.visitor_source(),
            opened.declared_source("crm", "@account"),
            opened.declared_source("mail", "@email", "sha256"),
        ]
        for name, source in zip(SPACES, sources, strict=True):
            opened.shared_list(name, mapping, source)
            _, audience = opened.onboarded_audience(f"{name}-out", opened.aam_source(source))
            opened.export_workflow(f"{name}-out", audience, source, where=TARGETED)
        opened.advance("25h")
        segment = opened.account.get(f"/segments/{VIP_SEGMENT}")
        for often in (4, 2):
            rule = f"frequency([{VIP_TRAIT}T]) >= {often}"
            opened.account.put(f"/segments/{VIP_SEGMENT}", segment | {"segmentRule": rule})
            opened.advance("24h")
        yield opened


@pytest.fixture
def case(world: World, tmp_path: Path) -> Case:
    case = Case(tmp_path)
    case.know(
        world.rows("SELECT id, account, email, blackList FROM nms_recipient"),
        ("@id", "@account", "@email", "@blackList"),
    )
    rows = world.rows('SELECT id, "recipient-id", sourceId FROM nms_trackingLogRcp')
    case.tracking = csv_table(tmp_path / "t.csv", ("@id", "@recipient-id", "@sourceId"), rows)
    return case


def source_of(world: World, name: str) -> int:
    """Give Audience Manager's number of the data source that a list is matched by."""
    found = world.column(
        'SELECT aamDataSourceId FROM nms_amcDataSource WHERE id = (SELECT "amcDataSource-id"'
        " FROM nms_group WHERE name = ?)",
        name,
    )
    return int(found.pop())


def job(case: Case, world: World, name: str) -> ImportJob:
    return replace(
        case.job,
        destination_id=FEED,
        space=replace(SPACES[name], data_source_id=source_of(world, name)),
        files=FolderStore(world.data / "buckets" / "marlow-finch" / OUT_PATH),
    )


@pytest.mark.parametrize("name", list(SPACES))
def test_imports_agree_member_by_member(world: World, case: Case, name: str) -> None:
    case.honours_flag = False  # the workflow fills lists with whoever is in the audience
    outcome = case.run(job(case, world, name))
    members = {int(each) for each in case.members}
    assert members == world.members(name)
    assert len(members) > 500
    assert len(outcome.transfers) == 3
    assert [each.is_full for each in outcome.transfers] == [True, False, False]
    assert outcome.tally.buckets["removed"] > 0


def test_the_flag_takes_out_those_who_have_it(world: World, case: Case) -> None:
    case.run(job(case, world, "vips"))
    flagged = world.column("SELECT id FROM nms_recipient WHERE blackList = 1")
    assert world.members("vips") & flagged
    assert {int(each) for each in case.members} == world.members("vips") - flagged


def export_job(case: Case, world: World, name: str, trait_id: int) -> ExportJob:
    targeted = world.rows("SELECT id FROM nms_recipient WHERE language = 'fr'")
    return case.export(
        csv_table(case.root / "members.csv", ("@id",), targeted),
        space=replace(SPACES[name], data_source_id=source_of(world, name)),
        trait_id=trait_id,
    )


@pytest.mark.parametrize("name", list(SPACES))
def test_exports_agree_id_by_id(world: World, case: Case, name: str) -> None:
    case.honours_flag = False
    source = source_of(world, name)
    (trait,) = world.column("SELECT id FROM aam_trait WHERE integration_code = ?", f"{name}-out")
    outcome = case.run_export(export_job(case, world, name, trait))
    theirs = {
        file.name.split("_")[0]: file for file in world.files(IN_PATH) if f"_{source}_" in file.name
    }
    kinds = {"ftp": "traits", "adobe": "ids"} if name != "vips" else {"ftp": "traits"}
    assert theirs.keys() == kinds.keys()
    for prefix, content in kinds.items():
        mine = case.lines(content)
        assert len(mine) > 1000
        assert mine == sorted(theirs[prefix].read_text().splitlines())
    kept = world.column(
        "SELECT recipient_id FROM nms_shared_complement WHERE workflow_id ="
        " (SELECT id FROM xtk_workflow WHERE internalName = ?)",
        f"{name}-out",
    )
    assert {int(line.split(",")[0]) for line in case.lines("complement")[:-1]} == kept
    assert outcome.complement == len(kept)


def test_audience_manager_takes_the_files_in(world: World, case: Case) -> None:
    case.honours_flag = False
    source = source_of(world, "vips-crm")
    trait, _ = world.onboarded_audience("by-audctl", source)
    case.is_gzip = True
    case.run_export(export_job(case, world, "vips-crm", trait))
    folder = world.files(IN_PATH)[0].parent
    for file in case.out.glob("*.gz"):
        if not file.name.startswith("complement"):
            (folder / file.name).write_bytes(file.read_bytes())
    world.advance("73h")
    (their,) = world.column("SELECT id FROM aam_trait WHERE integration_code = 'vips-crm-out'")
    assert len(world.holders(trait)) > 1000
    assert world.holders(trait) == world.holders(their)
