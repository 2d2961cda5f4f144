"""Golden sessions: command lines with their exit code, stdout and stderr, word for word.

A session file (`sessions/*.txt`) reads like a terminal::

    # What this session claims.
    project: shop                  the folder of `projects/` it starts from; copied for each session
    $ audctl validate              a command line
    | Valid: 3 resources …         its stdout
    ! …                            its stderr
    = 0                            its exit code
    > replace FILE 'OLD' 'NEW'     an edit of the project, between commands
    > remove FILE
    > move FILE OTHER              a manifest under another name; one that does not end in .yaml is none
    > days NUMBER                  from here on audctl's clock is so many days ahead
    > clock 30h                    the sandbox's own clock moves, and people with it
    > clock at 15:00               to that time of the day, UTC, which decides when files are written
    > marketer PATH KEY 'VALUE'    a plain HTTP call of someone else: one field of one Audience Manager object
    > marketer delete PATH         the same, of an object that goes
    > operator delete NAME         the same, of a Campaign list that goes
    > operator stop NAME           the same, of a workflow; start likewise
    > operator NAME KEY 'VALUE'    a plain SOAP call of someone else: one attribute of one Campaign list

Times, digests, ports, run names and the project's folder are normalised. `AUDCTL_UPDATE_SESSIONS=1` rewrites what
stands after each command; read the difference before committing it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.operations.context import SystemClock
from tests import loopback
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

HERE = Path(__file__).parent
SESSIONS = sorted((HERE / "sessions").glob("*.txt"))
UPDATE = bool(os.environ.get("AUDCTL_UPDATE_SESSIONS"))
NORMALISED = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?= to )"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}"), "<run>"),
    (re.compile(r"\b(?:[0-9a-f]{64}|(?<=\()[0-9a-f]{12}(?=\)))"), "<digest>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<sandbox>"),
    (re.compile(r"(?<=since )\d{4}-\d\d-\d\d|(?<=from )\d{4}-\d\d-\d\d"), "<day>"),
    (re.compile(r'(?<=removedAt  )"\d{4}-\d\d-\d\d"'), '"<day>"'),
    (re.compile(r"\b\d+ calls?\b"), "<calls>"),
    (re.compile(r"^\d\d:\d\d:\d\d(?=  )", re.MULTILINE), "<clock>"),
    (re.compile(r"(?<=not tried, )\d+\.\d s"), "<seconds>"),
    (re.compile(r"(wait(?:ing|ed)) \d+\.\d s"), r"\1 <seconds>"),
    (re.compile(r"(?<=_)\d{10}(?=\.sync)"), "<stamp>"),
    (re.compile(r'(?<="seconds": )\d+\.\d+'), "<seconds>"),
    (re.compile(r"\b[\d,]+\.\d s, [\d,]+ rows/s"), "<seconds>, <rate>"),
    (re.compile(r" +\d+[dhm](?: \d+[hm])? ago"), " <age> ago"),
    (re.compile(r"(?<=import) +\d+[dhm](?: \d+[hm])?(?= )"), " <age>"),
    (re.compile(r'(?<="ageSeconds": )\d+'), '"<age>"'),
    (re.compile(r'(?<="seconds": )\d+(?=,\n +"looks")'), "<seconds>"),
)
_LONG_S = 300
ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "never-to-be-seen"}


@dataclass
class Step:
    """One line that does something, and what it is expected to show."""

    line: str
    expected: list[str] = field(default_factory=list)


@dataclass
class Session:
    """A session file, read."""

    head: list[str]
    project: str
    steps: list[Step]

    def text(self) -> str:
        """Return the file's text."""
        lines = [*self.head, f"project: {self.project}"]
        for step in self.steps:
            lines += ["", step.line, *step.expected]
        return "\n".join(lines) + "\n"


def read_session(path: Path) -> Session:
    session = Session(head=[], project="", steps=[])
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            session.head.append(line)
        elif line.startswith("project: "):
            session.project = line.removeprefix("project: ")
        elif line.startswith(("$ ", "> ")):
            session.steps.append(Step(line))
        elif line:
            assert line[0] in "|!=", f"{path.name}: what is {line!r}?"
            session.steps[-1].expected.append(line)
    return session


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session(
    path: Path,
    running: RunningSandbox,
    tmp_path: Path,
    audctl: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = read_session(path)
    project = tmp_path / "project"
    shutil.copytree(HERE / "projects" / session.project, project)
    for each in project.rglob("*.yaml"):
        text = each.read_text(encoding="utf-8")
        each.write_text(text.replace("http://127.0.0.1:8765", running.url), encoding="utf-8")
    monkeypatch.chdir(project)
    # The clock is a part: sessions must not wait for real. Short waits are between repeated calls; a long one, between
    # two looks, moves the sandbox's clock.
    monkeypatch.setattr(
        SystemClock,
        "sleep",
        lambda _self, seconds: (
            _advance(running.url, f"{round(seconds)}s") if seconds > _LONG_S else None
        ),
    )
    shown: list[Step] = []
    for step in session.steps:
        shown.append(Step(step.line))
        if step.line.startswith("> days "):
            _move_clock(monkeypatch, timedelta(days=int(step.line.split()[-1])))
        elif step.line.startswith("> "):
            _edit(shlex.split(step.line[2:]), running.url)
        else:
            shown[-1].expected = _run(shlex.split(step.line[2:]), audctl, project)
    actual = Session(session.head, session.project, shown)
    assert "never-to-be-seen" not in actual.text()
    if UPDATE:
        path.write_text(actual.text(), encoding="utf-8")
    assert actual.text() == session.text()


def _move_clock(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _self: datetime.now(UTC) + ahead)


def _run(words: list[str], audctl: CommandLine, project: Path) -> list[str]:
    assert words[0] == "audctl"
    ran = audctl(*words[1:], environ=ENVIRON)
    return [
        *(f"| {line}".rstrip() for line in _normal(ran.stdout, project)),
        *(f"! {line}".rstrip() for line in _normal(ran.stderr, project)),
        f"= {ran.code}",
    ]


def _normal(text: str, project: Path) -> list[str]:
    text = text.replace(str(project), "<project>")
    for pattern, name in NORMALISED:
        text = pattern.sub(name, text)
    return text.splitlines()


def _edit(words: list[str], url: str) -> None:  # noqa: C901 - one case for each edit there is
    match words:
        case ["replace", name, old, new]:
            text = Path(name).read_text(encoding="utf-8")
            assert old in text
            Path(name).write_text(text.replace(old, new), encoding="utf-8")
        case ["remove", name]:
            Path(name).unlink()
        case ["move", name, other]:
            Path(name).rename(other)
        case ["clock", "at", time]:
            hours, minutes = map(int, time.split(":"))
            now = datetime.fromisoformat(loopback.get(f"{url}/_sandbox/clock").json()["now"])
            wanted = now.replace(hour=hours, minute=minutes)
            ahead = int((wanted - now).total_seconds()) % 86_400
            _advance(url, f"{ahead}s")
        case ["clock", span]:
            _advance(url, span)
        case ["marketer", "delete", path]:
            with loopback.client(base_url=url, headers=_marketer(url)) as client:
                client.delete(path).raise_for_status()
        case ["marketer", path, key, value]:
            _change(url, path, key, value)
        case ["operator", ("stop" | "start") as command, name]:
            with SoapClient(url) as client:
                client.call("xtk:workflow", command.capitalize(), name)
        case ["operator", "delete", name]:
            with SoapClient(url) as client:
                client.delete("nms:group", f"@name = '{name}'")
        case ["operator", name, key, value]:
            with SoapClient(url) as client:
                client.write(
                    f'<group xtkschema="nms:group" _key="@name" name="{name}" {key}="{value}"/>'
                )
        case _:
            pytest.fail(f"unknown edit {words}")


def _advance(url: str, span: str) -> None:
    loopback.post(f"{url}/_sandbox/clock", json={"advance": span}).raise_for_status()


def _change(url: str, path: str, key: str, value: str) -> None:
    with loopback.client(base_url=url, headers=_marketer(url)) as client:
        content = client.get(path).raise_for_status().json()
        client.put(path, json=content | {key: value}).raise_for_status()


def _marketer(url: str) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": "marketer",
        "client_secret": "marketer",
        "scope": "openid,AdobeID",
    }
    answer = loopback.post(f"{url}/ims/token/v3", data=form).raise_for_status().json()
    return {
        "Authorization": f"Bearer {answer['access_token']}",
        "x-api-key": "marketer",
        "AAM-Disable-Escaping-HTML": "true",
    }


def test_every_session_says_what_it_claims() -> None:
    assert SESSIONS
    for path in SESSIONS:
        session = read_session(path)
        assert session.head, f"{path.name} has no first line that says what it claims"
        assert session.steps
