"""Somebody else edits at the worst moment: an apply refuses or reads again, and overwrites nothing silently."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.matrix.gate import Point, Snare
from tests.matrix.picture import differences
from tests.matrix.world import APPLY, LEASE_OVER_S
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matrix.reference import Reference
    from tests.matrix.world import World

BOUGHT, BUYERS, VIEWERS_LIST, GONE = "7000014", "8000007", "10012", "7000015"
"""The trait and the audience that are updated, the list that is, the trait that is deleted."""


@dataclass(frozen=True)
class Editor:
    """A marketer at both consoles."""

    world: World

    def change(self, path: str, **fields: object) -> None:
        """Change fields of an object of Audience Manager."""
        with self.world.marketer() as client:
            now = client.get(f"/v1/{path}").raise_for_status().json()
            client.put(f"/v1/{path}", json={**now, **fields}).raise_for_status()

    def delete(self, path: str) -> None:
        """Delete one."""
        with self.world.marketer() as client:
            client.delete(f"/v1/{path}").raise_for_status()

    def make(self, path: str, **fields: object) -> str:
        """Make one, and return its answer's first member: its id."""
        with self.world.marketer() as client:
            made = client.post(f"/v1/{path}", json=fields).raise_for_status().json()
        return str(next(iter(made.values())))

    def rename_list(self, number: str, label: str) -> None:
        """Change a list's label in Campaign."""
        with SoapClient(self.world.sandbox.url) as client:
            client.write(
                f'<group xtkschema="nms:group" _operation="update" _key="@id" id="{number}" label="{label}"/>'
            )


def outcome(said: dict[str, Any], address: str) -> tuple[str, dict[str, Any]]:
    """Return which list an address is in, and what stands there."""
    for name in ("done", "failed", "notTried"):
        for each in said[name]:
            if each["address"] == address:
                return name, each
    raise AssertionError(f"{address} is in no list")


def raced(
    found: Reference, point: Point, act: Callable[[Editor], None], *, verified: bool = False
) -> tuple[int, dict[str, Any]]:
    """Run the reference apply; the editor acts before one of its calls."""
    world = found.begin()
    editor = Editor(world)
    snare = Snare(point, after=False, act=lambda: act(editor), fatal=False)
    ended = world.run(*APPLY, *(() if verified else ("--no-verify",)), snare=snare)
    assert snare.sprung, f"no call {point}"
    return ended.code, ended.json()


def label(found: Reference, kind: str, number: str, name: str = "name") -> str | None:
    row = found.world.picture().rows.get((kind, number))
    return None if row is None else row.fields[name]


def converges(found: Reference) -> None:
    """Check that the next apply brings all that is live to the same end."""
    found.world.wait(LEASE_OVER_S)
    ended = found.world.run(*APPLY)
    assert ended.code == 0, ended.stdout[-2000:]
    assert differences(found.end.live, found.world.picture().live) == []


READS_ARE_OVER = Point("SOAP xtk:persist#Write xtk:option update lock", 1)
"""Renewed between the plan and the first write."""
EDITS = {
    "trait": (f"traits/{BOUGHT}", "Trait/bought#aam.trait", ("aam.trait", BOUGHT), 1),
    "segment": (f"segments/{BUYERS}", "Audience/buyers#aam.segment", ("aam.segment", BUYERS), 3),
}
"""Path, address, type and id, and which of the replacing calls of its type writes it."""


def test_an_edit_between_plan_and_write_is_not_overwritten(found: Reference) -> None:
    path, address, live, _ = EDITS["segment"]
    code, said = raced(found, READS_ARE_OVER, lambda editor: editor.change(path, name="Hers"))
    name, ended = outcome(said, address)
    assert (name, code) == ("failed", 5)
    assert "changed since the plan" in ended["message"]
    assert label(found, *live) == "Hers"
    converges(found)  # and this plan showed what it overwrites


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_between_a_writes_own_read_and_the_write_is_not_overwritten(
    found: Reference, what: str
) -> None:
    path, address, live, nth = EDITS[what]
    point = Point(f"PUT /v1/{path.partition('/')[0]}/{{id}}", nth)
    _, said = raced(found, point, lambda editor: editor.change(path, name="Hers"))
    name, ended = outcome(said, address)
    assert (name, "412" in ended["message"]) == ("failed", True)
    assert label(found, *live) == "Hers"


def test_an_object_deleted_between_plan_and_write_is_said_to_be_gone(found: Reference) -> None:
    def act(editor: Editor) -> None:
        editor.change(f"segments/{BUYERS}", segmentRule="7000018T")
        editor.delete(f"traits/{BOUGHT}")

    _, said = raced(found, READS_ARE_OVER, act)
    name, ended = outcome(said, "Trait/bought#aam.trait")
    assert (name, "is gone since the plan" in ended["message"]) == ("failed", True)
    converges(found)


def test_what_is_to_be_deleted_and_was_edited_meanwhile_stays(found: Reference) -> None:
    def act(editor: Editor) -> None:
        editor.change(f"traits/{GONE}", name="Needed again")

    _, said = raced(found, READS_ARE_OVER, act)
    name, ended = outcome(said, "Trait/gone#aam.trait")
    assert (name, "changed since the plan" in ended["message"]) == ("failed", True)
    assert label(found, "aam.trait", GONE) == "Needed again"


def test_a_key_that_somebody_takes_before_the_create_is_theirs(found: Reference) -> None:
    source = next(
        number
        for (kind, number), row in found.before.rows.items()
        if kind == "aam.dataSource" and row.name == "web"
    )
    made: list[str] = []

    def act(editor: Editor) -> None:
        made.append(
            editor.make(
                "traits/",
                name="Hers",
                traitType="RULE_BASED_TRAIT",
                dataSourceId=int(source),
                folderId=0,
                integrationCode="seek-new",
                traitRule="c_event == 1",
                description="",
                ttl=120,
                comments="",
            )
        )

    _, said = raced(found, READS_ARE_OVER, act)
    name, ended = outcome(said, "Trait/searching#aam.trait")
    assert (name, "appeared since the plan" in ended["message"]) == ("failed", True)
    again = found.world.run(*APPLY)
    assert again.code == 1
    assert [each["code"] for each in again.json()["findings"] if each["severity"] == "error"] == [
        "AUD2007"
    ]
    picture = found.world.picture()
    assert [row.fields["name"] for row in picture.rows.values() if "seek-new" in row.name] == [
        "Hers"
    ]


def test_a_list_edited_in_campaign_between_plan_and_write_is_not_overwritten(
    found: Reference,
) -> None:
    _, said = raced(found, READS_ARE_OVER, lambda editor: editor.rename_list(VIEWERS_LIST, "Hers"))
    name, ended = outcome(said, "List/viewers#campaign.list")
    assert (name, "changed since the plan" in ended["message"]) == ("failed", True)
    assert label(found, "campaign.list", VIEWERS_LIST, "label") == "Hers"


def test_an_edit_between_write_and_verification_is_named(found: Reference) -> None:
    code, said = raced(
        found,
        Point("GET /v1/segments", 2),  # the plan's is the first
        lambda editor: editor.change(f"segments/{BUYERS}", name="Hers"),
        verified=True,
    )
    assert (code, said["verified"]) == (5, False)
    assert [each["address"] for each in said["left"]] == ["Audience/buyers#aam.segment"]
    assert outcome(said, "Audience/buyers#aam.segment")[0] == "done"
    assert label(found, "aam.segment", BUYERS) == "Hers"


def test_of_two_projects_that_race_for_one_key_one_gets_it(found: Reference) -> None:
    world = found.begin()
    other = world.folder.parent / "other"
    (other / "after").mkdir(parents=True, exist_ok=True)
    text = (world.folder / "audctl.yaml").read_text(encoding="utf-8")
    text = text.replace("{name: reference}", "{name: other}")
    text = text[: text.index("  removed:")]
    (other / "audctl.yaml").write_text(text, encoding="utf-8")
    (other / "after" / "list.yaml").write_text(
        "apiVersion: audctl.dev/v1\nkind: List\nmetadata: {name: members}\n"
        "spec: {label: Of the others, folder: /Profiles and Targets/Lists}\n",
        encoding="utf-8",
    )
    ended: list[Any] = []

    def act() -> None:
        # A process of its own, in the middle of the other's apply; its calls pass the gate unmet.
        ended.append(world.beside(other, *APPLY))

    snare = Snare(READS_ARE_OVER, after=False, act=act, fatal=False)
    here = world.run(*APPLY, snare=snare)
    (there,) = ended
    assert there.code == 0, there.stdout[-1500:]
    name, said = outcome(here.json(), "List/members#campaign.list")
    assert (name, "appeared since the plan" in said["message"]) == ("failed", True)
    lists = [row for (kind, _), row in world.picture().rows.items() if kind == "campaign.list"]
    assert [each.fields["label"] for each in lists if each.name.startswith("members")] == [
        "Of the others"
    ]
    again = world.run(*APPLY)
    codes = {each["code"] for each in again.json()["findings"] if each["severity"] == "error"}
    assert codes == {"AUD2020"}
    assert "other" in json.dumps(again.json()["findings"])
