"""What the sandbox survives: being killed at any moment, a second process, many callers at once, curious neighbours."""

from __future__ import annotations

import inspect
import itertools
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import audctl.sandbox
from audctl.sandbox import server
from audctl.sandbox.seed import seed as sow
from audctl.sandbox.server import start
from audctl.sandbox.store import DataFolderInUseError, Store
from tests.sandbox.audience_manager_account import Account, segment_body, trait_body
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.server import RunningSandbox

KILL_AT_STATEMENT = """
import os, signal, sys
from pathlib import Path
from audctl.sandbox.seed import seed
from audctl.sandbox.store import Store

store, last = Store(Path(sys.argv[1])), int(sys.argv[2])
number = 0

def count(statement):
    global number
    number += 1
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)

store._writer.set_trace_callback(count)
seed(store, "demo", people=20)
print(number)
"""


@dataclass(frozen=True)
class At:
    """A sandbox of which only the address is known."""

    url: str


@contextmanager
def served(data: Path) -> Iterator[tuple[subprocess.Popen[str], At]]:
    """Serve a folder from a process of its own, which is killed in the end."""
    command = [sys.executable, "-m", "audctl", "sandbox", "serve", "--data", str(data)]
    with subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("sandbox ready at ")
        try:
            yield process, At(url)
        finally:
            process.kill()


@dataclass
class Writers:
    """Callers that write until the server is gone, and remember what was asked for and what was answered."""

    trait: int
    source: int
    enough: int
    tried: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    reached: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _try(self, name: str) -> None:
        with self._lock:
            self.tried.add(name)

    def _answer(self, name: str) -> None:
        with self._lock:
            self.answered.add(name)
            if len(self.answered) >= self.enough:
                self.reached.set()

    def segments(self, account: Account, who: int) -> None:
        """Make segments: a row each, and one for each trait of its rule."""
        for number in itertools.count():
            name = f"segment {self.enough}-{who}-{number}"
            self._try(name)
            body = segment_body(self.source, f"{self.trait}T", name=name)
            try:
                assert account.http.post("/segments", json=body).status_code == 201
            except httpx.TransportError:
                return
            self._answer(name)

    def pairs(self, soap: SoapClient, who: int) -> None:
        """Make lists, two in each document."""
        for number in itertools.count():
            name = f"pair-{self.enough}-{who}-{number}"
            self._try(name)
            rows = "".join(
                f'<group _operation="insert" name="{name}-{half}" label="{name}"/>' for half in "ab"
            )
            document = f'<group-collection xtkschema="nms:group">{rows}</group-collection>'
            try:
                soap.write_collection(document)
            except httpx.TransportError:
                return
            self._answer(name)


def write_until_killed(data: Path, trait: int, source: int, enough: int) -> Writers:
    writers = Writers(trait, source, enough)
    with served(data) as (process, at), ExitStack() as opened:
        # Signed in before anything is killed.
        accounts = [opened.enter_context(closing(Account(at))) for _ in range(2)]  # type: ignore[arg-type]  # all it needs is the address
        soaps = [opened.enter_context(SoapClient(at.url)) for _ in range(2)]
        with ThreadPoolExecutor(max_workers=4) as pool:
            running = [
                pool.submit(writers.segments, account, who) for who, account in enumerate(accounts)
            ] + [pool.submit(writers.pairs, soap, who) for who, soap in enumerate(soaps)]
            assert writers.reached.wait(timeout=60)
            process.send_signal(signal.SIGKILL)
            for each in running:
                each.result()
        assert process.wait() == -signal.SIGKILL
    return writers


def test_a_killed_server_leaves_its_data_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start(data) as running, closing(Account(running)) as account:
        source = account.data_source()["dataSourceId"]
        trait = account.trait(source)["sid"]
    tried: set[str] = set()
    answered: set[str] = set()
    for enough in (1, 20, 60):
        writers = write_until_killed(data, trait, source, enough)
        tried |= writers.tried
        answered |= writers.answered
    assert len(answered) >= 81

    store = Store(data)
    with store.read() as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        segments = {row["name"]: row["id"] for row in conn.execute("SELECT * FROM aam_segment")}
        linked = {row[0] for row in conn.execute("SELECT segment_id FROM aam_segment_trait")}
        halves = [row[0] for row in conn.execute("SELECT name FROM nms_group")]
    store.close()
    pairs = {name.removesuffix("-a") for name in halves if name.endswith("-a")}
    # Every document whole, every answered write there, nothing that nobody asked for.
    assert sorted(halves) == sorted(f"{name}-{half}" for name in pairs for half in "ab")
    assert set(segments.values()) == linked
    assert answered <= {*segments, *pairs} <= tried

    with start(data) as running, closing(Account(running)) as account:
        assert len(account.get("/segments")) == len(segments)
        account.segment(source, f"{trait}T")


def seed_in_a_process(data: Path, last_statement: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KILL_AT_STATEMENT, str(data), str(last_statement)],
        capture_output=True,
        text=True,
        check=False,
    )


def rows_of_everything(store: Store) -> dict[str, int]:
    with store.read() as conn:
        tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            table: conn.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
            for (table,) in tables
        }


def test_a_seed_killed_at_any_statement_is_there_wholly_or_not_at_all(tmp_path: Path) -> None:
    whole = seed_in_a_process(tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    statements = int(whole.stdout)
    store = Store(tmp_path / "whole")
    expected = rows_of_everything(store)
    store.close()
    for share in (0.01, 0.3, 0.7, 1):
        data = tmp_path / f"killed-{share}"
        killed = seed_in_a_process(data, max(round(statements * share), 1))
        assert killed.returncode == -signal.SIGKILL
        store = Store(data)
        with store.read() as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert conn.execute("SELECT count(*) FROM sandbox_seed").fetchone()[0] == 0
        sow(store, "demo", people=20)
        assert rows_of_everything(store) == expected
        store.close()


def test_a_killed_process_does_not_leave_its_folder_locked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data) as (process, _):
        with pytest.raises(DataFolderInUseError, match="already open in another sandbox"):
            Store(data)
        process.send_signal(signal.SIGKILL)
        process.wait()
        Store(data).close()


def test_a_refused_second_opening_does_not_unlock_the_first(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = Store(data)
    with pytest.raises(DataFolderInUseError):
        Store(data)
    program = "import sys, pathlib; from audctl.sandbox.store import Store; Store(pathlib.Path(sys.argv[1]))"
    other = subprocess.run(
        [sys.executable, "-c", program, str(data)], capture_output=True, text=True, check=False
    )
    store.close()
    assert "DataFolderInUseError" in other.stderr


def test_32_callers_side_by_side(sandbox: RunningSandbox) -> None:
    with closing(Account(sandbox)) as first:
        source = first.data_source()["dataSourceId"]

    def work(who: int) -> list[int]:
        statuses: list[int] = []
        with closing(Account(sandbox)) as account, SoapClient(sandbox.url) as soap:
            account.http.timeout = soap.http.timeout  # long: nobody measures here
            for number in range(3):
                body = trait_body(source, name=f"{who}-{number}")
                statuses.append(account.http.post("/traits", json=body).status_code)
                soap.write(
                    f'<group xtkschema="nms:group" _operation="insert" name="l{who}-{number}"'
                    ' label="any"/>'
                )
                mine = soap.select("nms:group", "@name", where=f"@name LIKE 'l{who}-%'")
                statuses += [200] * (len(mine) == number + 1)
                statuses.append(account.http.get("/traits").status_code)
        return statuses

    with ThreadPoolExecutor(max_workers=32) as pool:
        found = list(pool.map(work, range(32)))
    assert found == [[201, 200, 200] * 3] * 32
    with closing(Account(sandbox)) as account, SoapClient(sandbox.url) as soap:
        names = [row["name"] for row in account.get("/traits", dataSourceId=source)]
        assert sorted(names) == sorted(
            f"{who}-{number}" for who in range(32) for number in range(3)
        )
        assert len(soap.select("nms:group", "@id", where="@name LIKE 'l%'")) == 96


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_data_is_for_its_owner_only(tmp_path: Path, open_umask: None) -> None:
    data = tmp_path / "outer" / "data"
    with start(data, seed="demo") as running, closing(Account(running)) as account:
        account.data_source()
        assert {path.name for path in data.iterdir()} >= {"sandbox.sqlite", "sandbox.sqlite-wal"}
        assert modes(data) == {0o600}
        assert mode(data) == 0o700


def test_data_that_was_open_to_others_is_closed(tmp_path: Path, open_umask: None) -> None:
    data = tmp_path / "data"
    Store(data).close()
    for path in (data, *data.iterdir()):
        path.chmod(0o777)
    Store(data).close()
    assert (mode(data), modes(data)) == (0o700, {0o600})


def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir(mode=0o755)
    (project / "mine.txt").write_text("kept")
    (project / "mine.txt").chmod(0o644)
    Store(project).close()
    assert mode(project) == 0o755
    assert mode(project / "mine.txt") == 0o644
    assert mode(project / "sandbox.sqlite") == 0o600


def test_no_other_address_reaches_it(sandbox: RunningSandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    # All of 127/8 is this machine: whoever listens on every address answers there, too.
    for address in ("127.0.0.2", "127.255.255.254"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=5)
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_nothing_can_make_it_listen_elsewhere() -> None:
    for entry in (server.start, server.serve):
        assert not {"host", "address", "bind"} & set(inspect.signature(entry).parameters)
    package = Path(audctl.sandbox.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    opening = re.compile(r"\b(bind|create_server|start_server|bind_socket|start_unix_server)\(")
    assert [path.name for path, source in sources.items() if opening.search(source)] == [
        "loopback.py"
    ]
    assert not [path for path, source in sources.items() if "0.0.0.0" in source]  # noqa: S104


def test_the_environment_does_not_move_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "UVICORN_HOST", "AUDCTL_HOST", "AUDCTL_SANDBOX_HOST"):
        monkeypatch.setenv(name, "0.0.0.0")  # noqa: S104
    with served(tmp_path / "data") as (_, at):
        assert at.url.startswith("http://127.0.0.1:")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(at.url.rpartition(":")[2])), timeout=5)
