"""Synthetic customers of the demo tenant, as many as asked for.

Everything about a person follows from their number and the seed number: name, address, account, which visitor ids they
have (some several, some none), which of these Campaign has seen clicking, whether they sign in on the site, which
traits they qualified for, when and how often. Times are counted back from the day on which the seed is sown. A share of
the visitors is nobody's customer, and a share of Campaign's visitor ids is unknown to Audience Manager.

All of it is made by the database from one series of numbers: the rows never pass through Python.
"""

import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from audctl.sandbox.audience_manager.kinds import DATA_SOURCE, MERGE_RULE
from audctl.sandbox.audience_manager.records import COMPANY_ID, insert_as
from audctl.sandbox.audience_manager.tenant import data_source_document
from audctl.sandbox.campaign import counters
from audctl.sandbox.campaign.baseline import MARKETER_ID, RECIPIENTS_FOLDER_ID
from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.rows import Change, Values, new_values
from audctl.sandbox.campaign.schema import quoted
from audctl.sandbox.campaign.values import stored_moment
from audctl.sandbox.members.job import Job, open_job
from audctl.sandbox.members.populations import refresh_populations, virtual_now
from audctl.sandbox.members.profiles import DEVICE

if TYPE_CHECKING:
    from audctl.sandbox.audience_manager.fields import Document

MOST_PEOPLE = 5_000_000
ACCOUNT_SOURCE_ID, EMAIL_SOURCE_ID = 4950, 4951
"""Data sources of the site's sign-in: account numbers as they are, e-mail addresses hashed."""
MERGE_RULE_ID = 4909
"""Takes all devices of one account as one profile."""
CLICK_HOURS = 180 * 24
_PRIME = 2_147_483_647
_CACHE_KIB = 16_384

_FIRST_NAMES = (  # noqa: SIM905 - words read better than quotation marks
    "Alba Ana Anton Bea Boris Carla Cem Clara Dario Dina Edda Elif Emil Esra Farid Fleur Greta Hugo Ida Igor Ines Ivo"
    " Jana Joris Juno Kaan Karla Kemal Lars Lea Liv Luca Maja Malik Mara Marco Mila Nadia Nils Nora Olga Omar Otto"
    " Paula Pia Rafi Rosa Ruben Sami Sara Selma Sven Tara Theo Tim Tove Uma Vera Vito Willa Yara Yusuf Zoe Zora"
).split()
_LAST_NAMES = (  # noqa: SIM905
    "Abel Adler Amsel Arden Bach Baker Berg Blum Brook Cruz Dahl Decker Dorn Ebner Ellis Faber Falk Ferro Fink Frost"
    " Gallo Garner Haas Hahn Heller Hill Holm Horn Ibsen Jung Kaya Keller Kern Koch Lang Lind Lopez Marin Meer Mill"
    " Moor Moss Nagel Neri Novak Olsen Orlov Pace Pardo Quinn Reed Roth Sala Sandt Serra Stein Stone Tanner Thorn Vale"
    " Vega Weber Wolf Zidan"
).split()

_DRAW = "(x{0} * x{0} % {1} * 48271 + {2}) % {1}"
"""Nothing random: squares modulo a prime, which look as if they were."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many people, and which series they are taken from."""

    people: int
    number: int = 1


def sow_people(conn: sqlite3.Connection, plan: Plan) -> None:
    """Make the people, within the open transaction. Raises ValueError for a number out of bounds."""
    if not 0 < plan.people <= MOST_PEOPLE:
        raise ValueError(f"the number of people must be from 1 to {MOST_PEOPLE}")
    if not 0 <= plan.number < _PRIME:
        raise ValueError(f"the seed number must be from 0 to {_PRIME - 1}")
    now = virtual_now(conn).replace(hour=0, minute=0, second=0, microsecond=0)
    job = open_job(conn, now)
    (cache,) = conn.execute("PRAGMA cache_size").fetchone()
    conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    _make_sources(conn, job)
    first = counters.take(conn, counters.ID_SEQUENCE, plan.people)
    _draw(conn, plan, first)
    _make_recipients(job)
    indexes = _drop_indexes(conn, "aam_identity")
    _make_devices(conn)
    _make_tracking_logs(job, plan)
    _make_declared_ids(job)
    for statement in indexes:
        conn.execute(statement)
    _know_demo_customers(conn, first)
    _make_histories(job)
    refresh_populations(conn, virtual_now(conn))
    for table in ("person", "device", "first_name", "last_name", "copy", "moment"):
        conn.execute(f"DROP TABLE temp.{table}")
    conn.execute(f"PRAGMA cache_size = {cache}")


def _make_sources(conn: sqlite3.Connection, job: Job) -> None:
    stamps: Document = {"createTime": job.now_s * 1000, "updateTime": job.now_s * 1000}
    for source_id, name, code in (
        (ACCOUNT_SOURCE_ID, "Site sign-in: account numbers", "AdobeCampaignID"),
        (EMAIL_SOURCE_ID, "Site sign-in: hashed e-mail addresses", "site-email-sha256"),
    ):
        document = {
            **data_source_document(name, code, COMPANY_ID),
            "idType": "CROSS_DEVICE",
            "subIdType": "CROSS_DEVICE_PERSON",
            "inboundS2S": True,
            "outboundS2S": True,
            **stamps,
        }
        insert_as(conn, DATA_SOURCE, source_id, document)
    merge_rule: Document = {
        "name": "All devices of an account",
        "pid": COMPANY_ID,
        "dataExportRestrictions": [],
        "dataSources": [ACCOUNT_SOURCE_ID],
        **stamps,
    }
    insert_as(conn, MERGE_RULE, MERGE_RULE_ID, merge_rule)


def _draw(conn: sqlite3.Connection, plan: Plan, first: int) -> None:
    """Draw what is not the same for everybody: numbers `a` to `e` for each person."""
    for table, words in (("first_name", _FIRST_NAMES), ("last_name", _LAST_NAMES)):
        conn.execute(f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY, word TEXT, small TEXT)")
        conn.executemany(
            f"INSERT INTO temp.{table} VALUES (?, ?, ?)",  # noqa: S608 - a literal
            [(number, word, word.lower()) for number, word in enumerate(words)],
        )
    conn.execute("CREATE TEMP TABLE copy (k INTEGER PRIMARY KEY)")
    conn.executemany("INSERT INTO temp.copy VALUES (?)", [(k,) for k in range(4)])
    conn.execute(
        "CREATE TEMP TABLE person (n INTEGER PRIMARY KEY, recipient_id INTEGER, a INTEGER, b INTEGER, c INTEGER,"
        " d INTEGER, e INTEGER)"
    )
    draws = ", ".join(_DRAW.format(k, _PRIME, k * 7919) for k in range(5))
    bases = ", ".join(
        f"(n * {7919 + 4096 * k} + {plan.number * (2 * k + 1) % _PRIME} + {k * 104_729}) % {_PRIME} AS x{k}"
        for k in range(5)
    )
    conn.execute(
        "INSERT INTO temp.person WITH RECURSIVE series(n) AS"  # noqa: S608 - own numbers
        f" (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < {plan.people - 1})"
        f" SELECT n, {first} + n, {draws} FROM (SELECT n, {bases} FROM series)"
    )


def _make_recipients(job: Job) -> None:
    columns = {
        "id": "p.recipient_id",
        "email": (
            "f.small || '.' || l.small || '.' || p.n || CASE p.c % 3 WHEN 0 THEN '@mail.example'"
            " WHEN 1 THEN '@post.example' ELSE '@marlowfinch.example' END"
        ),
        "firstName": "f.word",
        "lastName": "l.word",
        "account": "'MF' || printf('%08d', 20000000 + p.n)",
        "language": "CASE p.d % 3 WHEN 0 THEN 'en' WHEN 1 THEN 'fr' ELSE 'de' END",
        "gender": "p.a % 3",
        "emailFormat": "1 + (p.b % 10 < 8)",
        "blackList": "p.c % 29 = 0",
    }
    _insert_rows(
        job,
        "nms:recipient",
        {"folder-id": RECIPIENTS_FOLDER_ID},
        columns,
        f"temp.person AS p CROSS JOIN temp.first_name AS f ON f.id = p.a / 64 % {len(_FIRST_NAMES)}"
        f" CROSS JOIN temp.last_name AS l ON l.id = p.b / 64 % {len(_LAST_NAMES)}",
    )


def _make_devices(conn: sqlite3.Connection) -> None:
    """Make visitor ids: none for a fifth of the people, one for half, two or three for the rest, and strangers'."""
    conn.execute(
        "CREATE TEMP TABLE device (id INTEGER PRIMARY KEY, n INTEGER, k INTEGER, value TEXT, draw INTEGER)"
    )
    (last,) = conn.execute("SELECT coalesce(max(id), 0) FROM aam_identity").fetchone()
    conn.execute("INSERT INTO temp.device (id) VALUES (?)", (last,))  # numbers go on from here
    # Numbered in the order of people: what is made from devices then comes in the order of its keys.
    conn.execute(
        "INSERT INTO temp.device (n, k, value, draw) SELECT p.n, copy.k,"  # noqa: S608 - own numbers
        " printf('%018d%020d', 10000000000000000 + p.n * 40000000000 + copy.k * 9000000000, p.b * 4294967296 + p.d),"
        f" (p.e * 69621 + copy.k * 7919) % {_PRIME}"
        " FROM temp.person AS p CROSS JOIN temp.copy WHERE CASE"
        # The fourth is a stranger who happens to carry the person's number.
        " WHEN copy.k = 3 THEN p.e % 5 = 0 WHEN p.a % 100 < 20 THEN 0 WHEN p.a % 100 < 70 THEN copy.k = 0"
        " WHEN p.a % 100 < 90 THEN copy.k < 2 ELSE 1 END"
    )
    conn.execute("DELETE FROM temp.device WHERE id = ?", (last,))
    conn.execute(
        f"INSERT INTO aam_identity SELECT id, {DEVICE}, value FROM temp.device"  # noqa: S608 - a constant
    )
    conn.execute(
        "INSERT INTO sandbox_device_owner SELECT d.id, p.recipient_id FROM temp.device AS d"
        " CROSS JOIN temp.person AS p ON p.n = d.n WHERE d.k < 3 ORDER BY d.id"
    )


def _make_tracking_logs(job: Job, plan: Plan) -> None:
    """Log clicks: from most devices, from some twice, and from some visitor ids Audience Manager has never seen."""
    first_device, devices = job.conn.execute(
        "SELECT coalesce(min(id), 0), count(*) FROM temp.device"
    ).fetchone()
    first = counters.take(job.conn, counters.ID_SEQUENCE, 2 * devices + plan.people)
    columns = {
        "id": f"{first} + click.number",
        "logDate": "moment.text",
        "sourceId": "click.value",
        "recipient-id": "click.recipient_id",
    }
    rows = (
        f"(SELECT (d.id - {first_device}) * 2 + copy.k AS number, p.recipient_id, d.value,"  # noqa: S608 - numbers
        " d.draw / (1 + copy.k) AS draw"
        " FROM temp.device AS d CROSS JOIN temp.person AS p ON p.n = d.n CROSS JOIN temp.copy"
        " WHERE d.k < 3 AND d.draw % 100 < 85 AND copy.k < 1 + (d.draw % 7 = 0)"
        f" UNION ALL SELECT {2 * devices} + n, recipient_id, printf('%018d%020d', 900000000000000000 + n, a), c"
        f" FROM temp.person WHERE c % 20 = 0) AS click CROSS JOIN temp.moment ON moment.id = click.draw % {CLICK_HOURS}"
    )
    job.conn.execute("CREATE TEMP TABLE moment (id INTEGER PRIMARY KEY, text TEXT)")
    job.conn.executemany(
        "INSERT INTO temp.moment VALUES (?, ?)",
        [
            (k, stored_moment(job.now - timedelta(hours=k, minutes=k % 60)))
            for k in range(CLICK_HOURS)
        ],
    )
    _insert_rows(job, "nms:trackingLogRcp", {}, columns, rows)


def _make_declared_ids(job: Job) -> None:
    """Let the site declare account numbers and hashed addresses of those who sign in."""
    conn = job.conn
    for source_id, value, share in (
        (ACCOUNT_SOURCE_ID, "r.account", "p.c % 100 < 60"),
        (EMAIL_SOURCE_ID, "sandbox_digest('sha256', r.email)", "p.d % 100 < 50"),
    ):
        conn.execute("CREATE TEMP TABLE declared (n INTEGER PRIMARY KEY, id INTEGER, value TEXT)")
        (last,) = conn.execute("SELECT max(id) FROM aam_identity").fetchone()
        conn.execute(
            f"INSERT INTO temp.declared SELECT p.n, ? + row_number() OVER (), {value} FROM temp.person AS p"  # noqa: S608
            f" CROSS JOIN nms_recipient AS r ON r.id = p.recipient_id WHERE {share}",
            (last,),
        )
        conn.execute(
            "INSERT INTO aam_identity SELECT id, ?, value FROM temp.declared", (source_id,)
        )
        conn.execute(
            "INSERT INTO aam_identity_link SELECT x.id, d.id, ? - d.draw % 2592000 FROM temp.device AS d"
            " CROSS JOIN temp.declared AS x ON x.n = d.n WHERE d.k < 3",
            (job.now_s,),
        )
        conn.execute("DROP TABLE temp.declared")


def _know_demo_customers(conn: sqlite3.Connection, first: int) -> None:
    """Let Audience Manager know the visitor ids of those who were customers before the people came."""
    before = "FROM nms_trackingLogRcp AS log WHERE log.\"recipient-id\" < ? AND log.sourceId <> ''"
    conn.execute(
        "INSERT OR IGNORE INTO aam_identity (data_source_id, value)"
        f" SELECT DISTINCT ?, log.sourceId {before}",
        (DEVICE, first),
    )
    conn.execute(
        "INSERT OR IGNORE INTO sandbox_device_owner"  # noqa: S608 - a literal
        ' SELECT (SELECT id FROM aam_identity WHERE data_source_id = ? AND value = log.sourceId), log."recipient-id"'
        f" {before}",
        (DEVICE, first),
    )


def _make_histories(job: Job) -> None:
    """Let visitors qualify for the tenant's traits; onboarded ones come with account numbers."""
    conn = job.conn
    traits = conn.execute(
        "SELECT id, trait_type FROM aam_trait WHERE origin IN ('user', 'analytics') ORDER BY id"
    ).fetchall()
    for order, trait in enumerate(traits):
        onboarded = trait["trait_type"] == "ON_BOARDED_TRAIT"
        salt = (order + 1) * 15_485_863 % _PRIME
        conn.execute(
            "INSERT INTO aam_qualification SELECT :trait, v.id, :now - (draw / (1 + copy.k)) % (150 * 86400) - copy.k,"
            " 1 + draw / 512 % 6 FROM (SELECT id, (x * x % :prime * 48271) % :prime AS draw FROM"
            " (SELECT id, (id * 7919 + :salt) % :prime AS x FROM aam_identity NOT INDEXED"
            " WHERE data_source_id = :source)) AS v"
            " CROSS JOIN temp.copy WHERE draw % 1009 < :share AND copy.k <= draw / 128 % 3",
            {
                "trait": trait["id"],
                "now": job.now_s,
                "prime": _PRIME,
                "salt": salt,
                "source": ACCOUNT_SOURCE_ID if onboarded else DEVICE,
                "share": 60 + order * 97 % 300,
            },
        )
        conn.execute("INSERT OR IGNORE INTO aam_trait_fill VALUES (?)", (trait["id"],))


def _insert_rows(
    job: Job, schema_id: str, same: Values, columns: dict[str, str], rows: str
) -> None:
    """Insert many rows of a Campaign schema: `columns` from SQL, all others as a new row has them."""
    schema = stored_schema(schema_id)
    change = Change(job.conn, MARKETER_ID, stored_moment(job.now))
    # An id is given, so that none is reserved.
    usual = new_values(change, schema, {"id": 1, **same})
    for name in ("created", "lastModified"):
        if name in usual:
            usual[name] = change.now
    for name in ("createdBy-id", "modifiedBy-id"):
        if name in usual:
            usual[name] = MARKETER_ID
    constant = {name: value for name, value in usual.items() if name not in columns}
    names = ", ".join(quoted(name) for name in (*columns, *constant))
    marks = "".join(", ?" for _ in constant)
    indexes = _drop_indexes(job.conn, schema.table)
    job.conn.execute(
        f"INSERT INTO {quoted(schema.table)} ({names}) SELECT {', '.join(columns.values())}{marks} FROM {rows}",  # noqa: S608
        tuple(constant.values()),
    )
    for statement in indexes:
        job.conn.execute(statement)


def _drop_indexes(conn: sqlite3.Connection, table: str) -> list[str]:
    """Drop a table's indexes and give the statements that make them again: sorting once beats a million insertions."""
    rows = conn.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    for row in rows:
        conn.execute(f"DROP INDEX {quoted(row['name'])}")
    return [row["sql"] for row in rows]
