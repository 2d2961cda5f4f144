from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, Json

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("traits", "segments")


def add(account: Account, kind: str, name: str, parent_id: int = 0) -> Json:
    return account.post(f"/folders/{kind}/", {"name": name, "parentFolderId": parent_id})


@pytest.mark.parametrize(("kind", "root"), [("traits", "All Traits"), ("segments", "All Segments")])
def test_a_list_is_one_tree_under_a_root(account: Account, kind: str, root: str) -> None:
    web = add(account, kind, "Web")
    cart = add(account, kind, "Cart", web["folderId"])
    assert cart["path"] == f"/{root}/Web/Cart"
    (tree,) = account.get(f"/folders/{kind}/")
    assert (tree["folderId"], tree["name"], tree["path"]) == (0, root, f"/{root}")
    (shown,) = [folder for folder in tree["subFolders"] if folder["name"] == "Web"]
    assert shown["subFolders"] == [cart]
    assert cart["subFolders"] == []


def test_one_folder_comes_with_its_tree_only_when_asked_for(account: Account) -> None:
    web = add(account, "segments", "Web")["folderId"]
    cart = add(account, "segments", "Cart", web)
    assert "subFolders" not in account.get(f"/folders/segments/{web}")
    whole = account.get(f"/folders/segments/{web}", includeSubFolders="true")
    assert whole["subFolders"] == [cart]
    assert account.get("/folders/segments/0")["path"] == "/All Segments"


def test_the_two_trees_number_apart(account: Account) -> None:
    folder = add(account, "segments", "Web")["folderId"]
    account.get(f"/folders/traits/{folder}", status=404)


@pytest.mark.parametrize("kind", KINDS)
def test_siblings_have_different_names(account: Account, kind: str) -> None:
    web = add(account, kind, "Web")["folderId"]
    body = {"name": "Web", "parentFolderId": 0}
    assert account.post(f"/folders/{kind}", body, status=409)["code"] == "DUPLICATE_NAME"
    add(account, kind, "web")
    other = add(account, kind, "Web", web)["folderId"]
    account.put(f"/folders/{kind}/{other}", body, status=409)
    account.put(f"/folders/{kind}/{web}", body)


def test_sibling_names_can_be_free(tmp_path: Path) -> None:
    choices = Choices(sibling_folder_names_unique=False)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        first, second = add(account, "traits", "Web"), add(account, "traits", "Web")
    assert first["path"] == second["path"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_put_renames_and_moves_and_needs_both_fields(account: Account, kind: str) -> None:
    a, b = add(account, kind, "a")["folderId"], add(account, kind, "b")["folderId"]
    moved = account.put(f"/folders/{kind}/{a}", {"name": "c", "parentFolderId": b})
    assert moved["path"].endswith("/b/c")
    for body in ({"name": "c"}, {"parentFolderId": b}):
        account.put(f"/folders/{kind}/{a}", body, status=400)
    for parent_id in (a, b):
        body = {"name": "b", "parentFolderId": parent_id}
        refused = account.put(f"/folders/{kind}/{b}", body, status=400)
        assert refused["childMessages"] == [
            "parentFolderId must not be the folder itself or lie below it"
        ]
    account.post(f"/folders/{kind}", {"name": "x", "parentFolderId": 9}, status=400)


@pytest.mark.parametrize("kind", KINDS)
def test_the_root_cannot_be_changed(account: Account, kind: str) -> None:
    account.put(f"/folders/{kind}/0", {"name": "x", "parentFolderId": 0}, status=403)
    account.delete(f"/folders/{kind}/0", status=403)


def test_only_empty_folders_can_be_deleted(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    web = add(account, "segments", "Web")["folderId"]
    cart = add(account, "segments", "Cart", web)["folderId"]
    segment = account.segment(source, "7000000T", folderId=cart, name="Carts")["sid"]
    refused = account.delete(f"/folders/segments/{web}", status=409)
    assert refused["code"] == "FOLDER_NOT_EMPTY"
    assert refused["childMessages"] == [f"folder {cart} Cart is in it"]
    refused = account.delete(f"/folders/segments/{cart}", status=409)
    assert refused["childMessages"] == [f"segment {segment} Carts is in it"]
    account.delete(f"/segments/{segment}")
    account.delete(f"/folders/segments/{cart}")
    account.delete(f"/folders/segments/{web}")
    assert account.get("/folders/segments")[0]["subFolders"] == []


def test_a_trait_folder_lives_with_its_folder_trait(account: Account) -> None:
    folder = add(account, "traits", "Web")["folderId"]

    def folder_traits() -> Json:
        return account.get("/traits", folderId=folder)

    (trait,) = folder_traits()
    assert (trait["name"], trait["traitType"]) == ("Web Folder Trait", "FOLDER_TRAIT")
    account.put(f"/folders/traits/{folder}", {"name": "Site", "parentFolderId": 0})
    (renamed,) = folder_traits()
    assert (renamed["sid"], renamed["name"]) == (trait["sid"], "Site Folder Trait")
    refused = account.delete(f"/traits/{trait['sid']}", status=409)
    assert refused["childMessages"] == ["it goes with its folder"]
    segment = account.segment(4900, f"{trait['sid']}T", name="Everyone")
    refused = account.delete(f"/folders/traits/{folder}", status=409)
    assert refused["childMessages"] == [f"segment {segment['sid']} Everyone uses it"]
    account.delete(f"/segments/{segment['sid']}")
    account.delete(f"/folders/traits/{folder}")
    assert folder_traits() == []


def test_trait_folders_are_at_most_five_deep(account: Account) -> None:
    parent_id = 0
    chain = []
    for level in range(5):
        parent_id = add(account, "traits", f"level {level}", parent_id)["folderId"]
        chain.append(parent_id)
    body = {"name": "level 5", "parentFolderId": parent_id}
    assert account.post("/folders/traits", body, status=409)["code"] == "RESOURCE_LIMIT_EXCEEDED"
    other = add(account, "traits", "other")["folderId"]
    account.put(f"/folders/traits/{chain[1]}", {"name": "moved", "parentFolderId": other})
    deep = add(account, "traits", "deep", other)["folderId"]
    account.put(
        f"/folders/traits/{chain[1]}", {"name": "moved", "parentFolderId": deep}, status=409
    )


def test_trait_folders_are_limited_in_number(tmp_path: Path) -> None:
    limits = {**Choices().limits, "traitFolders": 2}
    with (
        start(tmp_path, choices=Choices(limits=limits)) as running,
        closing(Account(running)) as account,
    ):
        add(account, "traits", "second, beside the server's own")
        body = {"name": "third", "parentFolderId": 0}
        assert (
            account.post("/folders/traits", body, status=409)["code"] == "RESOURCE_LIMIT_EXCEEDED"
        )
        for name in "abc":
            add(account, "segments", name)


def test_the_trait_tree_can_be_cut_to_the_folders_of_a_data_source(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    web = add(account, "traits", "Web")["folderId"]
    cart = add(account, "traits", "Cart", web)["folderId"]
    add(account, "traits", "Empty", web)
    account.trait(source, folderId=cart)

    def paths(folder: Json) -> list[str]:
        return [folder["path"], *(path for child in folder["subFolders"] for path in paths(child))]

    (tree,) = account.get("/folders/traits", dataSourceId=source, includeThirdParty="true")
    assert paths(tree) == ["/All Traits", "/All Traits/Web", "/All Traits/Web/Cart"]
    (tree,) = account.get("/folders/traits", dataSourceId=1)
    assert paths(tree) == ["/All Traits"]
