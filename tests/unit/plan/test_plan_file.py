from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl import __version__
from audctl.errors import StalePlanError
from audctl.model.address import parse_address
from audctl.model.change import Change, FieldChange, FieldReason
from audctl.model.effect import CountSource, Effect, Impact, shown_count
from audctl.model.match_rate import Basis, MatchRate
from audctl.model.plan import Revision
from audctl.model.selection import Selection
from audctl.model.verdict import Judgement, Verdict
from audctl.plan.digest import digest_of, plan_digest
from audctl.plan.plan_file import read_plan, write_plan
from audctl.plan.plan_json import checksum_of, plan_to_json
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audctl.model.plan import Plan

SECRET = "wJalrXUtnFEMI-K7MDENG"
ESTIMATE = CountSource.ESTIMATE
EMPTY = make_ledger()


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
    plan = make_plan(desired, live, ledger, allowed=frozenset({"maxPauses:List/k"}))
    selection = Selection(only=("*/*",), exclude=("team=crm",))
    options = replace(plan.options, selection=selection)
    segment = parse_address("Audience/s#aam.segment")
    moved = Impact(before=812_000, after=203_000, low=190_000, high=217_000, source=ESTIMATE)
    return replace(
        plan,
        options=options,
        digest=plan_digest(plan.project, plan.environment, plan.steps, options),
        steps=tuple(
            replace(each, impact=moved) if each.address == segment else each for each in plan.steps
        ),
        effects=(
            Effect(address=segment, label="S", purpose="target", impact=moved, chain=(segment,)),
            Effect(
                address=(vip := parse_address("List/k#campaign.list")),
                impact=Impact(before=1, after=0, source=CountSource.CERTAIN),
                chain=(segment, vip),
            ),
        ),
        match_rates=(
            MatchRate(
                address=parse_address("ImportBinding/b"),
                total=812_000,
                asked=1000,
                matched=830,
                basis=Basis.DESTINATION,
            ),
            MatchRate(address=parse_address("ImportBinding/c"), total=40, asked=40, matched=7),
            MatchRate(address=parse_address("ImportBinding/d"), why="no files"),
        ),
        verdicts=(
            Verdict(
                guard="maxShrink",
                judgement=Judgement.ALLOWED,
                limit="25%",
                measured="75%",
                names=("Audience/s",),
                allowed=("Audience/s",),
            ),
        ),
        revision=Revision(commit="5f70bf18a086007016e948b04aed3b82103a36be", branch="main"),
    )


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    plan = rich_plan()
    write_plan(plan, tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.digest == plan.digest == digest_of(again)
    assert again.findings == plan.findings
    assert again.effects == plan.effects
    assert again.verdicts == plan.verdicts
    assert again.revision == plan.revision
    assert again.tool == plan.tool == f"audctl {__version__}"
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
    assert plan_to_json(again) == json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))


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
    """Change a plan file as an editor does."""

    def apply(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return apply


def forge(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """Change a plan file and make its checksum fit again."""

    def apply(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content | {"checksum": checksum_of(content)})

    return apply


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "cut": (lambda text: text[: len(text) // 2], "no valid JSON"),
    "empty": (lambda _: "", "no valid JSON"),
    "not an object": (lambda _: "[]", "no JSON object"),
    "another document": (lambda _: '{"kind": "List"}', "no format_version"),
    "a version that is none": (edit(lambda c: c.update(format_version="1.x")), "is no version"),
    "newer": (edit(lambda c: c.update(format_version="2.0")), "plan format 2.0"),
    "another major, though longer": (
        edit(lambda c: c.update(format_version="11.0")),
        "plan format 11.0",
    ),
    "deep": (lambda _: "[" * 100_000, "no valid JSON"),
    "a key twice": (
        lambda text: text.replace('"project":', '"project": "other", "project":', 1),
        "no valid JSON",
    ),
    "a reason edited": (edit(lambda c: c["changes"][0].update(reason="fine")), "checksum"),
    "people edited": (
        edit(lambda c: c["effects"][0]["impact"].update(after=811_000)),
        "checksum",
    ),
    "a verdict edited": (edit(lambda c: c["verdicts"][0].update(judgement="passed")), "checksum"),
    "a finding dropped": (edit(lambda c: c["findings"].pop()), "checksum"),
    "another commit": (edit(lambda c: c["revision"].update(commit="0" * 40)), "checksum"),
    "the checksum dropped": (edit(lambda c: c.pop("checksum")), "checksum"),
    "a step left out": (forge(lambda c: c["changes"].pop()), "was changed after"),
    "a value edited": (
        forge(lambda c: c["changes"][0]["fields"][0].update(after="other")),
        "was changed after",
    ),
    "another environment": (
        forge(lambda c: c["environment"].update(name="production")),
        "was changed after",
    ),
    "a digest edited": (forge(lambda c: c.update(digest="0")), "was changed after"),
    "a permission added": (
        forge(lambda c: c["options"]["allowed"].append("maxDeletes:List/k")),
        "was changed after",
    ),
    "a wider selection": (forge(lambda c: c["options"].update(exclude=[])), "was changed after"),
    "what a newer minor version counts": (
        forge(lambda c: c.update(format_version="1.9", digest="0")),
        "what this audctl does not know",
    ),
    "a key missing": (forge(lambda c: c["changes"][0].pop("fingerprint")), "not a whole plan"),
    "a wrong type": (forge(lambda c: c["changes"][0].update(label=3)), "not a whole plan"),
    "a text for a flag": (forge(lambda c: c["options"].update(adopt="no")), "not a whole plan"),
    "a text for a list": (forge(lambda c: c["options"].update(allowed="x")), "not a whole plan"),
    "a flag for a number": (forge(lambda c: c.update(ledger_serial=True)), "not a whole plan"),
    "an unknown change": (forge(lambda c: c["changes"][0].update(change="x")), "not a whole plan"),
    "an unknown judgement": (
        forge(lambda c: c["verdicts"][0].update(judgement="maybe")),
        "not a whole plan",
    ),
    "people that are no number": (
        forge(lambda c: c["effects"][0]["impact"].update(before="many")),
        "not a whole plan",
    ),
    "a list for a map": (forge(lambda c: c.update(environment=[])), "not a whole plan"),
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
    more = forge(lambda c: c.update(format_version="1.7", novelty=1))
    path.write_text(more(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert read_plan(path).digest == rich_plan().digest


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StalePlanError, match=r"plan\.json cannot be read"):
        read_plan(tmp_path / "plan.json")


def test_a_field_value_json_cannot_mean_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(rich_plan(), path)
    text = forge(lambda c: c["changes"][0]["fields"][0].update(after={"a": 1}))(path.read_text())
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StalePlanError, match="not a field value"):
        read_plan(path)


def test_a_plan_of_the_first_version_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = make_plan([make_desired("List/l#campaign.list", {"name": "l"})], make_state(), EMPTY)
    write_plan(plan, path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for name in ("tool", "revision", "partial", "left_out", "effects", "verdicts", "checksum"):
        del content[name]
    for name in ("only", "exclude"):
        del content["options"][name]
    content["format_version"] = "1.0"
    for each in content["kept"]:
        del each["fields"]
    (step,) = content["changes"]
    step["impact"] = {"before": 0, "after": None}
    for name in ("after", "interim", "removed_at", "grace_days", "previous_names"):
        del step[name]
    path.write_text(json.dumps(content), encoding="utf-8")
    again = read_plan(path)
    assert again.digest == plan.digest
    assert again.steps[0].impact == Impact(before=0, after=None)
    assert (again.effects, again.verdicts, again.revision, again.tool) == ((), (), None, "")


def test_small_numbers_of_people_reach_no_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    small = Impact(before=49, after=50, low=1, high=48, source=ESTIMATE)
    plan = rich_plan()
    write_plan(
        replace(
            plan,
            steps=tuple(replace(each, impact=small) for each in plan.steps),
            effects=tuple(replace(each, impact=small) for each in plan.effects),
        ),
        path,
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    shown = {"before": "<50", "after": 50, "low": "<50", "high": "<50", "source": "estimate"}
    assert content["changes"]
    assert [each["impact"] for each in content["changes"]] == [shown] * len(content["changes"])
    assert [each["impact"] for each in content["effects"]] == [shown, shown]
    again = read_plan(path).effects[0].impact
    assert [shown_count(each) for each in (again.before, again.low, again.high)] == ["<50"] * 3


def test_half_a_surrogate_pair_in_a_name_survives(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    wanted = make_desired("List/l#campaign.list", {"name": "l", "label": "half \ud83d"})
    plan = make_plan([wanted], make_state(), EMPTY)
    write_plan(plan, path)
    assert read_plan(path).digest == plan.digest
    (step,) = read_plan(path).steps
    assert step.fields[1].after == "half \ud83d"


def test_a_secret_that_nobody_masked_does_not_reach_the_file() -> None:
    plan = rich_plan()
    bare = FieldChange(
        field="secretAccessKey",
        before=SECRET,
        after=SECRET,
        reason=FieldReason.MANIFEST,
        sensitive=True,
    )
    content = plan_to_json(replace(plan, steps=(replace(plan.steps[0], fields=(bare,)),)))
    assert SECRET not in json.dumps(content)


def test_what_differs_in_an_object_that_is_only_observed_is_kept(tmp_path: Path) -> None:
    difference = FieldChange(
        field="label", before="live", after="wanted", reason=FieldReason.MANIFEST
    )
    plan = rich_plan()
    kept = next(each for each in plan.steps if each.change is Change.KEEP)
    steps = tuple(
        replace(each, fields=(difference,)) if each is kept else each for each in plan.steps
    )
    write_plan(replace(plan, steps=steps), tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.digest == plan.digest
    read = {each.address: each for each in again.steps}
    assert read[kept.address].fields == (difference,)
