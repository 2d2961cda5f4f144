from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import StalePlanError
from audctl.model.change import Change
from audctl.plan.digest import digest_of
from audctl.plan.plan_file import read_plan, write_plan
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audctl.model.plan import Plan

SECRET = "wJalrXUtnFEMI-K7MDENG"


def rich_plan() -> Plan:
    """Return a plan with every kind of content a file can hold."""
    desired = [
        make_desired("DataSource/web#aam.dataSource", {"label": "Wéb", "exportControls": ["pii"]}),
        make_desired(
            "Trait/a#aam.trait",
            {
                "label": "A",
                "integrationCode": "a",
                "dataSource": "@DataSource/web#aam.dataSource",
                "ttlDays": 7,
            },
        ),
        make_desired(
            "Audience/s#aam.segment",
            {"label": "New", "integrationCode": "s", "dataSource": "5", "rule": "a"},
        ),
        make_desired("List/k#campaign.list", {"name": "k"}),
        make_desired("List/new#campaign.list", {"name": "r"}, previousNames=["old"]),
        make_desired(
            "ExternalAccount/in#campaign.externalAccount",
            {"name": "in", "secretAccessKey": SECRET},
        ),
        make_desired(
            "Destination/d#aam.destination", {"id": "1"}, observed=True, manual="Make it."
        ),
    ]
    live = make_state(
        make_live("aam.segment", "21", {"label": "S", "integrationCode": "s", "dataSource": "5"}),
        make_live("campaign.list", "1", {"name": "k"}),
        make_live("campaign.list", "2", {"name": "r"}),
        make_live("campaign.list", "3", {"name": "safe"}),
    )
    ledger = make_ledger(
        make_entry("Audience/s#aam.segment", "21", {"label": "S"}, deletion_policy="Pause"),
        make_entry("List/k#campaign.list", "1", {"name": "k"}, deletion_policy="Delete"),
        make_entry("List/old#campaign.list", "2", {"name": "r"}, deletion_policy="Delete"),
        make_entry("List/safe#campaign.list", "3", {"name": "safe"}, protect=True),
    )
    return make_plan(desired, live, ledger, allowed=frozenset({"maxPauses:List/k"}))


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    plan = rich_plan()
    write_plan(plan, tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.digest == plan.digest == digest_of(again)
    assert again.findings == plan.findings
    assert again.environment == plan.environment
    assert again.options == plan.options
    assert again.counts == plan.counts
    assert again.live_as_of == plan.live_as_of
    shown = [
        replace(each, write={}, owned={}) for each in plan.steps if each.change is not Change.KEEP
    ]
    assert [each for each in again.steps if each.change is not Change.KEEP] == [
        replace(each, write=again.steps[0].write, owned=again.steps[0].owned) for each in shown
    ]


def test_the_file_holds_no_secret_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(rich_plan(), path)
    assert SECRET not in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old", encoding="utf-8")
    broken = replace(rich_plan(), unmanaged={"aam.trait": object()})  # type: ignore[dict-item]  # JSON refuses it
    with pytest.raises(TypeError):
        write_plan(broken, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return apply


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "cut": (lambda text: text[: len(text) // 2], "no valid JSON"),
    "empty": (lambda _: "", "no valid JSON"),
    "not an object": (lambda _: "[]", "no JSON object"),
    "another document": (lambda _: '{"kind": "List"}', "no format_version"),
    "newer": (edit(lambda c: c.update(format_version="2.0")), "plan format 2.0"),
    "a step left out": (edit(lambda c: c["changes"].pop()), "was changed after"),
    "a value edited": (
        edit(lambda c: c["changes"][0]["fields"][0].update(after="other")),
        "was changed after",
    ),
    "another environment": (
        edit(lambda c: c["environment"].update(name="production")),
        "was changed after",
    ),
    "a digest edited": (edit(lambda c: c.update(digest="0")), "was changed after"),
    "a key missing": (edit(lambda c: c["changes"][0].pop("fingerprint")), "not a whole plan"),
    "a wrong type": (edit(lambda c: c["changes"][0].update(label=3)), "not a whole plan"),
    "an unknown change": (edit(lambda c: c["changes"][0].update(change="x")), "not a whole plan"),
    "a permission added": (
        edit(lambda c: c["options"]["allowed"].append("maxDeletes:List/k")),
        "was changed after",
    ),
    "a list for a map": (edit(lambda c: c.update(environment=[])), "not a whole plan"),
    "deep": (lambda _: "[" * 100_000, "no valid JSON"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_the_plan_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(rich_plan(), path)
    change, message = BROKEN[name]
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(StalePlanError, match=message):
        read_plan(path)


def test_a_newer_minor_format_with_more_keys_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(rich_plan(), path)
    more = edit(lambda c: c.update(format_version="1.7", novelty=1))
    path.write_text(more(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert read_plan(path).digest == rich_plan().digest


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StalePlanError, match=r"plan\.json cannot be read"):
        read_plan(tmp_path / "plan.json")


def test_a_field_value_json_cannot_mean_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(rich_plan(), path)
    text = edit(lambda c: c["changes"][0]["fields"][0].update(after={"a": 1}))(path.read_text())
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StalePlanError, match="not a field value"):
        read_plan(path)
