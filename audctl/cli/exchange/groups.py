"""Options that exchange commands have in common, by what they are about, each group with what it comes to.

A command names a group as one parameter; :func:`spread` lets it have one option for each of the group's fields.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audctl.cli.console import Output
from audctl.cli.exchange.options import (
    ColumnOption,
    DataSourceIdOption,
    EngineName,
    EngineOption,
    FlagOption,
    FormOption,
    GzipOption,
    MasterOption,
    MemoryOption,
    OfflineOption,
    OptOutsOption,
    RecipientsOption,
    SpillOption,
    ThreadsOption,
    TrackingOption,
    columns_of,
    engine_of,
)
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption
from audctl.exchange.job import (
    Control,
    MembersForm,
    SegmentValue,
    Separator,
    Template,
    Timestamps,
)

if TYPE_CHECKING:
    from audctl.operations.exchange.options import EngineOptions, NumberOptions, PeopleOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWords:
    """Where Campaign's people are."""

    recipients: RecipientsOption = ""
    tracking: TrackingOption = ""
    opt_outs: OptOutsOption = ""
    opt_out_flag: FlagOption = True
    column: ColumnOption = None

    def options(self) -> "PeopleOptions":
        """Return what is meant; UsageError for a column's role that is none."""
        from audctl.operations.exchange.options import PeopleOptions

        return PeopleOptions(
            recipients=self.recipients,
            tracking=self.tracking,
            opt_outs=self.opt_outs,
            honours_flag=self.opt_out_flag,
            columns=columns_of(self.column),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWords:
    """In which form a result is written."""

    form: FormOption = MembersForm.CSV
    gzip: GzipOption = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceWords:
    """What in outbound files is the audience's, and how they are written."""

    segment_id: Annotated[
        int | None,
        typer.Option(
            "--segment-id",
            metavar="N",
            help="Audience Manager's number of the segment; otherwise as the ledger has it.",
        ),
    ] = None
    timestamps: Annotated[
        Timestamps,
        typer.Option(
            "--timestamps",
            metavar="auto|seconds|milliseconds",
            help="How file names write times.",
        ),
    ] = Timestamps.AUTO
    separator: Annotated[
        Separator,
        typer.Option(
            "--separator", metavar="auto|one|two", help="Blanks between the columns of a line."
        ),
    ] = Separator.AUTO
    segment_value: Annotated[
        SegmentValue,
        typer.Option(
            "--segment-value",
            metavar="auto|alias|sid",
            help="What stands for a segment in a line.",
        ),
    ] = SegmentValue.AUTO
    control: Annotated[
        Control,
        typer.Option(
            "--control",
            metavar="auto|required|ignored",
            help="Whether a transfer needs its control file.",
        ),
    ] = Control.AUTO

    def template(self) -> Template:
        """Return how the files are written."""
        return Template(
            timestamps=self.timestamps,
            separator=self.separator,
            value=self.segment_value,
            control=self.control,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWords:
    """Audience Manager's numbers, as far as every exchange needs them."""

    data_source_id: DataSourceIdOption = None
    offline: OfflineOption = False

    def options(
        self, *, segment_id: int | None = None, trait_id: int | None = None
    ) -> "NumberOptions":
        """Return these and those that one command knows."""
        from audctl.operations.exchange.options import NumberOptions

        return NumberOptions(
            data_source_id=self.data_source_id,
            segment_id=segment_id,
            trait_id=trait_id,
            offline=self.offline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWords:
    """What runs an exchange, and what it may use."""

    engine: EngineOption = EngineName.DUCKDB
    master: MasterOption = ""
    memory: MemoryOption = ""
    threads: ThreadsOption = None
    spill: SpillOption = None

    def options(self) -> "EngineOptions":
        """Return what is meant; UsageError for a size or folder that is none."""
        return engine_of(self.memory, self.threads, self.spill, self.engine, self.master)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonWords:
    """What every command that knows a project takes."""

    project: ProjectOption = None
    environment: EnvironmentOption = None
    output: OutputOption = Output.TEXT


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Return a command with one parameter for each field of the groups among its parameters: Typer knows none."""
    given = inspect.signature(command).parameters
    groups: dict[str, type[Any]] = {
        name: each.annotation
        for name, each in given.items()
        if isinstance(each.annotation, type) and is_dataclass(each.annotation)
    }

    def run(**words: Any) -> int:  # noqa: ANN401 - as Typer gives them
        built = {
            name: group(**{each.name: words.pop(each.name) for each in fields(group)})
            for name, group in groups.items()
        }
        return command(**words, **built)

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, one in given.items()
        for each in (
            inspect.signature(groups[name]).parameters.values() if name in groups else (one,)
        )
    ]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]  # as inspect reads it
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
