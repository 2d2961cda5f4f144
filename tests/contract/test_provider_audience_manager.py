"""What is particular to Audience Manager: whole objects, foreign objects, lookups, destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import (
    ConflictError,
    InvalidAnswerError,
    NotFoundError,
    PermissionDeniedError,
    RejectedError,
    UnreachableError,
)
from audctl.model.live import Origin
from audctl.model.rules.trait_rule import onboarded_rule
from tests.contract.audience_manager_cases import build, data_source, mapping, segment, trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.providers.audience_manager import AudienceManagerProvider
    from tests.contract.bench import Bench

ALL = (
    "aam.dataSource",
    "aam.traitFolder",
    "aam.segmentFolder",
    "aam.trait",
    "aam.segment",
    "aam.destination",
    "aam.mapping",
)


@pytest.fixture
def provider(bench: Bench) -> Iterator[AudienceManagerProvider]:
    built = build(bench)
    yield built
    built.close()


def onboarded(source: str, code: str) -> dict[str, Any]:
    return {
        "label": f"Onboarded {code}",
        "type": "onboarded",
        "dataSource": source,
        "integrationCode": code,
        "folder": "0",
        "rule": onboarded_rule(code),
    }


def new_source(bench: Bench, provider: AudienceManagerProvider) -> str:
    return provider.create("aam.dataSource", data_source(bench, provider, bench.unique("crm"))).id


def test_an_update_keeps_what_audctl_does_not_manage(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    path = f"/datasources/{new_source(bench, provider)}"
    before = provider.rest.read(path).row
    provider.rest.replace(path, {**before, "customerProfileDataRetention": 31_104_000})
    live = provider.get("aam.dataSource", path.rpartition("/")[2])
    assert live is not None

    provider.update(live, {"description": "now described", "exportControls": None})

    after = provider.rest.read(path).row
    ours = {"description": "now described", "dataExportRestrictions": []}
    theirs = {"customerProfileDataRetention": 31_104_000}
    times = {name: after[name] for name in ("updateTime", "customNamespaceCode")}
    assert after == {**before, **theirs, **ours, **times}


def test_a_status_that_is_cleared_is_active_again(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    fields = {**segment(bench, provider, bench.unique("it")), "status": "paused"}
    live = provider.create("aam.segment", fields)

    assert provider.update(live, {"status": None}).fields == {**live.fields, "status": "active"}


def test_what_is_clear_already_is_not_written_again(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    made = (
        ("aam.trait", trait, ("description", "folder", "ttlDays", "comments")),
        ("aam.mapping", mapping, ("endDate",)),
    )
    for object_type, fields, names in made:
        live = provider.create(object_type, fields(bench, provider, bench.unique("it")))
        cleared = provider.update(live, dict.fromkeys(names))
        bench.forget_calls()

        again = provider.update(cleared, dict.fromkeys(names))

        assert again.fields == cleared.fields
        assert {each["method"] for each in bench.calls()} == {"GET"}


def test_a_new_data_source_keeps_integration_codes_unique(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    source, code = new_source(bench, provider), bench.unique("code")
    provider.create("aam.trait", onboarded(source, code))
    with pytest.raises(ConflictError):
        provider.create("aam.trait", onboarded(source, code))


def test_a_write_that_lost_the_race_is_a_conflict(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/segments/*", status=412)
    with pytest.raises(ConflictError, match="412"):
        provider.update(live, {"status": "paused"})


def test_the_version_that_was_read_is_the_only_one_overwritten(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    path = f"/segments/{live.id}"
    before = provider.rest.read(path)
    provider.rest.replace(path, {**before.row, "description": "somebody was faster"})
    # The read that an update begins with shows the version before.
    bench.fault(
        f"GET /v1/segments/{live.id}",
        times=1,
        status=200,
        headers={"ETag": before.etag},
        body=before.row,
    )

    with pytest.raises(ConflictError):
        provider.update(live, {"status": "paused"})

    after = provider.rest.read(path).row
    assert (after["status"], after["description"]) == ("ACTIVE", "somebody was faster")


@pytest.mark.parametrize("lost", ["cut", "reset"])
def test_a_replace_whose_answer_is_lost_is_recognised_as_done(
    bench: Bench, provider: AudienceManagerProvider, lost: str
) -> None:
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/segments/*", lost, when="after", times=1)

    updated = provider.update(live, {"status": "paused"})

    assert updated.fields == {**live.fields, "status": "paused"}


def test_a_mapping_whose_replaces_answer_is_lost_is_recognised_as_done(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = provider.create("aam.mapping", mapping(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/destinations/4200/mappings/*", "cut", when="after", times=1)

    updated = provider.update(live, {"endDate": "2027-06-30"})

    assert updated.fields["endDate"] == "2027-06-30"
    assert updated.key == live.key


def test_an_update_of_what_is_gone_says_so(bench: Bench, provider: AudienceManagerProvider) -> None:
    for object_type, fields in (
        ("aam.trait", trait(bench, provider, bench.unique("it"))),
        ("aam.traitFolder", {"path": f"/{bench.unique('gone')}", "parent": "0"}),
        ("aam.mapping", mapping(bench, provider, bench.unique("it"))),
    ):
        live = provider.create(object_type, fields)
        provider.delete(live)
        with pytest.raises(NotFoundError):
            provider.update(live, {"label": "x"} if object_type == "aam.trait" else {})


def test_a_folder_that_is_not_empty_stays(bench: Bench, provider: AudienceManagerProvider) -> None:
    parent = provider.create("aam.traitFolder", {"path": f"/{bench.unique('full')}", "parent": "0"})
    path = f"{parent.fields['path']}/inside"
    inside = provider.create("aam.traitFolder", {"path": path, "parent": parent.id})
    assert inside.fields == {"path": path, "parent": parent.id}

    with pytest.raises(ConflictError, match="not empty"):
        provider.delete(parent)

    provider.delete(inside)
    provider.delete(parent)
    assert provider.find("aam.traitFolder", parent.key) is None


def test_origins_tell_people_server_and_other_products_apart(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    provider.create("aam.trait", trait(bench, provider, bench.unique("mine")))
    state = provider.read(ALL[:5], bench.observer, within={})

    def origins(object_type: str, field: str, wanted: str) -> set[Origin]:
        return {
            each.origin
            for each in state.objects
            if each.type == object_type and wanted in str(each.fields[field])
        }

    assert origins("aam.trait", "label", "Folder Trait") == {Origin.SERVER}
    assert origins("aam.trait", "type", "COMPANY_ACTIVITY_TRAIT") == {Origin.SERVER}
    assert origins("aam.traitFolder", "path", "/Audience Traits") == {Origin.SERVER}
    assert origins("aam.dataSource", "label", "report suite") == {Origin.READ_ONLY}
    assert origins("aam.segment", "integrationCode", "analytics-big-spenders") == {Origin.READ_ONLY}
    assert origins("aam.segment", "integrationCode", "vip-customers") == {Origin.CUSTOMER}
    assert origins("aam.trait", "integrationCode", "mine") == {Origin.CUSTOMER}


def test_the_last_writer_is_known(bench: Bench, provider: AudienceManagerProvider) -> None:
    state = provider.read(["aam.segment"], bench.observer, within={})
    by_code = {each.fields["integrationCode"]: each for each in state.objects}
    assert by_code["vip-customers"].changed_by == "12"
    assert by_code["vip-customers"].changed_at is not None


def test_a_code_is_looked_up_within_its_data_source(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    code = bench.unique("same")
    sources = [new_source(bench, provider) for _ in range(2)]
    traits = [provider.create("aam.trait", onboarded(source, code)).id for source in sources]

    found = [provider.find("aam.trait", (source, code)) for source in sources]

    assert [each.id for each in found if each is not None] == traits
    assert provider.find("aam.trait", (new_source(bench, provider), code)) is None


def test_a_code_that_several_objects_share_is_not_guessed(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    code = bench.unique("same")
    # Made by hand, without the flags that keep codes unique.
    source = provider.rest.create("/datasources/", {"name": "a", "idType": "COOKIE"})[
        "dataSourceId"
    ]
    other = provider.create("aam.trait", onboarded(new_source(bench, provider), code))
    provider.read(["aam.dataSource"], bench.observer, within={})
    for _ in range(2):
        assert not provider.refuses_second("aam.trait", onboarded(str(source), code))
        provider.create("aam.trait", onboarded(str(source), code))

    with pytest.raises(ConflictError, match="2 objects"):
        provider.find("aam.trait", (str(source), code))
    assert provider.find("aam.trait", other.key) is not None


def test_a_code_may_hold_any_character(bench: Bench, provider: AudienceManagerProvider) -> None:
    code = f"{bench.unique('a')}/b c%2F+é?#"
    made = provider.create("aam.trait", onboarded(new_source(bench, provider), code))
    found = provider.find("aam.trait", made.key)
    assert found is not None
    assert found.id == made.id


def test_a_segment_of_another_product_is_found_by_its_code_alone(
    provider: AudienceManagerProvider,
) -> None:
    found = provider.find("aam.segment", ("", "analytics-big-spenders"))
    assert found is not None
    assert found.origin is Origin.READ_ONLY


def test_nothing_is_looked_up_by_an_empty_code(provider: AudienceManagerProvider) -> None:
    with pytest.raises(RejectedError, match="integration code"):
        provider.find("aam.trait", ("5001", ""))


def test_what_one_may_not_see_is_not_taken_for_absent(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    bench.fault(
        "GET /v1/segments/ic:*", status=403, body={"code": "ACCESS_DENIED", "message": "no"}
    )
    with pytest.raises(PermissionDeniedError, match="ACCESS_DENIED: no"):
        provider.find("aam.segment", ("5001", "whatever"))


def test_the_merge_rules_somebody_asks_about_are_read_in_bulk(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    made = [
        provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
        for _ in range(3)
    ]
    standard = made[0].fields["mergeRule"]
    bench.forget_calls()

    plain = provider.read(["aam.segment"], bench.observer, within={})
    asked = provider.read(
        ["aam.segment"], bench.observer, within={"aam.segment": [str(standard), "1"]}
    )

    for each in made:
        assert "mergeRule" not in plain.by_id[each.type, each.id].fields
        assert asked.by_id[each.type, each.id].fields["mergeRule"] == standard
    lists = [each for each in bench.calls() if each["path"] == "/v1/segments"]
    assert len(lists) == 1 + 3


def test_destinations_are_detailed_only_where_asked(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    bench.forget_calls()
    state = provider.read(
        ["aam.destination"], bench.observer, within={"aam.destination": ["4200", "999999"]}
    )

    by_id = {each.id: each for each in state.objects}
    feed = by_id["4200"]
    assert (feed.fields["type"], feed.fields["exportLabels"]) == ("serverToServer", ())
    others = [each for each in by_id.values() if each.id != "4200"]
    assert others
    assert all("exportLabels" not in each.fields for each in others)
    assert "999999" not in by_id
    paths = sorted(each["path"] for each in bench.calls() if "/v1/destinations" in each["path"])
    assert paths == ["/v1/destinations", "/v1/destinations/4200", "/v1/destinations/999999"]
    assert provider.find("aam.destination", ("4200",)) == feed


def test_destinations_are_never_written(provider: AudienceManagerProvider) -> None:
    live = provider.get("aam.destination", "4200")
    assert live is not None
    with pytest.raises(RejectedError, match="only observes"):
        provider.create("aam.destination", {"id": "1"})
    with pytest.raises(RejectedError, match="only observes"):
        provider.update(live, {"label": "x"})
    with pytest.raises(RejectedError, match="only observes"):
        provider.delete(live)


def test_a_mapping_is_found_by_id_after_a_restart(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    made = provider.create("aam.mapping", mapping(bench, provider, bench.unique("it")))
    restarted = build(bench)
    try:
        again = restarted.get("aam.mapping", made.id)
        assert again is not None
        assert again.key == made.key
        assert restarted.get("aam.mapping", "999999999") is None
    finally:
        restarted.close()


def test_a_missing_id_is_searched_for_everywhere_once(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    assert provider.get("aam.mapping", "999999998") is None
    bench.forget_calls()

    made = provider.create("aam.mapping", mapping(bench, provider, bench.unique("it")))
    provider.delete(made)
    assert provider.get("aam.mapping", made.id) is None
    assert provider.get("aam.mapping", "999999999") is None

    assert mapping_reads(bench) == []


def mapping_reads(bench: Bench) -> list[str]:
    """Return the lists of mappings that were read, each as long as all that a destination has."""
    return [
        each["path"]
        for each in bench.calls()
        if each["path"].endswith("/mappings") and each["method"] == "GET"
    ]


def another_mapping(
    bench: Bench, provider: AudienceManagerProvider, first: dict[str, Any]
) -> dict[str, Any]:
    """Fields of a mapping of another segment to the same destination."""
    known = provider.get("aam.segment", str(first["segment"]))
    assert known is not None
    fields = {**known.fields, "integrationCode": bench.unique("other")}
    del fields["mergeRule"]
    return {**first, "segment": provider.create("aam.segment", fields).id}


def test_many_mappings_are_looked_up_without_reading_all_of_a_destination(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    first = mapping(bench, provider, bench.unique("it"))
    provider.create("aam.mapping", first)
    others = [another_mapping(bench, provider, first) for _ in range(3)]
    provider.read(["aam.mapping"], bench.observer, within={"aam.mapping": ["4200"]})
    bench.forget_calls()

    for fields in others:
        key = ("4200", str(fields["segment"]), str(fields["alias"]))
        assert provider.find("aam.mapping", key) is None
        provider.create("aam.mapping", fields)

    assert mapping_reads(bench) == []


def test_a_mapping_that_somebody_makes_meanwhile_is_found(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    first = mapping(bench, provider, bench.unique("it"))
    provider.create("aam.mapping", first)
    fields = another_mapping(bench, provider, first)
    key = ("4200", str(fields["segment"]), str(fields["alias"]))
    assert provider.find("aam.mapping", key) is None
    somebody = build(bench, client="marketer")
    bench.opened.callback(somebody.close)

    made = somebody.create("aam.mapping", fields)

    found = provider.find("aam.mapping", key)
    assert found is not None
    assert found.id == made.id
    assert provider.find("aam.mapping", (*key[:2], "another alias")) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "body": []},
        {"status": 400, "body": {"code": "BAD_REQUEST", "message": "unknown parameter"}},
        {"status": 200, "body": [{"destinationId": 4200}, {"destinationId": 4201}]},
    ],
    ids=["finds nothing", "is refused", "is ignored"],
)
def test_a_filter_that_does_not_tell_is_not_believed(
    bench: Bench, provider: AudienceManagerProvider, answer: dict[str, Any]
) -> None:
    made = provider.create("aam.mapping", mapping(bench, provider, bench.unique("it")))
    reader = build(bench)
    bench.opened.callback(reader.close)
    reader.read(["aam.mapping"], bench.observer, within={"aam.mapping": ["4200"]})
    bench.fault("GET /v1/destinations", **answer)

    found = reader.find("aam.mapping", made.key)

    assert found is not None
    assert found.id == made.id
    assert reader.find("aam.mapping", (*made.key[:2], "another alias")) is None


def test_a_filter_that_fails_is_not_an_absent_mapping(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    made = provider.create("aam.mapping", mapping(bench, provider, bench.unique("it")))
    bench.fault("GET /v1/destinations", status=503)

    with pytest.raises(UnreachableError):
        provider.find("aam.mapping", made.key)


def test_a_mapping_starts_today_unless_told_otherwise(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    fields = mapping(bench, provider, bench.unique("it"))
    del fields["startDate"]
    made = provider.create("aam.mapping", fields)
    # A day early: what the documentation's own samples show.
    assert made.fields["startDate"] == "2026-02-28"


def test_a_create_that_cannot_be_read_back_may_have_happened(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    bench.fault("GET /v1/datasources/*", status=500)
    with pytest.raises(UnreachableError) as caught:
        provider.create("aam.dataSource", data_source(bench, provider, bench.unique("it")))
    assert caught.value.may_have_happened


@pytest.mark.parametrize("body", ["", "<html>", "[]"])
def test_a_create_with_an_answer_beyond_understanding_may_have_happened(
    bench: Bench, provider: AudienceManagerProvider, body: str
) -> None:
    bench.fault("POST /v1/datasources", status=201, body=body)
    with pytest.raises(InvalidAnswerError) as caught:
        provider.create("aam.dataSource", data_source(bench, provider, bench.unique("it")))
    assert caught.value.may_have_happened


def test_a_write_that_the_system_ignores_is_an_error(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/segments/*", status=200, body="{}")
    with pytest.raises(InvalidAnswerError, match="status reads back different"):
        provider.update(live, {"status": "paused"})


def test_a_list_that_comes_in_pages_unasked_is_read_to_its_end(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    for _ in range(2):
        provider.create("aam.trait", trait(bench, provider, bench.unique("it")))
    rows = provider.rest.rows("/traits/", ("sid",))
    first = {"total": len(rows), "page": 0, "pageSize": 2, "list": rows[:2]}
    bench.fault("GET /v1/traits", status=200, body=first, times=1)

    assert provider.rest.rows("/traits/", ("sid",)) == rows


@pytest.mark.parametrize(
    "page",
    [
        {"total": 3, "page": 0, "pageSize": 2, "list": []},
        {"total": 2, "page": 0, "pageSize": 2, "list": [{"sid": 1}, {"sid": 1}]},
    ],
    ids=["fewer than said", "one twice"],
)
def test_pages_that_do_not_fit_together_are_read_again_and_then_refused(
    bench: Bench, provider: AudienceManagerProvider, page: dict[str, object]
) -> None:
    bench.fault("GET /v1/traits", status=200, body=page)
    bench.forget_calls()
    with pytest.raises(InvalidAnswerError, match="changed each of the 3 times"):
        provider.rest.rows("/traits/", ("sid",))
    assert len([each for each in bench.calls() if each["path"] == "/v1/traits"]) == 3


def test_a_list_that_changes_its_shape_under_way_is_refused(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    for _ in range(2):
        provider.create("aam.trait", trait(bench, provider, bench.unique("it")))
    rows = provider.rest.rows("/traits/", ("sid",))
    assert len(rows) > 1
    first = {"total": len(rows), "page": 0, "pageSize": 1, "list": rows[:1]}
    bench.fault("GET /v1/traits", status=200, body=first, times=1)
    bench.fault("GET /v1/traits", status=200, body=rows[1:2])

    with pytest.raises(InvalidAnswerError, match="an array after a page"):
        provider.rest.rows("/traits/", ("sid",))


@pytest.mark.parametrize("body", ["{}", "5", '{"list": []}', "[1]", '{"total": 1, "list": [1]}'])
def test_a_list_in_no_known_shape_is_refused(
    bench: Bench, provider: AudienceManagerProvider, body: str
) -> None:
    bench.fault("GET /v1/traits", status=200, body=body)
    with pytest.raises(InvalidAnswerError):
        provider.read(["aam.trait"], bench.observer, within={})


def test_an_unknown_type_or_field_is_an_error(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    with pytest.raises(ValueError, match=r"campaign\.list"):
        provider.read(["campaign.list"], bench.observer, within={})
    with pytest.raises(RejectedError, match="nonsense"):
        provider.create("aam.dataSource", {"label": "x", "nonsense": "y"})
