"""`make demo`: the whole product on a realistic repo of manifests, over HTTP, nothing faked.

Prints every command with its real output, and ends with 1 as soon as an exit code or a word that matters is not what
it should be. Uses the standard library only, so that it sees audctl exactly as a user does: as a program.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
AUDCTL = [sys.executable, "-m", "audctl"]
WRITTEN_ENDPOINT = "http://127.0.0.1:8765"
"""Where the examples' `local` environment expects the sandbox; the demo takes a free port instead."""
SECRET_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")

CHANGED = "cart-abandoners"
"""The audience that a marketer edits in the console, behind audctl's back."""
REMOVED = "cart-abandoners"
"""The audience whose manifests are removed at the end."""


class Unexpected(Exception):  # noqa: N818 - what it says is the message
    """A step came out otherwise than it should."""


@dataclass(frozen=True)
class Stage:
    """A copy of the examples, a running sandbox, and the environment variables that join them."""

    project: Path
    url: str
    environ: Mapping[str, str]

    def audctl(self, *arguments: str, code: int, says: tuple[str, ...] = ()) -> None:
        """Run one command, show it with its output, and check how it ended and what it said."""
        print(f"\n$ audctl {' '.join(arguments)}", flush=True)
        done = subprocess.run(
            [*AUDCTL, *arguments],
            cwd=self.project,
            env={**os.environ, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        print(done.stdout, end="", flush=True)
        print(f"(exit code {done.returncode})", flush=True)
        if done.returncode != code:
            raise Unexpected(f"exit code {done.returncode}, expected {code}")
        for words in says:
            if not re.search(words, done.stdout):
                raise Unexpected(f"nothing in the output matches {words!r}")

    def http(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make one plain HTTP call, as the console would, and return its JSON."""
        body, kind = None, {}
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
        elif content is not None:
            body, kind = json.dumps(content).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own http address
            self.url + path, method=method, data=body, headers={**kind, **(headers or {})}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - likewise
            loaded: dict[str, Any] = json.load(answer)
        return loaded

    def change_behind_audctls_back(self) -> None:
        """Rename an audience by a plain HTTP call, signed in as a person of the marketing team."""
        token = self.http(
            "POST",
            "/ims/token/v3",
            form={
                "grant_type": "client_credentials",
                "client_id": "marketer",
                "client_secret": "marketer",
                "scope": "openid,AdobeID",
            },
        )["access_token"]
        signed_in = {
            "Authorization": f"Bearer {token}",
            "x-api-key": "marketer",
            "AAM-Disable-Escaping-HTML": "true",  # as the console does; rules come escaped otherwise
        }
        path = f"/v1/segments/ic:{CHANGED}"
        segment = self.http("GET", path, headers=signed_in)
        segment["name"] = "Cart abandoners (edited by hand)"
        print(f'\n$ curl -X PUT {self.url}{path} -d \'{{…, "name": "{segment["name"]}"}}\'')
        self.http("PUT", path, content=segment, headers=signed_in)

    def remove_manifests(self) -> None:
        """Remove an audience and what binds it, as a commit would."""
        print(f"\n# remove Audience/{REMOVED} and its binding from the manifests")
        if not sum(_without_audience(path) for path in self.project.rglob("*.yaml")):
            raise Unexpected(f"no manifest of Audience/{REMOVED} to remove")


def _without_audience(path: Path) -> int:
    """Take the documents of the removed audience out of one file; return how many there were."""
    documents = re.split(r"^---\s*?\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    kept = [each for each in documents if not _is_about_removed(each)]
    if len(kept) == len(documents):
        return 0
    if any(each.strip() for each in kept):
        path.write_text("---\n".join(kept), encoding="utf-8")
    else:
        path.unlink()
    return len(documents) - len(kept)


def _is_about_removed(document: str) -> bool:
    kind = re.search(r"^kind: *(\w+)", document, re.MULTILINE)
    if kind is None:
        return False
    if kind[1] == "Audience":
        return bool(re.search(rf"\bname: *{re.escape(REMOVED)}\b(?!-)", document))
    return kind[1] in ("ImportBinding", "ExportBinding") and bool(
        re.search(rf"\baudience: *{re.escape(REMOVED)}\b(?!-)", document)
    )


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """Copy the examples, start the sandbox with the demo tenant, and join them."""
    project = folder / "manifests"
    shutil.copytree(CHECKOUT / "manifests", project, ignore=shutil.ignore_patterns(".audctl"))
    command = [
        *AUDCTL,
        "sandbox",
        "serve",
        "--port",
        "0",
        "--data",
        str(folder / "sandbox"),
        "--seed",
        "demo",
    ]
    print("$ audctl sandbox serve --port 0 --data ../sandbox --seed demo &", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            ready = sandbox.stdout.readline()
            print(ready, end="", flush=True)
            if not ready.startswith("sandbox ready at "):
                raise Unexpected("the sandbox did not start")
            url = ready.split()[-1]
            texts = []
            for path in project.rglob("*.yaml"):
                texts.append(path.read_text(encoding="utf-8"))
                path.write_text(texts[-1].replace(WRITTEN_ENDPOINT, url), encoding="utf-8")
            if not any(WRITTEN_ENDPOINT in each for each in texts):
                raise Unexpected(f"no environment of the examples is at {WRITTEN_ENDPOINT}")
            named = sorted({name for each in texts for name in SECRET_REFERENCE.findall(each)})
            environ = {name: f"demo-{name.lower()}" for name in named}
            environ |= {"AUDCTL_CLIENT_SECRET": "sandbox", "AUDCTL_ENV": "local"}
            print(
                f"$ cd manifests; export {' '.join(f'{key}={value}' for key, value in environ.items())}"
            )
            yield Stage(project, url, environ)
        finally:
            sandbox.terminate()


def play(stage: Stage) -> None:
    """Go through the product's life, checking each step."""
    stage.audctl("validate", code=0, says=(r"Valid: \d+ resources",))
    stage.audctl(
        "plan", "--out", "plan.json", code=0, says=(r"Plan: \d+ to create", r"known after apply")
    )
    stage.audctl("apply", "plan.json", code=0, says=(r" 0 failed, 0 not tried", r"Verified"))
    stage.audctl("plan", "--detailed-exitcode", code=0, says=(r"Plan: nothing to do",))
    stage.change_behind_audctls_back()
    stage.audctl(
        "drift",
        code=2,
        says=(
            r"Drift: 1 of \d+ objects",
            rf"Audience/{CHANGED}\b",
            r'label +"Cart abandoners" -> "Cart abandoners \(edited by hand\)"',
            r"last changed by 12 at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        ),
    )
    stage.audctl(
        "apply",
        "--auto-approve",
        code=0,
        says=(r"Plan: 1 to update", r"changed outside audctl", r"Verified"),
    )
    stage.audctl("drift", code=0, says=(r"Drift: none",))
    stage.remove_manifests()
    stage.audctl(
        "plan", "--detailed-exitcode", code=2, says=(r"\d+ to pause", rf"Audience/{REMOVED}\b")
    )


def main() -> int:
    """Play the demo and return its exit code."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="audctl-demo-") as folder:
        try:
            with open_stage(Path(folder)) as stage:
                play(stage)
        except Unexpected as unexpected:
            print(f"\nDemo failed: {unexpected}", flush=True)
            return 1
    print(f"\nDemo done in {time.monotonic() - begun:.0f} s: every step came out as it should.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
