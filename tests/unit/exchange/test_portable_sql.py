"""The statements are written for DuckDB, and SQLGlot can put every one of them into Spark's words."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot.errors import ErrorLevel

from audctl.exchange import export_sql, import_sql, sql_text
from tests.exchange import DECLARED, HASHED, VISITOR


def sources(*, asks: bool, numbers: bool) -> sql_text.Sources:
    return sql_text.Sources(
        has_recipients=True, asks_recipients=asks, unusable_opt_outs=0, are_numbers=numbers
    )


SPACES = {"visitor": VISITOR, "declared": DECLARED, "hashed": HASHED}
STATEMENTS = {
    **{
        f"{module.__name__.rpartition('.')[2]}.{name}": text
        for module in (import_sql, export_sql, sql_text)
        for name, text in vars(module).items()
        if name.isupper() and isinstance(text, str) and "SELECT" in text
    },
    "mentions": import_sql.mentions("it's", "80021"),
    "pattern_effect": import_sql.pattern_effect("vip", 2),
    "trait_lines": export_sql.trait_lines("d_sid=1", "d_unsid=1"),
    "visitor_pairs": export_sql.visitor_pairs(VISITOR),
    "listed_numbers": sql_text.listed_numbers(),
    "unusable_opt_outs": sql_text.unusable_opt_outs(),
    **{
        f"standing, {asks}": sql_text.standing("id_pair", sources(asks=asks, numbers=True))
        for asks in (True, False)
    },
    **{
        f"in order, {numbers}": import_sql.members_in_order(sources(asks=True, numbers=numbers))
        for numbers in (True, False)
    },
    **{
        f"{function.__name__}, {name}": function(space)
        for name, space in SPACES.items()
        for function in (import_sql.id_pair, import_sql.strangers, export_sql.person_id)
    },
    **{
        f"opted_out, {numbers}": sql_text.opted_out(
            "recipients",
            flagged=sql_text.is_up("p.opted_out", is_number=numbers),
            has_list=True,
            are_numbers=numbers,
        )
        for numbers in (True, False)
    },
    **{f"id_holder, {name}": sql_text.id_holder(space) for name, space in SPACES.items()},
}


@pytest.mark.parametrize("text", STATEMENTS.values(), ids=list(STATEMENTS))
def test_every_statement_has_words_in_spark(text: str) -> None:
    (put,) = sqlglot.transpile(
        text, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE
    )
    assert sqlglot.parse_one(put, read="spark") is not None


def test_there_are_statements_to_put() -> None:
    assert len(STATEMENTS) > 25
