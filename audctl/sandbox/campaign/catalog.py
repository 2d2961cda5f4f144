"""Every schema the sandbox knows, loaded once from the documents beside this module."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from audctl.sandbox.campaign.faults import unknown_schema
from audctl.sandbox.campaign.schema import Schema, parse_schema


@cache
def all_schemas() -> Mapping[str, Schema]:
    """Give every schema by its full name, in name order."""
    documents = [
        entry.read_bytes()
        for entry in files(__package__).joinpath("schemas").iterdir()
        if entry.name.endswith(".xml")
    ]
    schemas = [
        parse_schema(raw_xml, hashlib.md5(raw_xml, usedforsecurity=False).hexdigest())
        for raw_xml in documents
    ]
    return MappingProxyType({schema.id: schema for schema in sorted(schemas, key=lambda s: s.id)})


def find_schema(schema_id: str) -> Schema | None:
    """Look a schema up by its full name."""
    return all_schemas().get(schema_id)


def stored_schema(schema_id: str) -> Schema:
    """Look up a schema that has rows; raises the fault of an unknown schema."""
    schema = find_schema(schema_id)
    if schema is None or schema.sql_table is None:
        raise unknown_schema(schema_id)
    return schema
