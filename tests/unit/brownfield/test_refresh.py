"""Which values of an existing manifest live ones replace."""

from __future__ import annotations

from typing import Any

import pytest

from audctl.brownfield.refresh import refresh
from audctl.model.change import Change, FieldChange, FieldReason, Step
from tests.build import make_desired

WRITTEN: dict[str, Any] = {
    "label": "VIPs",
    "paused": True,
    "schedule": {"daily": "03:00"},
    "campaign": {"name": "vips"},
}


def refreshed(
    field: str,
    live: dict[str, Any] | None,
    reason: FieldReason = FieldReason.DRIFT,
    *,
    sensitive: bool = False,
) -> tuple[dict[str, object], list[str], list[str], list[str]]:
    """Return new values by path, keys that go, fields changed on both sides, fields nobody can say."""
    wanted = make_desired("Audience/vips#aam.segment", {field: "old"})
    change = FieldChange(field=field, before="new", after="old", reason=reason, sensitive=sensitive)
    step = Step(
        address=wanted.address, type=wanted.type, change=Change.UPDATE, reason="", fields=(change,)
    )
    found = refresh([(step, wanted)], WRITTEN, live)
    values = {".".join(path): value for path, value in found.values.items()}
    return values, [".".join(path) for path in found.gone], found.contested, found.unsaid


@pytest.mark.parametrize(
    ("field", "live", "values", "gone"),
    [
        ("label", WRITTEN | {"label": "Ours"}, {"spec.label": "Ours"}, []),
        ("schedule", WRITTEN | {"schedule": {"every": "6h"}}, {"spec.schedule": {"every": "6h"}}, []),
        ("paused", {key: WRITTEN[key] for key in WRITTEN if key != "paused"}, {}, ["spec.paused"]),
        # Said nowhere so far, because it followed from something else.
        ("integrationCode", WRITTEN | {"integrationCode": "v2"}, {"spec.integrationCode": "v2"}, []),
        ("name", WRITTEN | {"campaign": {"name": "v2"}}, {"spec.campaign.name": "v2"}, []),
    ],
)  # fmt: skip
def test_a_value_goes_where_the_manifest_says_it(
    field: str, live: dict[str, Any], values: dict[str, object], gone: list[str]
) -> None:
    assert refreshed(field, live) == (values, gone, [], [])


@pytest.mark.parametrize("reason", [FieldReason.DRIFT, FieldReason.TAKEOVER])
def test_what_changed_live_only_is_taken(reason: FieldReason) -> None:
    assert refreshed("label", WRITTEN | {"label": "Ours"}, reason)[0] == {"spec.label": "Ours"}


@pytest.mark.parametrize(
    "reason", [FieldReason.MANIFEST, FieldReason.INITIAL, FieldReason.RESET, FieldReason.FOLLOWS]
)
def test_what_a_person_wrote_stays(reason: FieldReason) -> None:
    assert refreshed("label", WRITTEN | {"label": "Ours"}, reason) == ({}, [], [], [])


def test_what_changed_on_both_sides_is_told_and_stays() -> None:
    live = WRITTEN | {"label": "Ours"}
    assert refreshed("label", live, FieldReason.CONFLICT) == ({}, [], ["label"], [])


@pytest.mark.parametrize("live", [None, WRITTEN])
def test_what_no_manifest_can_say_is_told(live: dict[str, Any] | None) -> None:
    assert refreshed("label", live) == ({}, [], [], ["label"])


def test_a_secret_is_never_looked_for() -> None:
    assert refreshed("label", WRITTEN | {"label": "x"}, sensitive=True) == ({}, [], [], [])
