"""The commands around the sandbox: against one that runs, and around its folder."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.server import start
from audctl.sandbox.store import Store
from tests.sandbox.audience_manager_account import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

RULE = {"route": "GET /v1/traits", "kind": "status", "status": 503, "nth": 1}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSandbox]:
    with start(tmp_path / "data", seed="demo") as sandbox:
        yield sandbox


@pytest.fixture
def port(running: RunningSandbox) -> str:
    return running.url.rpartition(":")[2]


@pytest.fixture
def free_port() -> str:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        return str(once.getsockname()[1])


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([RULE]), encoding="utf-8")
    return path


def test_the_clock_is_told_and_moved(audctl: CommandLine, port: str) -> None:
    before = audctl("sandbox", "clock", "show", "--port", port)
    assert before.code == 0
    moved = audctl("sandbox", "clock", "advance", "36h", "--port", port)
    assert moved.code == 0
    assert re.fullmatch(r"now \S+", moved.stdout.splitlines()[-1])
    after = audctl("sandbox", "clock", "show", "--port", port, "--output", "json")
    assert json.loads(after.stdout)["now"] > before.stdout.strip()


def test_the_clock_refuses_what_is_no_duration(audctl: CommandLine, port: str) -> None:
    ran = audctl("sandbox", "clock", "advance", "soon", "--port", port)
    assert (ran.code, ran.stdout) == (64, "")
    assert "whole numbers with units s, m, h or d" in ran.stderr


def test_faults_are_added_listed_and_cleared(
    audctl: CommandLine, running: RunningSandbox, port: str, rules: Path
) -> None:
    assert audctl("sandbox", "faults", "list", "--port", port).stdout == "no faults in force\n"
    added = audctl("sandbox", "faults", "add", str(rules), "--port", port)
    assert added.stdout == "1  status  GET /v1/traits  counted 0, struck 0\n"
    with closing(Account(running)) as account:
        account.send("GET", "/traits", status=503)
    listed = audctl("sandbox", "faults", "list", "--port", port, "--output", "json")
    (rule,) = json.loads(listed.stdout)["rules"]
    assert rule == {"number": 1, **RULE, "matched": 1, "struck": 1}
    more = audctl("sandbox", "faults", "add", "-", "--port", port, stdin=json.dumps(RULE))
    assert len(more.stdout.splitlines()) == 2
    assert len(audctl("sandbox", "faults", "clear", "1", "--port", port).stdout.splitlines()) == 1
    assert audctl("sandbox", "faults", "clear", "--port", port).stdout == "no faults in force\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"route": "*", "kind": "resett"}', "did you mean 'reset'?"),
        ("{", "not JSON"),
        ('[{"kind": "reset"}, 5]', "rules[1]: must be an object"),
    ],
)
def test_a_wrong_file_of_faults_is_explained(
    audctl: CommandLine, port: str, rules: Path, text: str, said: str
) -> None:
    rules.write_text(text, encoding="utf-8")
    data = rules.with_name("other")
    added = audctl("sandbox", "faults", "add", str(rules), "--port", port)
    served = audctl("sandbox", "serve", "--data", str(data), "--port", "0", "--faults", str(rules))
    for ran in (added, served):
        assert (ran.code, ran.stdout) == (64, "")
        assert said in ran.stderr
    assert not data.exists()


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_of_faults_that_cannot_be_read_is_explained(
    audctl: CommandLine, port: str, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "missing.json"
    if content is not None:
        path.write_bytes(content)
    ran = audctl("sandbox", "faults", "add", str(path), "--port", port)
    assert ran.code == 64
    assert f"cannot read {path}" in ran.stderr


def test_the_status_counts_what_is_there(
    audctl: CommandLine, running: RunningSandbox, port: str
) -> None:
    with closing(Account(running)) as account:
        account.get("/traits/1", status=404)
        traits = len(account.get("/traits"))
    told = json.loads(audctl("sandbox", "status", "--port", port, "--output", "json").stdout)
    assert told["objects"]["audienceManager"]["Traits"] == traits
    assert told["calls"] == {"total": 3, "byStatus": {"200": 2, "404": 1}}
    shown = audctl("sandbox", "status", "--port", port)
    assert shown.code == 0
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert f"Traits {traits}" in lines
    assert f"Campaign: recipients {told['people']['Campaign: recipients']:,}" in lines
    assert "calls 3" in lines


def test_nothing_on_the_port_is_an_error_with_a_way_out(
    audctl: CommandLine, free_port: str
) -> None:
    for arguments in (["status"], ["clock", "show"], ["faults", "list"]):
        ran = audctl("sandbox", *arguments, "--port", free_port)
        assert (ran.code, ran.stdout) == (1, "")
        assert f"no sandbox answers on port {free_port}" in ran.stderr
        assert "audctl sandbox serve" in ran.stderr


def test_something_else_on_the_port_is_told_from_a_sandbox(audctl: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        program = (
            "import http.server, sys, socket\n"
            "listener = socket.socket(fileno=int(sys.argv[1]))\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler,"
            " bind_and_activate=False)\n"
            "server.socket.close(); server.socket = listener; server.handle_request()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(other.fileno())],
            pass_fds=[other.fileno()],
            stderr=subprocess.DEVNULL,
        ) as process:
            ran = audctl("sandbox", "status", "--port", port)
            process.wait(timeout=30)
    assert ran.code == 1
    assert f"what answers on port {port} is no sandbox" in ran.stderr


def test_a_folder_is_filled_and_emptied(audctl: CommandLine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled = audctl("sandbox", "seed", "demo", "--data", str(data))
    assert filled.code == 0
    assert "Campaign: recipients: " in filled.stdout
    assert audctl("sandbox", "seed", "--data", str(data)).stdout == filled.stdout
    (data / "mine.txt").write_text("kept")
    (data / "buckets" / "one").mkdir(parents=True)

    refused = audctl("sandbox", "reset", "--data", str(data), stdin="no\n")
    assert refused.code == 64
    assert "nothing was deleted" in refused.stderr
    emptied = audctl("sandbox", "reset", "--data", str(data), stdin="yes\n")
    assert (emptied.code, emptied.stdout) == (0, f"{data} is empty\n")
    assert (data / "mine.txt").read_text() == "kept"
    assert {path.name for path in data.iterdir()} == {"mine.txt", "sandbox.lock"}

    again = audctl("sandbox", "reset", "--data", str(data), "--auto-approve")
    assert again.code == 64
    assert "holds no sandbox" in again.stderr
    store = Store(data)
    with store.read() as conn:
        assert conn.execute("SELECT count(*) FROM sandbox_seed").fetchone()[0] == 0
    store.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["seed", "domo"], "unknown seed 'domo'; known: demo"),
        (["seed", "demo", "--people", "1000000000"], "the number of people must be from 1 to"),
        (["serve", "--port", "0", "--people", "5"], "--people needs a --seed"),
        (["serve", "--port", "0", "--buckets", "http://example.com"], "on this machine"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_seeded_is_a_misuse(
    audctl: CommandLine, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = audctl("sandbox", *arguments, "--data", str(tmp_path / "data"))
    assert (ran.code, ran.stdout) == (64, "")
    assert said in ran.stderr


def test_people_come_with_the_seed_the_same_ones_each_time(
    audctl: CommandLine, tmp_path: Path
) -> None:
    told = [
        audctl("sandbox", "seed", "demo", "--data", str(tmp_path / name), "--people", "300").stdout
        for name in ("one", "two")
    ]
    assert told[0].splitlines()[1:] == told[1].splitlines()[1:]
    (recipients,) = re.findall(r"Campaign: recipients: (\d+)", told[0])
    assert int(recipients) >= 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["seed", "demo"],
        ["reset", "--auto-approve"],
        ["serve", "--port", "0"],
    ],
    ids=" ".join,
)
def test_a_folder_in_use_is_refused(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path, arguments: list[str]
) -> None:
    before = (tmp_path / "data" / "sandbox.sqlite").stat().st_ino
    ran = audctl("sandbox", *arguments, "--data", str(tmp_path / "data"))
    assert (ran.code, ran.stdout) == (64, "")
    assert "is already open in another sandbox" in ran.stderr
    assert (tmp_path / "data" / "sandbox.sqlite").stat().st_ino == before


@pytest.mark.parametrize(
    ("quirk", "said"),
    [
        ("max_pge_size=5", "did you mean 'max_page_size'?"),
        ("max_page_size=many", "must be a whole number"),
        ("max_page_size", "expected name=value"),
    ],
)
def test_a_wrong_quirk_is_a_misuse(
    audctl: CommandLine, tmp_path: Path, quirk: str, said: str
) -> None:
    data = str(tmp_path / "data")
    ran = audctl("sandbox", "serve", "--data", data, "--port", "0", "--quirk", quirk)
    assert (ran.code, ran.stdout) == (64, "")
    assert said in ran.stderr
    assert not (tmp_path / "data").exists()


def test_serving_takes_quirks_and_faults_and_a_second_process_is_refused(
    audctl: CommandLine, tmp_path: Path, rules: Path
) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "audctl", "sandbox", "serve", "--data", str(data)]
    options = ["--seed", "demo", "--quirk", "max_page_size=2", "--quirk", "fault_status=500"]
    with subprocess.Popen(
        [*command, "--port", "0", "--faults", str(rules), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        said = first.stdout.readline().strip()
        url = said.removeprefix("sandbox ready at ")
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [*command, "--port", "0"], capture_output=True, text=True, check=False
        )
        shown = audctl("sandbox", "faults", "list", "--port", port)
        with closing(Account(_At(url))) as account:  # type: ignore[arg-type]  # all it needs is the address
            account.send("GET", "/traits", status=503)
            assert account.get("/traits", page=0, pageSize=10)["pageSize"] == 2
            wrong = account.http.post(f"{url}/nl/jsp/soaprouter.jsp", content="<a/>")
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=30) == 0
    assert second.returncode == 64
    assert "is already open in another sandbox" in second.stderr
    assert second.stdout == ""
    assert shown.stdout.startswith("1  status  GET /v1/traits")
    assert wrong.status_code == 500


class _At:
    def __init__(self, url: str) -> None:
        self.url = url


def test_a_served_folder_can_be_copied_and_served_again(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    running.stop()
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "data", copy)
    with start(copy) as again:
        ran = audctl("sandbox", "status", "--port", again.url.rpartition(":")[2])
    assert ran.code == 0
