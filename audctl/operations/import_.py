"""Write manifests for what is live, and prove by a plan that they say what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.imported import ImportReport
    from audctl.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What a person asks of one import."""

    patterns: tuple[str, ...] = ()
    """Globs over addresses, types, labels and keys; none: everything nobody owns."""
    out: Path | None = None
    """Folder for new files; None: the project's first folder of manifests."""
    adopt: bool = False
    """Write into each manifest that applying may take the objects over."""
    observe: bool = False
    """Write into each manifest that audctl only looks."""
    update: bool = False
    """Bring values that changed live into existing manifests."""
    dry_run: bool = False


def import_live(context: Context, options: ImportOptions) -> ImportReport:
    """Write a file for each resource that is live and that no manifest means yet; read them again, and plan.

    Existing files are left alone, unless ``options.update`` asks for their values. Nothing live is written.
    """
    from audctl.operations.importing.run import run_import  # noqa: PLC0415 - not for validate

    return run_import(context, options)
