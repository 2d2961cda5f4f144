"""The HTML report as a reader has it: opened in Chromium, from a file."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from audctl.render.reports.to_html import html
from tests.browser import Page, open_browser
from tests.runs import hostile_run, make_plan, make_run, make_step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPLAINTS = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
PAPER = {"light": (255, 255, 255), "dark": (18, 21, 27)}

VISIBLE = "document.querySelector('tbody pre').checkVisibility()"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        browser.resize(1100, 900)
        yield browser


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(html(make_run(make_plan(*map(make_step, range(3)))))[0], encoding="utf-8")
    return path


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.html"
    path.write_text(html(hostile_run())[0], encoding="utf-8")
    return path


def _first_pixel(png: bytes) -> tuple[int, int, int]:
    """Return the colour of the corner: the first pixel of the first row needs no filter undone."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    row = zlib.decompress(data)
    return row[1], row[2], row[3]


def test_hostile_names_run_nothing_and_load_nothing(page: Page, hostile: Path) -> None:
    page.events.clear()
    page.open(hostile)
    assert page.told(*COMPLAINTS) == []
    asked = [each["params"]["request"]["url"] for each in page.told("Network.requestWillBeSent")]
    assert asked == [hostile.as_uri()]
    assert page.evaluate("document.querySelectorAll('script, img, iframe, form').length") == 0
    assert page.evaluate("document.querySelectorAll('[href]:not([href^=\"#\"])').length") == 0
    assert "<script>alert(1)</script>" in str(page.evaluate("document.body.innerText"))


def test_the_page_forbids_scripts_even_to_itself(page: Page, tmp_path: Path, report: Path) -> None:
    broken = tmp_path / "broken.html"
    text = report.read_text(encoding="utf-8").replace(
        "<main>", "<main><script>window.ran = 1</script>"
    )
    broken.write_text(text, encoding="utf-8")
    page.events.clear()
    page.open(broken)
    assert page.evaluate("window.ran === undefined") is True
    assert page.told("Log.entryAdded"), "the browser should complain about the script"


def test_a_reader_unfolds_what_changes(page: Page, report: Path) -> None:
    page.open(report)
    assert page.evaluate(VISIBLE) is False
    page.click("tbody details summary")
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 1
    assert page.evaluate(VISIBLE) is True
    assert "2T AND 3T" in str(page.evaluate("document.querySelector('tbody pre').innerText"))


def test_light_and_dark_as_the_reader_prefers(page: Page, report: Path) -> None:
    for scheme, paper in PAPER.items():
        page.prefer(scheme)
        page.open(report)
        assert _first_pixel(page.screenshot()) == paper
    page.prefer("light")


CONTRAST = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(paper(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("scheme", PAPER)
def test_every_text_can_be_read(page: Page, hostile: Path, scheme: str) -> None:
    page.prefer(scheme)
    page.open(hostile)
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    poor = page.evaluate(CONTRAST)
    page.prefer("light")
    assert poor == []


@pytest.mark.parametrize("width", [360, 1100])
def test_the_page_is_never_wider_than_its_window(page: Page, hostile: Path, width: int) -> None:
    page.resize(width, 900)
    page.open(hostile)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.resize(1100, 900)
    assert wide <= width


def test_printed_it_shows_what_is_folded(page: Page, report: Path) -> None:
    page.open(report)
    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    page.call("Emulation.setEmulatedMedia", media="print")
    shown = page.evaluate(VISIBLE)
    page.call("Emulation.setEmulatedMedia", media="")
    assert shown is True
    assert page.evaluate(VISIBLE) is False
