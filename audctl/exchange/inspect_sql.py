"""What the lines of a file are, as counts; no id leaves these statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.export_sql import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_LINE = 102_400
"""Bytes; Audience Manager drops longer lines of inbound files."""
MOST_LINES = 200
"""Lines of one id in one inbound file; Audience Manager drops the others."""

_ITEM = r'd_(?:un)?sid *= *[0-9]+|[0-9]+:(?:0|-1)|[0-9]+|-?(?:"[^"]*"|[^",=[:space:]][^",=]*) *= *(?:"[^"]*"|[^",]*)'
ITEMS = f"^ *(?:{_ITEM}) *(?:, *(?:{_ITEM}) *)*$"

OUTBOUND_LINE = """
SELECT id, gap, split_part(body, ' ', 1) AS first,
    ltrim(substr(body, length(split_part(body, ' ', 1)) + 1)) AS second, body
FROM (
    SELECT CASE WHEN spot > 1 THEN substr(line, 1, spot - 1) END AS id,
        length(substr(line, spot)) - length(ltrim(substr(line, spot))) AS gap,
        CASE WHEN spot > 1 THEN ltrim(substr(line, spot)) END AS body
    FROM (
        SELECT line, strpos(line, ' ') AS spot
        FROM (SELECT rtrim(replace(line, chr(9), ' ')) AS line FROM line_in) AS clean
    ) AS found
) AS measured
"""
OUTBOUND: Mapping[str, str] = {
    "lines": "count(*)",
    "malformed": "sum(CASE WHEN id IS NULL OR regexp_matches(body, '[^ ] +[^ ]+ +[^ ]') THEN 1 ELSE 0 END)",
    "one blank": "sum(CASE WHEN gap = 1 THEN 1 ELSE 0 END)",
    "more blanks": "sum(CASE WHEN gap > 1 THEN 1 ELSE 0 END)",
    "two lists": "sum(CASE WHEN second <> '' THEN 1 ELSE 0 END)",
}

INBOUND_LINE = """
SELECT line, substr(line, 1, greatest(strpos(line, chr(9)) - 1, 0)) AS id,
    substr(line, strpos(line, chr(9)) + 1) AS items, strpos(line, chr(9)) AS spot
FROM line_in
"""
INBOUND: Mapping[str, str] = {
    "lines": "count(*)",
    "malformed": (
        "sum(CASE WHEN spot <= 1 OR strpos(items, chr(9)) > 0"
        f" OR NOT regexp_matches(items, '{ITEMS}') THEN 1 ELSE 0 END)"
    ),
    "unusable id": (
        "sum(CASE WHEN spot > 1 AND (regexp_matches(id, ':|%3[Aa]|^[[:space:]]|[[:space:]]$')"
        f" OR length(id) > {LONGEST_ID}) THEN 1 ELSE 0 END)"
    ),
    "address in clear": r"sum(CASE WHEN regexp_matches(id, '^[^@]+@[^@]+\.[^@]+$') THEN 1 ELSE 0 END)",
    "too long": f"sum(CASE WHEN bit_length(line) > {8 * LONGEST_LINE} THEN 1 ELSE 0 END)",
}

PAIR_LINE = "SELECT line, split_part(line, chr(9), 1) AS id FROM line_in"


def pairs(columns: int, *, hashed_emails: bool, visitors_first: bool) -> Mapping[str, str]:
    """Return the counts of an id file with so many data sources in its name."""
    cell = "[^\\t]+"
    shape = (
        f"^{cell}(?:\\t[0-9a-f]{{64}}){{1,10}}$"
        if hashed_emails
        else f"^{cell}(?:\\t{cell}){{{columns - 1}}}$"
    )
    found = {
        "lines": "count(*)",
        "malformed": f"sum(CASE WHEN regexp_matches(line, '{shape}') THEN 0 ELSE 1 END)",
        "ends in a blank": "sum(CASE WHEN regexp_matches(line, '[[:space:]]$') THEN 1 ELSE 0 END)",
    }
    if visitors_first:
        found["no visitor id"] = (
            "sum(CASE WHEN regexp_matches(id, '^[0-9]{38}$') THEN 0 ELSE 1 END)"
        )
    return found


ID_FORMS: Mapping[str, str] = {
    "38 digits": "^[0-9]{38}$",
    "64 hexadecimal digits": "^[0-9a-f]{64}$",
    "32 hexadecimal digits": "^[0-9a-f]{32}$",
    "device id in lower case": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    "device id in upper case": "^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$",
}


def id_forms() -> str:
    """Return how many distinct ids there are, of each form, and how often the most frequent one occurs."""
    forms = ", ".join(
        f"sum(CASE WHEN regexp_matches(id, '{pattern}') THEN 1 ELSE 0 END)"
        for pattern in ID_FORMS.values()
    )
    return f"SELECT count(*), max(row_count), {forms} FROM seen_id"


SEEN_ID = "SELECT id, count(*) AS row_count FROM inspected WHERE id <> '' GROUP BY id"

SEGMENTS = """
SELECT count(DISTINCT value) FROM (
    SELECT unnest(string_split(lists, ',')) AS value
    FROM (SELECT DISTINCT first AS lists FROM inspected UNION SELECT DISTINCT second FROM inspected) AS listed
) AS valued WHERE value <> ''
"""
