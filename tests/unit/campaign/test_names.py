from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from audctl.providers.campaign.names import CampaignNames, NamesError, attribute_of, is_attribute


def test_settings_are_given_in_camel_case_and_the_rest_keeps_its_default() -> None:
    names = CampaignNames.from_mapping({"listIsShared": "@shared", "accountS3Type": 27})

    assert names.list_is_shared == "@shared"
    assert names.account_s3_type == 27
    assert names.list_audience == CampaignNames().list_audience
    assert names.paths["listIsShared"] == ("nms:group", "@shared")


def test_all_problems_come_together_with_what_was_meant() -> None:
    with pytest.raises(NamesError) as caught:
        CampaignNames.from_mapping(
            {"listIsShard": "@x", "pageSize": 0, "listAudience": "@x = 1", "zzz": 1}
        )

    assert caught.value.problems == (
        'campaign.names has no setting "listIsShard", did you mean "listIsShared"?',
        "campaign.names.pageSize must be a whole number from 1 to 10000, not 0",
        "campaign.names.listAudience must be a path such as @label or [@folder-id], not '@x = 1'",
        'campaign.names has no setting "zzz"',
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dataSourceSchema", "amcDataSource"),
        ("trackingSchema", "trackingLogRcp"),
        ("trackingVisitor", "@sourceId OR 1=1"),
        ("recipientOptOut", "[folder/@name]"),
        ("dataSourceLabel", "@label' OR 1=1"),
        ("listDataSource", "[folder/@id]"),
        ("readListActivity", "read list"),
        ("updateAudienceReference", "1id"),
        ("scheduleDaily", "every day"),
        ("scheduleWeekly", "m_d={day}"),
        ("pageSize", True),
        ("pageSize", "5e3"),
        ("accountS3Type", 128),
        ("listAudience", None),
    ],
)
def test_a_value_that_cannot_be_a_name_is_refused(setting: str, value: object) -> None:
    with pytest.raises(NamesError, match=setting):
        CampaignNames.from_mapping({setting: value})


def test_every_default_would_be_accepted_and_every_setting_is_described() -> None:
    defaults = CampaignNames()
    given = {_camel(each.name): getattr(defaults, each.name) for each in fields(CampaignNames)}

    assert CampaignNames.from_mapping(given) == defaults


def test_numbers_may_be_quoted() -> None:
    names = CampaignNames.from_mapping({"pageSize": "500", "accountS3Type": "27"})

    assert (names.page_size, names.account_s3_type) == (500, 27)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        CampaignNames().page_size = 1  # type: ignore[misc]


def test_a_path_gives_its_attribute() -> None:
    assert [attribute_of(each) for each in ("@x", "[@x-id]", "desc")] == ["x", "x-id", "desc"]
    assert [is_attribute(each) for each in ("@x", "[@x-id]", "desc")] == [True, True, False]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
