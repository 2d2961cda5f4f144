"""A plan read back from JSON values, strictly: what is not a plan's raises, and is never mended.

Keys that a later minor version adds are ignored. Keys that came after version 1.0 may be missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from audctl.model.address import Address, parse_address
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.effect import SMALL_COUNT, CountSource, Effect, Impact
from audctl.model.finding import Finding, Severity
from audctl.model.match_rate import Basis, MatchRate
from audctl.model.plan import EnvironmentIdentity, Plan, PlanOptions, Revision
from audctl.model.selection import Selection
from audctl.model.span import Span
from audctl.model.value import Unknown
from audctl.model.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from audctl.model.value import Plain

Json: TypeAlias = dict[str, Any]

_SMALL = f"<{SMALL_COUNT}"


def plan_from_json(content: Json) -> Plan:
    """Read the JSON values back; raise KeyError, TypeError or ValueError where they are not a plan's."""
    kept = tuple(
        Step(
            address=(address := parse_address(each["address"])),
            type=address.object,
            change=Change.KEEP,
            reason=_text(each["reason"]),
            live_id=_text(each["live_id"]),
            fields=tuple(_field(field) for field in each.get("fields", ())),
        )
        for each in content["kept"]
    )
    return Plan(
        project=_text(content["project"]),
        environment=EnvironmentIdentity(
            name=_text(content["environment"]["name"]),
            organization=_text(content["environment"]["organization"]),
            audience_manager=_text(content["environment"]["audience_manager"]),
            campaign=_text(content["environment"]["campaign"]),
        ),
        steps=kept + tuple(_step(each) for each in content["changes"]),
        findings=tuple(_finding(each) for each in content["findings"]),
        unmanaged={_text(name): _number(count) for name, count in content["unmanaged"].items()},
        live_as_of=_read_moment(content["live_as_of"]),
        ledger_serial=_number(content["ledger_serial"]),
        manifest_digest=_text(content["manifest_digest"]),
        digest=_text(content["digest"]),
        calls={_text(name): _number(count) for name, count in content["calls"].items()},
        options=_options(content["options"]),
        effects=tuple(_effect(each) for each in content.get("effects", ())),
        match_rates=tuple(_match_rate(each) for each in content.get("match_rates", ())),
        verdicts=tuple(_verdict(each) for each in content.get("verdicts", ())),
        revision=_revision(content.get("revision")),
        tool=_text(content.get("tool", "")),
        left_out=_number(content.get("left_out", 0)),
    )


def _match_rate(content: Json) -> MatchRate:
    return MatchRate(
        address=parse_address(content["address"]),
        total=_people(content["total"]),
        asked=_people(content["asked"]) or 0,
        matched=_people(content["matched"]) or 0,
        basis=Basis(content["basis"]),
        why=_text(content["why"]),
    )


def _options(content: Json) -> PlanOptions:
    return PlanOptions(
        adopt=_flag(content["adopt"]),
        allowed=frozenset(_texts(content["allowed"])),
        selection=Selection(
            only=_texts(content.get("only", ())), exclude=_texts(content.get("exclude", ()))
        ),
    )


def _revision(content: Json | None) -> Revision | None:
    if content is None:
        return None
    return Revision(
        commit=_text(content["commit"]),
        branch=_text(content["branch"]),
        dirty=_flag(content["dirty"]),
    )


def _step(content: Json) -> Step:
    impact = content["impact"]
    renamed_from = content["renamed_from"]
    return Step(
        address=parse_address(content["address"]),
        type=_text(content["type"]),
        change=Change(content["change"]),
        reason=_text(content["reason"]),
        label=_text(content["label"]),
        direct=_flag(content["direct"]),
        fields=tuple(_field(each) for each in content["fields"]),
        content=_text(content["content"]),
        live_id=_text(content["live_id"]),
        fingerprint=_text(content["fingerprint"]),
        changed_at=_read_moment(content["changed_at"]),
        changed_by=_text(content["changed_by"]),
        requires=_addresses(content["requires"]),
        span=_span(content["source"]),
        impact=None if impact is None else _impact(impact),
        protect=_flag(content["protect"]),
        deletion_policy=_text(content["deletion_policy"]),
        instructions=_text(content["instructions"]),
        renamed_from=None if renamed_from is None else parse_address(renamed_from),
        after=_addresses(content.get("after", ())),
        interim={name: _text(value) for name, value in content.get("interim", {}).items()},
        removed_at=_read_moment(content.get("removed_at")),
        grace_days=_days(content.get("grace_days")),
        previous_names=_texts(content.get("previous_names", ())),
    )


def _days(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"not a number of days: {value!r}")
    return value


def _field(content: Json) -> FieldChange:
    after: Plain | Unknown
    if _flag(content["known_after_apply"]):
        after = Unknown(_text(content["after"]), _addresses(content["waits_for"]))
    else:
        after = _plain(content["after"])
    return FieldChange(
        field=_text(content["field"]),
        before=_plain(content["before"]),
        after=after,
        reason=FieldReason(content["reason"]),
        sensitive=_flag(content["sensitive"]),
        span=_span(content["source"]),
    )


def _finding(content: Json) -> Finding:
    address = content["address"]
    return Finding(
        _text(content["code"]),
        Severity(content["severity"]),
        _text(content["message"]),
        _span(content["source"]),
        _text(content["hint"]),
        None if address is None else parse_address(address),
    )


def _effect(content: Json) -> Effect:
    return Effect(
        address=parse_address(content["address"]),
        label=_text(content["label"]),
        purpose=_text(content["purpose"]),
        impact=_impact(content["impact"]),
        chain=_addresses(content["chain"]),
    )


def _impact(content: Json) -> Impact:
    before, after = _people(content["before"]), _people(content["after"])
    if "source" not in content:  # a plan of version 1.0
        return Impact(before=before, after=after)
    return Impact(
        before=before,
        after=after,
        low=_people(content["low"]),
        high=_people(content["high"]),
        source=CountSource(content["source"]),
    )


def _people(count: object) -> int | None:
    """Read a number of people; a small one comes back as 1, which is shown as small again."""
    if count == _SMALL:
        return 1
    return None if count is None else _number(count)


def _verdict(content: Json) -> Verdict:
    return Verdict(
        guard=_text(content["guard"]),
        judgement=Judgement(content["judgement"]),
        limit=_text(content["limit"]),
        measured=_text(content["measured"]),
        names=_texts(content["names"]),
        allowed=_texts(content["allowed"]),
    )


def _span(content: Json | None) -> Span | None:
    if content is None:
        return None
    return Span(_text(content["file"]), _number(content["line"]), _number(content["column"]))


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _addresses(texts: object) -> tuple[Address, ...]:
    return tuple(parse_address(each) for each in _texts(texts))


def _plain(value: object) -> Plain:
    if isinstance(value, list):
        return _texts(value)
    if value is None or isinstance(value, (str, int)):
        return value
    raise ValueError(f"not a field value: {type(value).__name__}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"expected a list, found {type(values).__name__}")
    return tuple(_text(each) for each in values)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {type(value).__name__}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {type(value).__name__}")
    return value
