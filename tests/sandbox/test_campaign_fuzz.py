"""Whatever is sent, the answer is a SOAP message or the plain text of a refused session: never a 500 or a defect."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from audctl.sandbox.campaign.row_template import encode_text
from audctl.sandbox.campaign.services import SERVICES
from audctl.sandbox.server import start
from tests.sandbox.campaign_fuzz import FAST, LISTS, MEMBERS, check, in_attribute, xml_text
from tests.sandbox.campaign_soap import SoapClient, Xml, envelope

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoapClient]:
    with start(tmp_path_factory.mktemp("fuzz")) as sandbox, SoapClient(sandbox.url) as client:
        client.write_collection(LISTS)
        client.write_collection(MEMBERS)
        yield client


def words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


names = words(
    "queryDef select node where condition orderBy groupBy having subQuery group recipient folder workflow activities "
    "rcpGrpRel rcpGroup desc variables extension element attribute key keyfield join data trackingLog amcDataSource"
)
attributes = st.dictionaries(
    words(
        "expr schema xtkschema operation _operation _key name id alias analyze setOperator boolOperator lineCount "
        "startLine folder-id type label internalName distinct groupBy sort sortDesc enabledIf noComputeString "
        "unExpandMemoData xpath target xpath-src xpath-dst unbound internal autopk memoValue stringValue"
    ),
    st.one_of(
        words(
            "nms:group xtk:folder nms:rcpGrpRel xtk:workflow xtk:option temp:group:10000 @id @name [folder/@name] x "
            "insert update delete none insertOrUpdate select count get getIfExists EXISTS IN COUNT SUM OR true 1 1203 "
            "nmsRootGroup rcpGrpRel data @id>0 importSharedAudience rcpGrpRel=1 [../@name] Count(@id) link long string"
        ),
        st.sampled_from(["", "NOT EXISTS", "@name, @label", "[rcpGrpRel/@recipient-id] > 1"]),
        xml_text,
    ),
    max_size=5,
)


def render(name: str, given_attributes: dict[str, str], inside: list[str]) -> str:
    listed = "".join(f' {key}="{in_attribute(value)}"' for key, value in given_attributes.items())
    return f"<{name}{listed}>{''.join(inside)}</{name}>"


documents = st.recursive(
    st.builds(render, names, attributes, st.just([])),
    lambda inner: st.builds(render, names, attributes, st.lists(inner, max_size=4)),
    max_leaves=12,
)
known = st.sampled_from(
    [(service, method) for service, methods in SERVICES.items() for method in methods]
)
calls = st.one_of(
    known,
    known,
    st.tuples(
        words("xtk:persist|nms:group xtk:persist|xtk:workflow nms:group cus:x xtk:queryDef"),
        words("Write NewInstance Load Duplicate ExecuteQuery Remove GetPkList x"),
    ),
)
parameters = st.one_of(
    documents.map(Xml),
    words(
        "nms:group|1 nms:group|10000 xtk:schema|nms:group nms:group 1401 -1 nms:group| || temp:group:1|1 admin"
    ),
    xml_text,
)
queries = st.builds(
    lambda given_attributes, inside: Xml(render("queryDef", given_attributes, inside)),
    attributes.map(lambda others: {"schema": "nms:group", **others}),
    st.lists(documents, max_size=5),
)
groups = st.builds(
    lambda given_attributes, inside: Xml(render("group", given_attributes, inside)),
    attributes.map(lambda others: {**others, "xtkschema": "nms:group"}),
    st.lists(documents, max_size=3),
)


@FAST
@given(st.binary(max_size=200))
def test_any_body_gets_an_answer(soap: SoapClient, body: bytes) -> None:
    check(soap.post("xtk:session#TestCnx", body))


@FAST
@given(calls, st.lists(parameters, max_size=4))
@example(("xtk:persist", "LoadAsText"), ["temp:group:1|1"])
def test_any_call_gets_an_answer(
    soap: SoapClient, call: tuple[str, str], given_parameters: list[str | Xml]
) -> None:
    service, method = call
    body = envelope(service, method, *given_parameters)
    check(soap.post(f"{service}#{method}", body))


@FAST
@given(queries)
def test_any_query_gets_an_answer(soap: SoapClient, document: Xml) -> None:
    check(
        soap.post("xtk:queryDef#ExecuteQuery", envelope("xtk:queryDef", "ExecuteQuery", document))
    )


@FAST
@given(groups)
def test_any_list_is_written_or_refused(soap: SoapClient, document: Xml) -> None:
    check(soap.post("xtk:persist#Write", envelope("xtk:persist", "Write", document)))


CALL = envelope(
    "xtk:queryDef",
    "ExecuteQuery",
    Xml(
        '<queryDef schema="nms:group"><select><node expr="@id"/></select><where><condition expr="@id > 0"/></where>'
        "</queryDef>"
    ),
).encode()
edits = st.lists(
    st.tuples(
        st.integers(0, len(CALL) - 1),
        st.integers(0, 20),
        st.one_of(
            st.binary(max_size=4),
            words("< > </ <!-- ]]> &#0; &amp; &x; <?x?> <![CDATA[ xmlns='x' \" ' / : = a").map(
                str.encode
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)


@FAST
@given(edits)
def test_a_damaged_call_gets_an_answer(
    soap: SoapClient, damage: list[tuple[int, int, bytes]]
) -> None:
    body = CALL
    for position, length, replacement in damage:
        body = body[:position] + replacement + body[position + length :]
    check(soap.post("xtk:queryDef#ExecuteQuery", body))


header_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@FAST
@given(
    header_text,
    st.dictionaries(
        words("Cookie X-Security-Token Authorization X-Session-Token Content-Type Accept-Encoding"),
        st.one_of(header_text, words('__sessiontoken=x Bearer Basic text/xml gzip ;;= "')),
        max_size=4,
    ),
)
@example('"xtk:session#GetUserInfo', {})
@example("urn:xtk:persist|nms:group|#Write", {})
def test_any_headers_get_an_answer(soap: SoapClient, action: str, headers: dict[str, str]) -> None:
    check(soap.post(action, CALL, headers))
    check(soap.post("xtk:queryDef#ExecuteQuery", CALL, headers))


@FAST
@given(
    words("SOAP-ENV soap s ''"),
    words("utf-8 iso-8859-1 utf-16 ascii cp1252 x-none"),
    st.booleans(),
    st.lists(st.tuples(names, xml_text), max_size=3),
)
def test_any_spelling_of_an_envelope_gets_an_answer(
    soap: SoapClient,
    prefix: str,
    encoding: str,
    with_declaration: bool,
    block: list[tuple[str, str]],
) -> None:
    colon = f"{prefix}:" if prefix != "''" else ""
    space = f"xmlns:{prefix}" if colon else "xmlns"
    declaration = f"<?xml version='1.0' encoding='{encoding}'?>" if with_declaration else ""
    header = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in block)
    text = (
        f"{declaration}<{colon}Envelope {space}='http://schemas.xmlsoap.org/soap/envelope/'>"
        f"<{colon}Header>{header}</{colon}Header><{colon}Body><TestCnx xmlns='urn:xtk:session'><sessiontoken/>"
        f"</TestCnx></{colon}Body></{colon}Envelope>"
    )
    known = encoding if encoding != "x-none" else "utf-8"
    check(soap.post("xtk:session#TestCnx", text.encode(known, errors="replace")))


@FAST
@given(xml_text)
@example("\n \t x")
@example("]]>&<\"'")
def test_a_label_comes_back_as_it_was_written(soap: SoapClient, label: str) -> None:
    soap.write(
        '<group xtkschema="nms:group" _operation="insertOrUpdate" _key="@name" name="label"'
        f' label="{in_attribute(label)}"/>'
    )
    assert soap.select("nms:group", "@label", where="@name='label'") == [{"label": label}]


@FAST
@given(st.text(max_size=80))
def test_escaped_text_is_one_attribute_and_nothing_else(text: str) -> None:
    element = etree.fromstring(f'<a b="{encode_text(text)}">{encode_text(text)}</a>')
    kept = "".join(
        each for each in text if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff")
    )
    assert dict(element.attrib.items()) == {"b": kept}
    assert (element.text or "") == kept
