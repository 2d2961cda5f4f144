"""How a data source's reconciliation key ties recipients to ids.

The key is a path from the recipient, such as `@account` or `[trackingLog/@sourceId]`; the data source may hash it.
"""

import sqlite3
from dataclasses import dataclass

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.faults import CampaignFault
from audctl.sandbox.campaign.schema import Schema, quoted
from audctl.sandbox.members.job import HASHES, PLAIN, JobError

DIMENSION = "nms:recipient"
TABLE = "nms_recipient"


@dataclass(frozen=True, slots=True)
class AmcDataSource:
    """One row of Campaign's AMC data sources."""

    id: int
    name: str
    reconciliation_key: str
    hash_algorithm: str
    aam_data_source_id: int
    aam_destination_id: int


@dataclass(frozen=True, slots=True)
class Key:
    """The reconciliation key as SQL over tables `t0` (recipients), `t1` and so on."""

    tables: tuple[str, ...]
    """Tables in the order of the path."""
    joins: tuple[str, ...]
    """Between each table and the next."""
    column: str
    """Where the path ends."""
    indexed: bool
    algorithm: str

    @property
    def value(self) -> str:
        """Give the SQL of the id that goes out."""
        if self.algorithm == PLAIN:
            return self.column
        return f"sandbox_digest('{self.algorithm}', {self.column})"

    def from_recipients(self, first: str = TABLE) -> str:
        """Give the FROM clause that starts at recipients, or at any table that has their `id`."""
        names = (first, *self.tables[1:])
        clause = f"{names[0]} AS t0"
        for number, (name, join) in enumerate(zip(names[1:], self.joins, strict=True), start=1):
            clause += f" CROSS JOIN {name} AS t{number} ON {join}"
        return clause

    def holders(self) -> str:
        """Give the SELECT of the recipients whose id is among the members of the audience bound to `?`."""
        if self.algorithm == PLAIN and self.indexed:
            # From the audience's ids through the index: cheap however many recipients there are.
            last = len(self.tables) - 1
            clause = f"nms_shared_member AS m CROSS JOIN {self.tables[last]} AS t{last} ON {self.column} = m.value"
            for number in range(last - 1, -1, -1):
                clause += f" CROSS JOIN {self.tables[number]} AS t{number} ON {self.joins[number]}"
            return f"SELECT DISTINCT t0.id FROM {clause} WHERE m.audience_id = ?"  # noqa: S608
        return (
            f"SELECT DISTINCT t0.id FROM {self.from_recipients()} WHERE {self.value} IN"  # noqa: S608
            " (SELECT value FROM nms_shared_member WHERE audience_id = ?)"
        )


def find_data_source(conn: sqlite3.Connection, row_id: int) -> AmcDataSource:
    """Read a data source that can be used.

    Raises JobError when it is missing or when Adobe's two ids are not set.
    """
    row = conn.execute("SELECT * FROM nms_amcDataSource WHERE id = ?", (row_id,)).fetchone()
    if row is None:
        raise JobError(f"there is no AMC data source with the identifier {row_id}")
    found = AmcDataSource(
        row["id"],
        row["name"],
        row["reconciliationKey"] or "",
        (row["hashAlgorithm"] or PLAIN).lower(),
        row["aamDataSourceId"],
        row["aamDestinationId"],
    )
    if not found.aam_data_source_id or not found.aam_destination_id:
        raise JobError(
            f"the AMC data source '{found.name}' has no AAM data source ID or no AAM destination ID"
        )
    return found


def compile_key(source: AmcDataSource) -> Key:
    """Compile a data source's reconciliation key; raises JobError when it cannot be used."""
    algorithm = source.hash_algorithm
    if algorithm != PLAIN and algorithm not in HASHES:
        raise JobError(
            f"the hash algorithm '{algorithm}' of the AMC data source '{source.name}' needs a key, which is not set"
        )
    path = source.reconciliation_key.strip().strip("[]").strip()
    try:
        schema = stored_schema(DIMENSION)
        tables, joins = [quoted(schema.table)], list[str]()
        while path not in schema.fields:
            step, _, path = path.partition("/")
            link = schema.links.get(step)
            if link is None or not path:
                raise JobError(
                    f"the reconciliation key '{source.reconciliation_key}' of the AMC data source"
                    f" '{source.name}' is not a field of {DIMENSION}"
                )
            here = len(tables) - 1
            joins.append(
                f"t{here + 1}.{quoted(link.destination_column)} = t{here}.{quoted(link.source_column)}"
            )
            schema = stored_schema(link.target)
            tables.append(quoted(schema.table))
    except CampaignFault as error:
        raise JobError(str(error)) from error
    column = f"t{len(tables) - 1}.{quoted(schema.fields[path].column)}"
    return Key(tuple(tables), tuple(joins), column, _is_indexed(schema, path), algorithm)


def _is_indexed(schema: Schema, xpath: str) -> bool:
    return any(key.xpaths[:1] == (xpath,) for key in (*schema.keys, *schema.indexes))
