"""Adobe Campaign Classic over SOAP.

Takes and gives canonical fields; rows, schemas and activities stay inside. Promises: every value is escaped by
the XML builder; answers are parsed from bytes, without DTDs, entities or unbounded depth; a write is read back,
and what was silently dropped is an error; secrets only ever go in; names that are not public stand in one file
(:mod:`names`) and are never written to before the live schema showed them.

==================  ==========================================================================
names, probe        the names that are not public, and their comparison with the live schemas
documents, soap     XML and envelopes
session, client     three ways to sign in; one call with one renewal of an expired session
faults              what faults and refusals mean
query, persist      reads in pages; writes by explicit key and operation
workflow_commands   start, stop and the like, and waiting for their effect
mapping             one module per object type
provider            all of it behind the provider port
options             the calls the ledger needs
people              recipients, tracking logs and members of lists, page by page and batch by batch
technical           facts about the integration's prerequisites
==================  ==========================================================================
"""

from __future__ import annotations

from audctl.providers.campaign.client import CampaignClient, connect
from audctl.providers.campaign.names import CampaignNames, NamesError
from audctl.providers.campaign.options import OptionStore
from audctl.providers.campaign.provider import CampaignProvider
from audctl.providers.campaign.session import BearerLogon, BearerSignIn, PasswordLogon

__all__ = [
    "BearerLogon",
    "BearerSignIn",
    "CampaignClient",
    "CampaignNames",
    "CampaignProvider",
    "NamesError",
    "OptionStore",
    "PasswordLogon",
    "connect",
]
