"""Turn an audience's outbound files into members of its list."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.exchange.importing import run_import
from audctl.exchange.job import IdSpace, ImportJob
from audctl.operations.context import SystemClock
from audctl.operations.exchange.bindings import find_import, known_segment
from audctl.operations.exchange.numbers import Numbers
from audctl.operations.exchange.places import open_engine
from audctl.operations.exchange.sources import Sources
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.exchange.ports import Told
    from audctl.model.exchange import ImportOutcome
    from audctl.operations.context import Context
    from audctl.operations.exchange.bindings import BoundImport
    from audctl.operations.exchange.options import ImportOptions
    from audctl.operations.load import Loaded


def exchange_import(context: Context, options: ImportOptions, told: Told) -> ImportOutcome:
    """Return what became of every line; the members lie in ``options.out``, whole, or are not there."""
    clock = SystemClock()
    loaded = load(context)
    with ExitStack() as stack:
        sources = Sources(context, loaded, stack, offline=options.numbers.offline)
        bound = find_import(loaded, options.binding, clock.now().date())
        job = import_job(loaded, bound, options, sources)
        target = None
        if options.into_list:
            from audctl.operations.exchange.into_list import find_target  # noqa: PLC0415 - few do

            target = find_target(loaded, sources, options.into_list)
        result = sources.result(options.out, options.engine.spill, told)
        engine = stack.enter_context(open_engine(options.engine, options.out))
        outcome = run_import(job, engine, told, clock, result)

        def finish() -> None:
            if result is not None:
                result.finish(outcome.files, _described(outcome, clock))

        if target is None:
            finish()
        else:
            from audctl.operations.exchange.into_list import write_to_list  # noqa: PLC0415

            change = write_to_list(
                loaded,
                sources,
                engine,
                told,
                target=target,
                audience=bound.audience,
                allowed=options.allowed,
                agreed=finish,
            )
            outcome = replace(outcome, into=str(target.address), change=change)
        sources.used()
    return outcome


def import_job(
    loaded: Loaded, bound: BoundImport, options: ImportOptions, sources: Sources
) -> ImportJob:
    """Return the job that a binding's manifests and the options make; the law has been asked."""
    numbers = Numbers(sources.ledger, offline=options.numbers.offline)
    space = IdSpace(
        kind=bound.ids.kind,
        hashing=bound.ids.hashing,
        data_source_id=numbers.of(
            bound.ids.data_source.of("aam.dataSource"), options.numbers.data_source_id
        ),
        key=bound.ids.key,
    )
    known = options.numbers.segment_id or known_segment(loaded, bound.audience)
    return ImportJob(
        binding=str(bound.address),
        destination_id=bound.destination_id,
        alias=bound.alias,
        sid=numbers.of(bound.audience.of("aam.segment"), known),
        space=space,
        files=sources.files(options.files),
        template=options.template,
        people=sources.people(options.people, space),
        form=options.form,
        is_gzip=options.is_gzip,
    )


def _described(outcome: ImportOutcome, clock: SystemClock) -> dict[str, object]:
    """Return what a result's manifest says beside its files."""
    return {
        "kind": "import",
        "binding": outcome.binding,
        "destination": outcome.destination_id,
        "dataSource": outcome.data_source_id,
        "asOf": outcome.as_of.isoformat(),
        "madeAt": clock.now().isoformat(timespec="seconds"),
        "madeBy": f"audctl {__version__}",
        "members": outcome.members,
        "tally": {"rows": outcome.tally.rows, **outcome.tally.buckets},
        "transfers": [each.name for each in outcome.transfers],
    }
