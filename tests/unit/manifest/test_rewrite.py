"""Single values replaced: every other byte stays, or nothing is written at all."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.rewrite import GONE, CannotRewriteError, rewrite
from audctl.model.address import Address

HERE = Address("List", "vips")
FILE = """\
# who asked: the loyalty team
kind: List
metadata: {name: other}
spec: {label: Other}
---
kind: List   # a list
metadata:
    name: vips
    annotations: &notes
        team: 'crm'
spec:
    label: 'VIPs'   # as the console says
    description: >-
        a long
        text
    # before the schedule
    schedule: {daily: "03:00", note: x}
    controls:
    - pii
    window:
        daily: "05:00"
    empty:
    shared: *notes
    feed: ${var.feed}
    plain: $${not-a-reference}

# the end
"""


def changed(changes: dict[tuple[str, ...], Any], text: str = FILE) -> list[str]:
    """Return the lines that differ, old ones with ``-`` and new ones with ``+``."""
    new = rewrite(text, HERE, changes)
    old_lines, new_lines = text.splitlines(), new.splitlines()
    return [
        *(f"- {each.strip()}" for each in old_lines if each not in new_lines),
        *(f"+ {each.strip()}" for each in new_lines if each not in old_lines),
    ]


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        ("label", "VIP: all", ["- label: 'VIPs'   # as the console says",
                               '+ label: "VIP: all"   # as the console says']),
        ("description", "short", ["- description: >-", "- a long", "- text", "+ description: short"]),
        ("schedule.daily", "04:00", ['- schedule: {daily: "03:00", note: x}',
                                     '+ schedule: {daily: "04:00", note: x}']),
        ("schedule.note", GONE, ['- schedule: {daily: "03:00", note: x}', '+ schedule: {daily: "03:00"}']),
        ("schedule.daily", GONE, ['- schedule: {daily: "03:00", note: x}', "+ schedule: {note: x}"]),
        ("schedule.more", "a, b", ['- schedule: {daily: "03:00", note: x}',
                                   '+ schedule: {daily: "03:00", note: x, more: "a, b"}']),
        ("controls", ["a", "b"], ["- - pii", "+ - a", "+ - b"]),
        ("controls", [], ["- - pii", "+ []"]),
        ("window", {"weekly": "monday 03:00"}, ['- daily: "05:00"', "+ weekly: monday 03:00"]),
        ("empty", 7, ["- empty:", "+ empty: 7"]),
        ("label", GONE, ["- label: 'VIPs'   # as the console says"]),
        ("description", GONE, ["- description: >-", "- a long", "- text"]),
        ("folder", "/Web", ["+ folder: /Web"]),
        ("campaign", {"name": "x"}, ["+ campaign: {name: x}"]),
        ("nothing", GONE, []),
        ("plain", "${x}", ["- plain: $${not-a-reference}", '+ plain: "$${x}"']),
    ],
)  # fmt: skip
def test_only_what_changes_changes(path: str, value: Any, difference: list[str]) -> None:  # noqa: ANN401
    assert changed({("spec", *path.split(".")): value}) == difference


def test_several_values_of_one_manifest_change_at_once() -> None:
    new = rewrite(FILE, HERE, {("spec", "label"): "A", ("spec", "empty"): "B", ("spec", "x"): True})
    assert new.count("\n") == FILE.count("\n") + 1
    loaded = list(yaml.safe_load_all(new))[1]["spec"]
    assert (loaded["label"], loaded["empty"], loaded["x"]) == ("A", "B", True)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("spec.feed", "takes its value from a reference"),
        ("spec.shared.team", "is an alias"),
        ("spec.shared", "is an alias"),
        ("spec.label.below", "is no mapping"),
    ],
)
def test_what_is_not_a_value_of_its_own_is_left_alone(path: str, why: str) -> None:
    with pytest.raises(CannotRewriteError, match=why):
        rewrite(FILE, HERE, {tuple(path.split(".")): "x"})


def test_another_manifest_is_not_touched_for_one_that_is_not_there() -> None:
    with pytest.raises(CannotRewriteError, match="no List/gone"):
        rewrite(FILE, Address("List", "gone"), {("spec", "label"): "x"})


def test_edits_that_get_into_each_others_way_are_refused() -> None:
    text = "kind: List\nmetadata: {name: vips}\nspec:\n  source:\n    list: a\n"
    with pytest.raises(CannotRewriteError):
        rewrite(text, HERE, {("spec", "source", "list"): GONE, ("spec", "source", "query"): "b"})


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(["label", "description", "schedule.note", "new"]),
)
def test_any_text_can_take_a_value_s_place(value: str, path: str) -> None:
    new = rewrite(FILE, HERE, {("spec", *path.split(".")): value})
    node: Any = list(yaml.safe_load_all(new))[1]["spec"]
    for key in path.split("."):
        node = node[key]
    assert node == value.replace("${", "$${")
    assert "# as the console says" in new
    assert "# before the schedule" in new
