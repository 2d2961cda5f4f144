"""Tell how many would cross a binding, before anybody does."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.exchange.job import Template
from audctl.exchange.previewing import preview_export, preview_import
from audctl.model.suggestion import did_you_mean
from audctl.operations.context import SystemClock
from audctl.operations.exchange.bindings import find_export, find_import
from audctl.operations.exchange.members_in import import_job
from audctl.operations.exchange.members_out import export_job
from audctl.operations.exchange.numbers import Numbers
from audctl.operations.exchange.options import (
    EngineOptions,
    ExportOptions,
    ImportOptions,
    NumberOptions,
    PeopleOptions,
)
from audctl.operations.exchange.places import open_engine
from audctl.operations.exchange.sources import Sources
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.exchange.ports import Engine, Told
    from audctl.model.exchange import Preview
    from audctl.operations.context import Context
    from audctl.operations.load import Loaded

_KINDS = ("ImportBinding", "ExportBinding")
_NO_SPLIT = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """One preview; of an export, what is about files has no meaning."""

    binding: str
    """Name, or kind and name where both kinds have it."""
    files: str = ""
    members: str = ""
    people: PeopleOptions = field(default_factory=PeopleOptions)
    numbers: NumberOptions = field(default_factory=NumberOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    template: Template = field(default_factory=Template)
    sample: int | None = None
    """Ids to ask Campaign about; None: all are matched."""


def exchange_preview(context: Context, options: PreviewOptions, told: Told) -> Preview:
    """Return the funnel of a binding; nothing is written anywhere but to a spool that goes."""
    loaded = load(context)
    with ExitStack() as stack:
        sources = Sources(context, loaded, stack, offline=options.numbers.offline)
        found = preview(loaded, options, sources, told)
        sources.used()
    return found


def preview(loaded: Loaded, options: PreviewOptions, sources: Sources, told: Told) -> Preview:
    """Return the funnel of one binding over sources that stand already; the law has been asked first."""
    kind, name = _binding(loaded, options.binding)
    options = replace(options, binding=name)
    with open_engine(options.engine, None) as engine:
        if kind == "ExportBinding":
            return _export(loaded, options, sources, engine, told)
        return _import(loaded, options, sources, engine, told)


def _import(
    loaded: Loaded, options: PreviewOptions, sources: Sources, engine: Engine, told: Told
) -> Preview:
    clock = SystemClock()
    bound = find_import(loaded, options.binding, clock.now().date())
    asked = ImportOptions(
        binding=options.binding,
        files=options.files,
        people=options.people,
        numbers=options.numbers,
        template=options.template,
        out=None,
    )
    job = import_job(loaded, bound, asked, sources)
    ask = sources.ask(options.people, job.space) if options.sample else None
    return preview_import(
        job, engine, told, clock, sample=options.sample, ask=ask, kept=sources.kept
    )


def _export(
    loaded: Loaded, options: PreviewOptions, sources: Sources, engine: Engine, told: Told
) -> Preview:
    clock = SystemClock()
    bound = find_export(loaded, options.binding, clock.now().date())
    numbers = Numbers(sources.ledger, offline=options.numbers.offline)
    source = numbers.of(bound.ids.data_source.of("aam.dataSource"), options.numbers.data_source_id)
    asked = ExportOptions(
        binding=options.binding,
        members=options.members,
        people=options.people,
        # It only names files, and there will be none.
        numbers=replace(options.numbers, data_source_id=source or 0),
        split_bytes=_NO_SPLIT,
        pairs_ids=False,
        out=None,
    )
    return preview_export(export_job(bound, asked, sources), engine, told, clock)


def _binding(loaded: Loaded, text: str) -> tuple[str, str]:
    """Return kind and name of a binding; raise UsageError for one that is not there, or that may be two."""
    kind, slash, name = text.partition("/")
    bindings = [each.address for each in loaded.resources if each.address.kind in _KINDS]
    if slash and kind in _KINDS:
        return kind, name
    found = [each for each in bindings if each.name == text]
    if len(found) == 1:
        return found[0].kind, text
    if found:
        raise UsageError(
            f'"{text}" names two bindings: say ImportBinding/{text} or ExportBinding/{text}'
        )
    if loaded.has_errors:
        return "ImportBinding", text  # what is wrong with the manifests is told there
    near = did_you_mean(text, [each.name for each in bindings])
    raise UsageError(f'no manifest defines a binding "{text}"{f"; {near}" if near else ""}')
