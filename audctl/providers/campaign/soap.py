"""SOAP 1.1 as Campaign speaks it: the envelope that goes out, and the answer that comes back.

Parameters are positional (their names carry no meaning to the server), the first is always the session token.
A fault is a fault whatever the HTTP status says: live systems send it with 200. Source: the published SOAP
contract of Campaign Classic (transport and type tables).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from audctl.errors import InvalidAnswerError, RejectedError
from audctl.providers.campaign.documents import (
    UnsafeDocumentError,
    child,
    children_of,
    local_name,
    parse_document,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_LITERAL = "http://xml.apache.org/xml-soap/literalxml"
_SCHEMA_TYPES = "http://www.w3.org/2001/XMLSchema"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {
    "SOAP-ENV": _ENVELOPE,
    "xsd": _SCHEMA_TYPES,
    "xsi": _INSTANCE,
    "ns": "http://xml.apache.org/xml-soap",
}
_TYPE = f"{{{_INSTANCE}}}type"
_STYLE = f"{{{_ENVELOPE}}}encodingStyle"


@dataclass(frozen=True, slots=True, repr=False)
class Parameter:
    """One input of a method. It has no repr: it may hold a password."""

    name: str
    xsi_type: str
    text: str = ""
    document: etree._Element | None = None


def string(name: str, value: str) -> Parameter:
    """Make a string input."""
    return Parameter(name, "xsd:string", value)


def boolean(name: str, *, value: bool) -> Parameter:
    """Make a boolean input."""
    return Parameter(name, "xsd:boolean", "true" if value else "false")


def document(name: str, root: etree._Element | None) -> Parameter:
    """Make an XML input; None is the null document."""
    return Parameter(name, "ns:Element", document=root)


@dataclass(frozen=True, slots=True, repr=False)
class Fault:
    """A SOAP fault, as sent. It has no repr: the system may quote what was written."""

    code: str
    """``SOAP-ENV:Server`` or ``SOAP-ENV:Client``."""
    summary: str
    detail: str


def build_envelope(
    urn: str, method: str, session_token: str, parameters: Sequence[Parameter]
) -> bytes:
    """Return the request body; raise RejectedError for a value that XML cannot carry."""
    envelope = etree.Element(f"{{{_ENVELOPE}}}Envelope", nsmap=_NAMESPACES)
    body = etree.SubElement(envelope, f"{{{_ENVELOPE}}}Body")
    call = etree.SubElement(body, f"{{urn:{urn}}}{method}", nsmap={"m": f"urn:{urn}"})
    call.set(_STYLE, _ENCODING)
    for each in (string("sessiontoken", session_token), *parameters):
        item = etree.SubElement(call, each.name)
        item.set(_TYPE, each.xsi_type)
        if each.document is not None:
            item.set(_STYLE, _LITERAL)
            item.append(each.document)
        try:
            item.text = each.text or None
        except ValueError:
            raise RejectedError(
                f"{urn}#{method}: parameter {each.name} holds characters that XML cannot carry",
                operation=f"{urn}#{method}",
            ) from None
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def parse_answer(raw: bytes, method: str, operation: str) -> list[etree._Element] | Fault:
    """Return the outputs of a method in order, or its fault.

    Raises InvalidAnswerError for whatever is neither: an error page, a cut or foreign document, another
    method's answer.
    """
    try:
        envelope = parse_document(raw)
    except UnsafeDocumentError as error:
        raise InvalidAnswerError(
            f"{operation}: the answer is no SOAP message ({error}; {len(raw)} bytes)",
            operation=operation,
        ) from error
    body = child(envelope, "Body") if local_name(envelope) == "Envelope" else None
    parts = children_of(body) if body is not None else []
    if not parts:
        raise InvalidAnswerError(
            f"{operation}: the answer is XML but no SOAP message (root <{local_name(envelope)[:40]}>)",
            operation=operation,
        )
    answer = parts[0]
    if local_name(answer) == "Fault":
        return Fault(
            code=text_of(answer, "faultcode").strip(),
            summary=text_of(answer, "faultstring").strip(),
            detail=text_of(answer, "detail").strip(),
        )
    if local_name(answer) != f"{method}Response":
        raise InvalidAnswerError(
            f"{operation}: the answer is for another method ({local_name(answer)[:60]})",
            operation=operation,
        )
    return children_of(answer)


def output_text(outputs: Sequence[etree._Element], position: int, operation: str) -> str:
    """Return a simple output as text; raise InvalidAnswerError when it is missing."""
    return (_output(outputs, position, operation).text or "").strip()


def output_document(
    outputs: Sequence[etree._Element], position: int, operation: str
) -> etree._Element | None:
    """Return the root of an XML output, None when it is empty; raise InvalidAnswerError when it is missing."""
    inside = children_of(_output(outputs, position, operation))
    return inside[0] if inside else None


def _output(outputs: Sequence[etree._Element], position: int, operation: str) -> etree._Element:
    if position >= len(outputs):
        raise InvalidAnswerError(
            f"{operation}: the answer lacks output {position + 1}", operation=operation
        )
    return outputs[position]
