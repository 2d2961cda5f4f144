from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import InvalidAnswerError, RejectedError
from audctl.providers.campaign import soap
from audctl.providers.campaign.documents import (
    MAX_DOCUMENT_BYTES,
    UnsafeDocumentError,
    child,
    children_of,
    element,
    local_name,
    parse_document,
    text_of,
)

if TYPE_CHECKING:
    from lxml import etree

XML_TEXT = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"),
        exclude_characters="\ufffe\uffff",
        include_characters="\t\n<>&\"'",
    )
)


def parameters_of(raw: bytes) -> list[etree._Element]:
    envelope = parse_document(raw)
    body = child(envelope, "Body")
    assert body is not None
    (call,) = children_of(body)
    return children_of(call)


@given(value=XML_TEXT, token=XML_TEXT)
def test_any_text_arrives_as_it_was_given(value: str, token: str) -> None:
    row = element("group", {"name": value})

    raw = soap.build_envelope(
        "xtk:persist",
        "Write",
        token,
        [
            soap.string("strName", value),
            soap.boolean("b", value=True),
            soap.document("domDoc", row),
        ],
    )

    session, text, flag, document = parameters_of(raw)
    assert local_name(session) == "sessiontoken"
    assert (session.text or "") == token
    assert (text.text or "") == value
    assert flag.text == "true"
    assert children_of(document)[0].get("name") == value


@pytest.mark.parametrize("value", ["bell\x07", "null\x00", "\ufffe", "half \ud800 pair"])
def test_a_character_that_xml_has_not_is_refused(value: str) -> None:
    with pytest.raises(RejectedError, match="XML cannot carry"):
        soap.build_envelope("xtk:session", "GetOption", "", [soap.string("strName", value)])
    with pytest.raises(RejectedError, match="XML cannot carry"):
        element("group", {"name": value})


def test_the_wire_form_is_the_documented_one() -> None:
    raw = soap.build_envelope("xtk:session", "GetOption", "", [soap.string("strName", "X")])

    text = raw.decode()
    assert text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<SOAP-ENV:Envelope ")
    assert '<m:GetOption xmlns:m="urn:xtk:session" SOAP-ENV:encodingStyle=' in text
    assert '<sessiontoken xsi:type="xsd:string"/><strName xsi:type="xsd:string">X</strName>' in text


def test_a_parameter_and_a_fault_have_no_repr_with_content() -> None:
    assert "hunter2" not in repr(soap.string("strPassword", "hunter2"))
    assert "hunter2" not in repr(soap.Fault("c", "hunter2", "hunter2"))


ANSWER = (
    "<?xml version='1.0' encoding='{encoding}'?><E:Envelope xmlns:E='http://schemas.xmlsoap.org/soap/envelope/'>"
    "<E:Body><{prefix}GetOptionResponse xmlns{colon}='urn:wpp:default'><pstrValue>Café</pstrValue>"
    "<pbtType>6</pbtType></{prefix}GetOptionResponse></E:Body></E:Envelope>"
)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
@pytest.mark.parametrize("prefix", ["", "m:"])
def test_the_declared_encoding_and_any_namespace_are_read(encoding: str, prefix: str) -> None:
    text = ANSWER.format(encoding=encoding, prefix=prefix, colon=":m" if prefix else "")

    outputs = soap.parse_answer(text.encode(encoding), "GetOption", "op")

    assert isinstance(outputs, list)
    assert soap.output_text(outputs, 0, "op") == "Café"
    assert soap.output_text(outputs, 1, "op") == "6"
    with pytest.raises(InvalidAnswerError, match="lacks output 3"):
        soap.output_text(outputs, 2, "op")


def test_a_fault_is_read_whatever_its_namespaces() -> None:
    raw = (
        b"<S:Envelope xmlns:S='x'><S:Body><S:Fault><faultcode>S:Server</faultcode><faultstring>"
        b"SOP-330011 Error</faultstring><detail>line 1\nline 2</detail></S:Fault></S:Body></S:Envelope>"
    )

    fault = soap.parse_answer(raw, "Write", "op")

    assert isinstance(fault, soap.Fault)
    assert (fault.code, fault.summary, fault.detail) == (
        "S:Server",
        "SOP-330011 Error",
        "line 1\nline 2",
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<!DOCTYPE a><a/>", "document type"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "document type"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "document type"),
        (b"<a>" * 300 + b"</a>" * 300, "well-formed"),
        (b"<a", "well-formed"),
        (b"", "well-formed|not an XML"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "over the limit"),
    ],
    ids=["doctype", "entity", "doctype in utf-16", "depth", "cut", "empty", "size"],
)
def test_what_is_unsafe_is_refused_without_quoting_it(raw: bytes, words: str) -> None:
    with pytest.raises(UnsafeDocumentError, match=words) as caught:
        parse_document(raw)

    assert len(str(caught.value)) < 100


def test_comments_and_instructions_are_not_children() -> None:
    root = parse_document(b"<a><!-- c --><?p i?><b>x<c>y</c>z</b></a>")

    assert [local_name(each) for each in children_of(root)] == ["b"]
    assert text_of(root, "b") == "xyz"
    assert text_of(root, "missing") == ""
