from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from audctl.providers.campaign.mapping.folder import internal_name
from audctl.providers.campaign.options import _pattern
from audctl.providers.campaign.persist import parse_datetime
from audctl.providers.campaign.query import ID, Node, query_document, xtk_text

LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)


@given(st.text())
def test_a_literal_is_one_token_that_reads_back(value: str) -> None:
    found = LITERAL.fullmatch(xtk_text(value))

    assert found is not None
    assert re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) == value


@given(st.text(min_size=1), st.text())
def test_a_prefix_pattern_matches_at_least_what_starts_with_it(prefix: str, rest: str) -> None:
    pattern = _pattern(prefix)
    regex = "".join(
        ".*" if each == "%" else "." if each == "_" else re.escape(each) for each in pattern
    )

    assert pattern.count("%") == 1
    assert re.fullmatch(regex, prefix + rest, re.DOTALL)


def test_a_query_says_its_line_count_and_order() -> None:
    query = query_document(
        "nms:group",
        "select",
        (ID, Node("[folder/@name]", "@folderName")),
        ("@id > 3", "@name <> ''"),
        line_count=500,
        order=ID,
    )

    assert dict(query.items()) == {
        "xtkschema": "xtk:queryDef",
        "schema": "nms:group",
        "operation": "select",
        "lineCount": "500",
        "startLine": "0",
    }
    assert [dict(node.items()) for node in query.iterfind("select/node")] == [
        {"expr": "@id"},
        {"expr": "[folder/@name]", "alias": "@folderName"},
    ]
    assert [each.get("expr") for each in query.iterfind("where/condition")] == [
        "@id > 3",
        "@name <> ''",
    ]
    assert [each.get("expr") for each in query.iterfind("orderBy/node")] == ["@id"]


@given(st.text(min_size=1))
def test_a_folders_internal_name_is_an_identifier_of_its_whole_path(label: str) -> None:
    here, elsewhere = internal_name(f"/Lists/{label}"), internal_name(f"/Other/{label}")

    assert re.fullmatch(r"[A-Za-z0-9_]{1,64}", here)
    assert here != elsewhere
    assert here == internal_name(f"/Lists/{label}")


def test_moments_are_read_in_every_spelling() -> None:
    spellings = [
        "2022-09-26 03:13:36.480Z",
        "2022-09-26T03:13:36.480Z",
        "2022-09-26 05:13:36.480+02:00",
        "2022-09-26 03:13:36.480",
    ]

    assert len({parse_datetime(each) for each in spellings}) == 1
    assert parse_datetime("") is None
    assert parse_datetime("yesterday") is None
