"""Turn an audience's outbound files into members of its list."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.exchange.importing import run_import
from audctl.exchange.job import IdSpace, ImportJob
from audctl.exchange.result import open_result
from audctl.operations.context import SystemClock
from audctl.operations.exchange.bindings import find_import, known_segment
from audctl.operations.exchange.numbers import Numbers
from audctl.operations.exchange.places import file_store, open_engine, people
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.exchange.ports import Told
    from audctl.model.exchange import ImportOutcome
    from audctl.operations.context import Context
    from audctl.operations.exchange.options import ImportOptions


def exchange_import(context: Context, options: ImportOptions, told: Told) -> ImportOutcome:
    """Return what became of every line; the members lie in ``options.out``, whole, or are not there."""
    clock = SystemClock()
    job = import_job(context, options)
    with ExitStack() as stack:
        result = stack.enter_context(open_result(options.out)) if options.out is not None else None
        engine = stack.enter_context(open_engine(options.engine, options.out))
        outcome = run_import(job, engine, told, clock, result)
        if result is not None:
            result.finish(outcome.files, _described(outcome, clock))
    return outcome


def import_job(context: Context, options: ImportOptions) -> ImportJob:
    """Return the job that a binding's manifests and the options make; the law has been asked."""
    loaded = load(context)
    bound = find_import(loaded, options.binding, SystemClock().now().date())
    numbers = Numbers(context, loaded, offline=options.numbers.offline)
    known = options.numbers.segment_id or known_segment(loaded, bound.audience)
    return ImportJob(
        binding=str(bound.address),
        destination_id=bound.destination_id,
        alias=bound.alias,
        sid=numbers.of(bound.audience.of("aam.segment"), known),
        space=IdSpace(
            kind=bound.ids.kind,
            hashing=bound.ids.hashing,
            data_source_id=numbers.of(
                bound.ids.data_source.of("aam.dataSource"), options.numbers.data_source_id
            ),
            key=bound.ids.key,
        ),
        files=file_store(options.files),
        template=options.template,
        people=people(options.people),
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
