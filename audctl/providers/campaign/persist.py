"""Writes: documents with an explicit operation and key on every element, conditional deletes, server time.

No call returns an id or a count, and an update that matches nothing is silent: whoever writes reads back.
``xtk:persist`` is used throughout, because ``xtk:session#Write`` fails on current builds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.errors import InvalidAnswerError
from audctl.providers.campaign import soap
from audctl.providers.campaign.documents import element
from audctl.providers.campaign.query import where_element

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

    from audctl.providers.campaign.client import CampaignClient

_URN = "xtk:persist"


def row_document(
    schema: str,
    operation: str,
    attributes: Mapping[str, str],
    *,
    key: str = "",
) -> etree._Element:
    """Build a document for one row. ``operation``: ``insert``, ``update``, ``insertOrUpdate``, ``delete``.

    ``key``: comma-separated XPaths; empty only for an insert, which has no use for one.
    """
    head = {"xtkschema": schema, "_operation": operation}
    if key:
        head["_key"] = key
    return element(schema.partition(":")[2], {**head, **attributes})


def write(client: CampaignClient, row: etree._Element, *, secrets: Sequence[str] = ()) -> None:
    """Write one row and what hangs under it. An insert is never repeated, anything else by key may be."""
    client.call(
        _URN,
        "Write",
        soap.document("domDoc", row),
        writes=True,
        repeatable=row.get("_operation") != "insert",
        secrets=secrets,
    )


def write_collection(
    client: CampaignClient,
    schema: str,
    rows: Sequence[etree._Element],
    *,
    repeatable: bool | None = None,
) -> None:
    """Write several rows of one schema. Whether all or none are written is not public: assume neither.

    ``repeatable``: all of them go by key and none is a bare insert.
    """
    collection = element(f"{schema.partition(':')[2]}-collection", {"xtkschema": schema})
    collection.extend(rows)
    client.call(
        _URN,
        "WriteCollection",
        soap.document("domDoc", collection),
        writes=True,
        repeatable=repeatable,
    )


def delete_where(client: CampaignClient, schema: str, conditions: Sequence[str]) -> None:
    """Delete every row that fulfils all conditions. The server does not say how many there were."""
    if not conditions:
        raise ValueError("a delete without a condition would empty the table")
    client.call(
        _URN,
        "DeleteCollection",
        soap.string("strSchema", schema),
        soap.document("elemWhere", where_element(conditions)),
        soap.boolean("bIgnoreDeleteStatus", value=False),
        writes=True,
        repeatable=True,
    )


def server_time(client: CampaignClient) -> datetime:
    """Return the server's clock."""
    outputs = client.call("xtk:session", "GetServerTime")
    text = soap.output_text(outputs, 0, "xtk:session#GetServerTime")
    moment = parse_datetime(text)
    if moment is None:
        raise InvalidAnswerError(
            "xtk:session#GetServerTime: the answer is no time",
            operation="xtk:session#GetServerTime",
        )
    return moment


def encrypt_password(client: CampaignClient, plain: str) -> str:
    """Return a password in the form in which Campaign stores it."""
    outputs = client.call(
        "xtk:session", "EncryptPassword", soap.string("strPlain", plain), secrets=(plain,)
    )
    encrypted = soap.output_text(outputs, 0, "xtk:session#EncryptPassword")
    if not encrypted:
        raise InvalidAnswerError(
            "xtk:session#EncryptPassword: an empty answer", operation="xtk:session#EncryptPassword"
        )
    return encrypted


def schema_document(client: CampaignClient, schema: str) -> etree._Element | None:
    """Return a schema's document; None when the instance has no such schema."""
    outputs = client.call(
        _URN,
        "GetEntityIfMoreRecent",
        soap.string("strPk", f"xtk:schema|{schema}"),
        soap.string("strMd5", ""),
        soap.boolean("bMustExist", value=False),
    )
    return soap.output_document(outputs, 0, "xtk:persist#GetEntityIfMoreRecent")


def parse_datetime(text: str) -> datetime | None:
    """Read a moment with a space or a T, with Z or an offset; without either it is UTC. None when it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
