"""The page at `/` and the status behind it: what is shown, and that nothing from outside can act in a browser."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from audctl.sandbox.contents import read_contents
from audctl.sandbox.store import Store
from tests import loopback
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.sandbox.server import RunningSandbox
    from tests.sandbox.audience_manager_account import Account

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'& \x07\u202e"
VOID = {"meta", "link", "img", "br", "hr"}


class Document(HTMLParser):
    """Reads a page into its tags and its text, and checks that every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self._open:
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return "\n".join(self.words)

    def count_of(self, title: str) -> int:
        return int(self.words[self.words.index(title) + 1].replace(",", ""))


def read_page(sandbox: RunningSandbox) -> Document:
    answer = loopback.get(f"{sandbox.url}/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Document(answer.text)


def status(sandbox: RunningSandbox) -> Any:  # noqa: ANN401 - JSON
    return loopback.get(f"{sandbox.url}/_sandbox/status").json()


def test_the_page_lists_what_is_in_the_sandbox(demo_account: Account) -> None:
    page = read_page(demo_account.sandbox)
    shown = status(demo_account.sandbox)
    for kinds in shown["objects"].values():
        for title, count in kinds.items():
            assert page.count_of(title) == count
    for title, count in shown["people"].items():
        assert page.count_of(title) == count
    assert shown["people"]["Campaign: recipients"] > 0
    assert shown["objects"]["audienceManager"]["Traits"] > 0
    for name in ("VIP customers", "newsletter-vip", "importSharedAudience", "Adobe Campaign feed"):
        assert name in page.words
    assert demo_account.get("/traits")[0]["name"] in page.words


def test_an_empty_sandbox_says_so(sandbox: RunningSandbox) -> None:
    page = read_page(sandbox)
    assert page.count_of("Mappings") == 0
    assert "Nothing yet." in page.words
    assert "None yet." in page.words
    assert "Faults in force: 0" in page.words


def test_the_page_shows_the_calls_and_the_faults(account: Account) -> None:
    rule = {"route": "GET /v1/traits", "kind": "reset", "nth": 2}
    loopback.post(f"{account.sandbox.url}/_sandbox/faults", json=rule).raise_for_status()
    account.get("/traits")
    account.get("/traits/12", status=404)
    page = read_page(account.sandbox)
    assert "Calls: 3" in page.words
    assert "GET /v1/traits/{trait}" in page.words
    assert page.words[page.words.index("/v1/traits/12") + 1] == "404"
    assert "Faults in force: 1" in page.words
    assert "reset" in page.words


def test_looking_is_no_call_and_no_fault_can_stop_it(account: Account) -> None:
    for route in ("*", "GET /", "GET /_sandbox*"):
        rule = {"route": route, "kind": "reset"}
        loopback.post(f"{account.sandbox.url}/_sandbox/faults", json=rule).raise_for_status()
    before = status(account.sandbox)["calls"]
    read_page(account.sandbox)
    assert status(account.sandbox)["calls"] == before
    assert status(account.sandbox)["faults"] == 3


def test_nothing_from_outside_becomes_markup(account: Account) -> None:
    source = account.data_source(name=EVIL)["dataSourceId"]
    account.trait(source, name=EVIL)
    account.http.get("/<script>alert(2)</script>")
    loopback.post(
        f"{account.sandbox.url}/nl/jsp/soaprouter.jsp",
        headers={"SOAPAction": "<b>#<script>"},
        content="<a/>",
    )
    rule = {"route": "GET /<img src=x>*", "kind": "reset"}
    loopback.post(f"{account.sandbox.url}/_sandbox/faults", json=rule).raise_for_status()
    page = read_page(account.sandbox)
    assert page.words.count(EVIL.replace("\x07", "�").replace("\u202e", "�")) == 2
    assert "<b>#<script>" in page.words
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "link", "title", "style", "body", "header", "h1", "h2", "p"),
        *("time", "nav", "a", "main", "dl", "div", "dt", "dd", "details", "summary", "b", "code"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "src"}


def test_the_browser_is_told_to_run_and_load_nothing(sandbox: RunningSandbox) -> None:
    answer = loopback.get(f"{sandbox.url}/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    links = [attributes.get("href") or "" for tag, attributes in Document(answer.text).tags]
    assert all(link.startswith(("#", "data:,")) for link in links if link)
    assert "prefers-color-scheme: dark" in answer.text


def test_long_names_are_cut_and_long_lists_counted(account: Account) -> None:
    source = account.data_source(name="n" * 250)["dataSourceId"]
    page = read_page(account.sandbox)
    assert "n" * 200 + "…" in page.words
    assert account.get(f"/datasources/{source}")["name"] == "n" * 250


def test_only_so_many_rows_are_listed_and_the_rest_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write() as conn:
        conn.executemany(
            "INSERT INTO aam_data_source (document, origin) VALUES (?, 'user')",
            [(f'{{"name": "source-{number}", "pid": 900}}',) for number in range(300)],
        )
    with store.read() as conn:
        kind = next(
            kind for kind in read_contents(conn, 5).audience_manager if kind.title == "Data sources"
        )
    store.close()
    assert kind.count >= 300
    assert [row[1] for row in kind.rows] == [f"source-{number}" for number in range(299, 294, -1)]


def test_no_secret_is_on_the_page(demo_account: Account) -> None:
    url = demo_account.sandbox.url
    with SoapClient(url) as soap:
        soap.write(
            '<extAccount xtkschema="nms:extAccount" _operation="insert" name="any" label="Any"'
            ' account="AKIANEVERSHOWN" password="never-shown"/>'
        )
        soap.write(
            '<option xtkschema="xtk:option" _operation="insert" name="any" dataType="6"'
            ' stringValue="never-shown"/>'
        )
        secrets = ["never-shown", "AKIANEVERSHOWN", soap.bearer]
    secrets.append(demo_account.http.headers["Authorization"].split()[1])
    for path in ("/", "/_sandbox/status", "/_sandbox/calls"):
        text = loopback.get(f"{url}{path}").text
        assert not [secret for secret in secrets if secret in text]
