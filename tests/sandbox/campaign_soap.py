"""A bare SOAP client for the tests of the sandbox: envelopes are glued from text, answers read with lxml."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Self

from lxml import etree

from tests import loopback

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

PATH = "/nl/jsp/soaprouter.jsp"
_ENVELOPE = (
    "<SOAP-ENV:Envelope xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>"
    "<SOAP-ENV:Body><m:{method} xmlns:m='urn:{service}'>{parameters}</m:{method}></SOAP-ENV:Body>"
    "</SOAP-ENV:Envelope>"
)


class Fault(Exception):  # noqa: N818 - SOAP's own word
    def __init__(self, code: str, summary: str, detail: str) -> None:
        super().__init__(f"{code} {summary} {detail}")
        self.code = code
        self.summary = summary
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Xml:
    """A parameter that is a document."""

    text: str


def envelope(service: str, method: str, *parameters: str | Xml, token: str = "") -> str:
    parts = [f"<sessiontoken>{token}</sessiontoken>"]
    for number, value in enumerate(parameters):
        inner = value.text if isinstance(value, Xml) else escape(value)
        parts.append(f"<p{number}>{inner}</p{number}>")
    return _ENVELOPE.format(method=method, service=service, parameters="".join(parts))


class SoapClient:
    def __init__(self, url: str, client_id: str = "sandbox") -> None:
        self.http = loopback.client(base_url=url, timeout=60)
        self.bearer = self.fetch_token(client_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def fetch_token(self, client_id: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_id,
            "scope": "openid",
        }
        token: str = self.http.post("/ims/token/v3", data=form).json()["access_token"]
        return token

    def post(
        self, action: str, body: str | bytes, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post a body as it is; without headers it is signed with the bearer token."""
        signed = {"Authorization": f"Bearer {self.bearer}"} if headers is None else headers
        return self.http.post(PATH, content=body, headers={"SOAPAction": action, **signed})

    def call(
        self,
        service: str,
        method: str,
        *parameters: str | Xml,
        headers: dict[str, str] | None = None,
    ) -> list[etree._Element]:
        """Call a method and give its outputs; raises Fault."""
        body = envelope(service, method, *parameters)
        return outputs(self.post(f"{service}#{method}", body, headers))

    def query(self, document: str) -> etree._Element:
        """Run a queryDef and give the root of the answer."""
        (output,) = self.call("xtk:queryDef", "ExecuteQuery", Xml(document))
        (root,) = output
        return root

    def select(
        self, schema: str, *expressions: str, where: str = "", extra: str = ""
    ) -> list[dict[str, str]]:
        """Select plain attributes and give each row's."""
        rows = self.query(query(schema, *expressions, where=where, extra=extra))
        return [{str(name): str(value) for name, value in row.attrib.items()} for row in rows]

    def write(self, document: str) -> None:
        assert self.call("xtk:persist", "Write", Xml(document)) == []

    def write_collection(self, document: str) -> None:
        assert self.call("xtk:persist", "WriteCollection", Xml(document)) == []

    def delete(self, schema: str, condition: str) -> None:
        where = Xml(f'<where><condition expr="{escape(condition)}"/></where>')
        assert self.call("xtk:persist", "DeleteCollection", schema, where, "false") == []


def query(
    schema: str, *expressions: str, where: str = "", operation: str = "select", extra: str = ""
) -> str:
    nodes = "".join(f'<node expr="{escape(expression)}"/>' for expression in expressions)
    condition = f'<where><condition expr="{escape(where)}"/></where>' if where else ""
    return (
        f'<queryDef schema="{schema}" operation="{operation}"{extra}>'
        f"<select>{nodes}</select>{condition}"
        '<orderBy><node expr="1"/></orderBy></queryDef>'
    )


def outputs(response: httpx.Response) -> list[etree._Element]:
    """Read an answer as the official SDK does: by qualified names; raises Fault."""
    assert response.status_code == 200, response.text
    root = etree.fromstring(response.content)
    assert root.prefix == "SOAP-ENV"
    body = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body is not None
    (answer,) = body
    if etree.QName(answer).localname == "Fault":
        parts = {etree.QName(part).localname: part.text or "" for part in answer}
        raise Fault(parts["faultcode"], parts["faultstring"], parts.get("detail", ""))
    assert b"<" + etree.QName(answer).localname.encode() in response.content  # no prefix
    return list(answer)


def local_name(element: etree._Element) -> str:
    return etree.QName(element).localname
