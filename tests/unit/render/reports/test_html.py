"""The HTML report as a file: whole, self-contained, every value text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from audctl.render.printable import printable
from audctl.render.reports.to_html import html
from tests.runs import HOSTILE, every_sort, hostile_run, make_plan, make_run, make_step

RUNS = every_sort()
VOID = {"meta", "wbr"}


class Tree(HTMLParser):
    """Checks that what is opened is closed, and gathers tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _tree(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == []
    return tree


@pytest.mark.parametrize("sort", RUNS)
def test_the_page_is_whole_and_needs_nothing_else(sort: str) -> None:
    [page] = html(RUNS[sort])
    tree = _tree(page)
    names = {tag for tag, _ in tree.tags}
    assert {"header", "main", "footer", "h1", "title"} <= names
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    for _, attributes in tree.tags:
        assert not {name for name in attributes if name.startswith("on")} | (
            {"src", "srcset", "style", "action"} & set(attributes)
        )
        assert attributes.get("href", "#").startswith("#")  # type: ignore[union-attr]
    assert not re.search(
        r"url\(|@import|//[a-z]", page[: page.index("</style>")].split("<style>")[1]
    )


@pytest.mark.parametrize("sort", RUNS)
def test_tables_and_links_say_what_they_are(sort: str) -> None:
    [page] = html(RUNS[sort])
    tree = _tree(page)
    heads = [attributes for tag, attributes in tree.tags if tag == "th"]
    assert all(each.get("scope") in ("col", "row") for each in heads)
    ids = [attributes["id"] for _, attributes in tree.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {attributes["href"] for tag, attributes in tree.tags if tag == "a"}
    assert {f"#{each}" for each in ids} == targets


def test_hostile_text_is_shown_and_nothing_more() -> None:
    [page] = html(hostile_run())
    assert printable(HOSTILE) in _tree(page).text
    assert "<script" not in page
    assert not {"\u202e", "\u2028", "\x1b"} & set(page)


def test_a_value_of_a_megabyte_does_not_make_a_page_of_a_megabyte() -> None:
    [page] = html(make_run(make_plan(make_step(1, label="x" * 1_000_000))))
    assert len(page) < 100_000


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    [page] = html(RUNS["plan"])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'",
        policy[1],
    )
