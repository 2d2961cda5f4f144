"""Names for ids: each object is looked at once, however many rules are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.objects import OBJECT_TYPES
from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.model.substitution import trait_token
from audctl.plan.known import Known
from tests.build import make_ledger

if TYPE_CHECKING:
    import pytest

NUMBER = 40
RULE = OBJECT_TYPES["aam.segment"].fields["rule"]


def test_rules_shown_between_objects_that_become_known_do_not_gather_all_names_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    traits = [Address("Trait", f"t{number}", "aam.trait") for number in range(NUMBER)]
    segments = [Address("Audience", f"a{number}", "aam.segment") for number in range(NUMBER)]
    here = Known([*traits, *segments], make_ledger())
    for number, address in enumerate(traits):
        here.learn(address, "aam.trait", str(1000 + number))
    made: list[str] = []

    def counted(live_id: str) -> str:
        made.append(live_id)
        return trait_token(live_id)

    monkeypatch.setattr("audctl.plan.known.trait_token", counted)
    for number, address in enumerate(segments):
        here.learn(address, "aam.segment", str(2000 + number))
        shown = here.show_live(RULE, parse_segment_rule(f"{1000 + number}T AND 5T"))
        assert shown == f"5T AND t{number}"
    assert len(made) == NUMBER


def test_a_trait_that_becomes_known_later_is_named_from_then_on() -> None:
    late = Address("Trait", "late", "aam.trait")
    here = Known([late], make_ledger())
    rule = parse_segment_rule("7T")
    assert here.show_live(RULE, rule) == "7T"
    here.learn(late, "aam.trait", "7", stays=False)
    assert here.show_live(RULE, rule) == "late"
