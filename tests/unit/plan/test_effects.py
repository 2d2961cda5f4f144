"""Run every case of effects: a change to one small world in; who moves, how far and by which way out."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audctl.model.address import parse_address
from audctl.model.effect import CountSource, Impact, shown_count
from audctl.model.estimate import Estimate
from audctl.model.kinds.audience import AudienceSpec, Purpose
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.value import Reference
from audctl.plan.build import draft_plan
from audctl.plan.effects import find_movements, with_impacts
from tests.build import HERE, make_desired, make_entry, make_ledger, make_live, make_state

if TYPE_CHECKING:
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.effect import Effect
    from audctl.plan.build import Draft
    from audctl.plan.effects import Movements

FOLDER = Path(__file__).parents[2] / "cases" / "effects"
WORLD = yaml.safe_load((FOLDER / "_world.yaml").read_text(encoding="utf-8"))
CASES = sorted(each for each in FOLDER.glob("*.yaml") if each.stem != "_world")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    draft = draft_of(case)
    steps, effects = told(draft, case)
    shown = list(map(line, effects))
    assert [each["of"] for each in shown] == [each["of"] for each in case["effects"]]
    for found, wanted in zip(shown, case["effects"], strict=True):
        assert {name: found[name] for name in {"of", "people", "via", *wanted}} == {
            "via": [],
            **wanted,
        }
    reasons = {str(each.address): each.reason for each in steps}
    assert {name: reasons[name] for name in case.get("reasons", {})} == case.get("reasons", {})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_chain_starts_at_a_step_that_writes_and_each_hop_is_a_reference(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    draft = draft_of(case)
    movements = movements_of(draft)
    for effect in movements.weigh():
        assert effect.chain[0] in movements.flow.steps
        assert effect.chain[-1] == effect.address
        for one, other in zip(effect.chain, effect.chain[1:], strict=False):
            assert refers(movements, one, other) or refers(movements, other, one), (one, other)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_step_carries_the_impact_on_its_own_object_and_no_other(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps, effects = told(draft_of(case), case)
    own = {each.address: each.impact for each in effects}
    written = {each.address for each in steps if each.write or each.change == "delete"}
    assert {each.address: each.impact for each in steps if each.impact is not None} == {
        address: impact for address, impact in own.items() if address in written
    }


def test_there_are_cases_of_every_source() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CASES)
    assert len(CASES) > 20
    for source in CountSource:
        assert f"{source}," in text or f"{source}}}" in text or source is CountSource.UNKNOWN


def test_only_what_moves_is_counted_and_only_what_can_be_answered_is_asked() -> None:
    draft = draft_of({"change": {"Audience/a#aam.segment": {"rule": "t AND NOT u"}}})
    movements = movements_of(draft)
    assert movements.to_count == {"aam.segment": ("21",), "campaign.list": ("51",)}
    (question,) = movements.questions
    assert str(question.by_name) == "t AND NOT u"
    assert str(question.by_id) == "7T AND NOT 8T"
    assert str(question.standing) == "7T OR 8T"


def test_the_live_system_cannot_answer_for_traits_that_are_new_or_change() -> None:
    changed = draft_of(
        {
            "change": {
                "Audience/a#aam.segment": {"rule": "t"},
                "Trait/t#aam.trait": {"rule": 'c == "9"'},
            }
        }
    )
    assert [(str(each.address), each.by_id) for each in movements_of(changed).questions] == [
        ("Audience/a#aam.segment", None),
        # It is the export that adds to it: no rule says how many.
        ("Audience/x#aam.segment", None),
    ]


def test_another_merge_rule_is_beyond_every_estimator() -> None:
    draft = draft_of({"change": {"Audience/a#aam.segment": {"mergeRule": 5}}})
    movements = movements_of(draft)
    assert "Audience/a#aam.segment" not in {str(each.address) for each in movements.questions}
    effects = {str(each.address): each.impact for each in movements.weigh()}
    assert effects["Audience/a#aam.segment"] == Impact(before=1000)


def test_what_a_selection_leaves_out_moves_nobody() -> None:
    draft = draft_of({"change": {"Audience/a#aam.segment": {"rule": "t"}}})
    assert movements_of(replace(draft, steps=())).weigh() == ()


# --- how a case becomes a draft -----------------------------------------------------------------------


def draft_of(case: dict[str, Any]) -> Draft:
    world = copy.deepcopy(WORLD)
    members = {**world["members"], **case.get("members", {})}
    for each in world["desired"]:
        each["fields"] |= case.get("world", {}).get(each["address"], {})
    before = {str(each.address): each for each in map(desired_of, world["desired"])}
    objects, entries = [], []
    for name, each in before.items():
        live_id = world["ids"][name]
        fields = {key: as_live(value, world["ids"]) for key, value in each.fields.items()}
        if name not in case.get("gone", []):
            live = make_live(each.type, live_id, {}, members=members.get(name))
            objects.append(replace(live, fields=fields))
        if not each.observed:
            plain = {key: str(v) if isinstance(v, SegmentRule) else v for key, v in fields.items()}
            requires = [*map(str, each.requires), *references(each)]
            entries.append(
                make_entry(
                    name,
                    live_id,
                    canonical(plain),
                    requires=sorted(requires),
                    deletion_policy="Delete",
                )
            )
    objects += [
        make_live(each.pop("type"), str(each.pop("id")), each.pop("fields"), **each)
        for each in case.get("live", [])
    ]
    wanted = []
    for each in [*world["desired"], *case.get("add", [])]:
        each["fields"] |= case.get("change", {}).get(each["address"], {})
        if each["address"] not in case.get("drop", []):
            wanted.append(desired_of(each))
    return draft_plan(
        wanted, make_state(*objects), make_ledger(*entries), project="shop", environment=HERE
    )


def desired_of(content: dict[str, Any]) -> DesiredObject:
    more = {"lifecycle": {"deletionPolicy": "Delete"}, **content}
    purpose = more.pop("purpose", None)
    made = make_desired(**more)
    if purpose is None:
        return made
    assert made.resource is not None
    spec = AudienceSpec(label="", purpose=Purpose(purpose))
    return replace(made, resource=replace(made.resource, spec=spec))


def as_live(value: Any, ids: dict[str, str]) -> Any:  # noqa: ANN401 - a field's value
    if isinstance(value, Reference):
        return ids[str(value.target)]
    if isinstance(value, SegmentRule):
        names = {
            parse_address(name).name: f"{live_id}T"
            for name, live_id in ids.items()
            if name.endswith("#aam.trait")
        }
        return value.rename(names)
    return value


def canonical(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, "canonical", value) for name, value in fields.items()}


def references(wanted: DesiredObject) -> list[str]:
    found = [str(each.target) for each in wanted.fields.values() if isinstance(each, Reference)]
    rule = wanted.fields.get("rule")
    if isinstance(rule, SegmentRule):
        kinds = {"e": "ExportBinding"}
        found += [f"{kinds.get(each, 'Trait')}/{each}#aam.trait" for each in rule.traits]
    return found


def movements_of(draft: Draft) -> Movements:
    return find_movements(draft.steps, live=draft.live, ledger=draft.ledger, desired=draft.desired)


def told(draft: Draft, case: dict[str, Any]) -> tuple[tuple[Step, ...], tuple[Effect, ...]]:
    movements = movements_of(draft)
    estimates = {
        parse_address(name): Estimate(**each) for name, each in case.get("estimates", {}).items()
    }
    # An answer to what nobody asked would be a case that cannot happen.
    assert estimates.keys() <= {each.address for each in movements.questions}
    effects = movements.weigh({}, estimates)
    return with_impacts(draft.steps, movements, effects), effects


def line(effect: Effect) -> dict[str, Any]:
    impact = effect.impact
    text = f"{shown_count(impact.before)} -> {shown_count(impact.after)}".replace(",", "")
    if impact.low is not None or impact.high is not None:
        low, high = ("" if end is None else end for end in (impact.low, impact.high))
        text += f" ({low}..{high})"
    if impact.source is not CountSource.UNKNOWN:
        text += f" {impact.source}"
    return {
        "of": str(effect.address),
        "people": text,
        "via": [str(each) for each in effect.chain[:-1]],
        "purpose": effect.purpose,
        "label": effect.label,
    }


def refers(movements: Movements, user: Any, target: Any) -> bool:  # noqa: ANN401 - addresses
    """Whether one object refers to another, directly or, for an audience, through its mapping."""
    flow = movements.flow
    for name in ("list", "audience", "dataSource", "sourceList", "segment"):
        kinds = ("campaign.list", "aam.mapping", "aam.segment", "campaign.dataSource")
        for found in (flow.target(user, name, kinds), flow.target_before(user, name, kinds)):
            if found == target or (
                found is not None
                and found.object == "aam.mapping"
                and flow.segment_of(found) == target
            ):
                return True
    rule = flow.terms_of(user) if user.object == "aam.segment" else None
    return rule is not None and target in {flow.trait_of(each) for each in rule.traits}
