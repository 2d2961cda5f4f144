"""SOAP envelopes: requests taken apart, answers and faults written with the literal names that the official SDK reads.

Parameters are positional. The first child of the method element is always the session token, whatever its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from audctl.sandbox.campaign.faults import CampaignFault, bad_call
from audctl.sandbox.campaign.values import escape
from audctl.sandbox.campaign.xml import child, is_true, local_name, text_of

_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    "<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
    " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
)
_NAMESPACE = " xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body>"
_TAIL = "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
_ENCODING = "SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'"
_LITERAL = "SOAP-ENV:encodingStyle='http://xml.apache.org/xml-soap/literalxml'"


@dataclass(frozen=True, slots=True)
class Action:
    """What a SOAPAction header asks for."""

    service: str
    """`xtk:session`, `xtk:persist` …"""
    schema_id: str
    """The schema a service is called through, as in `xtk:persist|nms:group`; empty without one."""
    method: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request envelope, taken apart."""

    credential: str
    """The session token in the body."""
    parameters: tuple[etree._Element, ...]
    header: Mapping[str, str]
    """The SOAP header block, by local name in lower case."""

    def text(self, position: int) -> str:
        """Give a parameter as text; an absent one is empty."""
        return text_of(self.parameters[position]).strip() if self._has(position) else ""

    def boolean(self, position: int) -> bool:
        """Give a parameter as a boolean."""
        return is_true(self.text(position))

    def document(self, position: int) -> etree._Element | None:
        """Give the root inside an XML parameter; None when it is empty."""
        if not self._has(position):
            return None
        return next(iter(self.parameters[position]), None)

    def required_document(self, position: int) -> etree._Element:
        """Give the root inside an XML parameter; raises a fault when there is none."""
        found = self.document(position)
        if found is None:
            raise CampaignFault("XSV-350000 A document is missing among the parameters.")
        return found

    def _has(self, position: int) -> bool:
        return position < len(self.parameters)


@dataclass(frozen=True, slots=True)
class Output:
    """One output parameter."""

    name: str
    type: str
    """An xsd type; `element` for XML."""
    value: str
    """Text, or a serialised element."""


def parse_action(header: str | None) -> Action:
    """Read a SOAPAction header, quoted or not."""
    text = (header or "").strip().strip("\"'")
    urn, separator, method = text.partition("#")
    if not separator or not urn or not method:
        raise bad_call("SOP-330006 The SOAPAction header names no method.")
    service, _, schema_id = urn.removeprefix("urn:").partition("|")
    return Action(service, schema_id, method)


def parse_message(root: etree._Element, method: str) -> Message:
    """Take an envelope apart; raises a Client fault when it is none, or calls another method."""
    body = child(root, "Body") if local_name(root) == "Envelope" else None
    if body is None:
        raise bad_call("SOP-330002 The request is not a SOAP envelope.")
    call = next(iter(body), None)
    if call is None or local_name(call) != method:
        raise bad_call(f"SOP-330006 The method '{method[:80]}' is not in the body of the request.")
    block = child(root, "Header")
    header = {} if block is None else {local_name(part).lower(): text_of(part) for part in block}
    arguments = list(call)
    credential = ""
    if arguments:
        first = arguments.pop(0)
        # A document where the token should be: the token was left out, and this is no session.
        credential = "<document>" if len(first) else text_of(first).strip()
    return Message(credential, tuple(arguments), header)


def write_response(action: Action, outputs: Sequence[Output]) -> str:
    """Write the answer to a successful call."""
    # Never the schema a service was called through: its bar makes a namespace that strict parsers refuse.
    urn = escape(action.service)
    parts = [
        _HEAD,
        f" xmlns:ns='urn:{urn}'",
        _NAMESPACE,
        f"<{action.method}Response xmlns='urn:{urn}' {_ENCODING}>",
        *(_write_output(output) for output in outputs),
        f"</{action.method}Response>",
        _TAIL,
    ]
    return "".join(parts)


def write_fault(action: Action | None, fault: CampaignFault) -> str:
    """Write a fault; without words of its own it gets the generic wrapper of the method."""
    summary = fault.summary
    if summary is None:
        method, service = ("", "") if action is None else (action.method, action.service)
        summary = f"SOP-330011 Error while executing the method '{method}' of service '{service}'."
    detail = ""
    if fault.detail:
        detail = f"<detail xsi:type='xsd:string'>{escape(fault.detail)}</detail>"
    return "".join(
        (
            _HEAD,
            _NAMESPACE,
            f"<SOAP-ENV:Fault><faultcode>{fault.code}</faultcode>",
            f"<faultstring xsi:type='xsd:string'>{escape(summary)}</faultstring>{detail}</SOAP-ENV:Fault>",
            _TAIL,
        )
    )


def _write_output(output: Output) -> str:
    if output.type == "element":
        return f"<{output.name} xsi:type='ns:Element' {_LITERAL}>{output.value}</{output.name}>"
    return f"<{output.name} xsi:type='xsd:{output.type}'>{escape(output.value)}</{output.name}>"
