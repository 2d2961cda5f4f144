"""Folders of Audience Manager: looked at one by one, once the tree has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.audience_manager_cases import build

if TYPE_CHECKING:
    from audctl.model.live import LiveObject
    from audctl.providers.audience_manager import AudienceManagerProvider
    from tests.contract.bench import Bench

TRAITS = "aam.traitFolder"
TREE = "/v1/folders/traits"


@pytest.fixture
def provider(bench: Bench) -> AudienceManagerProvider:
    found = build(bench)
    bench.opened.callback(found.close)
    return found


def family(bench: Bench, provider: AudienceManagerProvider) -> tuple[LiveObject, LiveObject]:
    """Make a folder with a folder in it; the provider has read the tree before it returns."""
    parent = provider.create(TRAITS, {"path": f"/{bench.unique('Web')}", "parent": "0"})
    child = provider.create(TRAITS, inside(parent, "Commerce"))
    provider.read([TRAITS], bench.observer, within={})
    bench.forget_calls()
    return parent, child


def inside(parent: LiveObject, name: str) -> dict[str, Any]:
    return {"path": f"{parent.fields['path']}/{name}", "parent": parent.id}


def paths(bench: Bench) -> list[str]:
    return [each["path"] for each in bench.calls() if each["method"] == "GET"]


@pytest.mark.parametrize("object_type", [TRAITS, "aam.segmentFolder"])
def test_one_folder_is_read_alone_and_looks_as_in_the_tree(
    bench: Bench, provider: AudienceManagerProvider, object_type: str
) -> None:
    parent = provider.create(object_type, {"path": f"/{bench.unique('Web')}", "parent": "0"})
    child = provider.create(object_type, inside(parent, "Commerce"))
    state = provider.read([object_type], bench.observer, within={})
    bench.forget_calls()

    for each in (parent, child):
        again = provider.get(object_type, each.id)
        assert again is not None
        assert again.fields == state.by_id[object_type, each.id].fields
        assert again.fingerprint() == state.by_id[object_type, each.id].fingerprint()
        assert again.origin is each.origin

    assert [each.rpartition("/")[2] for each in paths(bench)] == [parent.id, child.id]
    assert provider.get(object_type, "0") is None
    assert provider.get(object_type, "99999999") is None


def test_many_folders_are_made_without_reading_the_tree_for_each(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    parent, _ = family(bench, provider)

    for name in ("Travel", "Loans", "Cars"):
        fields = inside(parent, name)
        assert provider.find(TRAITS, (str(fields["path"]),)) is None
        provider.create(TRAITS, fields)

    assert TREE not in paths(bench)


def test_a_folder_that_somebody_makes_meanwhile_is_found(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    parent, child = family(bench, provider)
    fields = inside(parent, "Travel")
    somebody = build(bench, client="marketer")
    bench.opened.callback(somebody.close)
    made = somebody.create(TRAITS, fields)

    assert provider.find(TRAITS, made.key) == provider.get(TRAITS, made.id)
    assert provider.find(TRAITS, child.key) == provider.get(TRAITS, child.id)


def test_a_parent_that_moved_meanwhile_is_not_mistaken(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    parent, child = family(bench, provider)
    somebody = build(bench, client="marketer")
    bench.opened.callback(somebody.close)
    moved = {"path": f"/{bench.unique('Elsewhere')}", "parent": "0"}
    somebody.update(parent, moved)

    assert provider.find(TRAITS, child.key) is None
    found = provider.find(TRAITS, (f"{moved['path']}/Commerce",))
    assert found is not None
    assert found.id == child.id
    somebody.create(TRAITS, {"path": parent.fields["path"], "parent": "0"})
    assert provider.find(TRAITS, parent.key) is not None


def test_a_parent_that_is_gone_holds_nothing(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    parent, child = family(bench, provider)
    provider.delete(child)
    provider.delete(parent)

    assert provider.find(TRAITS, child.key) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"name": "Commerce", "parentFolderId": 0},
        {"path": "/Some other root/Commerce", "name": "Commerce", "parentFolderId": 0},
        {"path": "/All Traits/Commerce", "name": "Another", "parentFolderId": 0},
    ],
    ids=["no path", "another root", "path and name disagree"],
)
def test_a_folder_whose_answer_says_less_is_read_from_the_tree(
    bench: Bench, provider: AudienceManagerProvider, answer: dict[str, Any]
) -> None:
    parent, child = family(bench, provider)
    for each in (parent, child):
        body = {"folderId": int(each.id), **answer}
        bench.fault(f"GET {TREE}/{each.id}", status=200, body=body)

    assert provider.get(TRAITS, child.id) == child
    assert provider.find(TRAITS, child.key) == child
    assert TREE in paths(bench)


@pytest.mark.parametrize("children", [{}, {"subFolders": []}, {"subFolders": None}], ids=str)
def test_a_parent_that_shows_no_children_is_not_believed(
    bench: Bench, provider: AudienceManagerProvider, children: dict[str, Any]
) -> None:
    parent, child = family(bench, provider)
    shown = provider.rest.read(f"/folders/traits/{parent.id}").row
    bench.fault(f"GET {TREE}/{parent.id}", status=200, body={**shown, **children})

    assert provider.find(TRAITS, child.key) == child
