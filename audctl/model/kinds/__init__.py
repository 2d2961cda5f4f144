"""The kinds of manifests: one file each, one table here.

A kind's file has its typed spec (an absent field is UNSET, a cleared one None), the places that name other
resources, and the objects it asks for.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.kinds.audience import AUDIENCE
from audctl.model.kinds.campaign_list import LIST
from audctl.model.kinds.data_source import DATA_SOURCE
from audctl.model.kinds.destination import DESTINATION
from audctl.model.kinds.export_binding import EXPORT_BINDING
from audctl.model.kinds.external_account import EXTERNAL_ACCOUNT
from audctl.model.kinds.import_binding import IMPORT_BINDING
from audctl.model.kinds.trait import TRAIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.kinds.kind import Kind

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        each.name: each
        for each in (
            DATA_SOURCE,
            TRAIT,
            AUDIENCE,
            DESTINATION,
            LIST,
            IMPORT_BINDING,
            EXPORT_BINDING,
            EXTERNAL_ACCOUNT,
        )
    }
)
"""Every kind by name, in the order in which a reader should meet them."""
