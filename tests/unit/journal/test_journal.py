"""A journal as it is written, torn, followed and read: whole events or none, and nothing that is nobody's business."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from audctl.errors import InterruptedRun, UsageError
from audctl.journal.file import JournalFile
from audctl.journal.listener import JournalListener
from audctl.journal.reading import find_journal, follow_events, read_events, read_history, read_run
from audctl.model.journal import EventType, RunState
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.settling import Settling
from audctl.model.traffic import Traffic
from tests.build import NOON
from tests.memory import FakeClock
from tests.runs import HOSTILE, SECRET, SMALL, applied_in_part, hostile_plan, make_plan, make_step

if TYPE_CHECKING:
    from audctl.model.journal import Event

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "journal.schema.json").read_text(encoding="utf-8")
)
ABOUT = {"tool": "audctl 9", "command": "apply", "project": "shop", "environment": "prod"}


def opened(path: Path) -> JournalListener:
    clock = FakeClock()
    return JournalListener(JournalFile(path, path.stem, clock, ABOUT), clock)


def types(events: tuple[Event, ...]) -> list[str]:
    return [each.type for each in events]


def whole_run(path: Path) -> ApplyReport:
    """Write the journal of a run in which everything that can be told is told."""
    journal = opened(path)
    applied = applied_in_part()
    journal.planned(applied.plan)
    journal.retrying("GET /v1/x", 1.5, "busy")
    for each in applied.report.outcomes:
        journal.begun(each.step)
        journal.progressed(each.step, "half way")
        journal.ended(each)
    journal.saved(7)
    settling = Settling(
        address=make_step(1).address, begun=NOON, ready=NOON, earliest=NOON,
        latest=NOON + timedelta(hours=36), why="the list is filled anew",
    )  # fmt: skip
    traffic = Traffic(
        made=9, repeated=1, throttled=1, waited_s=1.5, at_most_s=60, in_flight=2, ceiling=8
    )
    report = replace(applied.report, pending=(settling,), traffic={"aam": traffic})
    journal.told(report)
    return report


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_run_is_told_from_beginning_to_end_as_the_schema_says(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "r1.ndjson"
    whole_run(path)
    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    validator = Draft202012Validator(SCHEMA)
    for each in lines:
        assert not list(validator.iter_errors(each)), each
    assert {each["type"] for each in lines} == {each.value for each in EventType}
    assert set(SCHEMA["$defs"]) == {each.value for each in EventType}
    assert [each["number"] for each in lines] == list(range(1, len(lines) + 1))
    record = read_run(path)
    assert record is not None
    assert (record.run, record.state, record.result) == ("r1", RunState.ENDED, "applied in part")
    assert (record.done, record.failed, record.not_tried) == (1, 1, 1)


@pytest.mark.parametrize("name", list(SCHEMA["$defs"]))
def test_the_schema_finds_an_event_that_lacks_something(tmp_path: Path, name: str) -> None:
    path = tmp_path / "r.ndjson"
    whole_run(path)
    lines = (json.loads(line) for line in path.read_text(encoding="ascii").splitlines())
    event = next(each for each in lines if each["type"] == name)
    del event[SCHEMA["$defs"][name]["required"][0]]
    assert list(Draft202012Validator(SCHEMA).iter_errors(event))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "r.ndjson"
    opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_holds_no_value_no_secret_and_nobody(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    journal = opened(path)
    plan = hostile_plan()
    journal.planned(plan)
    for each in plan.steps:
        journal.begun(each)
        journal.ended(Outcome(step=each, result=Result.FAILED, message=HOSTILE))
    journal.ended_without("refused", HOSTILE)
    raw = path.read_bytes()
    assert raw.isascii()
    assert SECRET.encode() not in raw
    events = read_events(path)
    assert len(events) == raw.count(b"\n"), "no name breaks a line"
    assert f": {SMALL}," not in raw.decode()


def test_a_journal_is_of_one_run(tmp_path: Path) -> None:
    opened(tmp_path / "r.ndjson")
    with pytest.raises(UsageError, match="there is such a file already"):
        opened(tmp_path / "r.ndjson")
    with pytest.raises(UsageError, match="its folder: File exists"):
        opened(tmp_path / "r.ndjson" / "below.ndjson")


def test_a_disk_that_is_full_stops_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path / "r.ndjson")

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    journal.saved(1)
    monkeypatch.undo()
    journal.saved(2)
    assert "No space left on device: its end is missing" in journal.file.trouble
    assert not [each for each in read_events(journal.file.path) if each.content.get("serial") == 2]


def test_each_event_is_on_the_disk_before_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path / "r.ndjson")
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(journal.file.path.read_bytes()))
    journal.saved(1)
    assert b"ledger_saved" in synced[0]


def test_events_of_steps_that_come_quickly_share_one_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path / "r.ndjson")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(len(read_events(journal.file.path))))
    for _ in range(50):
        journal.begun(make_step(1))
    assert len(synced) <= 1
    assert len(read_events(journal.file.path)) == 51
    journal.saved(1)
    assert synced[-1] == 52


@given(cut=st.integers(0, 10_000))
def test_whatever_is_torn_off_the_rest_is_read(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("torn") / "r.ndjson"
    whole_run(path)
    data = path.read_bytes()
    kept = data[: cut % (len(data) + 1)]
    path.write_bytes(kept)
    assert len(read_events(path)) == kept.count(b"\n")


def test_lines_that_are_no_events_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    deep = "[" * 100_000
    path.write_text(
        '{"type":"run_start","number":1,"at":"2026-01-01T00:00:00+00:00","run":"r"}\n'
        f'[]\nnull\nnot json\n{{"type":1,"number":1,"at":"x"}}\n{deep}\n'
        '{"type":"of_a_newer_audctl","number":2,"at":"2026-01-01T00:00:01+00:00","run":"r","x":1}\n'
    )
    assert types(read_events(path)) == ["run_start", "of_a_newer_audctl"]


class Waiting:
    """A clock whose every sleep lets the next thing happen."""

    def __init__(self, *happens: Any) -> None:  # noqa: ANN401 - callables
        self.happens = list(happens)

    def now(self) -> Any:  # noqa: ANN401 - never asked
        raise AssertionError

    def monotonic(self) -> float:
        raise AssertionError

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.happens.pop(0)()


def test_a_follower_sees_events_as_they_come_and_ends_with_the_run(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    journal = opened(path)
    step = make_step(1)
    clock = Waiting(
        lambda: journal.begun(step),
        lambda: None,
        lambda: journal.ended_without("interrupted"),
    )
    seen = list(follow_events(path, clock))
    assert types(tuple(seen)) == ["run_start", "apply_start", "summary"]
    assert clock.happens == []


def test_a_follower_of_a_run_that_was_cut_off_does_not_wait_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    journal = opened(path)

    def cut_off() -> None:
        with path.open("ab") as file:
            file.write(b'{"type":"apply_st')
        journal.file.close()

    assert types(tuple(follow_events(path, Waiting(cut_off)))) == ["run_start"]
    record = read_run(path)
    assert record is not None
    assert record.state is RunState.CUT_OFF


def test_a_follower_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    opened(path)

    def stop() -> None:
        raise InterruptedRun("stopped")

    with pytest.raises(InterruptedRun):
        list(follow_events(path, Waiting(stop)))


def test_a_process_killed_in_mid_run_leaves_a_run_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    script = (
        "import sys, pathlib\n"
        "from audctl.journal.file import JournalFile\n"
        "from audctl.operations.context import SystemClock\n"
        "JournalFile(pathlib.Path(sys.argv[1]), 'r', SystemClock(), {'command': 'apply'})\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        running = read_run(path)
        child.kill()
    ended = read_run(path)
    assert running is not None
    assert ended is not None
    assert (running.state, ended.state) == (RunState.RUNNING, RunState.CUT_OFF)


def test_workers_may_tell_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    journal = opened(path)
    threads = [
        threading.Thread(target=journal.retrying, args=("x" * 5000, 1.0, "busy")) for _ in range(20)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.number for each in read_events(path)] == list(range(1, 22))


def test_runs_are_found_by_the_start_of_their_name(tmp_path: Path) -> None:
    for name in ("20260101T000000Z-aa", "20260101T000000Z-ab", "20260102T000000Z-aa"):
        opened(tmp_path / f"{name}.ndjson").ended_without("refused")
    (tmp_path / "20260103.ndjson").write_text("nothing\n")
    assert find_journal(tmp_path, "20260102").stem == "20260102T000000Z-aa"
    assert find_journal(tmp_path, "latest").stem == "20260103"
    for wrong, said in (("20260101", "start of 2 runs"), ("x", 'no journal of a run "x"')):
        with pytest.raises(UsageError, match=said):
            find_journal(tmp_path, wrong)
    runs = read_history(tmp_path).runs
    assert [each.run for each in runs] == [
        "20260102T000000Z-aa", "20260101T000000Z-ab", "20260101T000000Z-aa"
    ]  # fmt: skip
    assert read_history(tmp_path / "missing").runs == ()


@pytest.mark.parametrize(
    ("report", "result"),
    [
        (ApplyReport(run="r", outcomes=()), "nothing to do"),
        (ApplyReport(run="r", outcomes=(), interrupted=True, halted="x"), "interrupted"),
        (ApplyReport(run="r", outcomes=(), halted="the lock is lost"), "halted"),
        (ApplyReport(run="r", outcomes=(), verified=False), "not verified"),
        (
            ApplyReport(run="r", outcomes=(Outcome(step=make_step(1), result=Result.DONE),)),
            "applied",
        ),
        (
            ApplyReport(run="r", outcomes=(Outcome(step=make_step(1), result=Result.FAILED),)),
            "failed",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_summary_says_what_the_run_came_to(
    tmp_path: Path, report: ApplyReport, result: str
) -> None:
    journal = opened(tmp_path / "r.ndjson")
    journal.planned(make_plan())
    journal.told(report)
    record = read_run(tmp_path / "r.ndjson")
    assert record is not None
    assert record.result == result
