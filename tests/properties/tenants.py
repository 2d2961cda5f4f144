"""Hypothesis strategies: whole projects as resources whose references all lead somewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from audctl.manifest.decode import decode
from audctl.model.address import Address
from audctl.model.kinds import KINDS
from audctl.model.kinds.trait import TraitType
from audctl.model.resource import DeletionPolicy, Lifecycle, Resource
from audctl.model.rules.trait_rule import parse_trait_rule
from tests.build import FixedPlaces, make_live
from tests.memory import World

texts = st.sampled_from(
    ["One", "Ünï ✓ <b>", 'say "hi": #1', "${env:HOME}", "and", "7T", "a  b", "no"]
)
folders = st.sampled_from(["/", "/Web", "/Web/Shop & Co", "/日本"])
SOURCES = ("web", "crm")


def some(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw a value, or nothing at all."""
    return st.one_of(st.just(...), value)


def fixed(kind: str, called: str, /, **spec: Any) -> Resource:  # noqa: ANN401 - literals of any shape
    """Return a resource; ``...`` is a field left out."""
    tree = {key: value for key, value in spec.items() if value is not ...}
    address = Address(kind, called)
    return Resource(address, decode(KINDS[kind].spec, tree, {}), FixedPlaces(f"{called}.yaml"))


@st.composite
def tenants(draw: st.DrawFn) -> list[Resource]:
    """Draw a project."""
    made = [fixed("Destination", "feed", type="serverToServer", id=4200)]
    for name in SOURCES:
        made.append(  # noqa: PERF401 - the draws come in order
            fixed(
                "DataSource", name, label=draw(texts), idType="declaredId",
                description=draw(some(texts)),
                audienceManager={"integrationCode": draw(st.sampled_from([name, f"{name} 1"])),
                                 "inbound": draw(st.booleans()),
                                 "exportControls": draw(st.sampled_from([[], ["pii"]]))},
                campaign={"name": name, "label": draw(texts), "destination": "feed",
                          "hashAlgorithm": draw(st.sampled_from(["none", "md5"]))},
            )
        )  # fmt: skip
    source = st.sampled_from(SOURCES)
    numbers = st.integers(0, 3)
    traits = [f"t{number}" for number in sorted(draw(st.sets(numbers, min_size=1)))]
    for name in traits:
        code = draw(st.sampled_from([name, f"{name}.x"]))
        rule = draw(some(st.sampled_from(['c_a == "1"', 'c_b == 2 AND NOT h_x contains "y z"'])))
        made.append(
            fixed(
                "Trait", name, label=draw(texts), dataSource=draw(source), folder=draw(folders),
                type="onboarded" if rule is ... else "ruleBased", rule=rule, integrationCode=code,
                ttlDays=draw(some(st.just(30))), comments=draw(some(texts)),
            )
        )  # fmt: skip
    audiences = [f"s{number}" for number in sorted(draw(st.sets(numbers, min_size=1)))]
    for name in audiences:
        terms = draw(st.lists(st.sampled_from([*traits, "990T"]), min_size=1, max_size=4))
        made.append(
            fixed(
                "Audience", name, label=draw(texts), dataSource=draw(source), folder=draw(folders),
                rule=draw(st.sampled_from([" AND ", " OR ", " AND NOT "])).join(terms),
                paused=draw(st.booleans()), integrationCode=draw(st.sampled_from([name, f"#{name}"])),
            )
        )  # fmt: skip
    for number in sorted(draw(st.sets(numbers))):
        made += draw(lists(number, audiences))
    return made


@st.composite
def lists(draw: st.DrawFn, number: int, audiences: list[str]) -> list[Resource]:
    """Draw a list, and maybe a binding that fills it, or one that exports it."""
    name = f"l{number}"
    folder = draw(some(st.just("/Lists/Shared")))
    made = [fixed("List", name, label=draw(texts), name=f"list-{number}", folder=folder)]
    binding = draw(st.sampled_from(["", "import", "export"]))
    if binding == "import":
        made.append(
            fixed(
                "ImportBinding", f"{name}-in", audience=draw(st.sampled_from(audiences)), list=name,
                dataSource=draw(st.sampled_from(SOURCES)), alias=draw(some(st.just("sent as"))),
                endDate=draw(some(st.just("2030-01-31"))), audienceName=draw(some(texts)),
            )
        )  # fmt: skip
    elif binding == "export":
        data_source = draw(st.sampled_from(SOURCES))
        made.append(
            fixed(
                "Audience",
                f"fed{number}",
                label=draw(texts),
                dataSource=data_source,
                source="campaign",
            )
        )
        made.append(
            fixed(
                "ExportBinding", f"{name}-out", source={"list": name}, audience=f"fed{number}",
                dataSource=data_source, label=draw(some(texts)), complement=draw(st.booleans()),
                schedule={"daily": "03:00"}, paused=draw(st.booleans()),
                trait={"folder": draw(folders), "label": draw(texts)},
            )
        )  # fmt: skip
    return made


def around_it() -> World:
    """Return what exists before any manifest."""
    return World(
        [
            make_live(
                "aam.destination", "4200", {"id": "4200", "label": "Feed", "type": "serverToServer"}
            ),
            make_live("aam.trait", "990", {"label": "nobody's"}, origin="readOnly"),
            make_live("campaign.folder", "1", {"path": "/Lists"}),
        ]
    )


@st.composite
def living_tenants(draw: st.DrawFn) -> list[Resource]:
    """Draw a project as it goes on from any other one: what cannot change in place goes with a name, and stays.

    Its resources are protected, left out by policy or replaceable at times.
    """
    return [
        replace(_settled(each), lifecycle=_lifecycle(draw, each.address.kind))
        for each in draw(tenants())
    ]


def _settled(resource: Resource) -> Resource:
    spec: Any = resource.spec
    number = ord(resource.address.name[-1])
    match resource.address.kind:
        case "Audience":
            spec = replace(spec, data_source=SOURCES[number % 2])
        case "Trait" if number % 2:
            spec = replace(spec, data_source=SOURCES[1], type=TraitType.ONBOARDED, rule=None)
        case "Trait":
            rule = spec.rule or parse_trait_rule('c_a == "0"')
            spec = replace(spec, data_source=SOURCES[0], type=TraitType.RULE_BASED, rule=rule)
        case "ExportBinding":
            spec = replace(spec, data_source=SOURCES[number % 2])
    return replace(resource, spec=spec)


def _lifecycle(draw: st.DrawFn, kind: str) -> Lifecycle:
    policies = [None, None, "Delete", "Orphan"]
    if kind in {"Audience", "ExportBinding"}:
        policies.append("Pause")
    policy = draw(st.sampled_from(policies))
    return Lifecycle(
        protect=draw(st.integers(0, 4)) == 0,
        allow_replace=draw(st.booleans()),
        deletion_policy=DeletionPolicy(policy) if policy else None,
    )
