"""An edit of the ledger on the command line: shown, asked about, told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli.exit_codes import ExitCode
from audctl.cli.interrupt import interruptible
from audctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.cli.console import Console
    from audctl.model.ledger_edit import LedgerEdit

AutoApproveOption = Annotated[
    bool, typer.Option("--auto-approve", help="Do not ask. For runners, where nobody answers.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would become of the ledger; save nothing.")
]


def check_answerable(console: Console, *, auto_approve: bool, dry_run: bool) -> None:
    """Raise UsageError, before anything is read, where a question would find nobody to answer it."""
    if auto_approve or dry_run:
        return
    if not console.stdin.isatty():
        raise UsageError(
            "this asks for approval, and nobody can answer here; pass --auto-approve or --dry-run"
        )
    if console.wants_json:
        raise UsageError("--output json cannot ask for approval; pass --auto-approve or --dry-run")


def edit(
    console: Console,
    operation: Callable[[Callable[[LedgerEdit], bool]], LedgerEdit],
    *,
    auto_approve: bool,
    dry_run: bool = False,
) -> int:
    """Run an edit: show it, have it approved, tell what became of it; REFUSED when nobody said yes."""
    from audctl.render.ledger_json import ledger_edit_to_json
    from audctl.render.to_terminal import ledger_edit as to_terminal

    shown: list[LedgerEdit] = []

    def approve(proposed: LedgerEdit) -> bool:
        shown.append(proposed)
        if not console.wants_json:
            console.result(lambda paint: to_terminal.ledger_edit(proposed, paint), lambda: None)
        if dry_run or auto_approve:
            return auto_approve and not dry_run
        with interruptible():
            return console.ask("Change the ledger like this? Only 'yes' is taken for a yes:")

    ended = operation(approve)
    if console.wants_json:
        console.result(lambda _: (), lambda: ledger_edit_to_json(ended))
    elif not shown:
        console.result(lambda paint: to_terminal.ledger_edit(ended, paint), lambda: None)
    elif ended.saved:
        told = len(shown[0].notes)
        console.result(
            lambda paint: to_terminal.ledger_saved(ended, paint, told=told), lambda: None
        )
    if ended.saved or dry_run or not shown:
        return ExitCode.DONE
    console.tell("not changed: nobody said yes")
    return ExitCode.REFUSED
