"""Where members come from: what options name, else what the project's environment says, opened.

A path on the command line starts from the working directory, one in the project file from the project's folder.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audctl.errors import UsageError
from audctl.exchange.folder_store import FolderStore, local_table
from audctl.exchange.job import IdKind, People
from audctl.exchange.result import open_result
from audctl.exchange.s3_store import SCHEME, S3Access, S3Files, parse_s3
from audctl.model.people import PeopleKind
from audctl.operations.context import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from audctl.exchange.campaign_table import CampaignTable
    from audctl.exchange.job import IdSpace
    from audctl.exchange.kept import Kept
    from audctl.exchange.ports import FileStore, TableSource, Told
    from audctl.exchange.result import Result
    from audctl.manifest.environment import S3Settings
    from audctl.model.ledger import Ledger
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.exchange.options import PeopleOptions
    from audctl.operations.load import Loaded

CAMPAIGN: Final = "campaign"
"""Word in the place of a table: Campaign itself, over SOAP."""
_POSTGRES: Final = ("postgresql://", "postgres://")
_ROLES: Final = {
    PeopleKind.RECIPIENTS: "recipients",
    PeopleKind.TRACKING_LOGS: "tracking logs",
    PeopleKind.MEMBERS: "members",
    None: "opt-outs",
}


@dataclass(frozen=True, slots=True)
class _Named:
    """A place, and from where its path starts."""

    text: str
    base: Path
    option: str


def access_of(settings: S3Settings) -> S3Access:
    """Return how buckets are reached."""
    return S3Access(
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        session_token=settings.session_token,
    )


class Sources:
    """Opens places for the length of ``stack``; what was read from Campaign is kept until :meth:`used`."""

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        context: Context,
        loaded: Loaded,
        stack: ExitStack,
        *,
        connection: Connection | None = None,
        ledger: Ledger | None = None,
        kept: Kept | None = None,
        offline: bool = False,
    ) -> None:
        """Take what stands already, if anything does; with ``offline`` no live system may be asked."""
        self._context = context
        self._loaded = loaded
        self._stack = stack
        self._settings = loaded.environment.exchange
        self._connection = connection
        self._ledger = ledger
        self.kept = kept
        """What several jobs read alike; None: there is one."""
        self._offline = offline
        self._from_campaign: list[CampaignTable] = []
        self._holds: dict[tuple[PeopleKind, str], ExitStack] = {}

    def files(self, text: str) -> FileStore:
        """Return Audience Manager's files."""
        named = self._named(text, self._settings.files, "--files")
        if not named.text:
            raise UsageError(
                "--files DIR says where Audience Manager's files are; or set exchange.files of the environment"
            )
        return self._store(named)

    def earlier(self, text: str) -> FileStore | None:
        """Return where an earlier result is; None when nothing says so."""
        return self._store(_Named(text, Path(), "--previous")) if text else None

    def result(self, out: str | None, spill: Path | None, told: Told) -> Result | None:
        """Give a result in the making, given up with ``stack`` unless it is finished; None: it goes nowhere."""
        if out is None:
            return None
        if not out.startswith(SCHEME):
            return self._stack.enter_context(open_result(Path(out)))
        from audctl.exchange.bucket_result import open_bucket_result  # noqa: PLC0415 - one of several

        return self._stack.enter_context(open_bucket_result(self.bucket(out), spill, told))

    def _store(self, named: _Named) -> FileStore:
        if named.text.startswith(SCHEME):
            return self.bucket(named.text)
        return FolderStore(named.base / named.text)

    def bucket(self, address: str) -> S3Files:
        """Return files in S3."""
        return parse_s3(address, access_of(self._settings.s3))

    def people(self, options: PeopleOptions, space: IdSpace, *, pairs_ids: bool = False) -> People:
        """Return where Campaign's people are; ``pairs_ids``: visitor ids are wanted whatever people are matched by."""
        columns = {**self._settings.columns, **options.columns}
        settings = self._settings
        # Tracking logs are the longest of all tables: nobody reads them without need.
        follows = pairs_ids or space.kind is IdKind.VISITOR
        return People(
            recipients=self._table(
                self._named(options.recipients, settings.recipients, "--recipients"),
                PeopleKind.RECIPIENTS,
                space,
                columns,
            ),
            tracking=self._table(
                self._named(options.tracking, settings.tracking if follows else "", "--tracking"),
                PeopleKind.TRACKING_LOGS,
                space,
                columns,
            ),
            opt_outs=self._opt_outs(options, space, columns),
            honours_flag=options.honours_flag,
            columns=columns,
        )

    def ask(
        self, options: PeopleOptions, space: IdSpace
    ) -> Callable[[Sequence[str]], People] | None:
        """Return how Campaign is asked about some ids alone; None when their table is elsewhere, or holds digests."""
        from audctl.exchange.campaign_sample import CampaignSample  # noqa: PLC0415 - one of several

        recipients = self._named(options.recipients, self._settings.recipients, "--recipients")
        tracking = self._named(options.tracking, self._settings.tracking, "--tracking")
        holder = tracking if space.kind is IdKind.VISITOR else recipients
        if holder.text != CAMPAIGN or not CampaignSample.is_possible(space):
            return None
        whole = self.people(options, space)

        def ask(ids: Sequence[str]) -> People:
            sample = CampaignSample(self.connection().campaign, space, whole.columns, ids)
            return replace(
                whole,
                recipients=sample.recipients() if recipients.text == CAMPAIGN else whole.recipients,
                tracking=sample.tracking() if space.kind is IdKind.VISITOR else whole.tracking,
            )

        return ask

    def members(
        self, text: str, list_name: str, options: PeopleOptions, space: IdSpace
    ) -> TableSource:
        """Return the people of a list or query; ``list_name``: of Campaign's list, empty for a query.

        Unless an option names a table, a list's members are read from Campaign.
        """
        if text in ("", CAMPAIGN) and not list_name:
            raise UsageError(
                "--members TABLE says who is exported: what the binding's query finds is known to Campaign alone"
            )
        named = _Named(text or CAMPAIGN, Path(), "--members")
        columns = {**self._settings.columns, **options.columns}
        table = self._table(named, PeopleKind.MEMBERS, space, columns, list_name=list_name)
        assert table is not None  # it has a name
        return table

    def connection(self) -> Connection:
        """Return the live systems, connected when first needed."""
        if self._offline:
            raise UsageError("--offline: this needs Campaign or the ledger; leave it out")
        if self._connection is None:
            from audctl.operations.connect import connect  # noqa: PLC0415 - slow to import

            self._connection = self._stack.enter_context(
                connect(
                    self._loaded.project,
                    self._loaded.environment,
                    clock=SystemClock(self._context.stop),
                    observer=self._context.observer,
                    stop=self._context.stop,
                )
            )
        return self._connection

    def ledger(self) -> Ledger:
        """Return the ledger, read when first needed."""
        if self._ledger is None:
            self._ledger = self.connection().store.load()
        return self._ledger

    def list_id(self, name: str) -> str:
        """Return the id of the list that Campaign knows by this name; raise a FindingsError when there is none."""
        from audctl.exchange.faults import fault  # noqa: PLC0415 - only where it fails

        found = self.connection().campaign.find("campaign.list", (name,))
        if found is None:
            raise fault(
                "AUD2734",
                f'Campaign has no list "{name}"',
                "apply the project first, or correct the list's name",
            )
        return found.id

    def used(self) -> None:
        """Remove what was read from Campaign: the exchange is done."""
        for each in self._from_campaign:
            each.drop()

    def _named(self, option: str, setting: str, name: str) -> _Named:
        if option:
            return _Named(option, Path(), name)
        return _Named(setting, self._loaded.project.root, f"exchange.{name.removeprefix('--')}")

    def _opt_outs(
        self, options: PeopleOptions, space: IdSpace, columns: Mapping[str, str]
    ) -> TableSource | None:
        named = self._named(options.opt_outs, self._settings.opt_outs, "--opt-outs")
        if named.text == CAMPAIGN:
            raise UsageError(
                f"{named.option} {CAMPAIGN}: Campaign's own opt-outs come with its recipients;"
                " name a table, or leave it out"
            )
        return self._table(named, None, space, columns)

    def _table(
        self,
        named: _Named,
        kind: PeopleKind | None,
        space: IdSpace,
        columns: Mapping[str, str],
        *,
        list_name: str = "",
    ) -> TableSource | None:
        role = _ROLES[kind]
        if not named.text:
            return None
        if named.text == CAMPAIGN:
            assert kind is not None
            return self._campaign_table(kind, space, columns, list_name)
        if named.text.startswith(_POSTGRES):
            from audctl.exchange.postgres_table import postgres_table  # noqa: PLC0415 - an extra

            source: TableSource = postgres_table(
                named.text,
                password=self._settings.postgres.password,
                role=role,
                key=space.key,
                columns=columns,
            )
            return self.kept.table(source, (named.text, role, space.key)) if self.kept else source
        if named.text.startswith(SCHEME):
            from audctl.exchange.s3_table import S3Table  # noqa: PLC0415 - one of several

            source = S3Table(self.bucket(named.text), role)
            return self.kept.table(source, (named.text, role)) if self.kept else source
        return local_table(named.text, named.base, named.option)

    def _campaign_table(
        self, kind: PeopleKind, space: IdSpace, columns: Mapping[str, str], list_name: str
    ) -> TableSource:
        from audctl.exchange.campaign_table import CampaignTable  # noqa: PLC0415 - one of several

        connection = self.connection()
        identity = connection.identity
        place = (kind, list_name)
        if place not in self._holds:
            self._holds[place] = self._stack.enter_context(ExitStack())
        table = CampaignTable(
            reader=connection.campaign,
            kind=kind,
            folder=self._loaded.project.root / self._settings.work / identity.name,
            system=f"{identity.campaign} {identity.name}",
            clock=connection.clock,
            key=space.key,
            hashing=space.hashing,
            columns=columns,
            list_id=self.list_id(list_name) if list_name else "",
            hold=self._holds[place],
        )
        self._from_campaign.append(table)
        return table
