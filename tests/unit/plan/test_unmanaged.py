from __future__ import annotations

from audctl.plan.unmanaged import count_unmanaged, list_unmanaged
from tests.build import make_desired, make_entry, make_ledger, make_live, make_state

STATE = make_state(
    make_live("campaign.list", "3", {"name": "b", "label": "Zebra"}),
    make_live("campaign.list", "4", {"name": "a", "label": "Ant"}, changed_by="jdoe"),
    make_live("campaign.list", "5", {"name": "owned"}),
    make_live("campaign.list", "6", {"name": "server"}, origin="server"),
    make_live("aam.segment", "7", {"integrationCode": "x"}, origin="readOnly"),
    make_live("aam.segment", "8", {"dataSource": "1", "integrationCode": "used"}),
    make_live("aam.traitFolder", "9", {}),
)
DESTINATION = make_live("aam.destination", "10", {"id": "10"})
LEDGER = make_ledger(make_entry("List/o#campaign.list", "5", {}))


def test_customers_objects_that_nobody_owns_are_listed_by_type_and_label() -> None:
    observed = make_desired("Audience/u#aam.segment", {"integrationCode": "used"}, observed=True)
    report = list_unmanaged(STATE, LEDGER, [observed])
    assert [(each.type, each.label, each.live_id) for each in report.items] == [
        ("aam.traitFolder", "9", "9"),
        ("campaign.list", "Ant", "4"),
        ("campaign.list", "Zebra", "3"),
    ]
    assert report.items[1].changed_by == "jdoe"
    assert report.live_as_of == STATE.read_at


def test_without_a_label_the_key_names_it() -> None:
    labels = {each.live_id: each.label for each in list_unmanaged(STATE, LEDGER).items}
    assert labels["8"] == "used"


def test_counts_agree_with_the_list() -> None:
    assert count_unmanaged(STATE, LEDGER) == {
        "aam.segment": 1,
        "aam.traitFolder": 1,
        "campaign.list": 2,
    }


def test_what_others_own_is_told_apart_and_shares_are_counted_by_type() -> None:
    owners = {("campaign.list", "4"): 'project "crm" (environment prod)'}
    report = list_unmanaged(STATE, LEDGER, owners=owners)
    assert [(each.live_id, each.owner) for each in report.elsewhere] == [
        ("4", 'project "crm" (environment prod)')
    ]
    assert "4" not in {each.live_id for each in report.items}
    shares = {each.type: each for each in report.shares}
    lists = shares["campaign.list"]
    assert (lists.here, lists.elsewhere, lists.nobody, lists.percent) == (1, 1, 1, 66)
    assert shares["aam.segment"].percent == 0
    assert (report.overall.total, report.overall.percent) == (5, 40)


def test_an_entry_whose_object_is_gone_manages_nothing_and_nothing_has_no_percentage() -> None:
    report = list_unmanaged(make_state(), LEDGER)
    assert (report.shares, report.overall.percent) == ((), None)


def test_what_is_only_ever_observed_is_listed_and_has_no_share() -> None:
    report = list_unmanaged(make_state(DESTINATION), LEDGER)
    assert [each.live_id for each in report.items] == ["10"]
    assert report.shares == ()
