"""``audctl ledger``: one file per command; this table puts them together, in the order of the help text."""

import typer

from audctl.cli.ledger.export import export
from audctl.cli.ledger.forget import forget
from audctl.cli.ledger.history import history
from audctl.cli.ledger.import_ import import_
from audctl.cli.ledger.list_ import list_entries
from audctl.cli.ledger.move import move
from audctl.cli.ledger.rebuild import rebuild
from audctl.cli.ledger.show import show
from audctl.cli.ledger.unlock import unlock

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.callback()
def ledger() -> None:
    """Look after audctl's record of what it owns.

    Example: audctl ledger list --env prod
    """


app.command("list")(list_entries)
app.command("show")(show)
app.command("history")(history)
app.command("mv")(move)
app.command("forget")(forget)
app.command("unlock")(unlock)
app.command("rebuild")(rebuild)
app.command("export")(export)
app.command("import")(import_)
