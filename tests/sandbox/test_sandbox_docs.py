"""docs/sandbox.md lists what the code holds: its tables are made from the code, and compared here.

`AUDCTL_UPDATE_DOCS=1` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from audctl.sandbox.faults import parse_rules
from audctl.sandbox.faults.kinds import KINDS
from tests.sandbox.sandbox_docs import BLOCKS, EVERY_SWITCH, Switch

DOCUMENT = Path(__file__).parents[2] / "docs" / "sandbox.md"
UPDATE = bool(os.environ.get("AUDCTL_UPDATE_DOCS"))


@pytest.mark.parametrize("name", BLOCKS)
def test_the_tables_say_what_the_code_does(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- {name}: made from the code -->\n).*?(<!-- end -->)", re.DOTALL)
    assert len(block.findall(text)) == 1
    made = block.sub(lambda found: f"{found[1]}\n{BLOCKS[name]()}\n\n{found[2]}", text)
    if UPDATE:
        DOCUMENT.write_text(made, encoding="utf-8")
    assert UPDATE or made == text, "run the tests with AUDCTL_UPDATE_DOCS=1 and read the difference"


@pytest.mark.parametrize("switch", EVERY_SWITCH, ids=lambda each: each.name)
def test_every_quirk_is_explained(switch: Switch) -> None:
    assert len(switch.meaning) > 10, f"{switch.name} has no docstring under its field"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_is_explained_with_an_example(kind: str) -> None:
    assert len(KINDS[kind].summary) > 20
    assert KINDS[kind].example["kind"] == kind


def test_the_program_in_the_text_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    exec(program, {"folder": tmp_path})  # noqa: S102 - our own text
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_the_examples_in_the_text_work() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        assert parse_rules(json.loads(example))
