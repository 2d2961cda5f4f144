"""``audctl exchange``: one file per command; this table puts them together, in the order of the help text."""

import typer

from audctl.cli.exchange.export import export_members
from audctl.cli.exchange.import_ import import_members
from audctl.cli.exchange.inspect import inspect_file
from audctl.cli.exchange.preview import preview

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.callback()
def exchange() -> None:
    """Match members of audiences with the people that Campaign knows.

    Example: audctl exchange import cart-abandoners-import --files in --recipients r.parquet --out members
    """


app.command("import")(import_members)
app.command("export")(export_members)
app.command("inspect")(inspect_file)
app.command("preview")(preview)
