"""Measure the match rates of the bindings that a draft makes or changes: for plans that ask, and for their guard.

Where Campaign itself is asked, a sample has to do: a plan must not read ten million recipients. What bindings have in
common is read once: the files of their destination, and tables that do not lie on this machine. Nothing here fails a
plan: what cannot be told is unknown, with the reason, and counts as too low where there is a floor.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from audctl.errors import AudctlError, FindingsError, InterruptedRun
from audctl.model.address import Address
from audctl.model.change import Change
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.match_rate import Basis, MatchRate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.resource import Resource
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.load import Loaded
    from audctl.plan.build import Draft

SAMPLE: Final = 1000
"""Ids of one audience: an interval of at most three points to either side, for three calls."""
_LONGEST_REASON: Final = 200
_STILL: Final = frozenset({Change.KEEP, Change.DELETE, Change.FORGET})


class _Silent:
    def advanced(self, work: str, rows: int, share: float | None) -> None:
        """Hear it; a plan shows no progress of its parts."""


def wants_match_rates(draft: Draft) -> bool:
    """Whether the project has a floor under match rates anywhere."""
    limits = draft.policy.limits
    return limits.min_match_rate is not None or any(
        isinstance(each.min_match_rate, str) for each in limits.labelled
    )


def measure_match_rates(
    draft: Draft, loaded: Loaded, connection: Connection, context: Context
) -> tuple[MatchRate, ...]:
    """Return the match rate of each binding that the draft makes or changes, itself or by its data source."""
    found = []
    bindings = []
    for each in _moving(draft, loaded):
        if _starts_empty(draft, each):
            found.append(MatchRate(address=each.address, total=0, basis=Basis.SOURCE))
        else:
            bindings.append(each)
    # Campaign's recipients are kept for one data source at a time.
    bindings.sort(key=lambda each: (_data_source(each), each.address))
    if not bindings:
        return tuple(found)
    from audctl.exchange.kept import Kept  # noqa: PLC0415 - slow to import
    from audctl.exchange.work_folder import work_folder  # noqa: PLC0415
    from audctl.operations.exchange.preview import PreviewOptions, preview  # noqa: PLC0415
    from audctl.operations.exchange.sources import Sources  # noqa: PLC0415

    with ExitStack() as stack:
        kept = Kept(stack.enter_context(work_folder(None))) if len(bindings) > 1 else None
        sources = Sources(
            context, loaded, stack, connection=connection, ledger=draft.ledger, kept=kept
        )
        for each in bindings:
            try:
                options = PreviewOptions(binding=str(each.address), sample=SAMPLE)
                rate = preview(loaded, options, sources, _Silent()).rate
            except InterruptedRun:
                raise
            except AudctlError as error:
                rate = MatchRate(address=each.address, why=_reason(error))
            found.append(rate)
        sources.used()
    return tuple(found)


def _moving(draft: Draft, loaded: Loaded) -> Iterator[Resource]:
    moved = {each.address.resource for each in draft.steps if each.change not in _STILL}
    looked_at = {each.address.resource for each in draft.steps}
    for each in loaded.resources:
        spec = each.spec
        if not isinstance(spec, ImportBindingSpec | ExportBindingSpec):
            continue
        # A selection may leave the binding out while its data source changes.
        by_source = any(
            address.kind == "DataSource" and address.name == spec.data_source for address in moved
        )
        if each.address in moved or (by_source and each.address in looked_at):
            yield each


def _starts_empty(draft: Draft, binding: Resource) -> bool:
    """Whether the binding exports a list that the draft itself makes: nobody is in it, and that is certain."""
    spec = binding.spec
    if not isinstance(spec, ExportBindingSpec) or not isinstance(spec.source.list, str):
        return False
    source = Address("List", spec.source.list)
    return any(
        each.address.resource == source and each.change is Change.CREATE for each in draft.steps
    )


def _data_source(binding: Resource) -> str:
    spec = binding.spec
    assert isinstance(spec, ImportBindingSpec | ExportBindingSpec)
    return spec.data_source


def _reason(error: AudctlError) -> str:
    text = (
        error.findings[0].message
        if isinstance(error, FindingsError) and error.findings
        else str(error)
    )
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 3]}..."
