"""Tables in PostgreSQL, read from a real server."""

from __future__ import annotations

import csv
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.postgres_table import PostgresTable, postgres_table
from audctl.redact import Secret
from tests.unit.exchange import postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.unit.exchange.postgres_server import Postgres

WANTED = ("recipients.id", "recipients.key", "recipients.optOut")


class Remembering:
    def __init__(self) -> None:
        self.heard: list[tuple[str, int, float | None]] = []

    def advanced(self, work: str, rows: int, share: float | None) -> None:
        self.heard.append((work, rows, share))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres_server.running() as started:
        started.run(
            "CREATE TABLE people (recipient_id bigint, account varchar, black_list boolean, diary text)",
            "INSERT INTO people VALUES (1, '0001', true, 'x'), (2, E'a,\"b\\n', false, 'x'), (3, '', null, 'x'),"
            " (4, null, false, 'x'), (12345678901234567, ' ünï ', false, 'x')",
            'CREATE SCHEMA "odd Name"',
            'CREATE TABLE "odd Name"."T""x" (id char(6))',
            """INSERT INTO "odd Name"."T""x" VALUES ('a'), ('b')""",
            'GRANT USAGE ON SCHEMA "odd Name" TO reader',
            'GRANT SELECT ON people, "odd Name"."T""x" TO reader',
            "CREATE TABLE locked (recipient_id int)",
            "CREATE VIEW failing AS SELECT (account || '-secret-person')::int AS recipient_id FROM people",
            "GRANT SELECT ON failing TO reader",
        )
        yield started


def source(
    text: str,
    *,
    password: str | None = postgres_server.PASSWORD,
    role: str = "recipients",
    columns: Mapping[str, str] | None = None,
) -> PostgresTable:
    return postgres_table(
        text,
        password=None if password is None else Secret(password),
        role=role,
        key="@account",
        columns=columns or {},
    )


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


@contextmanager
def refused(says: str) -> Iterator[list[str]]:
    """Expect a refusal that says this; gives its words when the block is over."""
    words: list[str] = []
    with pytest.raises(FindingsError) as caught:
        yield words
    (finding,) = caught.value.findings
    assert says in finding.message
    words.append(f"{finding.code} {finding.message} {finding.hint}")
    assert postgres_server.PASSWORD not in words[0]


def test_only_what_is_needed_is_copied_as_text_for_the_owner_alone(
    server: Postgres, tmp_path: Path
) -> None:
    told = Remembering()
    found = source(server.address(), columns={"recipients.optOut": "black_list"}).fetch(
        tmp_path, WANTED, told
    )
    (path,) = found.paths
    assert rows(path) == [
        ["recipient_id", "account", "black_list"],
        ["1", "0001", "true"],
        ["2", 'a,"b\n', "false"],
        ["3", "", ""],
        ["4", "", "false"],
        ["12345678901234567", " ünï ", "false"],
    ]
    assert b',"",' in path.read_bytes()
    assert b",," in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told.heard == [("reading recipients", 5, 1.0)]


def test_names_that_need_quoting_name_what_they_say(server: Postgres, tmp_path: Path) -> None:
    found = source(server.address('"odd%20Name".T"x'), role="members").fetch(
        tmp_path, ("members.recipient",), Remembering()
    )
    assert rows(found.paths[0]) == [["id"], ["a"], ["b"]]


def test_a_table_is_one_snapshot_and_is_never_written(server: Postgres, tmp_path: Path) -> None:
    server.run(
        "CREATE SEQUENCE seen",
        "CREATE VIEW counting AS SELECT nextval('seen') AS recipient_id",
        "GRANT SELECT ON counting TO reader",
        "GRANT ALL ON seen TO reader",
    )
    with refused("ReadOnlySqlTransaction"):
        source(server.address("counting"), role="members").fetch(
            tmp_path, ("members.recipient",), Remembering()
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("table", "role", "says"),
    [
        ("nothing", "reader", 'relation "nothing" does not exist'),
        ("locked", "reader", "permission denied for table locked"),
        ("people; DROP TABLE people", "reader", "does not exist"),
        ("people", "nobody-here", "password authentication failed"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    server: Postgres, tmp_path: Path, table: str, role: str, says: str
) -> None:
    with refused(says):
        source(server.address(table, role=role), role="members").fetch(
            tmp_path, ("members.recipient",), Remembering()
        )
    assert not list(tmp_path.iterdir())


def test_a_row_that_breaks_is_not_quoted(server: Postgres, tmp_path: Path) -> None:
    with refused("22P02") as words:
        source(server.address("failing"), role="members").fetch(
            tmp_path, ("members.recipient",), Remembering()
        )
    assert "secret-person" not in words[0]


def test_a_column_that_is_not_there_is_named_with_those_that_are(
    server: Postgres, tmp_path: Path
) -> None:
    with refused("no column for recipients.key"):
        source(server.address('"odd%20Name".T"x')).fetch(tmp_path, WANTED, Remembering())


def test_a_certificate_is_checked_where_it_is_asked_for(server: Postgres, tmp_path: Path) -> None:
    proven = f"?sslmode=verify-full&sslrootcert={server.certificate}"
    found = source(server.address(rest=proven), role="members").fetch(
        tmp_path, ("members.recipient",), Remembering()
    )
    assert len(rows(found.paths[0])) == 6
    with refused("certificate"):
        source(
            server.address(rest="?sslmode=verify-full&sslrootcert=system"), role="members"
        ).fetch(tmp_path / "x", ("members.recipient",), Remembering())


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with refused("cannot be read"):
        source("postgresql://reader@127.0.0.1:1/crm#people").fetch(tmp_path, WANTED, Remembering())


@pytest.mark.parametrize(
    "host", ["db.example.com", "10.0.0.1", "localhost,db.example.com", "127.0.0.1.example.com"]
)
def test_a_server_elsewhere_has_to_prove_who_it_is(host: str) -> None:
    made = source(f"postgresql://reader@{host}/crm#people").parameters
    assert made["sslmode"] == "verify-full"
    for mode in ("disable", "allow", "prefer", "require"):
        with refused(f"sslmode={mode}"):
            source(f"postgresql://reader@{host}/crm?sslmode={mode}#people")
    assert (
        source(f"postgresql://r@{host}/crm?sslmode=verify-ca#p").parameters["sslmode"]
        == "verify-ca"
    )


def test_a_host_that_the_environment_names_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sslmode" not in source("postgresql:///crm#people").parameters
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert source("postgresql:///crm#people").parameters["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postgresql://reader:hush@127.0.0.1/crm#people", "holds a password"),
        ("postgresql://reader@127.0.0.1/crm?password=hush#people", "holds a password"),
        ("postgresql://reader@127.0.0.1/crm", "names no table"),
        ("postgresql://reader@127.0.0.1/crm#a.b.c", "names no table"),
        ("postgresql://reader@127.0.0.1/crm?nonsense=1#people", "none of PostgreSQL's"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_quoting_it(text: str, says: str) -> None:
    with refused(says) as words:
        source(text)
    assert "hush" not in words[0]
