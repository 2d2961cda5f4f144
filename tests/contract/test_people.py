"""People: counted in bulk, estimated by rule, and told by a plan; over HTTP, against a tenant with people in it."""

# ruff: noqa: ANN401  # settings of any type
from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import InvalidAnswerError, RejectedError
from audctl.model.address import parse_address
from audctl.model.effect import CountSource, Effect
from audctl.model.estimate import Question
from audctl.model.plan import Plan, PlanOptions
from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.operations.context import Context, SystemClock
from audctl.operations.plan import plan
from audctl.providers.audience_manager import AudienceManagerProvider
from audctl.providers.audience_manager.estimator import EstimatorSettings, SegmentEstimator
from audctl.providers.audience_manager.populations import ONE_BY_ONE
from audctl.providers.campaign.query import Node, select_grouped
from audctl.sandbox.server import start
from tests.contract import audience_manager_cases, campaign_cases
from tests.contract.bench import Bench
from tests.memory import RecordingObserver
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VIP, OPENERS, PAUSED = "8000001", "8000002", "8000003"
VIP_TRAIT, OPEN_TRAIT = "7000005T", "7000006T"
VIP_LIST = "2201"
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def peopled_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start(tmp_path_factory.mktemp("peopled"), seed="demo", people=1500) as sandbox:
        yield sandbox.url


@pytest.fixture
def world(peopled_url: str) -> Iterator[Bench]:
    bench = Bench(peopled_url, numbers=NUMBERS)
    bench.no_more_faults()
    bench.forget_calls()
    with bench.opened:
        yield bench
    bench.no_more_faults()


def audience_manager(bench: Bench, **options: Any) -> AudienceManagerProvider:
    provider = AudienceManagerProvider(
        f"{bench.url}/v1", bench.auth(), clock=bench.clock, observer=bench.observer, **options
    )
    bench.opened.callback(provider.close)
    return provider


def populations(provider: AudienceManagerProvider) -> dict[str, int]:
    rows = provider.rest.rows("/segments/", ("sid",), {"includeMetrics": True})
    return {str(row["sid"]): int(str(row["totalUniques1Day"])) for row in rows}


# --- counting -----------------------------------------------------------------------------------------


def test_few_segments_are_counted_singly_and_one_that_is_gone_is_left_out(world: Bench) -> None:
    provider = audience_manager(world)
    told = populations(provider)
    assert told[VIP] > 0
    found = provider.count_people("aam.segment", [VIP, OPENERS, "8999999"])
    assert found == {VIP: told[VIP], OPENERS: told[OPENERS]}


def test_many_segments_are_counted_by_one_list(world: Bench) -> None:
    provider = audience_manager(world)
    told = populations(provider)
    before = provider.rest.transport.calls
    many = [VIP, *(str(8_999_000 + number) for number in range(ONE_BY_ONE))]
    assert provider.count_people("aam.segment", many) == {VIP: told[VIP]}
    assert provider.rest.transport.calls - before == 1


def test_what_the_metric_does_not_say_is_unknown_and_not_nought(world: Bench) -> None:
    assert audience_manager(world, population="").count_people("aam.segment", [VIP]) == {}
    missing = audience_manager(world, population="totalUniques2Day")
    assert missing.count_people("aam.segment", [VIP]) == {}
    assert missing.count_people("aam.trait", ["7000005"]) == {}


def test_lists_are_counted_together_and_those_kept_elsewhere_are_left_out(world: Bench) -> None:
    provider = campaign_cases.build(world)
    world.opened.callback(provider.close)
    folder = campaign_cases.folder_id(provider)
    empty = [
        provider.create(
            "campaign.list", {"name": world.unique("empty"), "label": "Empty", "folder": folder}
        ).id
        for _ in range(3)
    ]
    elsewhere = provider.create(
        "campaign.list", {"name": world.unique("file"), "label": "File", "folder": folder}
    ).id
    with SoapClient(world.url) as operator:
        operator.write(f'<group xtkschema="nms:group" _key="@id" id="{elsewhere}" type="2"/>')
    before = provider.client.calls
    found = provider.count_people("campaign.list", [VIP_LIST, *empty, elsewhere, "99999999"])
    assert found == {VIP_LIST: 40, **dict.fromkeys(empty, 0)}
    assert provider.client.calls - before == 3
    assert provider.count_people("campaign.folder", [folder]) == {}


def test_more_groups_than_there_can_be_are_an_error_and_not_cut(world: Bench) -> None:
    provider = campaign_cases.build(world)
    world.opened.callback(provider.close)
    each_person = Node("[@recipient-id]", "@person")
    with pytest.raises(InvalidAnswerError, match="at most"):
        select_grouped(provider.client, "nms:rcpGrpRel", each_person, (), (), most=3)


def test_text_that_is_no_id_never_reaches_a_query(world: Bench) -> None:
    provider = campaign_cases.build(world)
    world.opened.callback(provider.close)
    with pytest.raises(RejectedError):
        provider.count_people("campaign.list", ["1) OR (1=1"])


# --- estimating ---------------------------------------------------------------------------------------


def question(name: str, rule: str, standing: str | None = None) -> Question:
    parsed = parse_segment_rule(rule)
    return Question(
        address=parse_address(f"Audience/{name}#aam.segment"),
        by_name=parsed,
        by_id=parsed,
        standing=parse_segment_rule(standing) if standing else None,
    )


def estimator(bench: Bench, **settings: Any) -> SegmentEstimator:
    provider = audience_manager_cases.build(bench)
    bench.opened.callback(provider.close)
    return SegmentEstimator(provider.rest, EstimatorSettings(**settings))


def test_a_rule_and_the_one_that_stands_are_estimated_by_the_same_measure(world: Bench) -> None:
    asked = question("vip", f"{VIP_TRAIT} OR {OPEN_TRAIT}", VIP_TRAIT)
    found = estimator(world).estimate([asked])
    answer = found.answers[asked.address]
    assert answer.standing is not None
    assert answer.people > answer.standing > 0
    assert (answer.low, answer.high, found.findings) == (None, None, ())
    assert found.calls == {"aam": 2}


def test_ends_of_an_interval_are_read_where_the_settings_say(world: Bench) -> None:
    asked = question("vip", VIP_TRAIT)
    found = estimator(world, low="size", high="size").estimate([asked]).answers[asked.address]
    assert found.low == found.people == found.high


@pytest.mark.parametrize("size", ["total.size", "rule", "days"])
def test_an_answer_that_is_not_understood_is_unknown_with_a_warning(
    world: Bench, size: str
) -> None:
    found = estimator(world, size=size).estimate([question("vip", VIP_TRAIT)])
    assert not found.answers
    assert [each.code for each in found.findings] == ["AUD2401"]
    assert size in found.findings[0].message


def test_a_failure_is_unknown_with_a_warning_and_the_others_are_answered(world: Bench) -> None:
    asked = [question("bad", "7999999T"), question("vip", VIP_TRAIT)]
    found = estimator(world).estimate(asked)
    assert set(found.answers) == {asked[1].address}
    assert [(each.code, each.address) for each in found.findings] == [("AUD2401", asked[0].address)]


def test_an_estimator_that_is_down_costs_no_plan(world: Bench) -> None:
    world.fault("POST /v1/segments/estimate-size", status=503)
    found = estimator(world).estimate([question("vip", VIP_TRAIT, OPEN_TRAIT)])
    assert not found.answers
    assert [each.code for each in found.findings] == ["AUD2401"]


def test_what_goes_beyond_the_budget_stays_unknown_and_is_named(world: Bench) -> None:
    asked = [question(f"a{number}", VIP_TRAIT) for number in range(4)]
    found = estimator(world, most=3).estimate(asked)
    assert set(found.answers) == {each.address for each in asked[:3]}
    assert [each.code for each in found.findings] == ["AUD2402"]
    assert "Audience/a3" in found.findings[0].message


def test_the_same_rule_is_asked_about_once(world: Bench) -> None:
    asked = [question(f"a{number}", VIP_TRAIT, VIP_TRAIT) for number in range(4)]
    assert estimator(world).estimate(asked).calls == {"aam": 1}


# --- plans --------------------------------------------------------------------------------------------

PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: people}
spec:
  environments:
    local:
      ims: {endpoint: "URL", clientId: sandbox, clientSecret: "${env:SECRET}",
            orgId: sandbox@AdobeOrg, scopes: [openid, AdobeID]}
      audienceManager: {endpoint: "URL/v1"}
      campaign: {endpoint: "URL"}
      ledger: {store: file}
      ESTIMATES
"""

SHOP = """\
apiVersion: audctl.dev/v1
kind: Destination
metadata: {name: campaign-feed}
spec: {type: serverToServer, id: 4200}
---
apiVersion: audctl.dev/v1
kind: DataSource
metadata: {name: legacy-web}
spec:
  label: Legacy web tracking
  idType: visitorId
  campaign: {targetingDimension: nms:recipient, destination: campaign-feed}
---
apiVersion: audctl.dev/v1
kind: Audience
metadata: {name: vip-customers}
spec: {label: VIP customers, dataSource: legacy-web, rule: RULE, purpose: suppress}
---
apiVersion: audctl.dev/v1
kind: List
metadata: {name: newsletter-vip}
spec: {label: Newsletter VIP}
---
apiVersion: audctl.dev/v1
kind: ImportBinding
metadata: {name: vip}
spec: {audience: vip-customers, list: newsletter-vip, dataSource: legacy-web}
"""


def plan_shop(
    bench: Bench, folder: Path, rule: str, estimates: str = "", manifests: str = SHOP
) -> Plan:
    text = PROJECT.replace("URL", bench.url).replace("ESTIMATES", estimates)
    (folder / "audctl.yaml").write_text(text, encoding="utf-8")
    (folder / "shop.yaml").write_text(manifests.replace("RULE", rule), encoding="utf-8")
    context = Context(
        project_path=folder,
        environment=None,
        environ={"SECRET": "sandbox"},
        observer=RecordingObserver(),
    )
    return plan(context, options=PlanOptions(adopt=True))


def effects(made: Plan) -> dict[str, Effect]:
    return {str(each.address): each for each in made.effects}


AUDIENCE = "Audience/vip-customers#aam.segment"
LIST = "List/newsletter-vip#campaign.list"


def test_a_changed_rule_moves_the_audience_and_the_list_that_it_newly_fills(
    world: Bench, tmp_path: Path
) -> None:
    provider = audience_manager(world)
    before = populations(provider)[VIP]
    sizes = [
        provider.rest.ask("/segments/estimate-size", {"rule": rule})
        for rule in (VIP_TRAIT, f"{VIP_TRAIT} OR {OPEN_TRAIT}")
    ]
    old, new = (each["size"] for each in sizes if isinstance(each, dict))
    found = effects(plan_shop(world, tmp_path, f"{OPEN_TRAIT} OR {VIP_TRAIT}"))
    assert set(found) == {AUDIENCE, LIST}
    audience = found[AUDIENCE]
    assert audience.direct
    assert (audience.label, audience.purpose) == ("VIP customers", "suppress")
    assert (audience.impact.before, audience.impact.after) == (before, round(before * new / old))
    assert audience.impact.source is CountSource.ESTIMATE
    bound = found[LIST]
    assert (bound.impact.before, bound.impact.after, bound.impact.fewest) == (40, None, None)
    assert bound.purpose == "suppress"
    assert [str(each) for each in bound.chain] == ["ImportBinding/vip#campaign.sharedList", LIST]


def test_the_step_carries_its_own_impact_and_says_how_the_rules_compare(
    world: Bench, tmp_path: Path
) -> None:
    made = plan_shop(world, tmp_path, f"{OPEN_TRAIT} AND {VIP_TRAIT}")
    step = next(each for each in made.steps if str(each.address) == AUDIENCE)
    assert step.reason.endswith("the rule is narrower")
    assert step.impact == effects(made)[AUDIENCE].impact
    assert step.impact is not None
    assert step.impact.before is not None
    assert step.impact.after is not None
    assert step.impact.after <= step.impact.before


def test_a_file_is_asked_before_the_live_system(world: Bench, tmp_path: Path) -> None:
    (tmp_path / "sizes.json").write_text(
        f'{{"estimates": [{{"rule": "{VIP_TRAIT} OR {OPEN_TRAIT}", "people": 5000, "low": 4000, "high": 6000}}]}}',
        encoding="utf-8",
    )
    made = plan_shop(
        world, tmp_path, f"{OPEN_TRAIT} OR {VIP_TRAIT}", "estimates: {file: sizes.json}"
    )
    impact = effects(made)[AUDIENCE].impact
    assert (impact.after, impact.low, impact.high) == (5000, 4000, 6000)
    assert not [each for each in world.calls() if "estimate" in str(each)]


def test_without_an_estimator_a_wider_rule_still_has_a_lower_end(
    world: Bench, tmp_path: Path
) -> None:
    made = plan_shop(world, tmp_path, f"{OPEN_TRAIT} OR {VIP_TRAIT}", "estimates: {live: false}")
    impact = effects(made)[AUDIENCE].impact
    assert (impact.after, impact.low, impact.high) == (None, impact.before, None)
    assert impact.source is CountSource.BOUND


def test_counts_that_cannot_be_read_are_unknown_and_the_plan_goes_on(
    world: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    world.fault("GET /v1/segments/8*", status=500)
    made = plan_shop(world, tmp_path, f"{OPEN_TRAIT} OR {VIP_TRAIT}")
    found = effects(made)
    assert found[AUDIENCE].impact.before is None
    assert found[LIST].impact.before == 40
    assert [each.code for each in made.findings if each.code.startswith("AUD24")] == ["AUD2404"]


def test_a_plan_that_moves_nobody_asks_nothing(world: Bench, tmp_path: Path) -> None:
    made = plan_shop(world, tmp_path, VIP_TRAIT, manifests=SHOP[: SHOP.rindex("---")])
    assert made.effects == ()
    asked = [str(each) for each in world.calls()]
    assert not [each for each in asked if "includeMetrics" in each or "estimate" in each]
