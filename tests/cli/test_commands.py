"""Every command can be found, read about, and misused without harm."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from audctl import __version__
from audctl.cli.app import COMMANDS

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine, ProjectFolder

ROOT = Path(__file__).parents[2]
HEAVY = (
    "audctl.operations",
    "httpx",
    "lxml",
    "yaml",
    "jsonschema",
    "jsonschema_rs",
    "deepdiff",
    "rich",
    "starlette",
    "prometheus_client",
    "duckdb",
    "isal",
    "pyspark",
    "obstore",
    "opentelemetry",
)

USED_BY_ALL = {"audctl.operations", "yaml", "jsonschema_rs"}
"""By all commands that read a project."""
OPERATIONS = (
    "apply",
    "doctor",
    "drift",
    "exchange",
    "import_",
    "importing",
    "journal",
    "ledger",
    "plan",
    "status",
    "unmanaged",
    "validate",
    "wait",
)
"""What commands do, one module or folder each; others serve several."""
PROJECTS = Path(__file__).parent / "projects"


def _paths() -> list[tuple[str, ...]]:
    """Return every command line that leads to a command, such as ``plan`` or ``ledger list``."""
    found: list[tuple[str, ...]] = []
    for name, entry in COMMANDS.items():
        command = get_command(importlib.import_module(f"audctl.cli.{entry.module}").app)
        if isinstance(command, TyperGroup):
            found += [(name, each) for each in command.commands]
        else:
            found.append((name,))
    return found


PATHS = _paths()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_command_has_help_with_an_example(path: tuple[str, ...], audctl: CommandLine) -> None:
    ran = audctl(*path, "--help")
    assert ran.code == 0
    assert not ran.stderr
    text = " ".join(ran.stdout.split())
    assert f"Usage: audctl {' '.join(path)}" in text
    assert f"Example: audctl {' '.join(path)}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str, audctl: CommandLine) -> None:
    own_help = audctl(name, "--help").stdout
    assert COMMANDS[name].summary in " ".join(own_help.split())
    assert COMMANDS[name].summary in " ".join(audctl("--help").stdout.split())


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_command_is_documented(path: tuple[str, ...]) -> None:
    shown = f"audctl {' '.join(path)}"
    assert f"## `{shown}" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"| `{shown}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_each_option_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = [
        f"{name} {option}"
        for name, entry in COMMANDS.items()
        for command in [get_command(importlib.import_module(f"audctl.cli.{entry.module}").app)]
        for each in (command.commands.values() if isinstance(command, TyperGroup) else [command])
        for parameter in each.params
        for option in [*parameter.opts, *parameter.secondary_opts]
        if option.startswith("--") and "completion" not in option and f"`{option}" not in text
    ]
    assert not missing


def test_version(audctl: CommandLine) -> None:
    ran = audctl("--version")
    assert (ran.code, ran.stdout, ran.stderr) == (0, f"audctl {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pln"], "Did you mean 'plan'"),
        (["plan", "--bogus"], "No such option: --bogus"),
        (["show"], "Missing argument 'FILE'"),
        (["apply", "--parallelism", "0"], "greater than or equal to 1"),
        (["plan", "--output", "yaml"], "'yaml'"),
        (["explain", "Audeince"], "did you mean 'Audience'?"),
        (["explain", "Audience.spec.rul"], "did you mean 'rule'?"),
        (["explain", "Audience.spec.rule.more"], "there are no fields below it"),
        (["explain", "AUD9999"], "no finding code AUD9999"),
        (["schema", "Widget"], "there is no kind 'Widget'"),
        (["apply"], "nobody can answer here"),
        (["apply", "--auto-approve", "--expect-digest", ""], "--expect-digest needs a digest"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_misuse_is_exit_64_and_a_word_on_stderr(
    arguments: list[str], said: str, audctl: CommandLine
) -> None:
    ran = audctl(*arguments)
    assert ran.code == 64
    assert not ran.stdout
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_no_command_shows_help_and_is_a_misuse(audctl: CommandLine) -> None:
    ran = audctl()
    assert ran.code == 64
    assert "Commands:" in ran.stderr


def test_neither_version_nor_any_help_loads_anything_heavy() -> None:
    lines = [["--version"], ["--help"], *([*path, "--help"] for path in PATHS)]
    script = (
        "import sys\nfrom audctl.cli.app import run\n"
        f"for arguments in {lines!r}:\n"
        "    assert run(arguments) == 0\n"
        f"    loaded = [each for each in {HEAVY!r} if each in sys.modules]\n"
        "    assert not loaded, (arguments, loaded)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        ("validate", {"validate"}),
        ("plan", {"plan", "httpx", "lxml"}),
        ("ledger list", {"ledger", "httpx", "lxml"}),
        (
            (
                "exchange import carts-import --files in --recipients recipients.csv "
                "--tracking tracking.csv --dry-run --offline"
            ),
            {"exchange", "duckdb"},
        ),
    ],
)
def test_a_command_loads_its_own_operation_and_the_libraries_it_uses(
    words: str, loaded: set[str], project: ProjectFolder, tmp_path: Path
) -> None:
    folder = project.folder
    if "exchange" in loaded:
        folder = shutil.copytree(PROJECTS / "members", tmp_path / "members")
    operations = {f"audctl.operations.{each}": each for each in OPERATIONS}
    watched = operations | {each: each for each in HEAVY if each not in USED_BY_ALL}
    script = (
        "import json, sys\nfrom audctl.cli.app import run\n"
        "code = run(sys.argv[1:])\n"
        f"names = {watched!r}\n"
        "print(json.dumps([code, *(names[each] for each in sys.modules if each in names)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words.split()],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"},
    )
    code, *found = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    assert set(found) == loaded


def test_the_module_and_the_script_are_the_same_program() -> None:
    shown = [
        subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
        for command in (
            [sys.executable, "-m", "audctl"],
            [sys.executable, "-c", "from audctl.__main__ import main; main()"],
        )
    ]
    assert shown == [f"audctl {__version__}\n"] * 2
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^audctl = "audctl.__main__:main"$', project, re.MULTILINE)
