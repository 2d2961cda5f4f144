"""Turn the people of a list or query into inbound files."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.exchange.exporting import run_export
from audctl.exchange.faults import fault
from audctl.exchange.job import ExportJob, IdSpace
from audctl.operations.context import SystemClock
from audctl.operations.exchange.bindings import find_export
from audctl.operations.exchange.numbers import Numbers
from audctl.operations.exchange.places import open_engine
from audctl.operations.exchange.sources import Sources
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.exchange.ports import Told
    from audctl.model.exchange import ExportOutcome
    from audctl.operations.context import Context
    from audctl.operations.exchange.bindings import BoundExport
    from audctl.operations.exchange.options import ExportOptions


def exchange_export(context: Context, options: ExportOptions, told: Told) -> ExportOutcome:
    """Return what became of everybody; the files lie in ``options.out``, whole, or are not there."""
    clock = SystemClock()
    loaded = load(context)
    with ExitStack() as stack:
        sources = Sources(context, loaded, stack, offline=options.numbers.offline)
        bound = find_export(loaded, options.binding, clock.now().date())
        job = export_job(bound, options, sources)
        result = sources.result(options.out, options.engine.spill, told)
        engine = stack.enter_context(open_engine(options.engine, options.out))
        outcome = run_export(job, engine, told, clock, result)
        if result is not None:
            result.finish(outcome.files, _described(outcome, clock))
        sources.used()
    return outcome


def export_job(bound: BoundExport, options: ExportOptions, sources: Sources) -> ExportJob:
    """Return the job that a binding's manifests and the options make; the law has been asked."""
    numbers = Numbers(sources.ledger, offline=options.numbers.offline)
    source = numbers.of(bound.ids.data_source.of("aam.dataSource"), options.numbers.data_source_id)
    if source is None:
        raise fault(
            "AUD2706",
            f"Audience Manager's number of {bound.ids.data_source} is not known, and names of inbound files need it",
            "apply the project first, or give it with --data-source-id",
        )
    space = IdSpace(
        kind=bound.ids.kind, hashing=bound.ids.hashing, data_source_id=source, key=bound.ids.key
    )
    return ExportJob(
        binding=str(bound.address),
        members=sources.members(options.members, bound.list_name, options.people, space),
        space=space,
        trait_id=numbers.of(bound.address.of("aam.trait"), options.numbers.trait_id),
        trait_code=bound.trait_code,
        mode=options.mode,
        at=SystemClock().now(),
        people=sources.people(options.people, space, pairs_ids=options.pairs_ids),
        split_bytes=options.split_bytes,
        is_gzip=options.is_gzip,
        pairs_ids=options.pairs_ids,
        previous=sources.earlier(options.previous),
        takes_back=options.takes_back,
        form=options.form,
    )


def _described(outcome: ExportOutcome, clock: SystemClock) -> dict[str, object]:
    """Return what a result's manifest says beside its files."""
    return {
        "kind": "export",
        "binding": outcome.binding,
        "dataSource": outcome.data_source_id,
        "madeAt": clock.now().isoformat(timespec="seconds"),
        "madeBy": f"audctl {__version__}",
        "ids": outcome.ids,
        "idPairs": outcome.id_pairs,
        "complement": outcome.complement,
        "tally": {"rows": outcome.tally.rows, **outcome.tally.buckets},
    }
