"""A table or view in PostgreSQL, as a table source.

It is copied out by one ``COPY`` in one snapshot that can only read, with only the columns that are needed, row by row
into a file of the owner's: memory does not grow with the table. A server elsewhere has to prove who it is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from audctl.exchange.faults import fault
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.tables import FLAG, find_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from audctl.errors import FindingsError
    from audctl.exchange.ports import Told
    from audctl.redact import Secret

SCHEMES: Final = ("postgresql://", "postgres://")
_PROOF: Final = frozenset({"verify-full", "verify-ca"})
_OURS_TO_MEND: Final = re.compile(r"42|28|3D|3F")
"""Classes of errors whose words name objects and roles, never rows."""
_TELL_EVERY: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTable:
    """See :class:`audctl.exchange.ports.TableSource`."""

    parameters: Mapping[str, str]
    """For libpq; without a password."""
    table: tuple[str, ...]
    """Schema and name, or the name alone."""
    password: Secret | None
    """None: as libpq finds it, in ``PGPASSWORD`` or a password file."""
    role: str
    """Which of the exchange's tables it is, such as ``recipients``."""
    key: str
    columns: Mapping[str, str]
    """Columns that options name, by role."""

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Copy the table to a file below ``spool``."""
        import psycopg  # noqa: PLC0415 - an extra

        target = spool / f"{self.role}.postgres.csv"
        secret = {} if self.password is None else {"password": self.password.reveal()}
        try:
            conninfo = psycopg.conninfo.make_conninfo("", **self.parameters, **secret)
            with psycopg.connect(conninfo) as connection:
                connection.read_only = True
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                self._copy(connection, target, wanted, told)
        except psycopg.Error as error:
            target.unlink(missing_ok=True)
            raise self._failure(error) from None  # libpq's text may quote rows and settings
        return TableFile(form=TableForm.CSV, paths=(target,), is_own=True)

    def describe(self) -> str:
        """Say where that is."""
        place = self.parameters.get("host", "this machine")
        return (
            f"{'.'.join(self.table)} in PostgreSQL at {place}/{self.parameters.get('dbname', '')}"
        )

    def _copy(
        self,
        connection: psycopg.Connection[tuple[object, ...]],
        target: Path,
        wanted: Sequence[str],
        told: Told,
    ) -> None:
        from psycopg import sql  # noqa: PLC0415 - an extra

        name = sql.Identifier(*self.table)
        header = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(name)).description
        found = find_columns(
            [each.name for each in header or ()],
            {role: role for role in wanted},
            table=self.role,
            named=self.columns,
            key=self.key,
            optional=(FLAG,),
        )
        chosen = sql.SQL(", ").join(
            sql.SQL("{0}::text AS {0}").format(sql.Identifier(each))
            for each in dict.fromkeys(found.values())
        )
        guess = connection.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
            (name.as_string(connection),),
        ).fetchone()
        total = int(str(guess[0])) if guess is not None else 0
        statement = sql.SQL(
            "COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *, ENCODING 'UTF8')"
        ).format(chosen, name)
        work = f"reading {self.role}"
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb", buffering=1 << 20) as file,
            connection.cursor().copy(statement) as rows,
        ):
            count = -1  # the header
            for row in rows:
                file.write(row)
                count += 1
                if count and count % _TELL_EVERY == 0:
                    told.advanced(work, count, min(1.0, count / total) if total > 0 else None)
        told.advanced(work, count, 1.0)

    def _failure(self, error: psycopg.Error) -> FindingsError:
        state = error.sqlstate or ""
        if not state:  # it never came to a statement
            reason = str(error).strip().replace("\n", "; ")[:300]
        elif _OURS_TO_MEND.match(state):
            reason = (error.diag.message_primary or "")[:300]
        else:
            reason = f"{type(error).__name__} (SQLSTATE {state})"
        if self.password is not None and self.password.reveal():
            reason = reason.replace(self.password.reveal(), "***")
        return fault(
            "AUD2701",
            f"the table of {self.role}, {self.describe()}, cannot be read: {reason}",
            "check address, role, password and the server's certificate",
        )


def postgres_table(
    text: str, *, password: Secret | None, role: str, key: str, columns: Mapping[str, str]
) -> PostgresTable:
    """Read ``postgresql://role@host/database#schema.table``; raise a FindingsError for what must not be.

    That is a password in the address, which everybody on the machine can see, and a server elsewhere whose certificate
    would not be checked.
    """
    _require_driver()
    import psycopg  # noqa: PLC0415 - an extra

    address, _, table = text.partition("#")
    names = tuple(each.strip('"') for each in unquote(table).split("."))
    if len(names) not in {1, 2} or not all(names):
        raise fault(
            "AUD2701",
            f"the address of {role} names no table",
            "end it with #table or #schema.table",
        )
    try:
        parameters = {
            name: str(value) for name, value in psycopg.conninfo.conninfo_to_dict(address).items()
        }
    except psycopg.ProgrammingError:
        raise fault(
            "AUD2701",
            f"the address of {role} is none of PostgreSQL's",
            "write postgresql://role@host/database#schema.table",
        ) from None
    if parameters.get("password"):
        raise fault(
            "AUD2701",
            f"the address of {role} holds a password, which whoever sees the command sees too",
            "put it into PGPASSWORD, into a password file, or into exchange.postgres.password of the project file",
        )
    return PostgresTable(
        parameters=_proven(parameters, role),
        table=names,
        password=password,
        role=role,
        key=key,
        columns=columns,
    )


def _proven(parameters: dict[str, str], role: str) -> dict[str, str]:
    """Return the parameters with the certificate checked, unless the server is on this machine."""
    from psycopg import pq  # noqa: PLC0415 - an extra

    parameters.setdefault("connect_timeout", "15")
    parameters.setdefault("application_name", "audctl")
    # What PGHOST and its like say where the address is silent.
    usual = {
        each.keyword.decode(): each.val.decode() for each in pq.Conninfo.get_defaults() if each.val
    }
    hosts = [
        each
        for name in ("host", "hostaddr")
        for each in parameters.get(name, usual.get(name, "")).split(",")
    ]
    if all(map(_is_here, hosts)):
        return parameters
    mode = parameters.setdefault("sslmode", "verify-full")
    if mode not in _PROOF:
        raise fault(
            "AUD2701",
            f"the address of {role} says sslmode={mode}: the server would not have to prove who it is",
            "say verify-full, or leave it out; sslrootcert names the certificate of your own authority",
        )
    own = Path("~/.postgresql/root.crt").expanduser()
    if not parameters.get("sslrootcert", usual.get("sslrootcert")) and not own.exists():
        parameters["sslrootcert"] = "system"
    return parameters


def _is_here(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise fault(
            "AUD2735",
            "tables in PostgreSQL need psycopg, which is not installed",
            "pip install 'audctl[postgres]'",
        ) from None
