"""Every schema the sandbox knows, loaded once from the documents beside this module."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from audctl.sandbox.campaign.faults import unknown_schema
from audctl.sandbox.campaign.naming import Naming, read_naming, renamed_document, stored_alike
from audctl.sandbox.campaign.quirks import DEFAULT_QUIRKS, Quirks
from audctl.sandbox.campaign.schema import Link, Schema, parse_schema


@dataclass(frozen=True, slots=True)
class Catalog:
    """The schemas as clients name them."""

    spoken: Mapping[str, Schema]
    """By the full name that clients use."""
    built_in: Mapping[str, Schema]
    """By the name of the document they come from."""

    def find(self, schema_id: str) -> Schema | None:
        """Look a schema up by the name that clients use."""
        return self.spoken.get(schema_id)

    def stored(self, schema_id: str) -> Schema:
        """Look up a schema that has rows; raises the fault of an unknown schema."""
        return _with_rows(self.find(schema_id), schema_id)

    def target(self, link: Link) -> Schema:
        """Give the schema at the other end of `link`."""
        return _with_rows(self.built_in.get(link.target), link.target)


@cache
def all_schemas() -> Mapping[str, Schema]:
    """Give every schema by its full name, in name order."""
    documents = [
        entry.read_bytes()
        for entry in files(__package__).joinpath("schemas").iterdir()
        if entry.name.endswith(".xml")
    ]
    schemas = [parse_schema(raw_xml, _md5(raw_xml)) for raw_xml in documents]
    return MappingProxyType({schema.id: schema for schema in sorted(schemas, key=lambda s: s.id)})


def find_schema(schema_id: str) -> Schema | None:
    """Look a schema up by the name of its document."""
    return all_schemas().get(schema_id)


def stored_schema(schema_id: str) -> Schema:
    """Look up a schema that has rows by the name of its document; raises the fault of an unknown schema."""
    return _with_rows(find_schema(schema_id), schema_id)


def catalog_of(quirks: Quirks) -> Catalog:
    """Give the schemas as the switches name them; raises ValueError for names that cannot be."""
    settings = (quirks.s3_account_type, quirks.option_string_length)
    return _catalog(tuple(sorted(quirks.names.items())), *settings)


@lru_cache(maxsize=32)
def _catalog(names: tuple[tuple[str, str], ...], s3_type: int, string_length: int) -> Catalog:
    quirks = Quirks(names=dict(names), s3_account_type=s3_type, option_string_length=string_length)
    if quirks == DEFAULT_QUIRKS:
        return Catalog(all_schemas(), all_schemas())
    naming = read_naming(quirks)
    built_in = {schema.id: _renamed(schema, naming) for schema in all_schemas().values()}
    spoken = {schema.id: schema for schema in built_in.values()}
    if len(spoken) != len(built_in):
        raise ValueError(f"names.dataSource: {naming.data_source} is another schema")
    return Catalog(MappingProxyType(spoken), MappingProxyType(built_in))


def _renamed(schema: Schema, naming: Naming) -> Schema:
    raw_xml = renamed_document(schema, naming)
    return stored_alike(parse_schema(raw_xml, _md5(raw_xml)), schema)


def _with_rows(schema: Schema | None, schema_id: str) -> Schema:
    if schema is None or schema.sql_table is None:
        raise unknown_schema(schema_id)
    return schema


def _md5(raw_xml: bytes) -> str:
    return hashlib.md5(raw_xml, usedforsecurity=False).hexdigest()


DEFAULT_CATALOG = catalog_of(DEFAULT_QUIRKS)
