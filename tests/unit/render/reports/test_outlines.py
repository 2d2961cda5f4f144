"""What a report says first, and which rows it has."""

from __future__ import annotations

import pytest

from audctl.model.change import Change
from audctl.model.effect import CountSource, Impact
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.plan import PlanOptions
from audctl.model.report import DriftReport, Share, UnmanagedItem, UnmanagedReport
from audctl.model.run import Applied
from audctl.model.selection import Selection
from audctl.model.verdict import Judgement, Verdict
from audctl.render.reports.outline import Tone
from audctl.render.reports.outlines import outline
from audctl.render.reports.people import moved_by, moved_text
from tests.runs import SMALL, every_sort, hostile_plan, make_plan, make_run, make_step

RUNS = every_sort()


@pytest.mark.parametrize(
    ("sort", "verdict", "tone"),
    [
        ("valid", "valid: 1 resource", Tone.GOOD),
        ("not valid", "not valid", Tone.BAD),
        ("plan", "1 to update", Tone.CAUTION),
        ("empty plan", "nothing to do: the live systems are what the manifests say", Tone.GOOD),
        ("refused", "not applied: 1 to delete; refused by guards: 1 error", Tone.BAD),
        (
            "applied in part",
            "1 done, 1 failed, 1 not tried; a second read found 2 steps left",
            Tone.BAD,
        ),
        (
            "status",
            "3 bindings: 1 overdue, 1 pending, 1 ok, 1 not as the manifests say",
            Tone.BAD,
        ),
        ("drift", "unknown: 1 object could not be read, 2 of the other 5 drifted", Tone.BAD),
        ("unmanaged", "1 live object that nobody owns", Tone.CAUTION),
        ("lock held", "the lock is held, or cannot be reached: held by ci since 05:00", Tone.BAD),
    ],
)
def test_the_verdict_comes_first(sort: str, verdict: str, tone: Tone) -> None:
    shown = outline(RUNS[sort])
    assert (shown.verdict, shown.tone) == (verdict, tone)


def test_no_drift_is_good_and_an_apply_that_proved_itself_as_well() -> None:
    assert outline(make_run(DriftReport(items=(), checked=4), "drift")).tone is Tone.GOOD
    step = make_step(1)
    report = ApplyReport(run="r", outcomes=(Outcome(step=step, result=Result.DONE),), verified=True)
    shown = outline(make_run(Applied(plan=make_plan(step), report=report), "apply"))
    assert shown.tone is Tone.GOOD
    assert "a second read found nothing left to do" in shown.verdict


def test_an_apply_that_nobody_let_through_says_so() -> None:
    shown = outline(make_run(make_plan(make_step(1)), "apply", exit_code=3))
    assert (shown.verdict, shown.tone) == ("not applied: 1 to update", Tone.BAD)


def test_a_dry_run_is_no_failure() -> None:
    shown = outline(make_run(make_plan(make_step(1)), "apply"))
    assert (shown.verdict, shown.tone) == ("not applied: 1 to update", Tone.CAUTION)


def test_a_partial_plan_says_so_before_anything_else() -> None:
    options = PlanOptions(selection=Selection(only=("Audience/*",), exclude=("team=crm",)))
    shown = outline(make_run(make_plan(make_step(1), options=options, left_out=3)))
    assert shown.verdict == "Partial plan: 1 to update"
    assert shown.facts[0].text == "only Audience/*; without team=crm; 3 steps left out"


def test_guards_that_object_are_named_with_what_they_measured() -> None:
    verdicts = tuple(
        Verdict(guard=f"guard{each}", judgement=Judgement.OVER, limit="25%", measured="75%")
        for each in range(5)
    )
    shown = outline(make_run(make_plan(make_step(1), verdicts=verdicts)))
    [fact] = [each for each in shown.facts if each.name == "Guards against it"]
    assert fact.text.startswith("guard0 (75%, limit 25%), guard1")
    assert fact.text.endswith("and 2 more")
    assert fact.tone is Tone.BAD


def test_what_is_let_through_by_name_is_told() -> None:
    options = PlanOptions(allowed=frozenset({"maxDeletes:Audience/vip"}))
    shown = outline(make_run(make_plan(make_step(1), options=options)))
    [fact] = [each for each in shown.facts if each.name == "Let through"]
    assert fact.text == "maxDeletes:Audience/vip"


def test_who_is_moved_without_a_step_has_a_row_that_says_by_what() -> None:
    rows = outline(make_run(hostile_plan())).rows
    assert [each.action for each in rows] == ["update", "delete", "indirect"]
    assert rows[2].name == "List/vip#campaign.list"
    assert rows[2].reason.endswith(" -> List/vip#campaign.list")


def test_an_observed_object_that_differs_has_a_row_and_an_untouched_one_has_none() -> None:
    watched = make_step(1, change=Change.KEEP, reason="observed only")
    kept = make_step(2, change=Change.KEEP, fields=())
    shown = outline(make_run(make_plan(watched, kept)))
    assert [each.name for each in shown.rows] == ["Audience/audience-00001#aam.segment"]
    assert shown.verdict == "1 observed only, and different"


def test_what_others_own_is_listed_with_its_owner() -> None:
    report = UnmanagedReport(
        items=(UnmanagedItem(type="aam.segment", live_id="7"),),
        elsewhere=(UnmanagedItem(type="aam.segment", live_id="8", owner="project other"),),
        shares=(Share(type="aam.segment", here=2, elsewhere=1, nobody=1),),
    )
    shown = outline(make_run(report, "unmanaged"))
    assert shown.verdict == "1 live object that nobody owns; 75% are managed"
    assert [(each.action, each.reason) for each in shown.rows] == [
        ("unmanaged", ""),
        ("owned elsewhere", "project other"),
    ]


def test_sums_of_people_leave_small_counts_and_unmoved_people_out() -> None:
    def impact(before: int | None, after: int | None, source: CountSource) -> Impact:
        return Impact(before=before, after=after, source=source)

    moved = moved_by(
        make_plan(
            make_step(1, impact=impact(1_000, 800, CountSource.ESTIMATE)),
            make_step(2, impact=impact(1_000, SMALL, CountSource.ESTIMATE)),
            make_step(3, impact=impact(1_000, None, CountSource.UNKNOWN)),
            make_step(4, impact=impact(7_777, 7_777, CountSource.LIVE)),
            make_step(5, impact=None),
        )
    )
    assert (moved.before, moved.after, moved.delta) == (1_000, 800, "unknown")
    assert moved_text(moved) == (
        "1,000 -> 800 in 1 audience or list; under 50 before or after in 1 audience or list; "
        "unknown for 1 audience or list"
    )


def test_the_first_screen_never_has_more_than_ten_facts() -> None:
    assert all(len(outline(run).facts) <= 10 for run in RUNS.values())
