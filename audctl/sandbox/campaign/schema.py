"""What an XTK schema says, decoded from its document.

One document per schema, in `schemas/`, is at once what clients are served, what the tables are made from and what
queries and writes are checked against.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from lxml import etree


class Category(Enum):
    """How a value behaves in expressions and in documents."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    XML = "xml"


_CATEGORIES = {
    "string": Category.STRING,
    "memo": Category.STRING,
    "CDATA": Category.STRING,
    "html": Category.STRING,
    "uuid": Category.STRING,
    "byte": Category.NUMBER,
    "short": Category.NUMBER,
    "long": Category.NUMBER,
    "int64": Category.NUMBER,
    "double": Category.NUMBER,
    "float": Category.NUMBER,
    "timespan": Category.NUMBER,
    "boolean": Category.BOOLEAN,
    "datetime": Category.DATETIME,
    "date": Category.DATE,
    "xml": Category.XML,
}

DATA_COLUMN = "data"
"""The memo that holds every `xml="true"` element of a row."""

_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_COUNTER_DEFAULT = re.compile(r"^'(?P<prefix>[^']*)'\+CounterValue\('(?P<counter>\w+)'\)$")


@dataclass(frozen=True, slots=True)
class Default:
    """The value a new row takes for a field nobody set: a literal, or a prefix and a counter."""

    literal: str = ""
    counter: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute, or an element with a value of its own."""

    xpath: str
    """`@name`, `location/@city` or, for a memo, `desc`."""
    type: str
    length: int | None = None
    label: str = ""
    enumeration: str | None = None
    expression: str | None = None
    """Set for a computed field, which has no column."""
    default: Default | None = None
    read_only: bool = False
    """Kept by the server; values that clients send are dropped."""
    password: bool = False
    stored_as: str = ""
    """Column of a field that clients call otherwise; empty: it is called as the field is."""

    @property
    def column(self) -> str:
        """Name the SQLite column."""
        return self.stored_as or self.xpath.replace("@", "")

    @property
    def category(self) -> Category:
        """Tell how values behave."""
        return _CATEGORIES[self.type]

    @property
    def nullable(self) -> bool:
        """Tell whether the column may be null; numbers never are, they are 0."""
        return self.category not in (Category.NUMBER, Category.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Link:
    """A join to another schema: to one row through a foreign key, or, `unbound`, to many."""

    name: str
    target: str
    """By the name of its document, whatever clients call it."""
    source: str
    """Field of this schema, as an xpath."""
    destination: str
    """Field of the target schema, as an xpath."""
    unbound: bool = False
    integrity: str = "normal"
    """What deleting a row does to the rows at the other end of an unbound link."""
    stored_source: str = ""
    stored_destination: str = ""

    @property
    def source_column(self) -> str:
        """Name this end's column."""
        return self.stored_source or self.source.replace("@", "")

    @property
    def destination_column(self) -> str:
        """Name the other end's column."""
        return self.stored_destination or self.destination.replace("@", "")


@dataclass(frozen=True, slots=True)
class Key:
    """Fields that identify one row together."""

    name: str
    xpaths: tuple[str, ...]
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: its served document and what it declares."""

    namespace: str
    name: str
    label: str
    document: str
    md5: str
    sql_table: str | None = None
    """Table name in database messages; None for a schema without rows."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    indexes: tuple[Key, ...] = ()
    enumerations: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    """Enumeration name to stored value to (name, label)."""
    containers: frozenset[str] = frozenset()
    """Element paths that only group attributes."""
    xml_elements: frozenset[str] = frozenset()
    compute_string: str | None = None
    autopk: bool = False
    built_in: str = ""
    """Full name of the document it comes from; empty: its own."""

    @property
    def id(self) -> str:
        """Give the full name, `ns:name`."""
        return f"{self.namespace}:{self.name}"

    @property
    def table(self) -> str:
        """Name the SQLite table."""
        return (self.built_in or self.id).replace(":", "_", 1)

    @property
    def element(self) -> str:
        """Name the root element of this schema's documents."""
        return self.name.replace(":", "_")


def quoted(name: str) -> str:
    """Quote an identifier that comes from a schema document."""
    return f'"{name}"'


def constraint_name(schema: Schema, key_name: str) -> str:
    """Name a key's unique index as database messages do."""
    return f"{schema.sql_table}_{key_name}"


@dataclass(slots=True)
class _Members:
    fields: dict[str, Field] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    containers: set[str] = field(default_factory=set)
    xml_elements: set[str] = field(default_factory=set)


def parse_schema(raw_xml: bytes, md5: str) -> Schema:
    """Decode one schema document."""
    root = etree.fromstring(raw_xml)
    namespace, name = _required(root, "namespace"), _required(root, "name")
    main = next((child for child in root.findall("element") if child.get("name") == name), None)
    document = etree.tostring(root, encoding="unicode")
    if main is None or main.get("sqltable") is None:
        return Schema(namespace, name, root.get("label", ""), document, md5)
    return _decode(root, main, Schema(namespace, name, root.get("label", ""), document, md5))


def parse_list_schema(list_id: int, extension: str) -> Schema:
    """Decode the extension of a list with its own table; raises ValueError when it describes none.

    The names in it are a client's, and become names of columns.
    """
    root = etree.fromstring(extension)
    main = next(iter(root.findall("element")), None)
    if main is None:
        raise ValueError("it has no element")
    root.tag = "schema"
    root.set("namespace", "temp")
    root.set("name", f"group:{list_id}")
    main.set("name", f"group_{list_id}")
    main.set("sqltable", f"grp{list_id}")
    for part in root.iter("attribute", "element", "key", "dbindex"):
        if not _SAFE_NAME.fullmatch(part.get("name", "")):
            raise ValueError(f"'{part.get('name', '')[:40]}' is not a name")
    document = etree.tostring(root, encoding="unicode")
    md5 = hashlib.md5(document.encode(), usedforsecurity=False).hexdigest()
    bare = Schema("temp", f"group:{list_id}", root.get("label", ""), document, md5)
    schema = _decode(root, main, bare)
    for declared in schema.fields.values():
        if declared.type not in _CATEGORIES:
            raise ValueError(f"'{declared.type[:40]}' is not a type")
    for key in (*schema.keys, *schema.indexes):
        if not key.xpaths or not set(key.xpaths) <= schema.fields.keys():
            raise ValueError(f"key '{key.name}' names what is not there")
    if not any(declared.expression is None for declared in schema.fields.values()):
        raise ValueError("it has no fields")
    return schema


def _decode(root: etree._Element, main: etree._Element, bare: Schema) -> Schema:
    members = _Members()
    _read_members(main, "", members)
    if members.xml_elements:
        members.fields[DATA_COLUMN] = Field(DATA_COLUMN, "xml", label="Definition")
    compute_string = main.find("compute-string")
    return replace(
        bare,
        sql_table=main.get("sqltable"),
        fields=members.fields,
        links=members.links,
        keys=tuple(_read_key(key) for key in main.findall("key")),
        indexes=tuple(_read_key(index) for index in main.findall("dbindex")),
        enumerations={
            _required(enumeration, "name"): {
                _required(value, "value"): (_required(value, "name"), value.get("label", ""))
                for value in enumeration.findall("value")
            }
            for enumeration in root.findall("enumeration")
        },
        containers=frozenset(members.containers),
        xml_elements=frozenset(members.xml_elements),
        compute_string=None if compute_string is None else compute_string.get("expr") or None,
        autopk=main.get("autopk") == "true",
    )


def _read_members(element: etree._Element, prefix: str, members: _Members) -> None:
    for member in element:
        if member.tag == "attribute":
            read = _read_field(member, f"{prefix}@{_required(member, 'name')}")
            members.fields[read.xpath] = read
        elif member.tag == "element":
            name = _required(member, "name")
            if member.get("type") == "link":
                members.links[name] = _read_link(member)
            elif member.get("xml") == "true":
                members.xml_elements.add(name)
            elif member.get("type") is not None:
                members.fields[prefix + name] = _read_field(member, prefix + name)
            else:
                members.containers.add(prefix + name)
                _read_members(member, f"{prefix}{name}/", members)


def _read_field(member: etree._Element, xpath: str) -> Field:
    length = member.get("length")
    return Field(
        xpath,
        member.get("type", "string"),
        length=int(length) if length and length.isdigit() and int(length) else None,
        label=member.get("label", ""),
        enumeration=member.get("enum"),
        expression=member.get("expr"),
        default=_read_default(member.get("default")),
        read_only=member.get("readOnly") == "true",
        password=member.get("visibility") == "password",
    )


def _read_default(text: str | None) -> Default | None:
    if text is None:
        return None
    counted = _COUNTER_DEFAULT.match(text)
    if counted:
        return Default(counted["prefix"], counted["counter"])
    return Default(text.strip("'"))


def _read_link(member: etree._Element) -> Link:
    join = member.find("join")
    if join is None:
        raise ValueError(f"link {member.get('name')} has no join")
    return Link(
        _required(member, "name"),
        _required(member, "target"),
        _required(join, "xpath-src"),
        _required(join, "xpath-dst"),
        unbound=member.get("unbound") == "true",
        integrity=member.get("integrity", "normal"),
    )


def _required(element: etree._Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise ValueError(f"a schema document lacks {name} on {element.tag}")
    return value


def _read_key(key: etree._Element) -> Key:
    return Key(
        _required(key, "name"),
        tuple(_required(part, "xpath") for part in key.findall("keyfield")),
        internal=key.get("internal") == "true",
    )
