"""What the shared-audience integration needs beside audctl's own objects: facts for ``audctl doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audctl.errors import InvalidAnswerError
from audctl.providers.campaign import soap
from audctl.providers.campaign.documents import children_of, local_name, number_of
from audctl.providers.campaign.names import attribute_of
from audctl.providers.campaign.query import ID, Node, equals, get_first
from audctl.providers.campaign.workflow_commands import STARTED, STATE_NODES, state_of

if TYPE_CHECKING:
    from audctl.providers.campaign.client import CampaignClient
    from audctl.providers.campaign.names import CampaignNames

TECHNICAL_NAMES: Final = ("importSharedAudience", "exportSharedAudience")
"""Both of the two workflows and of the two external accounts."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who the calls are made as."""

    login: str
    rights: tuple[str, ...]
    """Named rights, e.g. ``admin``; folders and schemas may have access rules of their own beside them."""

    @property
    def may_administer(self) -> bool:
        """Whether technical workflows may be started and changed."""
        return "admin" in self.rights

    def __str__(self) -> str:
        return self.login


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicalWorkflow:
    """One of the two workflows that move files."""

    name: str
    exists: bool
    state: int = 0
    failed: bool = False
    error_activity: str = ""

    @property
    def works(self) -> bool:
        """Whether it is started and has not failed."""
        return self.exists and self.state in STARTED and not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicalAccount:
    """One of the two external accounts."""

    name: str
    exists: bool
    enabled: bool = False
    type_code: int = 0
    server: str = ""
    has_access_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInDataSource:
    """The data source that the package brings; an id of 0 was never set."""

    name: str
    exists: bool
    aam_data_source: str = "0"
    aam_destination: str = "0"
    reconciliation_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisites:
    """All of it, as it stands."""

    workflows: tuple[TechnicalWorkflow, ...]
    accounts: tuple[TechnicalAccount, ...]
    data_source: BuiltInDataSource


def read_operator(client: CampaignClient) -> Operator:
    """Ask the system who it takes us for; unlike its clock, this needs a valid sign-in."""
    operation = "xtk:session#GetUserInfo"
    info = soap.output_document(client.call("xtk:session", "GetUserInfo"), 0, operation)
    if info is None or not info.get("login"):
        raise InvalidAnswerError(f"{operation}: the answer names no operator", operation=operation)
    rights = tuple(
        each.get("right", "") for each in children_of(info) if local_name(each) == "login-right"
    )
    return Operator(info.get("login", ""), rights)


def read_prerequisites(client: CampaignClient, names: CampaignNames) -> Prerequisites:
    """Read workflows, accounts and the built-in data source by name; what is missing says so."""
    return Prerequisites(
        workflows=tuple(_workflow(client, each) for each in TECHNICAL_NAMES),
        accounts=tuple(_account(client, each) for each in TECHNICAL_NAMES),
        data_source=_data_source(client, names),
    )


def _workflow(client: CampaignClient, name: str) -> TechnicalWorkflow:
    row = get_first(client, "xtk:workflow", (ID, *STATE_NODES), (equals("@internalName", name),))
    if row is None:
        return TechnicalWorkflow(name=name, exists=False)
    found = state_of(row)
    return TechnicalWorkflow(
        name=name,
        exists=True,
        state=found.state,
        failed=found.failed,
        error_activity=found.error_activity,
    )


def _account(client: CampaignClient, name: str) -> TechnicalAccount:
    nodes = (ID, Node("@active"), Node("@type"), Node("@server"), Node("@account"))
    row = get_first(client, "nms:extAccount", nodes, (equals("@name", name),))
    if row is None:
        return TechnicalAccount(name=name, exists=False)
    return TechnicalAccount(
        name=name,
        exists=True,
        enabled=row.get("active") in {"1", "true"},
        type_code=number_of(row, "type"),
        server=row.get("server", ""),
        has_access_key=bool(row.get("account")),
    )


def _data_source(client: CampaignClient, names: CampaignNames) -> BuiltInDataSource:
    paths = (
        names.data_source_aam_data_source,
        names.data_source_aam_destination,
        names.data_source_reconciliation_key,
    )
    row = get_first(
        client,
        names.data_source_schema,
        (ID, *(Node(each) for each in paths)),
        (equals(names.data_source_name, names.built_in_data_source),),
    )
    if row is None:
        return BuiltInDataSource(name=names.built_in_data_source, exists=False)
    aam_data_source, aam_destination, key = (row.get(attribute_of(each), "") for each in paths)
    return BuiltInDataSource(
        name=names.built_in_data_source,
        exists=True,
        aam_data_source=aam_data_source or "0",
        aam_destination=aam_destination or "0",
        reconciliation_key=key,
    )
