"""Files as nobody wants them: what becomes of them, and that nothing is written when they are not what they say."""

from __future__ import annotations

import gzip
import json
import stat
from dataclasses import replace
from hashlib import md5, sha256
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.folder_store import LocalTable
from audctl.exchange.job import MembersForm, SegmentValue, Separator, Template
from audctl.exchange.packed import LONGEST_LINE
from audctl.exchange.ports import TableFile, TableForm
from audctl.render import exchange_json
from audctl.render.paint import PLAIN
from audctl.render.to_terminal import exchange as to_terminal
from tests.exchange import (
    DECLARED,
    FULL,
    HASHED,
    ITER,
    VISITOR,
    Case,
    buckets,
    csv_table,
    put_control,
    visitor_id,
)

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.exchange.job import IdSpace

T, LATER = "1767225600", "1767312000"
ONE, TWO, LONG = visitor_id(1), visitor_id(2), "1234567890" * 3 + "12345678"
FOUR = visitor_id(4)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    found = Case(tmp_path)
    found.know([(1, "C-1", 0), (2, "C-2", 0), (3, "0003", 0)])
    found.track([(1, ONE), (2, TWO), (2, LONG), (3, LONG)])
    return found


def refusal(case: Case) -> str:
    with pytest.raises(FindingsError) as caught:
        case.run()
    assert not case.out.exists(), "nothing may be left behind"
    assert {each.name for each in case.root.iterdir()} <= {
        "files",
        "recipients.csv",
        "tracking.csv",
    }
    (finding,) = caught.value.findings
    return f"{finding.code} {finding.message} ({finding.hint})"


def test_ids_are_text_with_all_their_digits(case: Case) -> None:
    near = LONG[:-1] + "7"
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{LONG} vip", f"{near} vip", f"{ONE[1:]} vip"])
    outcome = case.run()
    assert case.members == ["1", "2", "3"]
    assert buckets(outcome) == {"matched": 2, "unknownId": 1, "wrongIdSpace": 1}


def test_declared_ids_keep_leading_zeros_and_case(case: Case) -> None:
    case.space = DECLARED
    case.put(f"{FULL}{T}.sync", ["0003 vip", "3 vip", "c-1 vip", "C-2 vip"])
    outcome = case.run()
    assert case.members == ["2", "3"]
    assert buckets(outcome) == {"matched": 2, "unknownId": 2}


def test_declared_ids_are_text_where_a_table_has_numbers(case: Case) -> None:
    case.space, case.has_parquet = replace(DECLARED, key="@loyaltyNumber"), True
    case.know([(1, 7, 0), (2, 8, 1)], ("id", "loyaltyNumber", "blackList"))
    case.put(f"{FULL}{T}.sync", ["7 vip", "007 vip", "x vip"])
    outcome = case.run()
    assert case.members == ["1"]
    assert buckets(outcome) == {"matched": 1, "unknownId": 2}


def test_unicode_and_quotes_are_nothing_special(case: Case) -> None:
    case.space = DECLARED
    names = ["Jürgen", '"quoted"', "a,b", "it's", "\u202eevil", "😀", "back\\slash"]
    case.know([(number, name, "") for number, name in enumerate(names, 1)])
    case.put(f"{FULL}{T}.sync", [f"{name} vip" for name in names])
    assert case.run().members == len(names)


def test_hashed_ids_are_normalised_before_they_are_compared(case: Case) -> None:
    case.space = HASHED
    case.know(
        [(1, " JohnDoe@Example.com ", 0), (2, "", 0), (3, "  ", 0)], ("id", "email", "blackList")
    )
    known = "55e79200c1635b37ad31a378c39feb12f120f116625093a19bc32fff15041149"
    nothing = sha256(b"").hexdigest()
    case.put(
        f"{FULL}{T}.sync", [f"{each} vip" for each in (known, nothing, known.upper(), "a@b.c")]
    )
    outcome = case.run()
    assert case.members == ["1"]
    assert buckets(outcome) == {"matched": 1, "unknownId": 1, "wrongIdSpace": 2}


def test_line_ends_and_trailing_blanks_are_no_part_of_anything(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO}\tvip  \t"], end=b"\r\n")
    case.put(f"{ITER}{LATER}.sync", [b"\xef\xbb\xbf" + f"{LONG} vip".encode()], end=b"")
    assert buckets(case.run()) == {"matched": 3}


def test_lines_that_are_none_are_counted_and_leave_the_others_alone(case: Case) -> None:
    wrong: list[str | bytes] = [
        "", "   ", "vip", " x vip", f"{ONE} vip a b", b"\xff\xfe vip", b"nul\0 vip", b"a\rb vip", b"sep\x01 vip",
        b"x" * (LONGEST_LINE + 1) + b" vip", "y " + "z" * (LONGEST_LINE + 1),
    ]  # fmt: skip
    case.put(f"{FULL}{T}.sync.gz", [f"{ONE} vip", *wrong, f"{TWO} vip"])
    outcome = case.run()
    assert case.members == ["1", "2"]
    assert buckets(outcome) == {"matched": 2, "malformed": len(wrong)}


def test_a_very_long_line_is_still_a_line(case: Case) -> None:
    many = ",".join(map(str, range(100_000)))
    case.put(f"{FULL}{T}.sync", [f"{ONE} {many},vip", f"{TWO} vip"])
    assert buckets(case.run()) == {"matched": 2}


def test_many_lines_of_one_id_and_many_clicks_of_one_person(case: Case) -> None:
    case.put(f"{FULL}{T}.sync.gz", [f"{ONE} vip"] * 1_000_000)
    case.track([(number % 3 + 1, ONE) for number in range(30_000)])
    outcome = case.run()
    assert case.members == ["1", "2", "3"]
    assert buckets(outcome) == {"matched": 1, "duplicate": 999_999}


def test_empty_files_are_an_empty_audience(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [])
    case.put(f"{ITER}{LATER}.sync.gz", [])
    outcome = case.run()
    assert case.members == []
    assert outcome.tally.rows == 0
    assert [each.code for each in outcome.findings] == ["AUD2710"]


def test_an_empty_transfer_has_only_a_control_file(case: Case) -> None:
    case.files.mkdir()
    put_control(case.files, f"{FULL}{T}", [])
    assert case.run().members == 0


def cut(raw: bytes) -> bytes:
    return raw[:-9]


def flipped(raw: bytes) -> bytes:
    return raw[:-8] + bytes([raw[-8] ^ 1]) + raw[-7:]


@pytest.mark.parametrize(
    ("damage", "why"),
    [(cut, "its end is missing"), (flipped, "its data is damaged"), (lambda _: b"", "it is empty"),
     (lambda _: b"plain text", "its data is damaged"), (lambda raw: raw + b"rest", "its end is missing")],
)  # fmt: skip
def test_a_damaged_gzip_file_stops_everything(case: Case, damage: object, why: str) -> None:
    assert callable(damage)
    path = case.put(f"{FULL}{T}.sync.gz", [f"{visitor_id(each)} vip" for each in range(100_000)])
    path.write_bytes(damage(path.read_bytes()))
    message = refusal(case)
    assert message.startswith(f"AUD2701 {path.name} is no whole gzip file: {why}")
    assert "nothing was written" in message


def test_gzip_files_one_behind_the_other_are_one_file(case: Case) -> None:
    path = case.put(f"{FULL}{T}.sync.gz", [f"{ONE} vip"])
    path.write_bytes(path.read_bytes() + gzip.compress(f"{TWO} vip".encode()))
    assert case.run().members == 2


def test_control_files_are_believed_no_more_than_the_files(case: Case) -> None:
    path = case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    right = md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    put_control(case.files, f"{FULL}{T}", [path], md5=right.upper())
    assert case.run().members == 1
    for each in (*case.out.iterdir(), case.out):
        each.unlink() if each.is_file() else each.rmdir()
    put_control(case.files, f"{FULL}{T}", [path], md5="0" * 32)
    assert "its MD5 differs" in refusal(case)
    put_control(case.files, f"{FULL}{T}", [path], FileLineCount=3)
    assert "has 1 lines, where its control file says 3" in refusal(case)


def test_a_removal_with_one_blank_is_no_addition_with_two(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    case.put(f"{ITER}{LATER}.sync", [f"{ONE}  vip"])
    outcome = case.run()
    assert case.members == ["2"]
    assert buckets(outcome) == {"matched": 1, "removed": 2}


def test_two_blanks_are_seen_in_a_full_transfer(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [f"{ONE}  vip", f"{TWO}  vip"])
    case.put(f"{ITER}{LATER}.sync", [f"{ONE}    vip", f"{LONG}  vip  80022"])
    assert case.run().members == 2
    assert case.members == ["2", "3"]


def test_blanks_that_may_mean_either_are_not_guessed(case: Case) -> None:
    case.put(f"{ITER}{T}.sync", [f"{ONE}  vip"])
    assert "--separator" in refusal(case)
    case.template = Template(separator=Separator.TWO)
    assert case.run().members == 1
    case.template = Template(separator=Separator.ONE)
    assert case.run().members == 0


def test_segments_go_by_alias_or_by_number(case: Case) -> None:
    case.sid = 80021
    path = case.put(f"{FULL}{T}.sync", [f"{ONE} 80021,80022", f"{TWO} 80022"])
    assert case.run().members == 1
    path.write_text(f"{ONE} 80021,80022\n{TWO} vip\n")
    case.template = Template(value=SegmentValue.ALIAS)
    assert case.run().members == 1
    assert case.members == ["2"]
    case.template = Template()
    for each in (*case.out.iterdir(), case.out):
        each.unlink() if each.is_file() else each.rmdir()
    assert "--segment-value" in refusal(case)


def test_who_opted_out_is_left_out_whatever_says_so(case: Case) -> None:
    case.know([(1, "", 1), (2, "", 0), (3, "", "")])
    case.leave_out(["3", "3", "99"])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip", f"{LONG} vip"])
    outcome = case.run()
    assert case.members == ["2"]
    assert buckets(outcome) == {"matched": 2, "optedOut": 1}


@pytest.mark.parametrize("has_parquet", [False, True])
@pytest.mark.parametrize("space", [VISITOR, DECLARED])
def test_a_recipient_who_is_there_twice_is_one_and_out_if_either_row_says_so(
    case: Case, space: IdSpace, has_parquet: bool
) -> None:
    case.space, case.has_parquet = space, has_parquet
    case.know([(1, ONE, 0), (1, ONE, 0), (2, TWO, 0), (2, TWO, 1), (3, LONG, 0)])
    case.track([(1, ONE), (2, TWO), (3, LONG)])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip", f"{LONG} vip"])
    outcome = case.run()
    assert case.members == ["1", "3"]
    assert buckets(outcome) == {"matched": 2, "optedOut": 1}


@pytest.mark.parametrize("other", ["C-9", ""])
@pytest.mark.parametrize("has_parquet", [False, True])
def test_a_flag_on_a_row_with_another_key_counts(case: Case, other: str, has_parquet: bool) -> None:
    case.space, case.has_parquet = DECLARED, has_parquet
    case.know([(7, "C-7", 0), (7, other, 1), (8, "C-8", 0)])
    case.put(f"{FULL}{T}.sync", ["C-7 vip", "C-8 vip"])
    outcome = case.run()
    assert case.members == ["8"]
    assert buckets(outcome) == {"matched": 1, "optedOut": 1}


@pytest.mark.parametrize("has_parquet", [False, True])
def test_who_shares_an_id_is_told_apart(case: Case, has_parquet: bool) -> None:
    case.has_parquet = has_parquet
    case.know([(1, "", 0), (2, "", 1), (3, "", 1)])
    case.track(
        # a member and one who is out; two who are out, or gone; only one who is gone; a member and one who is gone
        [(1, ONE), (2, ONE), (2, TWO), (3, TWO), (9, TWO), (9, LONG), (1, FOUR), (9, FOUR)]
    )
    case.put(f"{FULL}{T}.sync", [f"{each} vip" for each in (ONE, TWO, LONG, FOUR)])
    outcome = case.run()
    assert case.members == ["1"]
    assert buckets(outcome) == {"matched": 2, "optedOut": 1, "unknownId": 1}


def test_people_who_are_no_recipients_any_more_are_unknown(case: Case) -> None:
    case.track([(1, ONE), (4, TWO)])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    assert buckets(case.run()) == {"matched": 1, "unknownId": 1}


def test_results_are_private_whole_and_described(case: Case) -> None:
    case.is_gzip = True
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    case.run()
    manifest = json.loads((case.out / "manifest.json").read_text())
    (file,) = manifest["files"]
    written = case.out / file["name"]
    assert file["rows"] == 2
    assert sha256(written.read_bytes()).hexdigest() == file["sha256"]
    assert written.stat().st_size == file["bytes"]
    for each in case.out.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    case.form = MembersForm.PARQUET
    case.run()
    assert {each.name for each in case.out.iterdir()} == {"manifest.json", "members.parquet"}


def test_a_folder_with_something_else_in_it_is_left_alone(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    case.out.mkdir()
    (case.out / "holiday.jpg").touch()
    with pytest.raises(FindingsError, match="1 finding") as caught:
        case.run()
    assert "holiday.jpg" in caught.value.findings[0].message
    assert [each.name for each in case.out.iterdir()] == ["holiday.jpg"]


def test_tables_tell_what_they_lack(case: Case) -> None:
    case.space = replace(DECLARED, key="@loyaltyNumber")
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    assert refusal(case) == (
        "AUD2704 the table of recipients has no column for recipients.key: its columns are id, account, blackList"
        " (name it with --column recipients.key=NAME)"
    )
    case.columns = {"recipients.key": "account"}
    assert case.run().members == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "r.parquet",
            b"PAR1 no parquet C-1 PAR1",
            "AUD2701 the table of recipients cannot be read as parquet",
        ),
        ("r.csv", b"id,account\n1,C-1\n2,\xff\xfeC-2\n" * 3000, "AUD27"),
    ],
)
def test_a_damaged_table_stops_everything_and_tells_no_id(
    case: Case, name: str, content: bytes, said: str
) -> None:
    path = case.root / "files" / name
    case.put(f"{FULL}{T}.sync", ["C-1 vip"])
    path.write_bytes(content)
    case.space = DECLARED
    form = TableForm.PARQUET if name.endswith("parquet") else TableForm.CSV
    case.recipients = LocalTable(TableFile(form=form, paths=(path,)))
    message = refusal(case)
    assert message.startswith(said)
    assert "C-" not in message


def test_reports_tell_no_id(case: Case) -> None:
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{LONG} vip", "C-77 vip", "nothing"])
    outcome = case.run()
    told = json.dumps(exchange_json.exchange_import(outcome)) + "\n".join(
        to_terminal.exchange_import(outcome, PLAIN)
    )
    told += (case.out / "manifest.json").read_text()
    assert outcome.members == 3
    assert not any(each in told for each in (ONE, LONG, "C-77"))


@pytest.mark.parametrize("flag", ["1", "1.0", "TRUE", " yes ", "2", "2024-01-31", "opted out"])
def test_a_flag_that_does_not_say_no_is_up(case: Case, flag: str) -> None:
    case.know([(1, "", flag), (2, "", "0"), (3, "", "0.0")])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip", f"{LONG} vip"])
    outcome = case.run()
    assert case.members == ["2", "3"]
    assert buckets(outcome) == {"matched": 2, "optedOut": 1}


@pytest.mark.parametrize("flag", ["", "0", "False", " no ", "N", "NULL", "0.00"])
def test_a_flag_that_says_no_is_down(case: Case, flag: str) -> None:
    case.know([(1, "", flag)])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    assert case.run().members == 1


WRITTEN = ["1", "1 ", " 1\t", "1.0", " 1.00 ", "1.", "+1", "001", "1\u00a0"]


@pytest.mark.parametrize("has_parquet", [False, True])
@pytest.mark.parametrize("written", WRITTEN)
def test_an_opt_out_counts_however_its_number_is_written(
    case: Case, written: str, has_parquet: bool
) -> None:
    case.has_parquet = has_parquet
    case.know([(1, "C-1", 0), (2, "C-2", 0)])
    case.track([(1, ONE), (2, TWO)])
    case.leave_out([written, "nobody"])  # so that it is a list of texts
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    outcome = case.run()
    assert case.members == ["2"]
    said = [each.code for each in outcome.findings]
    assert said == (["AUD2717"] if has_parquet else [])


@pytest.mark.parametrize("has_parquet", [False, True])
@pytest.mark.parametrize("written", WRITTEN)
def test_an_opt_out_counts_however_the_recipients_number_is_written(
    case: Case, written: str, has_parquet: bool
) -> None:
    case.know([(written, "", 0), (2, "", 0)])
    case.track([(written, ONE), (2, TWO)])
    case.has_parquet = has_parquet
    case.leave_out([1])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    case.run()
    assert case.members == ["2"]


def test_opt_outs_count_without_a_table_of_recipients(case: Case) -> None:
    case.recipients = None
    case.track([("1.0", ONE), (2, TWO)])
    case.leave_out([1])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip", f"{TWO} vip"])
    case.run()
    assert case.members == ["2"]


def test_opt_outs_without_a_header_are_refused_rather_than_the_first_one_lost(case: Case) -> None:
    case.files.mkdir()
    case.opt_outs = csv_table(case.files / "out.csv", ["4711"], [("4712",)])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    said = refusal(case)
    assert "AUD2704 the table of opt-outs has no column for optOuts.recipient" in said
    assert "4711" not in said
    case.opt_outs = csv_table(case.files / "out.csv", ["customer"], [("1",)])
    assert case.run().members == 0


@pytest.mark.parametrize(
    "text", ["1,SOMEONE\n2,ELSE\n", "id,account\n1,ELSE\n2,SOMEONE,3,4\n", "\n\n1,SOMEONE\n"]
)
def test_a_table_without_a_header_tells_nobodys_id(case: Case, text: str) -> None:
    case.space = DECLARED
    case.know([])
    (case.root / "recipients.csv").write_text(text)
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    assert "SOMEONE" not in refusal(case)
    case.columns = {"recipients.id": "number"}
    assert "SOMEONE" not in refusal(case)


def test_quotes_that_come_late_are_quotes(case: Case) -> None:
    case.space = DECLARED
    rows: list[tuple[object, ...]] = [(number, f"C{number}", "") for number in range(30_000)]
    case.know([*rows, (77_777, "a,b", ""), (77_778, 'a"b', "")])
    case.put(f"{FULL}{T}.sync", ["a,b vip", 'a"b vip', "C29999 vip"])
    assert case.run().members == 3
