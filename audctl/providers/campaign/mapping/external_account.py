"""``campaign.externalAccount``: the S3 accounts of the two technical workflows (nms:extAccount).

The secret key only ever goes in: encrypted by Campaign itself, then stored. It is not selected in any query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import RejectedError
from audctl.model.objects import Form
from audctl.providers.campaign.documents import number_of
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.table import Instance, TableMapping
from audctl.providers.campaign.persist import encrypt_password
from audctl.providers.campaign.query import Node, equals, get_first
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from audctl.model.live import LiveObject
    from audctl.model.value import LiveValue
    from audctl.ports import WriteValue
    from audctl.providers.campaign.names import CampaignNames

S3 = "s3"
SECRET_FIELD = "secretAccessKey"  # noqa: S105 - the name of a field
KEY_FIELD = "accessKeyId"
BUILT_IN_ACCOUNTS = ("importSharedAudience", "exportSharedAudience")


class ExternalAccountMapping(TableMapping):
    """External accounts of every type; only the code of S3 has a name."""

    object_type = "campaign.externalAccount"
    schema = "nms:extAccount"

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        self._s3_code: int | None = None

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:
        return (
            Column("name", "@name"),
            Column("label", "@label"),
            Column("type", "@type"),
            Column("enabled", "@active", Form.FLAG),
            Column("server", "@server"),
            Column("region", names.account_region, setting="accountRegion"),
            Column("accessKeyId", "@account"),
            Column(
                "serverSideEncryption",
                names.account_server_side_encryption,
                Form.FLAG,
                "accountServerSideEncryption",
            ),
        )

    def read_fields(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return the fields, the type as a word, the access key as a secret."""
        fields = super().read_fields(row)
        key = fields.get(KEY_FIELD)
        fields[KEY_FIELD] = Secret(key) if isinstance(key, str) and key else None
        code = row.get("type", "0")
        fields["type"] = S3 if code == str(self.s3_code()) else f"code {code}"
        return fields

    def encode(self, column: Column, value: WriteValue) -> str:
        """Return a value as documents carry it, the type as its code."""
        if column.field != "type":
            return super().encode(column, value)
        if value != S3:
            raise RejectedError(f"external accounts of type {value!r} are not written, only {S3!r}")
        code = self.s3_code()
        if not code:
            raise RejectedError(
                "the type code of S3 accounts is not known: neither the schema nor the built-in accounts"
                " tell it (set campaign.names.accountS3Type)"
            )
        return str(code)

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Insert an account; its secret is encrypted first."""
        return super().create(self._with_encrypted(fields))

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write fields of an account; its secret is encrypted first."""
        return super().update(live, self._with_encrypted(fields))

    def attributes(self, fields: Mapping[str, WriteValue]) -> tuple[dict[str, str], dict[str, str]]:
        """Return a document's attributes, the encrypted secret among them."""
        attributes, memos = super().attributes(fields)
        if SECRET_FIELD in fields:
            secret = fields[SECRET_FIELD]
            attributes["password"] = secret.reveal() if isinstance(secret, Secret) else ""
        return attributes, memos

    def s3_code(self) -> int:
        """Return the type code of S3 accounts; 0 when nothing tells it."""
        if self._s3_code is None:
            self._s3_code = (
                self.instance.names.account_s3_type
                or self.instance.catalog.s3_account_type()
                or self._built_in_code()
            )
        return self._s3_code

    def _built_in_code(self) -> int:
        for name in BUILT_IN_ACCOUNTS:
            row = get_first(
                self.instance.client,
                self.schema,
                (Node("@id"), Node("@type")),
                (equals("@name", name),),
            )
            if row is not None and (code := number_of(row, "type")):
                return code
        return 0

    def _with_encrypted(self, fields: Mapping[str, WriteValue]) -> dict[str, WriteValue]:
        """Replace the secret by its encrypted form, which is as secret."""
        ready = dict(fields)
        secret = ready.get(SECRET_FIELD)
        if isinstance(secret, str) and secret:
            secret = Secret(secret)
        if isinstance(secret, Secret):
            ready[SECRET_FIELD] = Secret(
                encrypt_password(self.instance.client, secret.reveal()), secret.source
            )
        return ready
