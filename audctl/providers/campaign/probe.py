"""Are the configured names right? The live instance's own schema documents say so.

An attribute that a schema does not know is perhaps dropped without a word when it is written, so nothing is
written to a configured path before it was seen in the schema.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import RejectedError
from audctl.providers.campaign.documents import child, children_of, local_name
from audctl.providers.campaign.names import attribute_of, is_attribute
from audctl.providers.campaign.persist import schema_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

    from audctl.providers.campaign.client import CampaignClient
    from audctl.providers.campaign.names import CampaignNames

_S3 = re.compile(r"s3", re.IGNORECASE)
_ACCOUNT_SCHEMA = "nms:extAccount"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One configured name against the live instance."""

    setting: str
    """In camel case, as the project file spells it."""
    schema: str
    xpath: str
    """Empty for the schema itself."""
    present: bool | None
    """None: no schema can tell (names of workflow activities)."""
    why: str = ""


class SchemaCatalog:
    """Schema documents of one instance, fetched once; safe to share between threads."""

    def __init__(self, client: CampaignClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._documents: dict[str, etree._Element | None] = {}

    def has_schema(self, schema: str) -> bool:
        """Tell whether the instance has the schema."""
        return self._root(schema) is not None

    def has_path(self, schema: str, xpath: str) -> bool:
        """Tell whether the schema's root element has this attribute, foreign key or element."""
        root = self._root(schema)
        if root is None:
            return False
        name = attribute_of(xpath)
        wanted = "attribute" if is_attribute(xpath) else "element"
        for each in children_of(root):
            if local_name(each) == wanted and each.get("name") == name:
                return True
            # A foreign key may be declared by its link only.
            if wanted == "attribute" and each.get("type") == "link" and _key_of_link(each) == name:
                return True
        return False

    def require(self, names: CampaignNames, settings: Iterable[str], operation: str) -> None:
        """Raise RejectedError, before anything is written, when a configured path is missing."""
        paths = names.paths
        missing = [
            f"{schema} has no {xpath} (campaign.names.{setting})"
            for setting in settings
            for schema, xpath in (paths[setting],)
            if not self.has_path(schema, xpath)
        ]
        if missing:
            raise RejectedError(
                f"{operation}: nothing was written: {'; '.join(missing)}", operation=operation
            )

    def s3_account_type(self) -> int:
        """Return the type code of S3 accounts that the enumeration of nms:extAccount gives; 0 when it has none."""
        document = self._document(_ACCOUNT_SCHEMA)
        root = self._root(_ACCOUNT_SCHEMA)
        if document is None or root is None:
            return 0
        enumerations = {
            each.get("enum", "").rpartition(":")[2]
            for each in children_of(root)
            if local_name(each) == "attribute" and each.get("name") == "type"
        }
        for each in children_of(document):
            if local_name(each) == "enumeration" and each.get("name") in enumerations:
                for value in children_of(each):
                    words = f"{value.get('name', '')} {value.get('label', '')}"
                    code = value.get("value", "")
                    if _S3.search(words) and code.isascii() and code.isdigit():
                        return int(code)
        return 0

    def _root(self, schema: str) -> etree._Element | None:
        document = self._document(schema)
        if document is None:
            return None
        name = schema.partition(":")[2]
        for each in children_of(document):
            if local_name(each) == "element" and each.get("name") == name:
                return each
        return None

    def _document(self, schema: str) -> etree._Element | None:
        with self._lock:
            if schema not in self._documents:
                self._documents[schema] = schema_document(self._client, schema)
            return self._documents[schema]


def probe(catalog: SchemaCatalog, names: CampaignNames) -> tuple[ProbeResult, ...]:
    """Compare every configured schema and path with the live schemas; activity names cannot be compared."""
    results = []
    for setting, schema in (
        ("dataSourceSchema", names.data_source_schema),
        ("trackingSchema", names.tracking_schema),
    ):
        found = catalog.has_schema(schema)
        why = "" if found else f"no schema {schema} in the instance"
        results.append(ProbeResult(setting, schema, "", found, why))
    for setting, (schema, xpath) in names.paths.items():
        found = catalog.has_path(schema, xpath)
        why = "" if found else f"schema {schema} has no {xpath}"
        results.append(ProbeResult(setting, schema, xpath, found, why))
    code = names.account_s3_type or catalog.s3_account_type()
    results.append(
        ProbeResult(
            "accountS3Type",
            _ACCOUNT_SCHEMA,
            "@type",
            code != 0,
            f"code {code}" if code else "the type enumeration names no S3",
        )
    )
    results.extend(
        ProbeResult(
            setting,
            "xtk:workflow",
            name,
            None,
            "no schema lists activities: compare with a workflow made in the console",
        )
        for setting, name in (
            ("readListActivity", names.read_list_activity),
            ("updateAudienceActivity", names.update_audience_activity),
        )
    )
    return tuple(results)


def _key_of_link(link: etree._Element) -> str:
    join = child(link, "join")
    if join is None:
        return f"{link.get('name', '')}-id"
    return join.get("xpath-src", "").removeprefix("@")
