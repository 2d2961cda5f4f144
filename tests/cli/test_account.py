"""Parts of a full account over real HTTP: how many calls things take, and that reads grow with pages, not objects."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from audctl.sandbox.server import start
from tests import loopback
from tests.bench.account import AUDIENCES, LISTS, TOPICS, TRAITS, files, topics, write_account
from tests.bench.tenant import fill_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import CommandLine

ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox"}


class Account:
    """So many topics of an account, and a sandbox that holds them already or does not."""

    def __init__(self, folder: Path, url: str, audctl: CommandLine) -> None:
        self.folder = folder
        self.url = url
        self.audctl = audctl

    def run(self, *words: str) -> tuple[dict[str, Any], Counter[str]]:
        """Run a command line that ends well; return what it says and the calls it took, by route."""
        loopback.delete(f"{self.url}/_sandbox/calls").raise_for_status()
        words = (*words, "--project", str(self.folder), "--output", "json")
        ran = self.audctl(*words, environ=ENVIRON)
        assert ran.code == 0, ran.stderr
        calls = loopback.get(f"{self.url}/_sandbox/calls").json()["byRoute"]
        return json.loads(ran.stdout), Counter(calls)


@contextmanager
def account(
    place: Path, audctl: CommandLine, number: int, *, full: bool = False
) -> Iterator[Account]:
    place = place / f"{number}"
    fill_tenant(place / "data", number / TOPICS, full=full)
    with start(place / "data") as running:
        write_account(place / "project", number / TOPICS, running.url)
        yield Account(place / "project", running.url, audctl)


def single(calls: Counter[str]) -> int:
    """Count the calls on one object, destinations apart: those are only told one at a time."""
    return sum(
        count
        for route, count in calls.items()
        if "{" in route and not route.startswith("GET /v1/destinations/")
    )


def test_a_first_apply_makes_each_object_in_one_call_and_reads_it_back_in_another(
    tmp_path: Path, audctl: CommandLine
) -> None:
    with account(tmp_path, audctl, 1) as first:
        _, calls = first.run("apply", "--auto-approve", "--no-verify")
        made = TRAITS + 1  # and the export's
        assert calls["POST /v1/traits"] == calls["GET /v1/traits/{trait}"] == made
        assert calls["POST /v1/segments"] == calls["GET /v1/segments/{segment}"] == AUDIENCES
        first.run("plan", "--detailed-exitcode")


def test_taking_over_what_is_there_and_planning_it_takes_reads_of_lists_alone(
    tmp_path: Path, audctl: CommandLine
) -> None:
    planned: dict[int, int] = {}
    alone: dict[int, int] = {}
    for number in (1, 3):
        with account(tmp_path, audctl, number, full=True) as brown:
            report, calls = brown.run("apply", "--adopt", "--auto-approve", "--no-verify")
            changes = Counter(each["change"] for each in report["done"])
            assert changes["adopt"] > number * (TRAITS + AUDIENCES + LISTS)
            assert calls["POST /v1/traits"] == number
            alone[number] = single(calls)
            _, calls = brown.run("plan")
            assert not single(calls)
            planned[number] = calls.total() - 2 * number  # a destination and its mappings
    assert alone[3] == 3 * alone[1]
    assert planned[3] == planned[1]


def test_any_part_of_an_account_is_the_same_each_time_and_its_second_edition_differs_in_a_hundredth() -> (
    None
):
    def texts(edition: int) -> list[str]:
        return [
            text
            for topic in topics(0.01)
            for documents in files(topic, edition).values()
            for text in documents
        ]

    first = texts(1)
    assert texts(1) == first
    changed = sum(one != other for one, other in zip(first, texts(2), strict=True))
    assert 0.005 * len(first) < changed < 0.015 * len(first)


def test_a_whole_account_stays_within_what_audience_manager_allows() -> None:
    whole = topics(1)
    assert len(whole) == TOPICS
    folders = {part for topic in whole for part in _with_those_above(topic.folder)}
    kept_by_the_server = len(folders) + sum(topic.opens_team for topic in whole) + 10
    assert len(folders) <= 2_000
    assert 99_000 < len(whole) * (TRAITS + 1) + kept_by_the_server <= 100_000
    assert len(whole) * AUDIENCES == 20_000
    assert sum(topic.opens_team for topic in whole) <= 100  # server-to-server destinations


def _with_those_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
