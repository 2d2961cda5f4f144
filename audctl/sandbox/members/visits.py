"""What visitors do on the web site by themselves: qualify for new traits, and sign in.

Signals are not simulated. Instead a share of the visitors, drawn from the text of the trait's rule, qualifies for each
rule-based trait that somebody has made; and customers who sign in have the site declare whatever id Audience Manager
and Campaign have agreed on.
"""

import zlib

from audctl.sandbox.members.job import Job, JobError
from audctl.sandbox.members.profiles import DEVICE
from audctl.sandbox.members.reconciliation import AmcDataSource, Key, compile_key

_HOUR_S = 3600
_LEAST_SHARE, _SHARES = 50, 300
"""Of a thousand visitors, from 50 to 349 qualify."""
SIGNED_IN_PERCENT = 60
_PRIME = 2_147_483_647
_QUALIFY = """
INSERT OR IGNORE INTO aam_qualification (trait_id, identity_id, at_s, times)
SELECT :trait, id, :since + draw % :span, 1 + draw / 1000 % 5 FROM (
    SELECT id, (x * x % :prime * 48271) % :prime AS draw FROM (
        SELECT id, (id * 7919 + :salt) % :prime AS x FROM aam_identity NOT INDEXED WHERE data_source_id = :device
    )
) WHERE draw % 1009 < :share
"""


def visit(job: Job) -> list[str]:
    """Let visitors do what is due; gives lines about it."""
    lines = []
    if job.choices.visitors_qualify:
        lines += _qualify_for_new_traits(job)
    if job.choices.site_declares_ids:
        lines += _declare_ids(job)
    return lines


def _qualify_for_new_traits(job: Job) -> list[str]:
    made_before_ms = (job.now_s - job.choices.new_trait_delay_hours * _HOUR_S) * 1000
    traits = job.conn.execute(
        "SELECT id, document ->> '$.traitRule' AS rule, document ->> '$.createTime' AS made_ms FROM aam_trait"
        " WHERE trait_type = 'RULE_BASED_TRAIT' AND origin = 'user' AND document ->> '$.status' = 'ACTIVE'"
        " AND document ->> '$.createTime' <= ? AND id NOT IN (SELECT trait_id FROM aam_trait_fill) ORDER BY id",
        (made_before_ms,),
    ).fetchall()
    for trait in traits:
        salt = zlib.crc32((trait["rule"] or "").encode())
        since = trait["made_ms"] // 1000 + job.choices.new_trait_delay_hours * _HOUR_S
        values = {
            "trait": trait["id"],
            "since": since,
            "span": max(1, job.now_s - since),
            "salt": salt % _PRIME,
            "share": _LEAST_SHARE + salt % _SHARES,
            "prime": _PRIME,
            "device": DEVICE,
        }
        job.conn.execute(_QUALIFY, values)
        job.conn.execute("INSERT INTO aam_trait_fill VALUES (?)", (trait["id"],))
    return [f"visitors qualify for {len(traits)} new traits"] if traits else []


def _declare_ids(job: Job) -> list[str]:
    """Declare the reconciliation key of every declared-ID data source that has not been declared."""
    sources = job.conn.execute(
        "SELECT c.* FROM nms_amcDataSource AS c JOIN aam_data_source AS a ON a.id = c.aamDataSourceId"
        " WHERE a.document ->> '$.idType' = 'CROSS_DEVICE' AND (c.aamDataSourceId, coalesce(c.reconciliationKey, ''),"
        " lower(coalesce(c.hashAlgorithm, 'none'))) NOT IN (SELECT * FROM sandbox_site_declaration) ORDER BY c.id"
    ).fetchall()
    lines = []
    for row in sources:
        source = AmcDataSource(
            row["id"],
            row["name"],
            row["reconciliationKey"] or "",
            (row["hashAlgorithm"] or "none").lower(),
            row["aamDataSourceId"],
            row["aamDestinationId"],
        )
        try:
            key = compile_key(source)
        except JobError:
            continue  # not a key that a web site could know either; the import says so
        count = declare(job, source.aam_data_source_id, key)
        job.conn.execute(
            "INSERT OR IGNORE INTO sandbox_site_declaration VALUES (?, ?, ?)",
            (source.aam_data_source_id, source.reconciliation_key, source.hash_algorithm),
        )
        if count:
            lines.append(
                f"{count} customers' ids declared for data source {source.aam_data_source_id}"
            )
    return lines


def declare(job: Job, data_source_id: int, key: Key) -> int:
    """Declare an id of those customers who sign in, on every device of theirs; gives how many ids are new."""
    conn = job.conn
    signed_in = f"owner.recipient_id * 48271 % {_PRIME} % 100 < {SIGNED_IN_PERCENT}"
    joined = f"sandbox_device_owner AS owner CROSS JOIN {key.tables[0]} AS t0 ON t0.id = owner.recipient_id"
    for number, (table, join) in enumerate(zip(key.tables[1:], key.joins, strict=True), start=1):
        joined += f" CROSS JOIN {table} AS t{number} ON {join}"
    conn.execute(
        "CREATE TEMP TABLE IF NOT EXISTS declared (device_id INTEGER, value TEXT NOT NULL)"
    )
    conn.execute("DELETE FROM temp.declared")
    conn.execute(
        f"INSERT INTO temp.declared SELECT owner.device_id, {key.value} FROM {joined}"  # noqa: S608 - own names
        f" WHERE {signed_in} AND {key.column} <> ''"
    )
    new = conn.execute(
        "INSERT OR IGNORE INTO aam_identity (data_source_id, value)"
        " SELECT DISTINCT ?, value FROM temp.declared ORDER BY value",
        (data_source_id,),
    ).rowcount
    conn.execute(
        "INSERT OR IGNORE INTO aam_identity_link (declared_id, device_id, seen_s)"
        " SELECT i.id, d.device_id, ? FROM temp.declared AS d"
        " JOIN aam_identity AS i ON i.data_source_id = ? AND i.value = d.value ORDER BY 1, 2",
        (job.now_s, data_source_id),
    )
    conn.execute("DELETE FROM temp.declared")
    return new
