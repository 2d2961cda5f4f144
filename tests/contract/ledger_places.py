"""Places where a ledger can live, as the contract suite of the ledger stores uses them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from audctl.ledger.campaign_store import CampaignStore
from audctl.ledger.codec import read_header
from audctl.ledger.file_store import FileStore
from audctl.ledger.s3_bucket import Bucket, BucketSettings
from audctl.ledger.s3_store import S3Store
from audctl.providers.campaign.options import OptionStore
from audctl.redact import Secret
from tests.contract.campaign_cases import client_of
from tests.s3_server import BUCKET

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.ledger.s3_bucket import Stored
    from audctl.ports import LedgerStore
    from tests.contract.bench import Bench
    from tests.s3_server import S3Server


class Place(Protocol):
    """One place, empty at first."""

    def open(self, project: str = "acme") -> LedgerStore:
        """Return a store as another process would open it."""
        ...

    def other(self, project: str) -> LedgerStore:
        """Return the store of another project that keeps its ledger within sight."""
        ...

    def spoil(self, project: str) -> None:
        """Write into another project's ledger what cannot be read."""
        ...

    def mend(self, project: str) -> None:
        """Undo that."""
        ...

    def plant(self, content: bytes) -> None:
        """Put these bytes where the ledger's are."""
        ...

    def advance(self, duration: timedelta) -> None:
        """Move the clock that the lock goes by."""
        ...

    def hinder_writes(self) -> None:
        """Let the next save fail half-way."""
        ...

    def remove_lock(self) -> None:
        """Do what an impatient person does."""
        ...


@dataclass
class MovableClock:
    """A clock that tests move."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class FilePlace:
    """A file in a folder that does not exist yet."""

    path: Path
    clock: MovableClock = field(default_factory=MovableClock)
    kept: bytes = b""

    def open(self, project: str = "acme") -> LedgerStore:
        return FileStore(self.path, project=project, clock=self.clock)

    def other(self, project: str) -> LedgerStore:
        return FileStore(self._beside(project), project=project, clock=self.clock)

    def spoil(self, project: str) -> None:
        self.kept = self._beside(project).read_bytes()
        self._beside(project).write_bytes(self.kept[:-5])

    def mend(self, project: str) -> None:
        self._beside(project).write_bytes(self.kept)

    def _beside(self, project: str) -> Path:
        return self.path.with_name(f"{project}.ledger")

    def plant(self, content: bytes) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(content)

    def advance(self, duration: timedelta) -> None:
        self.clock.moment += duration

    def hinder_writes(self) -> None:
        (self.path.parent / f".{self.path.name}.new").mkdir()  # where the new file would go

    def remove_lock(self) -> None:
        self.path.with_name(f"{self.path.name}.lock").unlink()


@dataclass
class CampaignPlace:
    """The options of a Campaign instance, over SOAP; each test has an environment of its own in it."""

    bench: Bench
    environment: str
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)

    def open(self, project: str = "acme") -> LedgerStore:
        return CampaignStore(self._options(), project=project, environment=self.environment)

    def other(self, project: str) -> LedgerStore:
        return CampaignStore(self._options(), project=project, environment=self.environment)

    def clear(self) -> None:
        """Take every ledger of this environment away: projects in one instance see each other's."""
        options = self._options()
        names = options.read_options("audctl.", memo=False)
        options.delete_options(name for name in names if f".{self.environment}." in name)

    def spoil(self, project: str) -> None:
        options = self._options()
        present = options.read_options(f"audctl.{project}.{self.environment}.", memo=True)
        self.kept = {name: each for name, each in present.items() if name.endswith(".0000")}
        for name, (text, memo) in self.kept.items():
            options.write_option(name, text, memo[: len(memo) // 2 // 4 * 4])

    def mend(self, project: str) -> None:  # noqa: ARG002 - what was kept knows whose it is
        for name, (text, memo) in self.kept.items():
            self._options().write_option(name, text, memo)

    def plant(self, content: bytes) -> None:
        version, options = f"{read_header(content).serial}-0badcafe", self._options()
        encoded = base64.b64encode(content).decode()
        options.write_option(f"{self._prefix}{version}.0000", "1/1", encoded)
        options.write_option(
            f"{self._prefix}ledger.{read_header(content).serial}", f"1|{version}|1"
        )

    def advance(self, duration: timedelta) -> None:
        self.bench.control("POST", "clock", {"advance": f"{int(duration.total_seconds())}s"})

    def hinder_writes(self) -> None:
        # The chunks go through, the pointer's insert is lost before it reaches the server.
        self.bench.fault("SOAP xtk:persist#Write", "reset", nth=2)

    def remove_lock(self) -> None:
        self._options().delete_options([f"{self._prefix}lock"])

    @property
    def _prefix(self) -> str:
        return f"audctl.acme.{self.environment}."

    def _options(self) -> OptionStore:
        client = client_of(self.bench)
        self.bench.opened.callback(client.close)
        return OptionStore(client)


@dataclass
class S3Place:
    """A bucket of a real S3 server on this machine; each test has a prefix of its own in it."""

    server: S3Server
    prefix: str
    kept: Stored | None = None

    def open(self, project: str = "acme") -> LedgerStore:
        return S3Store(self.bucket(), project=project, environment="prod")

    def other(self, project: str) -> LedgerStore:
        return self.open(project)

    def spoil(self, project: str) -> None:
        self.kept = self.bucket().get(f"{project}/prod/ledger")
        assert self.kept is not None
        self.bucket().write(f"{project}/prod/ledger", self.kept.data[:-5])

    def mend(self, project: str) -> None:
        assert self.kept is not None
        self.bucket().write(f"{project}/prod/ledger", self.kept.data)

    def plant(self, content: bytes) -> None:
        self.bucket().write("acme/prod/ledger", content)

    def advance(self, duration: timedelta) -> None:
        self.server.ahead += duration

    def hinder_writes(self) -> None:
        self.server.refuses = "/ledger"

    def remove_lock(self) -> None:
        self.bucket().delete("acme/prod/lock")

    def bucket(self) -> Bucket:
        return Bucket(bucket_settings(self.server.url, self.prefix))


def bucket_settings(url: str, prefix: str) -> BucketSettings:
    return BucketSettings(
        endpoint=url,
        bucket=BUCKET,
        region="eu-west-1",
        prefix=prefix,
        access_key_id=Secret("AKIA-TEST"),
        secret_access_key=Secret("never-to-be-seen"),
    )
