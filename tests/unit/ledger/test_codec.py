import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import LedgerError
from audctl.ledger import migrate
from audctl.ledger.codec import decode, encode, read_header
from audctl.model.address import Address
from audctl.model.ledger import KEPT_OVERRIDES, Intent, Ledger, LedgerEntry, Override
from audctl.redact import Secret

if TYPE_CHECKING:
    from audctl.model.value import Plain

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
AUDIENCE = Address("Audience", "cart", "aam.segment")
FOLDER = Address("Folder", "Web/C# shop", "aam.segmentFolder")


PLAIN_ENTRY = {
    "address": ["K", "n", "o"],
    "type": "t",
    "id": "1",
    "fields": {},
    "secrets": {},
    "protect": False,
    "deletionPolicy": "",
}


def full_ledger() -> Ledger:
    entry = LedgerEntry(
        address=AUDIENCE,
        type="aam.segment",
        live_id="4711",
        fields={"label": "Café “élan”", "mergeRule": 3, "on": True, "off": False, "none": None},
        secrets={"key": Secret("s3cret").fingerprint("salt")},
        requires=(FOLDER, Address("DataSource", "web", "aam.dataSource")),
        protect=True,
        deletion_policy="Pause",
        created=False,
        label="Cart abandoners",
        applied_at=NOW,
        removed_at=NOW,
        grace_days=14,
        previous_names=("basket", "old cart"),
        leaving=True,
    )
    folder = LedgerEntry(
        address=FOLDER, type="aam.segmentFolder", live_id="9", fields={"set": ("a", "b"), "no": ()}
    )
    intent = Intent(
        address=FOLDER, type="aam.segmentFolder", key=("Web", ""), run="r1", begun_at=NOW
    )
    return Ledger(
        project="acme",
        serial=41,
        salt="5a17",
        entries={FOLDER: folder, AUDIENCE: entry},
        intents={FOLDER: intent},
        overrides=(Override(run="r1", at=NOW, allowed=("maxDeletes:List/l", "toZero:List/l")),),
    )


def packed(document: Mapping[str, Any], version: int) -> bytes:
    body = zlib.compress(json.dumps(document).encode())
    checksum = hashlib.sha256(body).hexdigest()
    head = f"audctl-ledger format={version} serial={document['serial']} bytes={len(body)}"
    return f"{head} sha256={checksum}\n".encode() + body


def test_a_ledger_is_read_back_equal() -> None:
    assert decode(encode(full_ledger()), project="acme") == full_ledger()


def test_equal_ledgers_give_equal_bytes_in_whatever_order_they_were_built() -> None:
    ledger = full_ledger()
    backwards = Ledger(
        project=ledger.project,
        serial=ledger.serial,
        salt=ledger.salt,
        entries=dict(reversed(list(ledger.entries.items()))),
        intents=ledger.intents,
        overrides=ledger.overrides,
    )
    assert encode(ledger) == encode(backwards)


def test_the_header_tells_format_and_serial_without_reading_the_rest() -> None:
    header = read_header(encode(full_ledger())[:200])
    assert (header.format, header.serial) == (migrate.FORMAT, 41)


@pytest.mark.parametrize("keep", [0, 10, 80, 150, -1])
def test_a_torn_ledger_is_noticed(keep: int) -> None:
    with pytest.raises(LedgerError, match=r"torn|not a ledger"):
        decode(encode(full_ledger())[:keep], project="acme")


def test_a_format_that_its_document_does_not_bear_is_noticed() -> None:
    head, body = encode(full_ledger()).split(b"\n", 1)
    older = head.replace(f"format={migrate.FORMAT}".encode(), b"format=2")
    with pytest.raises(LedgerError, match="two formats"):
        decode(older + b"\n" + body, project="acme")


def test_only_the_latest_overrides_are_kept() -> None:
    ledger = Ledger(project="acme")
    for number in range(KEPT_OVERRIDES + 3):
        ledger = ledger.with_override(Override(run=str(number), at=NOW, allowed=("g:n",)))
    assert [each.run for each in ledger.overrides] == [
        str(number + 3) for number in range(KEPT_OVERRIDES)
    ]


@given(st.data())
def test_one_changed_byte_is_noticed(data: st.DataObject) -> None:
    content = bytearray(encode(full_ledger()))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LedgerError):
        decode(bytes(content), project="acme")


def test_a_newer_format_is_refused_by_both_versions_names() -> None:
    newer = packed({"serial": 7, "anything": "else"}, 4)
    with pytest.raises(LedgerError, match="format 4, newer than the 3 this audctl knows"):
        decode(newer, project="acme")


def test_a_format_nobody_wrote_is_refused() -> None:
    with pytest.raises(LedgerError, match="format 0, which no audctl ever wrote"):
        decode(packed({"serial": 7}, 0), project="acme")


def test_format_1_is_migrated() -> None:
    document = {
        "project": "acme",
        "serial": 12,
        "salt": "5a17",
        "entries": {
            "Audience/cart#aam.segment": {
                "type": "aam.segment",
                "id": "4711",
                "fields": {"label": "Cart", "labels": ["a", "b"]},
                "protect": True,
                "deletionPolicy": "Pause",
            },
            "Folder/Web/C# shop#aam.segmentFolder": {
                "type": "aam.segmentFolder",
                "id": "9",
                "fields": {},
                "secrets": {"key": "0" * 64},
            },
        },
    }
    ledger = decode(packed(document, 1), project="acme")
    assert ledger.serial == 12
    assert not ledger.intents
    assert ledger.entries[AUDIENCE] == LedgerEntry(
        address=AUDIENCE,
        type="aam.segment",
        live_id="4711",
        fields={"label": "Cart", "labels": ("a", "b")},
        protect=True,
        deletion_policy="Pause",
    )
    assert ledger.entries[FOLDER].secrets == {"key": "0" * 64}
    assert read_header(encode(ledger)).format == migrate.FORMAT


def test_format_2_reads_as_it_is_without_tombstones() -> None:
    document = {
        "project": "acme",
        "serial": 3,
        "salt": "5a17",
        "entries": [
            {
                "address": list(AUDIENCE),
                "type": "aam.segment",
                "id": "4711",
                "fields": {"status": "paused"},
                "secrets": {},
                "protect": False,
                "deletionPolicy": "Pause",
            }
        ],
        "intents": [],
    }
    entry = decode(packed(document, 2), project="acme").entries[AUDIENCE]
    assert (entry.removed_at, entry.grace_days, entry.previous_names) == (None, None, ())


def test_every_format_up_to_the_current_one_has_a_way_to_it() -> None:
    assert sorted(migrate.MIGRATIONS) == list(range(1, migrate.FORMAT))


@pytest.mark.parametrize(
    "change",
    [
        {"entries": 5},
        {"entries": [{"address": ["a"]}]},
        {"intents": [{}]},
        {"salt": None, "entries": None},
        {"entries": [{"address": ["K", "n", "o"], "type": "t", "id": "1", "fields": {"x": {}}}]},
        {"entries": [{**PLAIN_ENTRY, "graceDays": "14"}]},
        {"entries": [{**PLAIN_ENTRY, "removedAt": 14}]},
    ],
)
def test_a_document_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    document = {"project": "acme", "serial": 1, "salt": "", "entries": [], "intents": [], **change}
    with pytest.raises(LedgerError, match="cannot be read"):
        decode(packed(document, migrate.FORMAT), project="acme")


def test_another_project_s_ledger_is_refused() -> None:
    with pytest.raises(LedgerError, match='project "acme", not of "other"'):
        decode(encode(full_ledger()), project="other")


def test_two_serials_in_one_document_are_refused() -> None:
    content = encode(full_ledger()).replace(b"serial=41", b"serial=42", 1)
    with pytest.raises(LedgerError, match="two serials"):
        decode(content, project="acme")


def test_a_secret_cannot_be_written_as_a_field_or_in_place_of_its_fingerprint() -> None:
    as_field = cast("Plain", Secret("hunter2-clear"))
    for fields, secrets in (
        ({"password": as_field}, {}),
        ({"password": cast("Plain", ("a", Secret("hunter2-clear")))}, {}),
        ({}, {"password": "hunter2-clear"}),
        ({}, {"password": cast("str", Secret("hunter2-clear"))}),
    ):
        entry = LedgerEntry(address=AUDIENCE, type="t", live_id="1", fields=fields, secrets=secrets)
        ledger = Ledger(project="acme", serial=1, entries={AUDIENCE: entry})
        with pytest.raises(TypeError) as caught:
            encode(ledger)
        assert "hunter2" not in str(caught.value)


def test_a_secret_s_fingerprint_is_all_that_is_written_of_it() -> None:
    secret = Secret("hunter2-clear")
    entry = LedgerEntry(
        address=AUDIENCE,
        type="t",
        live_id="1",
        fields={"server": "acme-in"},
        secrets={"password": secret.fingerprint("5a17")},
    )
    content = encode(Ledger(project="acme", serial=1, salt="5a17", entries={AUDIENCE: entry}))
    text = zlib.decompress(content[read_header(content).start :])
    assert secret.fingerprint("5a17").encode() in text
    assert b"hunter2" not in text
