"""Selections: what patterns fit, what a partial plan holds, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.change import Change
from audctl.model.selection import Selection
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.plan import Plan


def labelled(each: DesiredObject, **labels: str) -> DesiredObject:
    assert each.resource is not None
    return replace(each, resource=replace(each.resource, labels=labels))


def a_list(name: str, **labels: str) -> DesiredObject:
    return labelled(make_desired(f"List/{name}#campaign.list", {"name": name}), **labels)


def chain() -> list[DesiredObject]:
    """Return an audience in a new folder over a new trait over a new data source."""
    return [
        make_desired("DataSource/web#aam.dataSource", {"integrationCode": "web"}),
        make_desired(
            "Trait/a#aam.trait",
            {"integrationCode": "a", "dataSource": "@DataSource/web#aam.dataSource"},
        ),
        make_desired("Folder/Web#aam.segmentFolder", {"path": "/Web", "parent": "0"}),
        make_desired(
            "Audience/s#aam.segment",
            {
                "integrationCode": "s",
                "dataSource": "@DataSource/web#aam.dataSource",
                "folder": "@Folder/Web#aam.segmentFolder",
                "rule": "a",
            },
        ),
    ]


def select(*only: str, exclude: tuple[str, ...] = ()) -> Mapping[str, Any]:
    return {"selection": Selection(only=only, exclude=exclude)}


def named(plan: Plan) -> list[str]:
    return [f"{each.change} {each.address}" for each in plan.steps]


def errors(plan: Plan) -> list[tuple[str, str]]:
    return [(each.code, each.hint) for each in plan.findings if each.severity == "error"]


@pytest.mark.parametrize(
    ("only", "exclude", "expected"),
    [
        (("List/a",), (), "a"),
        (("List/a*",), (), "a ab"),
        (("List/*#campaign.list",), ("List/ab",), "a b"),
        (("*/a", "List/b"), (), "a b"),
        ((), ("List/a*",), "b"),
        (("team",), (), "a b"),
        (("team=crm",), (), "a"),
        (("example.com/tier=1",), (), "b"),
        ((), ("team=crm",), "ab b"),
        (("List/*",), ("team",), "ab"),
        (("team=crm", "List/ab"), (), "a ab"),
    ],
)
def test_patterns_are_globs_of_addresses_or_labels(
    only: tuple[str, ...], exclude: tuple[str, ...], expected: str
) -> None:
    desired = [
        a_list("a", team="crm"),
        a_list("ab"),
        a_list("b", **{"team": "web", "example.com/tier": "1"}),
    ]
    plan = make_plan(desired, make_state(), make_ledger(), **select(*only, exclude=exclude))
    assert [each.address.name for each in plan.steps] == expected.split()
    assert plan.left_out == 3 - len(expected.split())
    assert errors(plan) == []


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("List/cart-abandoner", 'did you mean "List/cart-abandoners"?'),
        ("List/cart-abandoners#campaign.lst", 'did you mean "List/cart-abandoners#campaign.list"?'),
        ("teem=crm", 'did you mean "team=crm"?'),
        ("cart-abandoners", "did you mean --only '*/cart-abandoners'?"),
        ("*aband*", "did you mean --only '*/*aband*'?"),
        ("Zebra/9", "an address is Kind/name, or Kind/name#object"),
        ("zzz", "without a slash it is a label: team, or team=crm"),
        ("list/cart-abandoners", 'did you mean "List/cart-abandoners"?'),
    ],
)
def test_a_pattern_that_fits_nothing_is_an_error(pattern: str, hint: str) -> None:
    desired = [a_list("cart-abandoners", team="crm")]
    plan = make_plan(desired, make_state(), make_ledger(), **select(pattern))
    assert errors(plan) == [("AUD2501", hint)]
    assert plan.steps == ()


def test_an_exclude_that_fits_nothing_is_an_error_too() -> None:
    plan = make_plan(
        [a_list("a")], make_state(), make_ledger(), **select(exclude=("List/b", "team"))
    )
    assert [code for code, _ in errors(plan)] == ["AUD2501", "AUD2501"]


def test_what_a_selected_step_needs_is_refused_with_the_options_that_take_it_in() -> None:
    plan = make_plan(chain(), make_state(), make_ledger(), **select("Audience/s"))
    assert errors(plan) == [("AUD2502", "add --only DataSource/web --only Trait/a")]
    (finding,) = plan.findings
    assert finding.message == (
        "Audience/s#aam.segment: its create cannot go without DataSource/web#aam.dataSource (create), "
        "Trait/a#aam.trait (create), which the selection leaves out"
    )
    whole = make_plan(
        chain(),
        make_state(),
        make_ledger(),
        **select("Audience/s", "DataSource/web", "Trait/a"),
    )
    assert errors(whole) == []


def test_folders_go_along_with_what_needs_them_and_with_nothing_else() -> None:
    desired = [*chain(), a_list("l")]
    with_audience = make_plan(
        desired, make_state(), make_ledger(), **select("Audience/*", "DataSource/*", "Trait/*")
    )
    assert "create Folder/Web#aam.segmentFolder" in named(with_audience)
    without = make_plan(desired, make_state(), make_ledger(), **select("List/l"))
    assert named(without) == ["create List/l#campaign.list"]
    assert without.left_out == 4
    others = make_plan(desired, make_state(), make_ledger(), **select(exclude=("Audience/*",)))
    assert "create Folder/Web#aam.segmentFolder" not in named(others)
    refused = make_plan(desired, make_state(), make_ledger(), **select(exclude=("Folder/Web",)))
    assert errors(refused) == [
        (
            "AUD2502",
            "take --exclude Folder/Web away, or leave this out as well: --exclude Audience/s",
        )
    ]


def test_what_exists_is_needed_by_nobody_even_if_it_would_change() -> None:
    desired = [
        make_desired("DataSource/web#aam.dataSource", {"integrationCode": "web", "label": "new"}),
        make_desired(
            "Trait/a#aam.trait",
            {"integrationCode": "a", "dataSource": "@DataSource/web#aam.dataSource"},
        ),
    ]
    live = make_state(make_live("aam.dataSource", "5", {"integrationCode": "web", "label": "old"}))
    ledger = make_ledger(
        make_entry("DataSource/web#aam.dataSource", "5", {"integrationCode": "web", "label": "old"})
    )
    plan = make_plan(desired, live, ledger, **select("Trait/a"))
    assert (named(plan), errors(plan)) == (["create Trait/a#aam.trait"], [])


def removed_pair() -> tuple[Any, Any]:
    """Return live and recorded a list and its binding, whose manifests are gone."""
    live = make_state(
        make_live("campaign.list", "3", {"name": "l"}),
        make_live("campaign.sharedList", "3", {"list": "3"}),
    )
    ledger = make_ledger(
        make_entry("List/l#campaign.list", "3", {"name": "l"}, deletion_policy="Delete"),
        make_entry(
            "ImportBinding/b#campaign.sharedList",
            "3",
            {"list": "3"},
            deletion_policy="Delete",
            requires=["List/l#campaign.list"],
        ),
    )
    return live, ledger


def test_a_delete_is_refused_while_what_lets_go_of_it_is_left_out() -> None:
    live, ledger = removed_pair()
    keep = [a_list("other")]
    plan = make_plan(keep, live, ledger, **select("List/l"))
    assert errors(plan) == [("AUD2502", "add --only ImportBinding/b")]
    plan = make_plan(keep, live, ledger, **select("ImportBinding/b"))
    assert (named(plan), errors(plan)) == (["delete ImportBinding/b#campaign.sharedList"], [])


def test_removed_manifests_are_selected_by_address_and_by_labels_never() -> None:
    live, ledger = removed_pair()
    desired = [a_list("other", team="crm"), a_list("third")]
    assert named(make_plan(desired, live, ledger, **select("team"))) == [
        "create List/other#campaign.list"
    ]
    # Nobody can tell whose the removed ones were: what excludes by label does not delete them.
    plan = make_plan(desired, live, ledger, **select(exclude=("team=crm",)))
    assert named(plan) == ["create List/third#campaign.list"]
    assert plan.left_out == 3
    plan = make_plan(desired, live, ledger, **select("*/*", exclude=("team=crm",)))
    assert sorted(each.change for each in plan.steps) == [
        Change.CREATE,
        Change.DELETE,
        Change.DELETE,
    ]


def test_a_folder_stays_while_something_in_it_is_left_out() -> None:
    live = make_state(
        make_live("aam.traitFolder", "7", {"path": "/Web", "parent": "0"}),
        make_live("aam.traitFolder", "8", {"path": "/Web/In", "parent": "7"}),
        make_live("aam.trait", "11", {"integrationCode": "a", "folder": "8"}),
    )
    ledger = make_ledger(
        make_entry("Folder/Web#aam.traitFolder", "7", {"path": "/Web"}, deletion_policy="Delete"),
        make_entry(
            "Folder/Web/In#aam.traitFolder", "8", {"path": "/Web/In"}, deletion_policy="Delete"
        ),
        make_entry("Trait/a#aam.trait", "11", {"integrationCode": "a"}, deletion_policy="Delete"),
    )
    keep = [a_list("other")]
    whole = make_plan(keep, live, ledger)
    assert [each.change for each in whole.steps if each.type.startswith("aam")] == [
        Change.DELETE
    ] * 3
    plan = make_plan(keep, live, ledger, **select(exclude=("Trait/a",)))
    assert (named(plan), errors(plan), plan.left_out) == (
        ["create List/other#campaign.list"],
        [],
        3,
    )
    plan = make_plan(keep, live, ledger, **select("Folder/*"))
    assert errors(plan) == [("AUD2502", "add --only Trait/a")]
    plan = make_plan(keep, live, ledger, **select(exclude=("List/other",)))
    assert (len(plan.writes), errors(plan)) == (3, [])


def replacing() -> tuple[list[DesiredObject], Any, Any]:
    """Return a data source that must be replaced, and a Campaign data source that follows it."""
    desired = [
        make_desired(
            "DataSource/web#aam.dataSource",
            {"integrationCode": "web", "type": "crossDevice"},
            lifecycle={"allowReplace": True},
        ),
        make_desired(
            "DataSource/web#campaign.dataSource",
            {"name": "web", "aamDataSource": "@DataSource/web#aam.dataSource"},
        ),
    ]
    live = make_state(
        make_live("aam.dataSource", "5", {"integrationCode": "web", "type": "cookie"}),
        make_live("campaign.dataSource", "6", {"name": "web", "aamDataSource": "5"}),
    )
    ledger = make_ledger(
        make_entry(
            "DataSource/web#aam.dataSource", "5", {"integrationCode": "web", "type": "cookie"}
        ),
        make_entry(
            "DataSource/web#campaign.dataSource", "6", {"name": "web", "aamDataSource": "5"}
        ),
    )
    return desired, live, ledger


def test_a_replace_takes_its_followers_along_or_does_not_happen() -> None:
    plan = make_plan(*replacing(), **select("DataSource/web#aam.dataSource"))
    assert ("AUD2502", "add --only DataSource/web") in errors(plan)
    plan = make_plan(*replacing(), **select("DataSource/web#campaign.dataSource"))
    assert errors(plan) == [("AUD2502", "add --only DataSource/web")]
    plan = make_plan(*replacing(), **select("DataSource/web"))
    assert errors(plan) == []
    assert len(plan.writes) == 2


def test_errors_of_what_is_left_out_do_not_stand_in_the_way() -> None:
    foreign = make_live("campaign.list", "9", {"name": "taken"})
    desired = [a_list("a"), a_list("taken")]
    assert [code for code, _ in errors(make_plan(desired, make_state(foreign), make_ledger()))] == [
        "AUD2007"
    ]
    plan = make_plan(desired, make_state(foreign), make_ledger(), **select(exclude=("List/taken",)))
    assert (named(plan), errors(plan)) == (["create List/a#campaign.list"], [])


def test_errors_of_what_a_selected_step_refers_to_stand_in_the_way() -> None:
    twice = [make_live("campaign.list", each, {"name": "l"}) for each in ("8", "9")]
    desired = [
        a_list("l"),
        make_desired(
            "ImportBinding/b#campaign.sharedList",
            {"list": "@List/l#campaign.list", "audienceName": "x"},
        ),
    ]
    plan = make_plan(desired, make_state(*twice), make_ledger(), **select("ImportBinding/b"))
    assert [code for code, _ in errors(plan)] == ["AUD2004"]


def test_an_empty_project_stays_an_error_whatever_is_selected() -> None:
    live, ledger = removed_pair()
    for selection in (select("List/l", "ImportBinding/b"), select(exclude=("List/l",))):
        assert "AUD2003" in [code for code, _ in errors(make_plan([], live, ledger, **selection))]
    # And a selection that leaves every manifest out is none.
    plan = make_plan([a_list("other")], live, ledger, **select("ImportBinding/b"))
    assert errors(plan) == []


def test_shares_count_against_everything_that_is_owned() -> None:
    live, ledger = removed_pair()
    limits = {"maxDeletes": "50%"}
    both = select("ImportBinding/b", "List/l")
    plan = make_plan([a_list("other")], live, ledger, limits=limits, **both)
    assert [each.hint for each in plan.findings if each.code == "AUD2101"] == [
        "--allow maxDeletes:ImportBinding/b#campaign.sharedList",
        "--allow maxDeletes:List/l#campaign.list",
    ]
    plan = make_plan([a_list("other")], live, ledger, limits=limits, **select("ImportBinding/b"))
    assert errors(plan) == []


def test_the_selection_is_part_of_what_is_approved() -> None:
    desired = [a_list("a")]
    digests = {
        make_plan(desired, make_state(), make_ledger(), **each).digest
        for each in ({}, select("List/a"), select("List/*"), select("List/*", exclude=("team",)))
    }
    assert len(digests) == 4


def test_a_key_is_not_taken_before_the_other_half_gives_it_up() -> None:
    """Two lists exchange their names; either alone would take a name that is not free."""
    live = make_state(
        make_live("campaign.list", "3", {"name": "x"}),
        make_live("campaign.list", "4", {"name": "y"}),
    )
    ledger = make_ledger(
        make_entry("List/a#campaign.list", "3", {"name": "x"}, deletion_policy="Delete"),
        make_entry("List/b#campaign.list", "4", {"name": "y"}, deletion_policy="Delete"),
    )
    desired = [
        make_desired("List/a#campaign.list", {"name": "y"}),
        make_desired("List/b#campaign.list", {"name": "x"}),
    ]
    assert errors(make_plan(desired, live, ledger)) == []
    plan = make_plan(desired, live, ledger, **select("List/a"))
    assert errors(plan) == [("AUD2502", "add --only List/b")]


def test_a_selected_object_that_may_not_be_adopted_is_refused_as_ever() -> None:
    foreign = make_live("campaign.list", "9", {"name": "taken"})
    plan = make_plan([a_list("taken")], make_state(foreign), make_ledger(), **select("List/taken"))
    assert [code for code, _ in errors(plan)] == ["AUD2007"]


def test_names_that_pass_from_one_to_another_go_together() -> None:
    """Otherwise the ledger would lose the object whose name was taken."""
    lists = [("one", "1"), ("two", "2")]
    live = make_state(*(make_live("campaign.list", i, {"name": name}) for name, i in lists))
    ledger = make_ledger(
        make_entry("List/a#campaign.list", "1", {"name": "one"}, deletion_policy="Delete"),
        make_entry("List/b#campaign.list", "2", {"name": "two"}, deletion_policy="Delete"),
    )
    desired = [
        make_desired("List/b#campaign.list", {"name": "one"}, previousNames=["a"]),
        make_desired("List/c#campaign.list", {"name": "two"}, previousNames=["b"]),
    ]
    plan = make_plan(desired, live, ledger, **select("List/b"))
    assert errors(plan) == [("AUD2502", "add --only List/c")]
    assert errors(make_plan(desired, live, ledger, **select("List/c"))) == []
    assert errors(make_plan(desired, live, ledger, **select("List/b", "List/c"))) == []
