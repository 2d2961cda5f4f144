"""What inbound files look like, who is not in them, and what exports cannot take back."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import FindingsError
from audctl.exchange.file_names import IdsName, Mode, TraitsName, read_inbound_name
from audctl.exchange.folder_store import FolderStore
from audctl.exchange.job import MembersForm
from tests.exchange import DECLARED, HASHED, VISITOR, Case, buckets, csv_table, visitor_id

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.exchange.folder_store import LocalTable
    from audctl.exchange.job import IdSpace

TRAIT = "d_sid=70011"
AT = 1767225600


@pytest.fixture
def case(tmp_path: Path) -> Case:
    found = Case(tmp_path, DECLARED)
    found.know([(1, "C-1", 0), (2, "C-2", 0), (3, "", 0), (4, "C-4", 1), (5, "a:b", 0)])
    found.track([(1, visitor_id(1)), (1, visitor_id(9)), (2, "not-38-digits"), (4, visitor_id(4))])
    return found


def members(case: Case, *recipients: object) -> LocalTable:
    return csv_table(case.root / "m.csv", ("recipient_id",), [(each,) for each in recipients])


def names(case: Case) -> set[str]:
    return {each.name for each in case.out.iterdir()} - {"manifest.json"}


def test_declared_ids_travel_with_the_visitor_ids_they_belong_to(case: Case) -> None:
    outcome = case.run_export(case.export(members(case, 1, 2, 2, 3, 4, 5, 6, "")))
    assert names(case) == {
        f"ftp_dpm_5001_{AT}.sync",
        f"adobe_id_0_5001_{AT}.sync",
        "complement.csv",
    }
    assert case.lines("traits") == [f"C-1\t{TRAIT}", f"C-2\t{TRAIT}"]
    assert case.lines("ids") == [f"{visitor_id(1)}\tC-1", f"{visitor_id(9)}\tC-1"]
    assert case.lines("complement") == [
        "3,noId", "4,optedOut", "5,unusableId", "6,unknownPerson", "recipient_id,reason"
    ]  # fmt: skip
    assert buckets(outcome) == {
        "exported": 2, "noId": 1, "optedOut": 1, "unusableId": 1, "unknownPerson": 1, "duplicate": 1, "malformed": 1
    }  # fmt: skip
    assert outcome.id_pairs == 2


def test_visitor_ids_are_the_ids_themselves(case: Case) -> None:
    case.space = VISITOR
    case.run_export(case.export(members(case, 1, 2, 4)))
    assert names(case) == {f"ftp_dpm_5001_{AT}.sync", "complement.csv"}
    assert case.lines("traits") == [f"{visitor_id(1)}\t{TRAIT}", f"{visitor_id(9)}\t{TRAIT}"]
    assert "2,unusableId" in case.lines("complement")


@pytest.mark.parametrize("has_parquet", [False, True])
@pytest.mark.parametrize("space", [VISITOR, DECLARED])
def test_a_recipient_who_is_there_twice_is_one_and_out_if_either_row_says_so(
    case: Case, space: IdSpace, has_parquet: bool
) -> None:
    case.has_parquet = has_parquet
    case.know([(1, visitor_id(1), 0)] * 2 + [(2, visitor_id(2), 0), (2, visitor_id(2), 1)])
    case.track([(1, visitor_id(1)), (2, visitor_id(2))])
    outcome = case.run_export(case.export(members(case, 1, 2), space=space))
    assert case.lines("traits") == [f"{visitor_id(1)}\t{TRAIT}"]
    assert buckets(outcome) == {"exported": 1, "optedOut": 1}


@pytest.mark.parametrize("space", [VISITOR, DECLARED])
def test_who_has_opted_out_and_is_no_recipient_is_unknown(case: Case, space: IdSpace) -> None:
    case.leave_out([2, 9])
    outcome = case.run_export(case.export(members(case, 1, 2, 9, 9, 8), space=space))
    assert buckets(outcome) == {"exported": 1, "optedOut": 1, "unknownPerson": 2, "duplicate": 1}


@pytest.mark.parametrize("odd", ["07", "7.0", "+7", " 7", "x", "9" * 25])
def test_who_is_written_otherwise_than_a_number_is_somebody_else(case: Case, odd: str) -> None:
    case.has_parquet = True
    case.know([(7, "C-7", 0), (8, "C-8", 0)])
    outcome = case.run_export(case.export(members(case, 8, odd, 7)))
    assert case.lines("traits") == [f"C-7\t{TRAIT}", f"C-8\t{TRAIT}"]
    assert case.lines("complement") == sorted([f"{odd},unknownPerson", "recipient_id,reason"])
    assert outcome.tally.rows == 3


def test_addresses_leave_as_digests_or_not_at_all(case: Case) -> None:
    case.know([(1, "  Me@Example.org ", 0)], ("id", "email", "blackList"))
    case.space = replace(DECLARED, key="@email")
    assert buckets(case.run_export(case.export(members(case, 1)))) == {"unusableId": 1}
    case.space = HASHED
    case.run_export(case.export(members(case, 1)))
    assert case.lines("traits") == [f"{sha256(b'me@example.org').hexdigest()}\t{TRAIT}"]


def test_names_say_mode_target_and_compression(case: Case) -> None:
    case.is_gzip = True
    job = case.export(
        members(case, 1), mode=Mode.OVERWRITE, target_id=5002, form=MembersForm.PARQUET
    )
    outcome = case.run_export(job)
    assert names(case) == {
        f"ftp_dpm_5001_5002_{AT}.overwrite.gz", f"adobe_id_0_5001_{AT}.sync.gz", "complement.parquet"
    }  # fmt: skip
    assert [each.code for each in outcome.findings] == ["AUD2715"]
    for each in names(case) - {"complement.parquet"}:
        assert isinstance(read_inbound_name(each), TraitsName | IdsName)


def test_large_files_are_split_at_the_ends_of_lines(case: Case) -> None:
    case.know([(each, f"C-{each:05d}", 0) for each in range(1, 2001)])
    case.is_gzip = True
    case.run_export(case.export(members(case, *range(1, 2001)), split_bytes=7_000))
    parts = sorted(each for each in names(case) if each.startswith("ftp"))
    lines = [f"C-{each:05d}\t{TRAIT}" for each in range(1, 2001)]
    assert case.lines("traits") == lines
    size = len("\n".join(lines)) + 1
    assert len(parts) == -(-size // 7_000)
    found = [read_inbound_name(each) for each in parts]
    assert sorted(each.split or 0 for each in found if each) == list(range(len(parts)))


def test_a_trait_without_a_number_goes_by_its_code(case: Case) -> None:
    case.run_export(case.export(members(case, 1), trait_id=None))
    assert case.lines("traits") == ["C-1\tic=loyal"]


@pytest.mark.parametrize("code", ["loyal,d_sid=1", 'lo"yal'])
def test_a_code_that_would_be_two_items_is_refused(case: Case, code: str) -> None:
    with pytest.raises(FindingsError) as caught:
        case.run_export(case.export(members(case, 1), trait_id=None, trait_code=code))
    assert caught.value.findings[0].code == "AUD2706"
    case.run_export(case.export(members(case, 1), trait_id=70, trait_code=code))
    assert case.lines("traits") == ["C-1\td_sid=70"]


def test_nobody_to_send_makes_no_inbound_file(case: Case) -> None:
    case.run_export(case.export(members(case, 3)))
    assert names(case) == {"complement.csv"}


def test_who_left_the_source_is_told_and_taken_back_only_on_request(case: Case) -> None:
    case.is_gzip = True
    case.run_export(case.export(members(case, 1, 2)))
    previous = case.out.rename(case.root / "previous")
    job = case.export(members(case, 2), previous=FolderStore(previous))
    outcome = case.run_export(job)
    assert (outcome.new, outcome.gone) == (0, 1)
    assert [each.code for each in outcome.findings] == ["AUD2714"]
    assert "C-1" not in outcome.findings[0].message
    assert case.lines("traits") == [f"C-2\t{TRAIT}"]
    outcome = case.run_export(replace(job, takes_back=True))
    assert outcome.findings == ()
    assert case.lines("traits") == ["C-1\td_unsid=70011", f"C-2\t{TRAIT}"]
    # Who was taken back is not gone once more.
    after = case.out.rename(case.root / "after")
    outcome = case.run_export(case.export(members(case, 1), previous=FolderStore(after)))
    assert (outcome.new, outcome.gone) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "give it with --previous"),
        ({"previous": True, "trait_id": None}, "needs the trait's number"),
        ({"previous": True, "mode": Mode.OVERWRITE}, "overwrite"),
    ],
)
def test_what_taking_back_needs(case: Case, changes: dict[str, Any], why: str) -> None:
    if "previous" in changes:
        changes |= {"previous": FolderStore(case.root)}
    job = replace(case.export(members(case, 1), takes_back=True), **changes)
    with pytest.raises(FindingsError) as caught:
        case.run_export(job)
    assert why in caught.value.findings[0].message


def test_a_previous_export_must_be_one_of_the_same_binding(case: Case) -> None:
    case.run_export(case.export(members(case, 1)))
    previous = case.out.rename(case.root / "previous")
    other = replace(
        case.export(members(case, 1), previous=FolderStore(previous)), binding="ExportBinding/other"
    )
    for job, why in (
        (other, "not of ExportBinding/other"),
        (replace(other, previous=FolderStore(case.root)), "holds no export"),
    ):
        with pytest.raises(FindingsError, match="finding") as caught:
            case.run_export(job)
        assert why in caught.value.findings[0].message
