"""``--report``: asked for before anything runs, written whatever it came to, and before the exit code is chosen."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audctl.cli import report_files
from audctl.cli.report_files import part_path, write_parts
from audctl.operations import load as loading
from audctl.render.reports import FORMATS

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine, Ran

PROJECTS = Path(__file__).parent / "projects"
SECRET = "never-to-be-seen"
ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": SECRET}
ALL = tuple(FORMATS)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository" / "audiences"
    shutil.copytree(PROJECTS / "shop", folder)
    (tmp_path / "repository" / ".git").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def live(shop: Path, running: RunningSandbox) -> Path:
    project = shop / "audctl.yaml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("http://127.0.0.1:8765", running.url), encoding="utf-8")
    return shop


def _asked(formats: tuple[str, ...] = ALL) -> list[str]:
    return [
        word for name in formats for word in ("--report", f"{name}=../{name.replace(':', '-')}")
    ]


def _report(shop: Path, name: str) -> str:
    return (shop.parent / name.replace(":", "-")).read_text(encoding="utf-8")


def _document(shop: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_report(shop, "json"))
    return read


# Before anything runs


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("markdwon=x.md", 'did you mean "markdown"?'),
        ("zzz=x", "known formats: text, json, markdown"),
        ("markdown", "has no file; write markdown=FILE"),
        ("markdown=", "has no file"),
        ("html=nowhere/x.html", "there is no folder"),
        ("html=.", "that is a folder"),
        ("gitlab-terraform=x.json", "it goes with apply, plan, show"),
    ],
)
def test_a_report_nobody_could_write_is_refused_at_once(
    report: str, words: str, shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_project", lambda _path: pytest.fail("it has begun to work"))
    ran = audctl("validate", "--report", report, environ=ENVIRON)
    assert ran.code == 64
    assert words in ran.stderr
    assert not (shop / "x.md").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--report", "html=x", "--report", "json=./x"),
        ("plan", "--report", "html=-", "--report", "json=-"),
        ("plan", "--out", "plan.json", "--report", "json=plan.json"),
        ("plan", "--output", "json", "--report", "html=-"),
    ],
    ids=["one file", "stdout twice", "the plan itself", "stdout is taken"],
)
def test_two_things_cannot_be_written_to_one_place(
    words: tuple[str, ...], shop: Path, audctl: CommandLine
) -> None:
    assert audctl(*words, environ=ENVIRON).code == 64
    assert sorted(each.name for each in shop.iterdir()) == ["audctl.yaml", "cart.yaml", "web.yaml"]


def test_a_folder_that_cannot_be_written_to_is_seen_at_once(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked of the system, and answered for it here: root may write anywhere.
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    ran = audctl("validate", "--report", "json=x.json", environ=ENVIRON)
    assert ran.code == 64
    assert f"{shop} cannot be written to" in ran.stderr


# Whatever the run came to


def test_every_format_of_a_plan_is_written_and_holds_no_secret(
    live: Path, audctl: CommandLine
) -> None:
    ran = audctl("plan", "--out", "../plan.json", *_asked(), environ=ENVIRON)
    assert ran.code == 0, ran.stderr
    texts = {name: _report(live, name) for name in ALL}
    assert all(texts.values()) or [name for name, text in texts.items() if not text] == ["github"]
    assert SECRET not in "".join(texts.values())
    document = _document(live)
    assert (document["command"], document["project"], document["environment"]) == (
        "plan", "shop", "local"
    )  # fmt: skip
    plan = json.loads((live.parent / "plan.json").read_text(encoding="utf-8"))
    assert document["result"] == plan
    assert json.loads(texts["gitlab-terraform"])["create"] == plan["summary"]["create"]
    assert "audctl apply ../plan.json --env local" in texts["markdown"]


def test_findings_are_in_every_report_at_their_place_in_the_repository(
    shop: Path, audctl: CommandLine
) -> None:
    manifest = shop / "cart.yaml"
    text = manifest.read_text(encoding="utf-8").replace("dataSource: web", "dataSource: wbe")
    manifest.write_text(text, encoding="utf-8")
    formats = tuple(name for name in ALL if name != "gitlab-terraform")
    ran = audctl("validate", *_asked(formats), environ=ENVIRON)
    assert ran.code == 1
    for name in formats:
        assert "AUD1302" in _report(shop, name), name
    for name in ("sarif", "junit", "codequality", "github"):
        assert "audiences/cart.yaml" in _report(shop, name), name
    assert _document(shop)["exitCode"] == 1


def test_a_live_system_that_does_not_answer_is_the_report(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audctl.operations.context.SystemClock.sleep", lambda _self, _seconds: None)
    ran = audctl("plan", "--env", "closed", *_asked(), environ=ENVIRON)
    assert ran.code == 1
    document = _document(shop)
    assert document["exitCode"] == 1
    assert document["error"]["type"] == "UnreachableError"
    assert document["result"] is None
    assert _report(shop, "markdown").startswith("<!-- audctl:plan:env=closed:project=shop -->")
    assert "AUD2601" in _report(shop, "junit")
    # Three zeros would say that nothing is to change.
    assert json.loads(_report(shop, "gitlab-terraform")) == {}


def test_a_project_that_cannot_be_read_still_gives_a_report(
    shop: Path, audctl: CommandLine
) -> None:
    (shop / "audctl.yaml").write_text("kind: [", encoding="utf-8")
    ran = audctl("plan", "--env", "prod", *_asked(("markdown", "json")), environ=ENVIRON)
    assert ran.code == 1
    assert _report(shop, "markdown").startswith("<!-- audctl:plan:env=prod:project=- -->")
    assert _document(shop)["findings"][0]["code"] == "AUD1004"


def test_a_stale_plan_is_the_report(live: Path, audctl: CommandLine) -> None:
    ran = audctl("plan", "--expect-digest", "0" * 64, *_asked(("json", "sarif")), environ=ENVIRON)
    assert ran.code == 4
    assert _document(live)["exitCode"] == 4
    assert _document(live)["result"]["digest"]
    assert "AUD2602" in _report(live, "sarif")


def test_a_refused_apply_reports_the_plan_that_was_refused(live: Path, audctl: CommandLine) -> None:
    assert audctl("apply", "--auto-approve", "--adopt", environ=ENVIRON).code == 0
    cart = live / "cart.yaml"
    account = cart.read_text(encoding="utf-8").split("---\n")[-1]
    cart.write_text(account, encoding="utf-8")
    ran = audctl("apply", "--auto-approve", *_asked(("json", "markdown")), environ=ENVIRON)
    document = _document(live)
    assert document["exitCode"] == ran.code != 0
    assert document["result"]["applied"] is False
    assert document["error"]
    assert "Cart abandoners" in _report(live, "markdown")


def test_an_apply_reports_each_step(live: Path, audctl: CommandLine) -> None:
    ran = audctl("apply", "--auto-approve", "--adopt", *_asked(("json", "junit")), environ=ENVIRON)
    assert ran.code == 0
    document = _document(live)
    assert len(document["result"]["done"]) == _report(live, "junit").count('name="create"') + 1
    assert document["error"] is None


def test_an_interrupted_run_reports_that(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "load_project", interrupt)
    ran = audctl("validate", *_asked(("json", "markdown")), environ=ENVIRON)
    assert ran.code == 130
    assert _document(shop)["exitCode"] == 130
    assert "AUD2604" in _report(shop, "markdown")


def test_a_fault_of_audctl_itself_is_reported_without_secrets(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path) -> None:
        raise RuntimeError(f"broken by {SECRET}")

    monkeypatch.setattr(loading, "load_project", fail)
    ran = audctl("validate", *_asked(("json",)), environ=ENVIRON)
    assert ran.code == 1
    assert "unexpected RuntimeError: broken by ***" in _document(shop)["error"]["message"]


# Writing them


def test_a_report_that_cannot_be_written_is_an_error_and_hides_no_other(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = report_files.write_file

    def full(path: Path, text: str) -> None:
        if path.name == "html":
            raise OSError(28, "No space left on device")
        real(path, text)

    monkeypatch.setattr("audctl.cli.reporting.write_file", full)
    ran = audctl("validate", *_asked(("html", "json")), environ=ENVIRON)
    assert ran.code == 1
    assert "report html=../html: No space left on device" in ran.stderr
    assert ran.stdout.startswith("Valid: ")
    assert _document(shop)["result"]["valid"] is True


def test_a_fault_in_one_format_costs_no_other(
    shop: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_run: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("audctl.render.reports.to_html.html", fail)
    ran = audctl("validate", *_asked(("html", "json")), environ=ENVIRON)
    assert ran.code == 1
    assert "report html=../html cannot be made" in ran.stderr
    assert _document(shop)["result"]["valid"] is True


def test_a_report_on_stdout_takes_the_place_of_the_result(shop: Path, audctl: CommandLine) -> None:
    ran = audctl("validate", "--report", "json=-", environ=ENVIRON)
    assert ran.code == 0
    assert json.loads(ran.stdout)["command"] == "validate"
    assert ran.stderr == ""


def test_a_report_is_there_whole_or_not_at_all_and_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    write_parts(tmp_path / "link", ["after"])
    assert (tmp_path / "real").read_text(encoding="utf-8") == "after"
    assert (tmp_path / "link").is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "real"]


def test_a_report_has_the_rights_that_any_new_file_has(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write_parts(tmp_path / "report", ["x"])
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_parts_of_an_earlier_longer_report_go_and_nothing_else_does(tmp_path: Path) -> None:
    plan = tmp_path / "plan.md"
    write_parts(plan, ["<!-- audctl:1 -->", "<!-- audctl:2 -->", "<!-- audctl:3 -->"])
    assert part_path(plan, 3).name == "plan.3.md"
    part_path(plan, 3).write_text("mine", encoding="utf-8")
    write_parts(plan, ["<!-- audctl:1 -->"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plan.3.md", "plan.md"]


# In GitHub Actions


def _in_github(folder: Path) -> dict[str, str]:
    return ENVIRON | {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }


def _broken(shop: Path) -> None:
    text = (shop / "cart.yaml").read_text(encoding="utf-8")
    (shop / "cart.yaml").write_text(
        text.replace("dataSource: web", "dataSource: wbe"), encoding="utf-8"
    )


def _validate(audctl: CommandLine, folder: Path, *words: str, **environ: str) -> Ran:
    return audctl("validate", *words, environ=_in_github(folder) | environ)


def test_in_a_job_annotations_summary_and_outputs_come_by_themselves(
    shop: Path, audctl: CommandLine, tmp_path: Path
) -> None:
    _broken(shop)
    (tmp_path / "summary").write_text("before\n", encoding="utf-8")
    ran = _validate(audctl, tmp_path)
    assert ran.code == 1
    annotations = [line for line in ran.stderr.splitlines() if line.startswith("::error ")]
    assert annotations
    assert all("file=audiences/cart.yaml," in each for each in annotations)
    assert "::" not in ran.stdout
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    assert summary.startswith("before\n<!-- audctl:validate")
    assert "exit-code<<" in (tmp_path / "output").read_text(encoding="utf-8")


def test_while_it_runs_no_name_is_taken_for_a_command(
    shop: Path, audctl: CommandLine, tmp_path: Path
) -> None:
    _broken(shop)
    first, *talk = _validate(audctl, tmp_path).stderr.splitlines()
    assert first.startswith("::stop-commands::")
    token = first.removeprefix("::stop-commands::")
    assert len(token) == 32
    commands = [number for number, line in enumerate(talk) if line.startswith("::error")]
    assert talk.index(f"::{token}::") < min(commands)
    again = _validate(audctl, tmp_path).stderr.splitlines()[0]
    assert again != first


def test_annotations_go_where_they_are_asked_to_instead(
    shop: Path, audctl: CommandLine, tmp_path: Path
) -> None:
    _broken(shop)
    ran = _validate(audctl, tmp_path, "--report", f"github={tmp_path / 'commands'}")
    assert "::error" not in ran.stderr
    assert "::error" in (tmp_path / "commands").read_text(encoding="utf-8")
    assert (tmp_path / "summary").exists()


def test_it_can_be_switched_off(shop: Path, audctl: CommandLine, tmp_path: Path) -> None:
    ran = _validate(audctl, tmp_path, AUDCTL_GITHUB="off")
    assert ran.stderr == ""
    assert list(tmp_path.glob("[so]u*")) == []


def test_a_full_summary_is_left_as_it_is(shop: Path, audctl: CommandLine, tmp_path: Path) -> None:
    full = "x" * 900 * 1024
    (tmp_path / "summary").write_text(full, encoding="utf-8")
    assert _validate(audctl, tmp_path).code == 0
    assert (tmp_path / "summary").read_text(encoding="utf-8") == full


def test_a_summary_that_cannot_be_written_fails_nothing(
    shop: Path, audctl: CommandLine, tmp_path: Path
) -> None:
    ran = _validate(audctl, tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path))
    assert ran.code == 0
    assert "warning: the step's summary or outputs" in ran.stderr


def test_every_format_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    for name, each in FORMATS.items():
        assert f"| `{name}` | {each.summary}" in text
