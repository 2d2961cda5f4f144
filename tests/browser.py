"""A real browser for tests: Chromium without a window, driven over two pipes by its own DevTools protocol.

Nothing listens on a port, and no library stands between. Where there is no Chromium the tests say so and are left
out; `AUDCTL_NEED_BROWSER=1`, as continuous integration sets it, makes that a failure.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ARGUMENTS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # containers have no user namespaces; the pages are our own files
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever a page asks for, nothing leaves the machine
)

_START = """
import os, sys
pipes = [os.dup2(int(each), 50 + place) for place, each in enumerate(sys.argv[1:3])]
for place, pipe in enumerate(pipes, 3):
    os.dup2(pipe, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Moves two pipes to where the browser expects them, 3 to read from and 4 to write to, and becomes the browser."""


def find_chromium() -> str:
    """Return the browser's path; skip the test without one, or fail it where a browser is required."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if os.environ.get("AUDCTL_NEED_BROWSER"):
        pytest.fail("no Chromium here, and AUDCTL_NEED_BROWSER is set")
    pytest.skip("no Chromium on this machine: the HTML report was not opened in a browser")


class Page:
    """One tab."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._buffer = b""
        self._last = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        """Everything the browser told unasked: console messages, requests, violations."""

    def attach(self) -> Self:
        """Open the tab and listen to it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        answer = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        loads = len(self.told("Page.loadEventFired"))
        self.call("Page.navigate", url=path.as_uri())
        while len(self.told("Page.loadEventFired")) == loads:
            self.events.append(self._read())

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page has
        """Return an expression's value; DevTools may run scripts where the page itself may not."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse would."""
        script = (
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "return [r.x + Math.min(r.width / 2, 20), r.y + r.height / 2]; })()"
        )
        x, y = self.evaluate(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def prefer(self, scheme: str) -> None:
        """Set the reader's colour scheme: ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def resize(self, width: int, height: int) -> None:
        """Set the window's size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self) -> bytes:
        """Return what is visible, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def pdf(self) -> bytes:
        """Return the page as it would be printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call the browser and return its answer."""
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._answers, 1 << 16)
            assert chunk, "the browser is gone"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """Return the events of these kinds."""
        return [each for each in self.events if each.get("method") in methods]


@contextmanager
def open_browser() -> Iterator[Page]:
    """Start a browser with one tab, and end it."""
    chromium = find_chromium()
    to_browser, requests = os.pipe()
    answers, from_browser = os.pipe()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, str(to_browser), str(from_browser)),
                *(chromium, *_ARGUMENTS, f"--user-data-dir={profile}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_browser, from_browser),
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Page(requests, answers).attach()
        finally:
            process.kill()
            process.wait()
            os.close(requests)
            os.close(answers)
