"""Statements that make the table of a schema."""

from audctl.sandbox.campaign.schema import Field, Schema, constraint_name, quoted


def table_statements(schema: Schema) -> list[str]:
    """Give the statements that make a schema's table and indexes where they are missing."""
    columns = [
        column_definition(schema, field) for field in schema.fields.values() if not field.expression
    ]
    statements = [f"CREATE TABLE IF NOT EXISTS {quoted(schema.table)} ({', '.join(columns)})"]
    indexed: set[tuple[str, ...]] = {("id",)} if schema.autopk else set()
    for unique, keys in (("UNIQUE ", schema.keys), ("", schema.indexes)):
        for key in keys:
            parts = tuple(schema.fields[xpath].column for xpath in key.xpaths)
            if parts not in indexed:
                statements.append(_index(schema, key.name, parts, unique))
                indexed.add(parts)
    leading = {parts[0] for parts in indexed}
    statements.extend(
        _index(schema, link.source_column, (link.source_column,), "")
        for link in schema.links.values()
        if not link.unbound and link.source_column not in leading
    )
    return statements


def column_definition(schema: Schema, field: Field) -> str:
    """Describe one column: numbers are never null, they are 0."""
    if schema.autopk and field.xpath == "@id":
        return '"id" INTEGER PRIMARY KEY'
    if field.nullable:
        return f"{quoted(field.column)} TEXT"
    kind = "REAL" if field.type in ("double", "float") else "INTEGER"
    return f"{quoted(field.column)} {kind} NOT NULL DEFAULT 0"


def _index(schema: Schema, name: str, parts: tuple[str, ...], unique: str) -> str:
    columns = ", ".join(quoted(part) for part in parts)
    index = quoted(constraint_name(schema, name))
    return f"CREATE {unique}INDEX IF NOT EXISTS {index} ON {quoted(schema.table)} ({columns})"
