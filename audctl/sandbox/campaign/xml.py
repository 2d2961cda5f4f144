"""XML from outside: parsed within bounds, names compared without namespaces."""

from collections.abc import Iterator
from xml.parsers import expat

from lxml import etree

from audctl.sandbox.campaign.faults import bad_call


class _RefusedError(Exception):
    """Input that is well formed perhaps, but not acceptable."""


def parse_document(raw_xml: bytes, *, max_depth: int) -> etree._Element:
    """Parse a request body; raises a Client fault for a DTD, bad XML or too deep a tree."""
    try:
        _check(raw_xml, max_depth)
        return etree.fromstring(raw_xml, _tree_parser())
    except _RefusedError as error:
        raise bad_call(f"SOP-330002 {error}") from error
    except (expat.ExpatError, etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise bad_call("SOP-330002 The request is not a well-formed XML document.") from error


def _tree_parser() -> etree.XMLParser:
    # What arrives here is well formed and shallow, as `_check` has seen to. `recover` only lets pass what the official
    # SDK sends and libxml2 calls an error: the namespace `urn:xtk:persist|nms:recipient`, no valid URI. Without
    # `huge_tree` it would also cut long texts silently.
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        recover=True,
    )


def _check(raw_xml: bytes, max_depth: int) -> None:
    """Walk the document once without building anything, so that no later step can recurse or expand."""
    depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > max_depth:
            raise _RefusedError("The document is nested too deeply.")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse_doctype(*_: object) -> None:
        raise _RefusedError("A document type declaration is not accepted.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.Parse(raw_xml, True)


def local_name(element: etree._Element) -> str:
    """Name an element without its namespace."""
    # After the brace of a namespace, or after the colon of a prefix that nobody declared.
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Give the children called `name`, whatever their namespace."""
    return (child for child in element if local_name(child) == name)


def child(element: etree._Element, name: str) -> etree._Element | None:
    """Find the first child called `name`, whatever its namespace."""
    return next(children(element, name), None)


def text_of(element: etree._Element) -> str:
    """Join all text under `element`."""
    return "".join(str(text) for text in element.itertext())


def discard(element: etree._Element, attribute: str) -> None:
    """Drop an attribute if it is there."""
    if element.get(attribute) is not None:
        del element.attrib[attribute]


def is_true(text: str | None) -> bool:
    """Read a boolean as documents spell it."""
    return text is not None and text.strip().lower() in ("true", "1")


def without_namespaces(element: etree._Element) -> etree._Element:
    """Copy a tree with bare names, as memos store it."""
    copy = etree.Element(local_name(element))
    for name, value in element.attrib.items():
        copy.set(str(name).rpartition("}")[2], str(value))
    copy.text = element.text
    for part in element:
        inner = without_namespaces(part)
        inner.tail = part.tail
        copy.append(inner)
    return copy


def serialize(element: etree._Element) -> str:
    """Write a tree as text, without its tail."""
    return etree.tostring(element, encoding="unicode", with_tail=False)
