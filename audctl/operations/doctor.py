"""Check what has to be right before audctl can work: sign-in, rights, names, the integration's own parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import AudctlError, InterruptedRun, ProviderError
from audctl.manifest.environment import LedgerKind
from audctl.model.report import Check, DoctorReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audctl.operations.context import Context
    from audctl.operations.survey import Surveyor
    from audctl.providers.campaign.technical import Operator, Prerequisites


_OF_THE_LEDGER = frozenset({"ledger", "ledger store", "lock"})
"""Checks that need Campaign only where it keeps the ledger."""


def doctor(context: Context) -> DoctorReport:
    """Run every check; one that depends on a failed one is reported as not looked at."""
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate

    with survey_project(context, may_be_empty=True) as surveyor:
        return DoctorReport(checks=tuple(_checks(surveyor)))


def _checks(surveyor: Surveyor) -> Iterator[Check]:
    connection = surveyor.connection
    yield _tried(
        "Audience Manager: sign-in and account",
        lambda: f"signed in, company {connection.audience_manager.ownership.company()}",
        "check ims.clientId, ims.clientSecret and ims.orgId, and that the technical user is in a group",
    )
    campaign = _tried(
        "Campaign: sign-in and rights",
        lambda: _operator(connection.campaign.who_am_i()),
        "check the address, and that the technical account's operator exists and has rights",
    )
    yield campaign
    kept_elsewhere = surveyor.loaded.environment.ledger.store is not LedgerKind.CAMPAIGN
    for name, look in (
        ("Campaign: configured names", lambda: _names(surveyor)),
        ("Campaign: integration", lambda: _prerequisites(surveyor)),
        ("data sources", lambda: _data_sources(surveyor)),
        ("ledger", lambda: _ledger(surveyor)),
        ("ledger store", lambda: _ledger_store(surveyor)),
        ("lock", lambda: _lock(surveyor)),
    ):
        if not campaign.ok and not (name in _OF_THE_LEDGER and kept_elsewhere):
            yield Check(name=name, ok=None, message="not looked at: Campaign cannot be reached")
            continue
        yield from _guarded(name, look)


def _operator(found: Operator) -> str:
    rights = ", ".join(found.rights) or "no named rights"
    extra = "" if found.may_administer else "; may not start or change technical workflows"
    return f"signed in as {found.login} ({rights}){extra}"


def _tried(name: str, look: Callable[[], str], hint: str) -> Check:
    try:
        return Check(name=name, ok=True, message=look())
    except ProviderError as error:
        return Check(name=name, ok=False, message=str(error), hint=hint)


def _guarded(name: str, look: Callable[[], Iterable[Check]]) -> Iterable[Check]:
    try:
        return tuple(look())
    except InterruptedRun:
        raise
    except AudctlError as error:
        return (Check(name=name, ok=False, message=str(error)),)


def _names(surveyor: Surveyor) -> Iterator[Check]:
    """Compare every configured schema and attribute with the instance's own schemas."""
    for each in surveyor.connection.campaign.probe():
        place = f"{each.schema} {each.xpath}".strip()
        yield Check(
            name=f"name {each.setting}",
            ok=each.present,
            message=f"{place}: {each.why or ('present' if each.present else 'missing')}",
            hint=""
            if each.present
            else f"find the right name in the instance and set campaign.names.{each.setting}",
        )


def _prerequisites(surveyor: Surveyor) -> Iterator[Check]:
    found: Prerequisites = surveyor.connection.campaign.prerequisites()
    for workflow in found.workflows:
        trouble = f", in error at {workflow.error_activity}" if workflow.failed else ""
        yield Check(
            name=f"technical workflow {workflow.name}",
            ok=workflow.works,
            message=f"state {workflow.state}{trouble}" if workflow.exists else "missing",
            hint=""
            if workflow.works
            else "install the integration package and start the workflow (needs the Administration right)",
        )
    planned = {each.address.name for each in surveyor.desired if each.type.endswith("Account")}
    for account in found.accounts:
        ready = account.exists and account.enabled and bool(account.server)
        by_manifest = not ready and account.name in planned
        yield Check(
            name=f"external account {account.name}",
            ok=ready,
            message=_account_state(account.exists, account.enabled, account.server),
            hint=""
            if ready
            else "audctl apply sets it up: a manifest describes it"
            if by_manifest
            else "describe it in an ExternalAccount manifest, or set it up in Campaign",
        )


def _account_state(exists: bool, enabled: bool, server: str) -> str:  # noqa: FBT001 - three facts
    if not exists:
        return "missing"
    return f"{'enabled' if enabled else 'disabled'}, server {server or 'not set'}"


def _data_sources(surveyor: Surveyor) -> Iterator[Check]:
    """Tell whether each AMC data source that a manifest describes has its two ids, which 0 leaves unset."""
    survey = surveyor.look()
    for wanted in surveyor.desired:
        if wanted.type != "campaign.dataSource":
            continue
        matches = survey.live.by_key.get((wanted.type, (str(wanted.fields["name"]),)), ())
        name = f"AMC data source {wanted.fields['name']}"
        if not matches:
            yield Check(name=name, ok=False, message="missing", hint="audctl apply creates it")
            continue
        ids = {
            field: str(matches[0].fields.get(field) or "0")
            for field in ("aamDataSource", "aamDestination")
            if field in wanted.fields
        }
        unset = [field for field, value in ids.items() if value == "0"]
        yield Check(
            name=name,
            ok=not unset,
            message=", ".join(f"{field} {value}" for field, value in ids.items()),
            hint=f"{' and '.join(unset)} unset: audctl apply sets what a manifest gives"
            if unset
            else "",
        )


def _ledger(surveyor: Surveyor) -> Iterator[Check]:
    ledger = surveyor.connection.store.load()
    yield Check(
        name="ledger",
        ok=True,
        message=f"serial {ledger.serial}, {len(ledger.entries)} object(s) owned"
        + (f", {len(ledger.intents)} create(s) whose end is unknown" if ledger.intents else ""),
    )


def _ledger_store(surveyor: Surveyor) -> Iterator[Check]:
    yield Check(name="ledger store", ok=True, message=surveyor.connection.store.try_out())


def _lock(surveyor: Surveyor) -> Iterator[Check]:
    held = surveyor.connection.store.held()
    if held is None:
        yield Check(name="lock", ok=True, message="nobody holds it")
        return
    host = f" on {held.host}" if held.host else ""
    yield Check(
        name="lock",
        ok=True,
        message=f"held by {held.holder}{host} ({held.reason}) since {held.since:%Y-%m-%d %H:%M:%S} UTC",
        hint=f"if nobody is at work there any more: audctl ledger unlock --token {held.token}",
    )
