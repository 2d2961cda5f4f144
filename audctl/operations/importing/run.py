"""From what is live to files, and back from the files to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.brownfield.choose import names_match
from audctl.errors import FindingsError, UsageError
from audctl.manifest.environment import AudienceIdentifier
from audctl.model.imported import FileChange, ImportReport
from audctl.model.plan import PlanOptions
from audctl.operations.connect import connect
from audctl.operations.context import StoppableReading, SystemClock
from audctl.operations.importing.drafts import Known, draft_resources
from audctl.operations.importing.files import update_files, write_files
from audctl.operations.importing.proof import prove
from audctl.operations.importing.read import read_whole
from audctl.operations.load import load
from audctl.plan.build import draft_plan
from audctl.resolve.desired import desired_objects

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.desired import DesiredObject
    from audctl.model.finding import Finding
    from audctl.model.resource import Resource
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.import_ import ImportOptions
    from audctl.operations.importing.drafts import Drafts
    from audctl.operations.load import Loaded
    from audctl.plan.build import Draft


def run_import(context: Context, options: ImportOptions) -> ImportReport:
    """Read, draft, write, read the files again, and plan with them; see ``import_live``."""
    loaded = load(context, may_be_empty=True)
    desired = loaded.desired()
    out = folder_for_new(loaded, options.out)
    reading = StoppableReading(context.observer, context.stop)
    with connect(
        loaded.project,
        loaded.environment,
        clock=SystemClock(context.stop),
        observer=context.observer,
        stop=context.stop,
        tracer=context.tracer,
    ) as connection:
        ledger = connection.store.load()
        identifier = _identifier(loaded)
        live = read_whole(connection, desired, ledger, reading, audience_identifier=identifier)
        known = Known(
            resources=loaded.resources,
            desired=desired,
            live=live,
            ledger=ledger,
            foreign=connection.store.owners(),
            audience_identifier=identifier,
            out=out,
            removed=loaded.project.removed,
        )
        return _Import(context, options, loaded, known, connection).run()


def folder_for_new(loaded: Loaded, out: Path | None) -> str:
    """Return the folder for new files relative to the project's root; raise UsageError for one that nobody reads."""
    root = loaded.project.root.resolve()
    places = [(root / each).resolve() for each in loaded.project.manifests]
    chosen = places[0] if out is None else out.resolve()
    if not any(chosen.is_relative_to(each) for each in places):
        shown = ", ".join(loaded.project.manifests)
        raise UsageError(
            f"--out {out}: manifests are read from {shown} only; choose a folder there, or add this one to"
            " spec.manifests"
        )
    if chosen.exists() and not chosen.is_dir():
        raise UsageError(f"--out {out}: that is a file; name a folder")
    relative = chosen.relative_to(root)
    if any(part.startswith(".") for part in relative.parts):
        raise UsageError(f"--out {out}: manifests in hidden folders are not read")
    return f"{relative.as_posix()}/" if relative.parts else ""


def _identifier(loaded: Loaded) -> str:
    campaign = loaded.environment.campaign
    return (campaign.audience_identifier if campaign else AudienceIdentifier.MAPPING).value


class _Import:
    """One import, everything read."""

    def __init__(
        self,
        context: Context,
        options: ImportOptions,
        loaded: Loaded,
        known: Known,
        connection: Connection,
    ) -> None:
        self.context = context
        self.options = options
        self.loaded = loaded
        self.known = known
        self.connection = connection
        self.findings: list[Finding] = []

    def run(self) -> ImportReport:
        root, dry_run = self.loaded.project.root, self.options.dry_run
        drafts = draft_resources(self.known, self.options)
        self.findings.extend(drafts.findings)
        files = write_files(root, drafts.chosen, self.findings, dry_run=dry_run)
        done = {each.address for each in files}
        desired = desired_objects(
            (*self.loaded.resources, *(each for each in drafts.chosen if each.address in done)),
            audience_identifier=self.known.audience_identifier,
        )
        if self.options.update:
            files += update_files(
                root,
                self._asked_for(drafts),
                self._plan(desired),
                drafts.tenant,
                self.findings,
                dry_run=dry_run,
            )
        if files and not dry_run:
            desired = self._read_back() or desired
        proof = prove(
            self._plan(desired),
            frozenset(each.address for each in files if each.change is FileChange.WRITTEN),
            frozenset(each.address for each in self.known.desired if each.resource is None),
        )
        self.findings.extend(proof.findings)
        return ImportReport(
            files=tuple(sorted(files, key=lambda each: (each.path, each.address))),
            skipped=drafts.skipped,
            managed=drafts.managed,
            adopt=proof.adopt,
            observed=proof.observed,
            change=proof.change,
            findings=tuple(sorted(self.findings, key=lambda each: each.sort_key)),
            dry_run=dry_run,
            live_as_of=self.known.live.read_at,
        )

    def _asked_for(self, drafts: Drafts) -> list[Resource]:
        """Return the existing resources that may be brought up to date."""
        patterns, objects = self.options.patterns, drafts.tenant.objects
        return [
            each
            for each in self.loaded.resources
            if not patterns or names_match(patterns, each.address, objects.get(each.address, ()))
        ]

    def _plan(self, desired: tuple[DesiredObject, ...]) -> Draft:
        """Return the steps that adopting would take; nobody is asked about people, and no guard judges."""
        return draft_plan(
            desired,
            self.known.live,
            self.known.ledger,
            project=self.loaded.project.name,
            environment=self.connection.identity,
            options=PlanOptions(adopt=True),
            owners=self.known.foreign,
            now=self.known.live.read_at,
        )

    def _read_back(self) -> tuple[DesiredObject, ...] | None:
        """Read the files as any other command will; what is wrong with them is told, and they stay."""
        try:
            return load(self.context, may_be_empty=True).desired()
        except FindingsError as error:
            self.findings.extend(error.findings)
            return None
