"""A written element taken apart by what its schema says each part is."""

import base64
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from lxml import etree

from audctl.sandbox.campaign.faults import CampaignFault, bad_document
from audctl.sandbox.campaign.rows import Values
from audctl.sandbox.campaign.schema import DATA_COLUMN, Field, Link, Schema
from audctl.sandbox.campaign.values import Stored, decode
from audctl.sandbox.campaign.xml import local_name, text_of

_ENCRYPTED = re.compile(r"^@[A-Za-z0-9+/]{48}$")
"""What `encrypt_password` gives; anything else is a password in clear, also one that begins with an at sign."""
_UNKNOWN = frozenset({"xtkschema"})


@dataclass(slots=True)
class Draft:
    """One element to write. Names the schema does not know are absent: the server drops them without a word."""

    schema: Schema
    values: Values = field(default_factory=dict)
    identity: Values = field(default_factory=dict)
    """Values that the server keeps: never stored, but a folder's `@fullName` may tell which row is meant."""
    links: list[tuple[Link, etree._Element]] = field(default_factory=list)
    collections: list[tuple[Link, etree._Element]] = field(default_factory=list)
    memo: list[etree._Element] = field(default_factory=list)
    strict: bool = False
    """True: a name that the schema does not know is a fault."""


def read_draft(schema: Schema, element: etree._Element, *, strict: bool = False) -> Draft:
    """Take `element` apart; raises a fault for a value that its field cannot hold."""
    draft = Draft(schema, strict=strict)
    _read(draft, element, "")
    return draft


def encrypt_password(plain: str) -> str:
    """Turn a password into what is stored and shown: no way leads back, and equal passwords look different."""
    if not plain:
        return plain
    salt = secrets.token_bytes(12)
    digest = blake2b(plain.encode(), key=salt, digest_size=24).digest()
    return "@" + base64.b64encode(salt + digest).decode()


def _read(draft: Draft, element: etree._Element, prefix: str) -> None:
    for raw_name, value in element.attrib.items():
        name = str(raw_name).rpartition("}")[2]
        if name not in _UNKNOWN and not name.startswith("_"):
            fields = draft.schema.fields
            # The official SDK writes an option's memo as an attribute.
            found = fields.get(f"{prefix}@{name}") or fields.get(f"{prefix}{name}")
            if found is None or found.column != DATA_COLUMN:
                _set(draft, found, str(value), f"{prefix}@{name}")
    for part in element:
        name = prefix + local_name(part)
        link = draft.schema.links.get(name)
        if link is not None:
            (draft.collections if link.unbound else draft.links).append((link, part))
        elif name in draft.schema.containers:
            _read(draft, part, f"{name}/")
        elif name in draft.schema.xml_elements:
            draft.memo.append(part)
        elif name != DATA_COLUMN:
            _set(draft, draft.schema.fields.get(name), text_of(part), name)


def _set(draft: Draft, found: Field | None, text: str, xpath: str) -> None:
    if found is None and draft.strict:
        raise bad_document(f"Schema '{draft.schema.id}' has no '{xpath[:80]}'.")
    if found is None or found.expression is not None:
        return
    if found.read_only:
        with suppress(CampaignFault):  # what is dropped anyway need not be a good value
            draft.identity[found.column] = decode(found, text)
        return
    value: Stored = decode(found, text)
    if found.password and isinstance(value, str) and not _ENCRYPTED.match(value):
        value = encrypt_password(value)
    draft.values[found.column] = value
