"""``campaign.dataSource``: AMC data sources. Schema and attribute names are settings; see ``names``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.objects import Form
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.table import Instance, TableMapping

if TYPE_CHECKING:
    from audctl.providers.campaign.names import CampaignNames


class DataSourceMapping(TableMapping):
    """AMC data sources. The package's own one is adopted like any other, to have its ids set."""

    object_type = "campaign.dataSource"

    def __init__(self, instance: Instance) -> None:
        self.schema = instance.names.data_source_schema
        super().__init__(instance)

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:
        return (
            Column("name", names.data_source_name, setting="dataSourceName"),
            Column("label", names.data_source_label, setting="dataSourceLabel"),
            Column("targetingDimension", names.data_source_target, setting="dataSourceTarget"),
            Column(
                "reconciliationKey",
                names.data_source_reconciliation_key,
                setting="dataSourceReconciliationKey",
            ),
            Column(
                "hashAlgorithm",
                names.data_source_hash_algorithm,
                setting="dataSourceHashAlgorithm",
            ),
            Column(
                "aamDataSource",
                names.data_source_aam_data_source,
                Form.REFERENCE,
                "dataSourceAamDataSource",
            ),
            Column(
                "aamDestination",
                names.data_source_aam_destination,
                Form.REFERENCE,
                "dataSourceAamDestination",
            ),
        )
