"""Everybody who talks to one system shares its budget; a stop reaches all but the ledger of a run that writes."""

from __future__ import annotations

import threading

from audctl.manifest.environment import (
    AudienceManagerSettings,
    CallSettings,
    CampaignSettings,
    Environment,
)
from audctl.operations.talk import Talk
from tests.memory import FakeClock


def environment() -> Environment:
    return Environment(
        audience_manager=AudienceManagerSettings(calls=CallSettings(at_once=3, retry_seconds=7)),
        campaign=CampaignSettings(
            endpoint="https://campaign.example",
            calls=CallSettings(
                connect_seconds=1, answer_seconds=2, call_seconds=4, total_retry_seconds=5
            ),
        ),
        parallelism=5,
    )


def test_settings_reach_the_transports() -> None:
    talk = Talk(environment(), FakeClock())
    assert talk.audience_manager.budget is not None
    assert talk.campaign.budget is not None
    assert (talk.audience_manager.budget.ceiling, talk.campaign.budget.ceiling) == (3, 5)
    assert talk.audience_manager.patience.total_s == 7
    campaign = talk.campaign
    limits = [campaign.connect_timeout_s, campaign.read_timeout_s, campaign.call_limit_s]
    assert limits == [1, 2, 4]
    assert talk.campaign.budget.total_s == 5
    assert {name: each.ceiling for name, each in talk.traffic().items()} == {
        "aam": 3,
        "campaign": 5,
        "ims": 5,
    }


def test_the_ledger_shares_campaigns_budget_and_may_outlive_a_stop() -> None:
    stop = threading.Event()
    talk = Talk(environment(), FakeClock(), stop)
    outliving, ending = talk.ledger(outlives_stop=True), talk.ledger(outlives_stop=False)
    assert outliving.budget is ending.budget is talk.campaign.budget
    stop.set()
    everybody = (talk.campaign, talk.audience_manager, ending, outliving)
    assert [each.stop_requested() for each in everybody] == [True, True, True, False]
