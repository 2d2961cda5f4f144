"""Whatever stands in an expression, the answer is rows or the documented fault; what is allowed is understood."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from audctl.sandbox.campaign.expression_grammar import ExpressionSyntaxError, parse_expression
from audctl.sandbox.server import start
from tests.sandbox.campaign_fuzz import FAST, LISTS, MEMBERS, check, in_attribute, xml_text
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, envelope, query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml import etree

EARLIEST = datetime(1000, 1, 1)  # noqa: DTZ001 - Hypothesis takes naive bounds only
PIECES = [
    *("@id", "@name", "@label", "@isAMC", "@created", "[folder/@name]", "[@folder-id]", "folder"),
    *("extension", "[amcDataSource/@label]", "@nothing", "rcpGrpRel", "[../@id]", "..", "[", "]"),
    *("(", ")", ",", "'a'", "'\\'", "'%_'", "''", '"', "0", "1", "1.5", "9" * 30),
    *("#2024-01-31#", "#x#", "GetDate()", "Count(", "Left(", "Char('9')", "Iif(", "Sum(@id)"),
    *("=", "<>", "<", ">=", "+", "-", "*", "/", "%", "AND", "OR", "NOT", "LIKE", "IN", "IS"),
    *("NULL", "IS NOT NULL", "AddDays(@created, 1)", "AddMonths(GetDate(), 999999999)"),
    *("Md5Digest(@name)", "--", ";", "$(x)"),
]
scraps = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.text(max_size=40),
)

# What the grammar of the contract allows over nms:group, each kind of value with the functions that give it.
texts: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(
            [
                "@name",
                "@label",
                "[folder/@label]",
                "[folder/parent/@name]",
                "desc",
                "[amcDataSource/@name]",
            ]
        ),
        xml_text.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
        call("Lower", texts),
        call("Upper", texts),
        call("Smart", texts),
        call("Left", texts, small),
        call("Right", texts, small),
        call("Substring", texts, small, small),
        call("Coalesce", texts, texts),
        call("ToString", numbers),
        call("GetEmailDomain", texts),
        call("Md5Digest", texts),
        call("Iif", conditions, texts, texts),
        st.builds("Case(When({}, {}), Else({}))".format, conditions, texts, texts),
        st.builds("{} + {}".format, texts, texts),
    )
)
small: st.SearchStrategy[str] = st.integers(0, 9).map(str)
numbers: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["@id", "@type", "[@folder-id]", "[folder/@id]", "[folder/parent/@id]"]),
        st.integers(0, 10**12).map(str),
        st.sampled_from(["0.5", "10.25"]),
        call("Length", texts),
        call("ToInteger", texts),
        call("Abs", numbers),
        call("Year", moments),
        call("DaysDiff", moments, moments),
        call("HoursDiff", moments, moments),
        st.builds("({} {} {})".format, numbers, st.sampled_from("+-*/%"), numbers),
        st.builds("-{}".format, numbers),
    )
)
moments: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["@created", "@expirationDate", "[folder/@lastModified]", "GetDate()"]),
        st.dates(min_value=EARLIEST.date()).map("#{:%Y/%m/%d}#".format),
        st.datetimes(min_value=EARLIEST).map(lambda moment: f"#{moment:%Y-%m-%dT%H:%M:%S}Z#"),
        call("AddDays", moments, small),
        call("AddMonths", moments, small),
        call("AddHours", moments, small),
        call("DateOnly", moments),
        call("DaysAgo", small),
    )
)
signs = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
conditions: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.builds("{} {} {}".format, numbers, signs, numbers),
        st.builds("{} {} {}".format, texts, signs, texts),
        st.builds("{} {} {}".format, moments, signs, moments),
        st.builds("{} {} {}".format, texts, st.sampled_from(["LIKE", "not like"]), texts),
        st.builds("{} IN ({}, {})".format, numbers, numbers, numbers),
        st.builds("{} NOT IN ({})".format, texts, texts),
        st.builds("{} IS {}".format, texts, st.sampled_from(["NULL", "NOT NULL"])),
        st.builds("({} {} {})".format, conditions, st.sampled_from(["AND", "or"]), conditions),
        st.builds("NOT ({})".format, conditions),
        st.sampled_from(["@isAMC = 1", "@isAMC", "1 = 0", "folder IS NULL"]),
    )
)


def call(name: str, *arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*arguments).map(
        lambda given_arguments: f"{name}({', '.join(given_arguments)})"
    )


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoapClient]:
    with start(tmp_path_factory.mktemp("fuzz")) as sandbox, SoapClient(sandbox.url) as client:
        client.write_collection(LISTS)
        client.write_collection(MEMBERS)
        yield client


def ask(soap: SoapClient, document: str) -> Fault | etree._Element | None:
    body = envelope("xtk:queryDef", "ExecuteQuery", Xml(document))
    return check(soap.post("xtk:queryDef#ExecuteQuery", body))


def count(soap: SoapClient, inside: str) -> int:
    answer = ask(
        soap, f'<queryDef schema="nms:group" operation="count"><where>{inside}</where></queryDef>'
    )
    assert answer is not None
    assert not isinstance(answer, Fault), answer
    return int(str(answer[0].get("count")))


def condition(text: str, attributes: str = "", inside: str = "") -> str:
    return f'<condition expr="{in_attribute(text)}" {attributes}>{inside}</condition>'


@FAST
@given(scraps, scraps)
@example("@id = 99999999999999999999", "@id")
@example("@name LIKE '" + "%a" * 3000 + "'", "@id")
@example("@name LIKE @label + '" + "%a" * 3000 + "'", "@id")
@example("@id IN (" + ",".join(["1"] * 40_000) + ")", "@id")
@example(" OR ".join(["@id = 1"] * 2000), "@id")
@example("+".join(["'a'"] * 5000), "@id")
@example("[" + "folder/" * 3000 + "@id] = 1", "@id")
@example("[" + "../" * 3000 + "@id] = 1", "@id")
@example("Sum(@id) > 1", "Sum(@id)")
@example("@id / 0 = 1", "9223372036854775807 + @id")
@example("Abs(-9223372036854775807 - 1) = 1", "@id")
@example("Ceil(1" + "0" * 400 + ") = 1", "LPad('a', 99999999, 'b')")
@example("@id > 0", "folder")
@example("@id > 0", "rcpGrpRel")
@example("@id > 0", "extension")
@example("@name = 'SELECT'", "Replace(@name, '', 'x')")
def test_any_text_gets_an_answer(soap: SoapClient, restriction: str, selected: str) -> None:
    ask(
        soap,
        f'<queryDef schema="nms:group"><select><node expr="{in_attribute(selected)}" alias="@x"/></select>'
        f"<where>{condition(restriction)}</where>"
        f'<orderBy><node expr="{in_attribute(selected)}"/></orderBy></queryDef>',
    )


@FAST
@given(conditions)
def test_what_the_grammar_allows_is_understood(soap: SoapClient, restriction: str) -> None:
    assume(len(restriction) < 3000)
    answer = ask(
        soap,
        '<queryDef schema="nms:group"><select><node expr="@name"/></select>'
        f"<where>{condition(restriction)}</where></queryDef>",
    )
    if isinstance(answer, Fault):
        # Numbers may overflow, and what is nested too deeply is refused; it is never misread.
        assert "PGS-220000" in answer.detail or "nested too deeply" in answer.detail, restriction


@FAST
@given(st.one_of(texts, numbers, moments, conditions))
def test_every_kind_of_value_can_be_selected_and_ordered_by(soap: SoapClient, value: str) -> None:
    assume(len(value) < 3000)
    answer = ask(
        soap,
        f'<queryDef schema="nms:group"><select><node expr="{in_attribute(value)}" alias="@x"/></select>'
        f'<orderBy><node expr="{in_attribute(value)}" sortDesc="true"/></orderBy></queryDef>',
    )
    if isinstance(answer, Fault):
        assert "PGS-220000" in answer.detail or "nested too deeply" in answer.detail, value
    else:
        assert answer is not None
        assert len(answer[0]) == 3


never_null = st.builds(
    "{} {} {}".format,
    st.sampled_from(["@id", "@type", "[@folder-id]", "[folder/@id]", "Length(@label)"]),
    signs,
    st.integers(-3, 3000).map(str),
)


def law(text: Callable[[str, str], str], other: Callable[[str, str], str]) -> tuple[object, object]:
    return text, other


LAWS = {
    "not not": law(lambda a, _: a, lambda a, _: f"NOT NOT {a}"),
    "de morgan": law(lambda a, b: f"NOT ({a} AND {b})", lambda a, b: f"NOT {a} OR NOT {b}"),
    "commutes": law(lambda a, b: f"{a} OR {b}", lambda a, b: f"{b} OR {a}"),
    "absorbs": law(lambda a, _: a, lambda a, b: f"{a} AND ({a} OR {b})"),
    "binds": law(lambda a, b: f"{a} OR {b} AND {a}", lambda a, b: f"{a} OR ({b} AND {a})"),
}


@FAST
@given(st.sampled_from(sorted(LAWS)), never_null, never_null)
def test_the_laws_of_logic_hold(soap: SoapClient, name: str, one: str, two: str) -> None:
    left, right = (side(one, two) for side in LAWS[name])  # type: ignore[operator]  # pairs of functions
    assert count(soap, condition(left)) == count(soap, condition(right))


@FAST
@given(never_null, never_null)
def test_a_tree_of_conditions_means_what_one_expression_means(
    soap: SoapClient, one: str, two: str
) -> None:
    tree = condition(one, 'boolOperator="OR"') + condition(two)
    assert count(soap, tree) == count(soap, condition(f"{one} OR {two}"))
    assert count(soap, condition(one) + condition(two)) == count(
        soap, condition(f"{one} AND {two}")
    )
    assert count(soap, condition(one)) + count(soap, condition(f"NOT {one}")) == 3


inner = st.sampled_from(
    ["[recipient/@email] LIKE '%one%'", "[@recipient-id] > 0", "[../@type] = 2", "1 = 0"]
)


@FAST
@given(inner, st.sampled_from(["rcpGrpRel", "[rcpGrpRel]", "[rcpGrpRel/recipient]"]))
def test_exists_is_a_count_above_zero(soap: SoapClient, chosen: str, path: str) -> None:
    if path.endswith("recipient]"):
        chosen = (
            chosen.replace("recipient/", "")
            .replace("[@recipient-id]", "@id")
            .replace("../", "../../")
        )
    rows = condition(chosen)
    exists = count(soap, condition(path, 'setOperator="EXISTS"', rows))
    assert exists == count(soap, condition(f"{path} > 0", 'setOperator="COUNT"', rows))
    assert 3 - exists == count(soap, condition(path, 'setOperator="NOT EXISTS"', rows))


@FAST
@given(xml_text)
def test_an_escaped_literal_finds_its_value(soap: SoapClient, value: str) -> None:
    soap.write(
        '<group xtkschema="nms:group" _operation="update" _key="@name" name="a"'
        f' label="{in_attribute(value)}"/>'
    )
    for quote in "'\"":
        literal = value.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        rows = soap.query(
            query("nms:group", "@name", where=f"@label = {quote}{literal}{quote} AND @name = 'a'")
        )
        assert [row.get("name") for row in rows] == ["a"]


@FAST
@given(scraps)
def test_parsing_gives_a_tree_or_says_what_is_wrong(text: str) -> None:
    try:
        parse_expression(text)
    except ExpressionSyntaxError as error:
        reason = str(error)
    else:
        return
    assert any(word in reason for word in ("syntax error", "nested", "too"))
