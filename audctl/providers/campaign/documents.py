"""XML in and out: elements are built by lxml, so every value is escaped; answers are parsed under limits.

No document from outside may bring a DTD or an entity, be nested deeper than 256 elements, or be longer than
``MAX_DOCUMENT_BYTES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from audctl.errors import InvalidAnswerError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DOCUMENT_BYTES = 128 * 1024 * 1024
"""A page of 5,000 rows is about 2 MB; a page of 500 workflows some 10 MB."""


class UnsafeDocumentError(ValueError):
    """Bytes that are no XML, or XML that may not be read; the text quotes nothing of the content."""


def parse_document(raw: bytes) -> etree._Element:
    """Parse a document from its bytes (its own declaration says the encoding) and return the root.

    Raises UnsafeDocumentError.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise UnsafeDocumentError(f"a document of {len(raw)} bytes is over the limit")
    # A parser is not to be shared by threads, and costs microseconds.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,  # keeps libxml2's own limits, depth 256 among them
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        # The parser's message may quote content; place and kind are enough.
        line, column = error.position
        raise UnsafeDocumentError(f"not well-formed XML at line {line}, column {column}") from None
    except ValueError:
        raise UnsafeDocumentError("not an XML document") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # missing in the stubs
        raise UnsafeDocumentError("the document declares a document type, which is refused")
    return root


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children_of(element: etree._Element) -> list[etree._Element]:
    """Return the child elements, in order. Parsed documents hold no comments and no entity nodes."""
    return list(element)


def child(element: etree._Element, name: str) -> etree._Element | None:
    """Return the first child of that local name, in any namespace."""
    for each in element:
        tag = each.tag
        if tag == name or tag.rpartition("}")[2] == name:
            return each
    return None


def text_of(element: etree._Element, name: str) -> str:
    """Return all text of the first child of that name; empty when it is missing."""
    found = child(element, name)
    if found is None:
        return ""
    return (found.text or "") if not len(found) else "".join(map(str, found.itertext()))


def number_of(row: etree._Element, attribute: str) -> int:
    """Return a whole number; 0 when it is missing. Raises InvalidAnswerError for anything else."""
    text = row.get(attribute) or "0"
    try:
        return int(text)
    except ValueError:
        raise InvalidAnswerError(f"@{attribute} of a {local_name(row)} is no number") from None


def element(
    name: str, attributes: Mapping[str, str] | None = None, text: str = ""
) -> etree._Element:
    """Build an element; raise RejectedError for a value that no XML document can hold (control characters)."""
    try:
        built = etree.Element(name)
        for key, value in (attributes or {}).items():
            built.set(key, value)
        if text:
            built.text = text
    except ValueError:
        raise RejectedError(f"a value of <{name}> holds characters that XML cannot carry") from None
    return built


def append(
    parent: etree._Element, name: str, attributes: Mapping[str, str] | None = None, text: str = ""
) -> etree._Element:
    """Build an element under ``parent`` and return it."""
    built = element(name, attributes, text)
    parent.append(built)
    return built
