from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from audctl.errors import RejectedError
from audctl.providers.campaign.mapping.definition import (
    REARRANGED,
    build_activities,
    chain_of,
    read_activities,
)
from audctl.providers.campaign.mapping.schedule import period_of, schedule_of
from audctl.providers.campaign.names import CampaignNames

if TYPE_CHECKING:
    from audctl.model.value import LiveValue

NAMES = CampaignNames()
OTHER_NAMES = CampaignNames.from_mapping(
    {
        "readListActivity": "readGroup",
        "readListReference": "list-id",
        "updateAudienceActivity": "updateSharedAudience",
        "scheduleDaily": "m_tmFixedTime='{time}' m_iDayMode=7",
    }
)

TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
DAYS = st.sampled_from(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
)
SCHEDULES = st.one_of(
    st.builds("daily {}".format, TIMES),
    st.builds("weekly {} {}".format, DAYS, TIMES),
    st.builds("every {}h".format, st.integers(1, 48)),
    st.builds("every {}m".format, st.integers(15, 600)),
    st.just("manual"),
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=40)
IDS = st.integers(1, 2**31 - 1).map(str)
SOURCES = st.one_of(
    st.fixed_dictionaries({"sourceList": IDS}), st.fixed_dictionaries({"sourceQuery": TEXTS})
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, LiveValue]:
    return {
        "schedule": draw(SCHEDULES),
        **draw(SOURCES),
        "audience": draw(IDS),
        "audienceName": draw(TEXTS),
        "dataSource": draw(IDS),
        "complement": draw(st.booleans()),
        "complementLabel": draw(TEXTS),
    }


@pytest.mark.parametrize("names", [NAMES, OTHER_NAMES], ids=["defaults", "other names"])
@given(fields=definitions())
def test_what_is_built_reads_back(names: CampaignNames, fields: dict[str, LiveValue]) -> None:
    wire = etree.tostring(build_activities(fields, names))

    assert read_activities(etree.fromstring(wire), names) == fields


@given(fields=definitions())
def test_every_activity_is_reached_and_every_transition_leads_somewhere(
    fields: dict[str, LiveValue],
) -> None:
    chain = chain_of(build_activities(fields, NAMES))

    names = {name for _, name in chain}
    targets = {target for transitions in chain.values() for _, target in transitions}
    assert len(names) == len(chain)
    assert targets == names - {"schedule", "start"}


@given(st.text(max_size=60))
def test_any_period_reads_as_some_text(period: str) -> None:
    text = schedule_of(period, NAMES)

    assert text
    if text.startswith("custom: "):
        assert period_of(text, NAMES) == period.strip()


def test_the_order_and_spacing_of_assignments_do_not_matter() -> None:
    assert (
        schedule_of(' m_tmFixedTime = "03:00:00" ;\n m_iTimeMode=2 ; m_iDayMode=1 ', NAMES)
        == "daily 03:00"
    )
    assert schedule_of("m_iDayMode=1;m_iTimeMode=2", NAMES).startswith("custom: ")


@pytest.mark.parametrize(
    "schedule",
    ["daily 24:00", "daily 3", "weekly funday 03:00", "every 0h", "every 14m", "hourly", "daily"],
)
def test_a_schedule_of_another_form_is_refused(schedule: str) -> None:
    with pytest.raises(RejectedError):
        period_of(schedule, NAMES)


FOREIGN = """<activities>
  <signal name="sig"><transitions><done name="done" target="split"/></transitions></signal>
  <extract name="split"><transitions><done name="done" target="save"/></transitions></extract>
  <saveAudience name="save" audienceId="17" audienceName="By hand"><transitions/></saveAudience>
</activities>"""


def test_a_workflow_made_elsewhere_gives_the_fields_it_shows() -> None:
    fields = read_activities(etree.fromstring(FOREIGN), NAMES)

    assert fields["audience"] == "17"
    assert fields["audienceName"] == "By hand"
    assert fields["complement"] is False
    assert str(fields["schedule"]).endswith(REARRANGED)
    assert "sourceList" not in fields


@pytest.mark.parametrize("text", ["<activities/>", "<activities><js name='x'/></activities>"])
def test_a_workflow_of_another_kind_shows_nothing(text: str) -> None:
    assert read_activities(etree.fromstring(text), NAMES) == {}


def test_several_conditions_read_as_one_and_nested_ones_as_none() -> None:
    flat = (
        "<activities><query name='q'><where><condition expr='@a = 1' boolOperator='OR'/>"
        "<condition expr='@b = 2'/></where></query></activities>"
    )
    nested = flat.replace(
        "<condition expr='@b = 2'/>", "<condition><condition expr='1'/></condition>"
    )

    assert read_activities(etree.fromstring(flat), NAMES)["sourceQuery"] == "(@a = 1) OR (@b = 2)"
    assert read_activities(etree.fromstring(nested), NAMES)["sourceQuery"] is None
