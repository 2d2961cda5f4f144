"""One sandbox, the reference project beside it, and moments that both can be put back to."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from audctl.sandbox.loopback import listen
from audctl.sandbox.seed import seed as sow
from audctl.sandbox.server import RunningSandbox, build_app
from audctl.sandbox.store import Store
from tests import loopback
from tests.matrix.gate import Gate, Point, Snare, Strike
from tests.matrix.picture import Picture, take_picture
from tests.matrix.processes import Ended, Processes

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

PROJECTS = Path(__file__).parent / "projects"
LEASE_OVER_S = 11 * 60.0
"""After so long nobody is held up by the lock of a dead run: a lease lasts ten minutes."""
APPLY = ("apply", "--auto-approve", "--output", "json", "--parallelism", "1")


@dataclass(frozen=True)
class Moment:
    """Everything outside the process, as it stood once."""

    database: sqlite3.Connection
    ledger: bytes | None
    offset: timedelta


class World:
    """A sandbox behind a gate, and the folder of a project."""

    def __init__(self, scratch: Path, *, store: str = "campaign") -> None:
        """``store`` keeps the ledger: ``campaign`` or ``file``."""
        self.ledger_store = store
        self.folder = scratch / "project"
        self.folder.mkdir(parents=True)
        self._store = Store(scratch / "data")
        sow(self._store, "demo")
        self.gate = Gate(build_app(self._store), self._store)
        self.sandbox = RunningSandbox(self._store, self.gate, listen(0))
        self.sandbox.run()
        self.processes = Processes(scratch)
        self._others: Processes | None = None
        self._later_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.processes.close()
        if self._others is not None:
            self._others.close()
        self.sandbox.stop()

    # --- the project ------------------------------------------------------------------------------

    def put_project(self, moment: str, *, removed: str = "[]") -> None:
        """Lay out the reference project as it is ``before`` or ``after`` the change."""
        shutil.copytree(PROJECTS / moment, self.folder / moment, dirs_exist_ok=True)
        text = (PROJECTS / "audctl.yaml").read_text(encoding="utf-8")
        for name, value in {
            "MOMENT": moment,
            "REMOVED": removed,
            "URL": self.sandbox.url,
            "STORE": self.ledger_store,
        }.items():
            text = text.replace(name, value)
        (self.folder / "audctl.yaml").write_text(text, encoding="utf-8")

    # --- moments ----------------------------------------------------------------------------------

    def moment(self) -> Moment:
        """Keep everything as it stands now."""
        self.gate.open()
        database = sqlite3.connect(":memory:", check_same_thread=False)
        self._store._writer.backup(database)
        ledger = self._ledger_file
        return Moment(
            database, ledger.read_bytes() if ledger.exists() else None, self._store._offset
        )

    def go_back(self, moment: Moment) -> None:
        """Put everything back as it stood then."""
        self.gate.open()
        moment.database.backup(self._store._writer)
        self._store._offset = moment.offset
        self._later_s = 0.0
        for each in self.folder.glob("*ledger*"):
            each.unlink()
        if moment.ledger is not None:
            self._ledger_file.write_bytes(moment.ledger)

    def wait(self, seconds: float) -> None:
        """Let time pass, for the live systems and for processes to come."""
        self._store.advance(timedelta(seconds=seconds))
        self._later_s += seconds

    def picture(self) -> Picture:
        """Return what stands now."""
        self.gate.open()
        with self._store.read() as conn:
            return take_picture(conn, self._ledger_file)

    @property
    def _ledger_file(self) -> Path:
        return self.folder / "ledger"

    # --- runs -------------------------------------------------------------------------------------

    def run(
        self, *arguments: str, snare: Snare | None = None, strike: Strike | None = None
    ) -> Ended:
        """Run a command line to its end."""
        self.gate.open(snare, strike)
        return self.processes.run(self.folder, *arguments, later_s=self._later_s)

    def run_until(self, at: Point, *arguments: str, after: bool) -> Ended:
        """Run a command line and kill it, with SIGKILL, before or after the live system did one of its calls."""
        child = 0

        def born(pid: int) -> None:
            nonlocal child
            child = pid

        def kill() -> None:
            self.gate.shut()
            assert child > 0, "a call came before its caller was born"  # 0 would be everybody
            os.kill(child, signal.SIGKILL)

        self.gate.open(Snare(at, after, kill, fatal=True))
        ended = self.processes.run(self.folder, *arguments, later_s=self._later_s, born=born)
        if ended.killed:
            self._forget_the_dead()
        return ended

    def _forget_the_dead(self) -> None:
        """Let what a dead process had sent run into the closed gate, before the next run is counted."""
        for _ in range(2):
            loopback.get(f"{self.sandbox.url}/_sandbox/clock").raise_for_status()

    def beside(self, folder: Path, *arguments: str) -> Ended:
        """Run another command line while one is held up at its snare."""
        if self._others is None:
            scratch = self.folder.parent / "beside"
            scratch.mkdir()
            self._others = Processes(scratch)
        return self._others.run(folder, *arguments, later_s=self._later_s)

    def marketer(self) -> httpx.Client:
        """Return a client signed in as somebody else."""
        answer = loopback.post(
            f"{self.sandbox.url}/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": "marketer",
                "client_secret": "marketer",
                "scope": "openid",
            },
        )
        return loopback.client(
            base_url=self.sandbox.url,
            headers={
                "Authorization": f"Bearer {answer.json()['access_token']}",
                "x-api-key": "marketer",
                "AAM-Disable-Escaping-HTML": "true",
            },
        )
