# ruff: noqa: ANN401  # fields of any shape
from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from audctl.manifest.decode import decode
from audctl.model.address import parse_address
from audctl.model.change import Change, Step
from audctl.model.finding import Severity
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.plan.guards.case import Case
from audctl.plan.guards.quota import judge_quota
from tests.build import ALL_TYPES, make_desired, make_live, make_state

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from audctl.model.live import LiveObject
    from audctl.plan.guards.case import Ruling


def segments(count: int, **more: Any) -> list[LiveObject]:
    return [make_live("aam.segment", str(n), {}, **more) for n in range(count)]


def steps(count: int, change: Change = Change.CREATE, start: int = 0) -> list[Step]:
    names = [f"Audience/a{n}#aam.segment" for n in range(start, start + count)]
    return [
        Step(address=parse_address(name), type="aam.segment", change=change, reason="")
        for name in names
    ]


def ruling(
    live: Iterable[LiveObject],
    planned: Iterable[Step],
    limits: Mapping[str, Any] = MappingProxyType({"quotas": {"segments": 10}}),
    allowed: Collection[str] = (),
    desired: Iterable[Any] = (),
    *,
    types: Collection[str] = ALL_TYPES,
) -> Ruling:
    return judge_quota(
        Case(
            steps=tuple(planned),
            effects=(),
            desired=tuple(desired),
            live=make_state(*live, types=types),
            owned=0,
            options=PlanOptions(allowed=frozenset(allowed)),
            policy=PlanPolicy(limits=decode(Limits, limits, {})),
            today=None,
        )
    )


def codes(made: Ruling) -> list[str]:
    return [each.code for each in made.findings]


def test_a_quota_warns_over_nine_tenths_and_refuses_when_full() -> None:
    assert codes(ruling(segments(8), steps(1))) == []
    assert codes(ruling(segments(9), steps(1))) == ["AUD2111"]
    full = ruling(segments(10), steps(2))
    assert codes(full) == ["AUD2110"]
    assert full.verdict.measured == "segments 10 → 12 of 10"
    assert (full.verdict.names, full.verdict.allowed) == (("segments",), ())
    (finding,) = full.findings
    assert "no room for Audience/a0#aam.segment, Audience/a1#aam.segment" in finding.message
    assert finding.severity is Severity.ERROR
    assert finding.hint.endswith("--allow quota:segments")
    let_through = ruling(segments(10), steps(2), allowed=["quota:segments"])
    assert codes(let_through) == []
    assert (let_through.verdict.names, let_through.verdict.allowed) == ((), ("segments",))


def test_the_verdict_tells_the_fullest_of_what_grows() -> None:
    trait = Step(
        address=parse_address("Trait/t#aam.trait"),
        type="aam.trait",
        change=Change.CREATE,
        reason="",
    )
    limits = {"quotas": {"segments": 10, "traits": 4}}
    both = ruling([*segments(3), make_live("aam.trait", "1", {})], [*steps(1), trait], limits)
    assert both.verdict.measured == "traits 1 → 2 of 4"
    assert ruling(segments(3), [], limits).verdict.measured == "segments 3 of 10"
    # One of one is fuller than three of four.
    limits = {"quotas": {"segments": 1, "traits": 4}}
    traits = [make_live("aam.trait", str(n), {}) for n in range(3)]
    assert ruling([*segments(1), *traits], [], limits).verdict.measured == "segments 1 of 1"


def test_what_was_not_read_is_not_counted() -> None:
    verdict = ruling([], [], types=()).verdict
    assert (verdict.measured, str(verdict.judgement)) == ("nothing to count", "passed")


@pytest.mark.parametrize(
    ("name", "words", "address"),
    [
        ("segments", "segments", "Audience/new#aam.segment"),
        ("traits", "traits", "Trait/new#aam.trait"),
        ("traitFolders", "trait folders", "Folder/new#aam.traitFolder"),
        ("destinations", "destinations", "Destination/new#aam.destination"),
        ("serverToServerDestinations", "server-to-server destinations", "Destination/new#aam.destination"),
    ],
)  # fmt: skip
def test_every_quota_is_called_as_the_project_file_and_the_override_call_it(
    name: str, words: str, address: str
) -> None:
    where = parse_address(address)
    fields = {"type": "serverToServer"} if where.kind == "Destination" else {}
    wanted = make_desired(address, fields)
    new = Step(address=where, type=where.object, change=Change.CREATE, reason="")
    live = [make_live(where.object, "1", fields)]
    limits = {"quotas": {name: 1}}
    full = ruling(live, [new], limits, desired=[wanted])
    (finding,) = full.findings
    assert finding.message == f"quota: {words} 1 → 2 of 1: no room for {address}"
    assert finding.hint.endswith(f"spec.guards.quotas.{name}; or --allow quota:{name}")
    assert name in full.names
    assert codes(ruling(live, [new], limits, [f"quota:{name}"], [wanted])) == []
    assert codes(ruling(live, [new], desired=[wanted])) == []


def test_an_override_may_name_what_grows_or_lies_too_deep_and_nothing_else() -> None:
    address = parse_address("Folder/a/b/c/d/e/f#aam.traitFolder")
    deep = Step(address=address, type="aam.traitFolder", change=Change.CREATE, reason="")
    made = ruling([], [*steps(1), deep])
    assert made.names == {"segments", "traitFolders", str(address), str(address.resource)}


def test_many_additions_are_named_in_part() -> None:
    (finding,) = ruling(segments(10), steps(7)).findings
    assert finding.message.endswith("Audience/a4#aam.segment and 2 more")


def test_deletes_make_room_and_a_full_account_may_shrink() -> None:
    both = [*steps(3), *steps(3, Change.DELETE, start=50)]
    assert codes(ruling(segments(10), both)) == []
    assert codes(ruling(segments(12), steps(1, Change.DELETE))) == []
    assert codes(ruling(segments(12), [])) == []


def test_objects_of_other_companies_do_not_count() -> None:
    assert codes(ruling(segments(10, origin="readOnly"), steps(5))) == []
    assert codes(ruling(segments(10, origin="server"), steps(5))) == ["AUD2110"]


def test_the_documented_numbers_hold_unless_the_project_says_more() -> None:
    limits = decode(Limits, {"quotas": {"segments": 30_000}}, {})
    assert (limits.quotas.segments, limits.quotas.traits) == (30_000, 100_000)
    assert (Limits().quotas.segments, Limits().quotas.server_to_server_destinations) == (
        20_000,
        100,
    )


def test_a_missing_server_to_server_destination_takes_one_of_few_places() -> None:
    live = [
        make_live("aam.destination", str(n), {"id": str(n), "type": "serverToServer"})
        for n in range(2)
    ]
    live += [make_live("aam.destination", "9", {"id": "9", "type": "url"})]
    name = "Destination/d#aam.destination"
    wanted = make_desired(name, {"id": "7", "type": "serverToServer"}, observed=True)
    missing = Step(
        address=wanted.address, type="aam.destination", change=Change.MANUAL, reason="not there"
    )
    limits: dict[str, Any] = {"quotas": {"serverToServerDestinations": 2}}
    assert codes(ruling(live, [missing], limits, desired=[wanted])) == ["AUD2110"]
    limits = {
        "quotas": {"destinations": 4, "serverToServerDestinations": 3},
        "quotaWarning": "100%",
    }
    assert codes(ruling(live, [missing], limits, desired=[wanted])) == []


def test_a_destination_that_does_not_tell_its_type_counts_once() -> None:
    live = [make_live("aam.destination", "1", {"id": "1"})]
    assert (
        "destinations 1 of 1" in ruling(live, [], {"quotas": {"destinations": 1}}).verdict.measured
    )


def test_a_trait_folder_may_lie_five_levels_deep() -> None:
    def folder(path: str) -> Step:
        address = parse_address(f"Folder/{path}#aam.traitFolder")
        return Step(address=address, type="aam.traitFolder", change=Change.CREATE, reason="")

    assert codes(ruling([], [folder("a/b/c/d/e")])) == []
    deep = ruling([], [folder("a/b/c/d/e/f")])
    assert codes(deep) == ["AUD2112"]
    assert deep.verdict.names == ("Folder/a/b/c/d/e/f#aam.traitFolder",)
    assert (
        "is folder number 6 on its path, and Audience Manager takes 5" in deep.findings[0].message
    )
    allowed = ["quota:Folder/a/b/c/d/e/f"]
    let_through = ruling([], [folder("a/b/c/d/e/f")], allowed=allowed)
    assert codes(let_through) == []
    assert let_through.verdict.allowed == ("Folder/a/b/c/d/e/f#aam.traitFolder",)
