"""Whatever is sent, the answer is a SOAP message or the plain text of a refused session: never a 500 or a defect."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from audctl.sandbox.campaign.expression_grammar import ExpressionSyntaxError, parse_expression
from audctl.sandbox.campaign.row_template import encode_text
from audctl.sandbox.server import start
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, envelope, outputs, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

FAST = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DEFECT = "XSV-350000 Internal error."
PIECES = [
    *(
        "@id",
        "@name",
        "@label",
        "@isAMC",
        "@created",
        "[folder/@name]",
        "[@folder-id]",
        "folder",
        "extension",
    ),
    *(
        "[amcDataSource/@label]",
        "@nothing",
        "rcpGrpRel",
        "[",
        "]",
        "(",
        ")",
        ",",
        "'a'",
        "'\\'",
        "'%_'",
        "''",
    ),
    *(
        "0",
        "1",
        "9" * 30,
        "1.5",
        "#2024-01-31#",
        "#x#",
        "GetDate()",
        "Count(",
        "Left(",
        "Char('9')",
        "Iif(",
    ),
    *(
        "=",
        "<>",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "IN",
        "IS",
        "NULL",
        "IS NOT NULL",
    ),
    *(
        "Sum(@id)",
        "AddDays(@created, 1)",
        "AddMonths(GetDate(), 999999999)",
        "Md5Digest(@name)",
        "--",
        ";",
        '"',
    ),
]
expressions = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.text(max_size=40),
)
xml_text = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    ),
    max_size=60,
)


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoapClient]:
    with start(tmp_path_factory.mktemp("fuzz")) as sandbox, SoapClient(sandbox.url) as client:
        client.write('<group xtkschema="nms:group" name="a" label="A"/>')
        yield client


def check(response: httpx.Response) -> None:
    assert response.status_code in (200, 403), response.text
    assert DEFECT not in response.text
    assert "Traceback" not in response.text
    if response.status_code == 403:
        assert response.text.startswith("XSV-35")
        return
    assert "SELECT " not in response.text
    with suppress(Fault):
        outputs(response)


def xml_safe(text: str) -> str:
    return escape("".join(each for each in text if each.isprintable()))


@FAST
@given(expressions, expressions)
@example("@id = 99999999999999999999", "@id")
@example("@name LIKE '" + "%a" * 3000 + "'", "@id")
@example("@id IN (" + ",".join(["1"] * 40_000) + ")", "@id")
@example(" OR ".join(["@id = 1"] * 2000), "@id")
@example("Sum(@id) > 1", "Sum(@id)")
@example("@id / 0 = 1", "9223372036854775807 + @id")
@example("Abs(-9223372036854775807 - 1) = 1", "@id")
def test_any_expression_gets_an_answer(soap: SoapClient, condition: str, selected: str) -> None:
    document = (
        f'<queryDef schema="nms:group"><select><node expr="{xml_safe(selected)}"/></select>'
        f'<where><condition expr="{xml_safe(condition)}"/></where>'
        f'<orderBy><node expr="{xml_safe(selected)}"/></orderBy></queryDef>'
    )
    check(
        soap.post(
            "xtk:queryDef#ExecuteQuery", envelope("xtk:queryDef", "ExecuteQuery", Xml(document))
        )
    )


@FAST
@given(st.binary(max_size=200))
def test_any_body_gets_an_answer(soap: SoapClient, body: bytes) -> None:
    check(soap.post("xtk:session#TestCnx", body))


names = st.sampled_from(
    [
        *(
            "queryDef",
            "select",
            "node",
            "where",
            "condition",
            "orderBy",
            "groupBy",
            "having",
            "subQuery",
        ),
        *(
            "group",
            "recipient",
            "folder",
            "workflow",
            "activities",
            "rcpGrpRel",
            "rcpGroup",
            "desc",
            "variables",
        ),
    ]
)
attributes = st.dictionaries(
    st.sampled_from(
        [
            *(
                "expr",
                "schema",
                "xtkschema",
                "operation",
                "_operation",
                "_key",
                "name",
                "id",
                "alias",
                "analyze",
            ),
            *(
                "setOperator",
                "boolOperator",
                "lineCount",
                "folder-id",
                "type",
                "label",
                "internalName",
                "distinct",
            ),
        ]
    ),
    st.sampled_from(
        [
            *(
                "nms:group",
                "xtk:folder",
                "nms:rcpGrpRel",
                "xtk:workflow",
                "@id",
                "@name",
                "[folder/@name]",
                "x",
            ),
            *(
                "insert",
                "update",
                "delete",
                "none",
                "select",
                "count",
                "get",
                "EXISTS",
                "IN",
                "OR",
                "true",
                "1",
            ),
            *(
                "1203",
                "nmsRootGroup",
                "rcpGrpRel",
                "",
                "data",
                "@id > 0",
                "importSharedAudience",
                "@name, @label",
            ),
        ]
    ),
    max_size=5,
)


def render(name: str, given_attributes: dict[str, str], inside: list[str]) -> str:
    listed = "".join(f' {key}="{escape(value)}"' for key, value in given_attributes.items())
    return f"<{name}{listed}>{''.join(inside)}</{name}>"


documents = st.recursive(
    st.builds(render, names, attributes, st.just([])),
    lambda inner: st.builds(render, names, attributes, st.lists(inner, max_size=4)),
    max_leaves=12,
)
methods = st.sampled_from(
    [
        *(
            "xtk:queryDef#ExecuteQuery",
            "xtk:queryDef#SelectAll",
            "xtk:persist#Write",
            "xtk:persist#WriteCollection",
        ),
        *(
            "xtk:persist#NewInstance",
            "xtk:persist#ApplyDuplicateRules",
            "xtk:persist#Store",
            "xtk:session#GetOption",
        ),
        *(
            "xtk:persist#DeleteCollection",
            "xtk:persist#Duplicate",
            "xtk:persist#Load",
            "xtk:session#GetNewIdsEx",
        ),
        *("xtk:workflow#Start", "xtk:workflow#PostEvent", "xtk:persist#GetEntityIfMoreRecent"),
    ]
)
parameters = st.one_of(
    documents.map(Xml),
    st.sampled_from(
        ["", "nms:group|1", "xtk:schema|nms:group", "nms:group", "1401", "-1", "nms:group|", "||"]
    ),
)


@FAST
@given(methods, st.lists(parameters, max_size=4))
def test_any_document_gets_an_answer(
    soap: SoapClient, action: str, given_parameters: list[str | Xml]
) -> None:
    service, _, method = action.partition("#")
    check(soap.post(action, envelope(service, method, *given_parameters)))


@FAST
@given(xml_text)
@example("\n \t x")
@example("]]>&<\"'")
def test_a_label_comes_back_as_it_was_written(soap: SoapClient, label: str) -> None:
    encoded = "".join(f"&#{ord(each)};" for each in label)
    soap.write(
        f'<group xtkschema="nms:group" _operation="update" _key="@name" name="a" label="{encoded}"/>'
    )
    assert soap.select("nms:group", "@label", where="@name='a'") == [{"label": label}]


@FAST
@given(xml_text)
def test_an_escaped_literal_finds_its_value(soap: SoapClient, value: str) -> None:
    encoded = "".join(f"&#{ord(each)};" for each in value)
    soap.write(
        f'<group xtkschema="nms:group" _operation="update" _key="@name" name="a" label="{encoded}"/>'
    )
    literal = value.replace("\\", "\\\\").replace("'", "\\'")
    rows = soap.query(query("nms:group", "@name", where=f"@label = '{literal}'"))
    assert [row.get("name") for row in rows] == ["a"]


@FAST
@given(st.text(max_size=80))
def test_escaped_text_is_one_attribute_and_nothing_else(text: str) -> None:
    element = etree.fromstring(f'<a b="{encode_text(text)}">{encode_text(text)}</a>')
    kept = "".join(
        each for each in text if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff")
    )
    assert dict(element.attrib.items()) == {"b": kept}
    assert (element.text or "") == kept


@FAST
@given(expressions)
def test_parsing_gives_a_tree_or_says_what_is_wrong(text: str) -> None:
    try:
        parse_expression(text)
    except ExpressionSyntaxError as error:
        reason = str(error)
    else:
        return
    assert any(word in reason for word in ("syntax error", "nested", "too"))
