"""Hypothesis strategies: whole projects as desired objects, and live objects nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.build import make_desired, make_live

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject

SECRETS = ("top-secret-1", "top-secret-2")
SOURCES = ("web", "crm")

_texts = st.sampled_from(["", "one", "Ünï ✓ <b>", "70011T", "*** (x)", 'say "hi"'])


@st.composite
def projects(draw: st.DrawFn) -> list[DesiredObject]:
    """Draw a project; a name always means the same key and source, so nothing needs a Replace."""
    desired = [_source(draw, name) for name in SOURCES]
    traits: list[int] = sorted(draw(st.sets(st.integers(0, 5), max_size=5)))
    folders = draw(st.integers(0, 2))
    paths = ["Web", "Web/Shop"][:folders]
    for depth, path in enumerate(paths):
        parent = f"@Folder/{paths[depth - 1]}#aam.traitFolder" if depth else "0"
        desired.append(
            make_desired(f"Folder/{path}#aam.traitFolder", {"path": f"/{path}", "parent": parent})
        )
    desired.extend(_trait(draw, number, paths) for number in traits)
    names = [f"t{number}" for number in traits]
    audiences = sorted(draw(st.sets(st.integers(0, 3), max_size=3)))
    desired.extend(_audience(draw, number, names) for number in audiences)
    lists = sorted(draw(st.sets(st.integers(0, 3), max_size=3)))
    desired.extend(_list(draw, number) for number in lists)
    for number in lists:
        if draw(st.booleans()) and audiences:
            chosen = draw(st.sampled_from(audiences))
            desired.append(_binding(draw, number, chosen))
    if draw(st.booleans()):
        desired.append(
            make_desired(
                "ExternalAccount/in#campaign.externalAccount",
                {"name": "in", "secretAccessKey": draw(st.sampled_from(SECRETS)), "enabled": True},
            )
        )
    return desired


def _settings(draw: st.DrawFn) -> dict[str, Any]:
    policy = draw(st.sampled_from([None, "Delete", "Pause"]))
    return {"lifecycle": {"deletionPolicy": policy, "protect": draw(st.integers(0, 9)) == 0}}


def _source(draw: st.DrawFn, name: str) -> DesiredObject:
    fields: dict[str, Any] = {"label": f"source {name}", "integrationCode": name, "type": "cookie"}
    if draw(st.booleans()):
        fields["exportControls"] = draw(st.permutations(["pii", "onsite"]))
    return make_desired(f"DataSource/{name}#aam.dataSource", fields)


def _trait(draw: st.DrawFn, number: int, paths: list[str]) -> DesiredObject:
    fields: dict[str, Any] = {
        "label": f"trait {number}",
        "integrationCode": f"t{number}",
        "dataSource": f"@DataSource/{SOURCES[number % 2]}#aam.dataSource",
        "rule": f'c_event == "{draw(st.integers(0, 3))}"',
    }
    if draw(st.booleans()):
        fields["ttlDays"] = draw(st.sampled_from([30, "30", 120]))
    if draw(st.booleans()):
        fields["description"] = draw(_texts)
    if draw(st.booleans()) and paths:
        fields["folder"] = f"@Folder/{draw(st.sampled_from(paths))}#aam.traitFolder"
    return make_desired(f"Trait/t{number}#aam.trait", fields, **_settings(draw))


def _audience(draw: st.DrawFn, number: int, traits: list[str]) -> DesiredObject:
    terms = draw(st.lists(st.sampled_from([*traits, "99T"]), min_size=1, max_size=4))
    glue = draw(st.sampled_from([" AND ", " OR ", " AND NOT "]))
    fields: dict[str, Any] = {
        "label": f"audience {number}",
        "integrationCode": f"s{number}",
        "dataSource": f"@DataSource/{SOURCES[number % 2]}#aam.dataSource",
        "rule": glue.join(terms),
        "status": draw(st.sampled_from(["active", "paused"])),
    }
    return make_desired(f"Audience/s{number}#aam.segment", fields, **_settings(draw))


def _list(draw: st.DrawFn, number: int) -> DesiredObject:
    fields: dict[str, Any] = {"name": f"l{number}", "label": f"list {number}"}
    if draw(st.booleans()):
        fields["description"] = draw(st.one_of(st.none(), _texts))
    return make_desired(f"List/l{number}#campaign.list", fields, **_settings(draw))


def _binding(draw: st.DrawFn, number: int, audience: int) -> DesiredObject:
    return make_desired(
        f"ImportBinding/b{number}#campaign.sharedList",
        {
            "list": f"@List/l{number}#campaign.list",
            "audience": f"@Audience/s{audience}#aam.segment",
            "audienceName": draw(_texts),
        },
        **_settings(draw),
    )


@st.composite
def strangers(draw: st.DrawFn) -> list[LiveObject]:
    """Draw live objects with keys no project asks for, ids far from those the systems give out."""
    objects = [make_live("aam.trait", "99", {"label": "used by id", "integrationCode": "x99"})]
    for number in range(draw(st.integers(0, 3))):
        live_id = str(500 + number)
        objects.append(
            draw(
                st.sampled_from(
                    [
                        make_live("campaign.list", live_id, {"name": f"by-hand-{number}"}),
                        make_live("aam.segment", live_id, {"label": "by hand", "rule": "99T"}),
                        make_live("aam.traitFolder", live_id, {"path": f"/Hand{number}"}),
                    ]
                )
            )
        )
    return objects
