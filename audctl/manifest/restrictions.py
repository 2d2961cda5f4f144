"""``spec.restrictions`` of a project file: decoded, with what no schema can see."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from audctl.errors import FindingsError
from audctl.manifest.decode import decode
from audctl.model.finding import Finding, Severity
from audctl.model.policy import Restriction
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.resource import Places


def read_restrictions(spec: Mapping[str, Any], places: Places) -> tuple[Restriction, ...]:
    """Return the restrictions of a valid ``spec``; raise FindingsError with all that is wrong with them."""
    trees = spec.get("restrictions", [])
    found = tuple(decode(Restriction, each, {}) for each in trees)
    findings = [
        finding
        for index, each in enumerate(found)
        for finding in _problems(index, each, found, spec["environments"], places)
    ]
    if findings:
        raise FindingsError(findings)
    return found


def _problems(
    index: int,
    restriction: Restriction,
    others: tuple[Restriction, ...],
    environments: Mapping[str, Any],
    places: Places,
) -> Iterator[Finding]:
    path = f"spec.restrictions[{index}]"
    if any(each.name == restriction.name for each in others[:index]):
        yield Finding(
            "AUD1122",
            Severity.ERROR,
            f'two restrictions are called "{restriction.name}"',
            places.span(f"{path}.name"),
            "refusals name them: give each its own name",
        )
    for at, name in enumerate(restriction.environments):
        if name not in environments:
            yield Finding(
                "AUD1123",
                Severity.ERROR,
                f'restriction "{restriction.name}" names environment "{name}", which spec.environments does not '
                "define, so it would hold nowhere",
                places.span(f"{path}.environments[{at}]"),
                did_you_mean(name, environments),
            )
    for at, approval in enumerate(restriction.approvals):
        if not _is_day(approval.expires):
            yield Finding(
                "AUD1121",
                Severity.ERROR,
                f"{approval.expires} is no day",
                places.span(f"{path}.approvals[{at}].expires"),
                "write a day of the calendar as yyyy-mm-dd",
            )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
