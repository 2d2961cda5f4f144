from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audctl.model.address import Address
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.effect import Impact
from audctl.model.finding import Finding, Severity
from audctl.model.plan import EnvironmentIdentity, Plan
from audctl.model.span import Span
from audctl.model.value import Unknown

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def plan() -> Plan:
    created = Step(
        address=Address("List", "vip", "campaign.list"),
        type="campaign.list",
        change=Change.CREATE,
        reason="not there yet",
        label="VIP",
        span=Span("lists.yaml", 3, 1),
        fields=(
            FieldChange(field="label", before=None, after="VIP", reason=FieldReason.INITIAL),
            FieldChange(field="folder", before=None, after=Unknown(), reason=FieldReason.INITIAL),
        ),
    )
    updated = Step(
        address=Address("Audience", "cart", "aam.segment"),
        type="aam.segment",
        change=Change.UPDATE,
        reason="changed outside audctl",
        label="Cart",
        live_id="81000",
        span=Span("audiences.yaml", 10, 1),
        fields=(
            FieldChange(
                field="label",
                before="Carts!!",
                after="Cart",
                reason=FieldReason.DRIFT,
                span=Span("audiences.yaml", 14, 10),
            ),
            FieldChange(
                field="rule",
                before="70001T",
                after=Unknown("cart-add AND web"),
                reason=FieldReason.MANIFEST,
                span=Span("audiences.yaml", 16, 9),
            ),
        ),
        changed_at=MOMENT,
        changed_by="12",
        impact=Impact(before=1_200_000, after=None),
    )
    secret = Step(
        address=Address("ExternalAccount", "importSharedAudience", "campaign.externalAccount"),
        type="campaign.externalAccount",
        change=Change.UPDATE,
        reason="manifest changed",
        live_id="7",
        direct=False,
        fields=(
            FieldChange(
                field="secretAccessKey",
                before="never shown",
                after="nor this",
                reason=FieldReason.MANIFEST,
                sensitive=True,
            ),
        ),
    )
    manual = Step(
        address=Address("Audience", "spenders", "aam.segment"),
        type="aam.segment",
        change=Change.MANUAL,
        reason="made elsewhere",
        instructions="Open Analytics.\nPublish the segment.",
    )
    kept = Step(
        address=Address("Trait", "web", "aam.trait"),
        type="aam.trait",
        change=Change.KEEP,
        reason="",
    )
    return Plan(
        project="shop",
        environment=EnvironmentIdentity(
            name="prod", organization="org", audience_manager="https://aam", campaign="https://ac"
        ),
        steps=(created, updated, secret, manual, kept),
        findings=(
            Finding("AUD2001", Severity.WARNING, "two lists look alike", Span("lists.yaml", 3, 1)),
        ),
        unmanaged={"aam.segment": 3, "campaign.list": 1},
        live_as_of=MOMENT,
        ledger_serial=4,
        digest="abc123",
        calls={"aam": 5, "campaign": 2},
    )
