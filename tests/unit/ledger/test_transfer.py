"""An exported ledger: the same on the way back, and refused when anything about it is not as it was written."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import LedgerError
from audctl.ledger.transfer import digest_of, from_document, to_document
from audctl.manifest.schemas import read_schema
from audctl.model.address import Address
from audctl.model.ledger import Intent, Ledger, LedgerEntry, Override
from audctl.model.objects import OBJECT_TYPES
from audctl.redact import Secret
from audctl.render.ledger_json import document_lines

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEXT = st.text(st.characters(codec=None), max_size=8)
NAME = TEXT.filter(bool)
VALIDATOR = jsonschema.Draft202012Validator(read_schema("ledger"))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    names = draw(st.lists(NAME, max_size=4, unique=True))
    types = st.sampled_from(sorted(OBJECT_TYPES))
    entries = []
    for number, name in enumerate(names):
        object_type = draw(types)
        entries.append(
            LedgerEntry(
                address=Address("Trait", name, object_type),
                type=object_type,
                live_id=str(number),
                fields=draw(
                    st.dictionaries(
                        TEXT,
                        st.none() | TEXT | st.integers() | st.booleans() | st.tuples(TEXT, TEXT),
                        max_size=3,
                    )
                ),
                secrets={"key": Secret("hunter2").fingerprint("salt")},
                requires=(Address("DataSource", "web", "aam.dataSource"),),
                protect=draw(st.booleans()),
                deletion_policy=draw(st.sampled_from(["", "Pause", "Delete", "Orphan"])),
                label=draw(TEXT),
                applied_at=draw(st.sampled_from([None, NOW])),
                removed_at=draw(st.sampled_from([None, NOW])),
                grace_days=draw(st.none() | st.integers(0, 99)),
                previous_names=tuple(draw(st.lists(TEXT, max_size=2))),
            )
        )
    intent = Intent(
        address=Address("List", "l", "campaign.list"),
        type="campaign.list",
        key=("l",),
        run="r1",
        begun_at=NOW,
    )
    ledger = Ledger(project="acme", salt="5a17").with_changes(recorded=entries, intended=[intent])
    return ledger.with_override(Override(run="r1", at=NOW, allowed=("maxDeletes:List/l",)))


def written(ledger: Ledger) -> dict[str, Any]:
    """Return the document as it is read from a file."""
    text = "\n".join(document_lines(to_document(ledger, "prod")))
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def read(document: dict[str, Any]) -> Ledger:
    return from_document(document, project="acme", environment="prod")


@given(ledgers())
def test_what_is_exported_fits_the_schema_and_reads_back_equal(ledger: Ledger) -> None:
    document = written(ledger)
    VALIDATOR.validate(document)
    assert read(document) == ledger
    assert to_document(read(document), "prod") == to_document(ledger, "prod")


@given(ledgers(), st.data())
def test_no_change_of_it_goes_unnoticed(ledger: Ledger, data: st.DataObject) -> None:
    document = written(ledger)
    places = [(document, name) for name in document]
    for each in document["entries"]:
        places += [(each, name) for name in each]
    at, name = data.draw(st.sampled_from(places))
    before = copy.deepcopy(at[name])
    at[name] = data.draw(st.none() | st.integers() | TEXT | st.just([]) | st.just({}))
    if at[name] == before and type(at[name]) is type(before):
        return
    with pytest.raises(LedgerError):
        read(document)


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of an entry
    return {
        "address": ["Trait", "a", "aam.trait"],
        "type": "aam.trait",
        "id": "1",
        "fields": {},
        "secrets": {},
        "requires": [],
        "protect": False,
        "deletionPolicy": "",
        "created": True,
        "label": "",
        "appliedAt": None,
        **changes,
    }


def signed(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a document
    """Return what somebody makes who knows how the digest is worked out."""
    document = to_document(Ledger(project="acme", serial=3, salt="5a17"), "prod") | changes
    return document | {"digest": digest_of(document)}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (signed(format=4), "format 4, newer than the 3"),
        (signed(format=True), "it has no format"),
        (signed(kind="Plan"), "it is no Ledger"),
        (signed(project="other"), 'of project "other", not of "acme"'),
        (signed(environment="dev"), 'of environment "dev", not of "prod"'),
        (signed(entries=[entry(), entry(id="2")]), "one address twice"),
        (
            signed(entries=[entry(), entry(address=["Trait", "b", "aam.trait"])]),
            "one object under two addresses",
        ),
        (
            signed(entries=[entry(type="aam.segment")]),
            "as an object of type aam.segment, which it cannot be",
        ),
        (
            signed(entries=[entry(type="x.y", address=["Trait", "a", "x.y"])]),
            "as an object of type x.y, which it cannot be",
        ),
        (signed(entries=[entry(appliedAt="yesterday")]), "cannot be read"),
        (signed(entries=[entry(fields={"a": {"b": 1}})]), "cannot be read"),
        (signed(entries=7), "cannot be read"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_well_made_lie_is_refused_in_words(document: dict[str, Any], said: str) -> None:
    with pytest.raises(LedgerError, match=said.replace("(", r"\(")):
        read(document)


def test_the_schema_refuses_what_the_reader_would_only_stumble_over() -> None:
    wrong: list[Callable[[dict[str, Any]], object]] = [
        lambda each: each.pop("id"),
        lambda each: each.update(protect="yes"),
        lambda each: each.update(deletionPolicy="Explode"),
        lambda each: each.update(more=1),
        lambda each: each.update(secrets={"key": "in clear"}),
        lambda each: each.update(fields={"a": {"b": 1}}),
        lambda each: each.update(fields={"a": 1.5}),
        lambda each: each.update(graceDays=-1),
    ]
    VALIDATOR.validate(signed(entries=[entry()]))
    for change in wrong:
        made = entry()
        change(made)
        assert not VALIDATOR.is_valid(signed(entries=[made])), made
