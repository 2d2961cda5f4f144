"""The definition of an export workflow: audctl's fields ↔ the whole ``<activities>`` document.

::

    schedule | start → read list | query → update shared audience → end
                                                     └ complement → end

Written as a whole, since stored collections are replaced wholesale. Read leniently: what other tools wrote
gives the fields that can be told. Positions, pictures, generated ids, filter labels and visual state are noise;
another chain of activities is not, and shows in the ``schedule`` field, because no other field could hold it.
Element and attribute names of two activities are not public: they are settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import RejectedError
from audctl.providers.campaign.documents import (
    append,
    child,
    children_of,
    element,
    local_name,
    text_of,
)
from audctl.providers.campaign.mapping.schedule import MANUAL, period_of, schedule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from audctl.model.value import LiveValue
    from audctl.providers.campaign.names import CampaignNames

DEFINITION_FIELDS = (
    "schedule",
    "sourceList",
    "sourceQuery",
    "audience",
    "audienceName",
    "dataSource",
    "complement",
    "complementLabel",
)
REARRANGED = " (activities rearranged)"
"""After the schedule of a workflow whose chain of activities is another one than audctl's."""
_SCHEDULER, _START, _SOURCE, _UPDATE, _END, _COMPLEMENT = (
    "schedule",
    "start",
    "source",
    "audience",
    "end",
    "complement",
)
_STEP_PX = 150

Chain = dict[tuple[str, str], frozenset[tuple[str, str]]]
"""Type and name of each activity → its transitions that lead somewhere: role and target."""


def build_activities(fields: Mapping[str, LiveValue], names: CampaignNames) -> etree._Element:
    """Return the ``<activities>`` element; raise RejectedError when the fields do not make a workflow."""
    source_list, source_query = fields.get("sourceList"), fields.get("sourceQuery")
    if bool(source_list) == bool(source_query):
        raise RejectedError("an export workflow reads either a list or the result of a query")
    if not fields.get("audience"):
        raise RejectedError("an export workflow needs an audience")
    activities = element("activities")
    schedule = str(fields.get("schedule") or MANUAL).removesuffix(REARRANGED)
    if schedule == MANUAL:
        first = _activity(activities, _START, _START, "Start", 0)
        _transition(first, "initial", _SOURCE)
    else:
        first = _activity(activities, _SCHEDULER, _SCHEDULER, "Scheduler", 0)
        _transition(first, "transition", _SOURCE)
        append(first, "period", text=period_of(schedule, names))
    if source_list:
        source = _activity(activities, names.read_list_activity, _SOURCE, "Read list", 1)
        source.set(names.read_list_reference, str(source_list))
        _transition(source, "result", _UPDATE)
    else:
        _query(activities, str(source_query), names)
    _update(activities, fields, names)
    _activity(activities, _END, _END, "End", 3)
    if fields.get("complement"):
        _activity(activities, _END, _COMPLEMENT, "Complement", 3)
    return activities


def read_activities(activities: etree._Element, names: CampaignNames) -> dict[str, LiveValue]:
    """Return the fields that a definition shows; those it does not show are left out."""
    found: dict[str, etree._Element] = {}
    for each in children_of(activities):
        found.setdefault(local_name(each), each)
    fields: dict[str, LiveValue] = {}
    if _SCHEDULER in found:
        fields["schedule"] = schedule_of(text_of(found[_SCHEDULER], "period"), names)
    elif _START in found:
        fields["schedule"] = MANUAL
    if names.read_list_activity in found:
        reference = found[names.read_list_activity].get(names.read_list_reference, "")
        fields["sourceList"] = reference if reference not in {"", "0"} else None
    elif "query" in found:
        fields["sourceQuery"] = _condition_of(found["query"])
    update = found.get(names.update_audience_activity)
    if update is not None:
        data_source = update.get(names.update_audience_data_source, "")
        fields["audience"] = update.get(names.update_audience_reference) or None
        fields["audienceName"] = update.get(names.update_audience_name) or None
        fields["dataSource"] = data_source if data_source not in {"", "0"} else None
        complement = _transition_of(update, "complement")
        enabled = complement is not None and complement.get("enabled") in {"true", "1"}
        fields["complement"] = enabled
        label = complement.get("label", "") if complement is not None else ""
        fields["complementLabel"] = label or None
        if _is_rearranged(activities, fields, names):
            fields["schedule"] = f"{fields.get('schedule') or MANUAL}{REARRANGED}"
    return fields


def _is_rearranged(
    activities: etree._Element, fields: Mapping[str, LiveValue], names: CampaignNames
) -> bool:
    """Tell whether the chain differs from the one these fields make."""
    try:
        schedule = MANUAL if fields.get("schedule") == MANUAL else "daily 00:00"
        expected = build_activities({**fields, "schedule": schedule}, names)
    except RejectedError:
        return True
    return chain_of(activities) != chain_of(expected)


def chain_of(activities: etree._Element) -> Chain:
    """Return how activities follow one another, without anything else that is in them."""
    return {
        (local_name(each), each.get("name", "")): frozenset(
            (transition.get("name", ""), transition.get("target", ""))
            for holder in children_of(each)
            if local_name(holder) == "transitions"
            for transition in children_of(holder)
            if transition.get("target")
        )
        for each in children_of(activities)
    }


def _activity(
    parent: etree._Element, kind: str, name: str, label: str, position: int
) -> etree._Element:
    return append(
        parent,
        kind,
        {
            "name": name,
            "label": label,
            "x": str(50 + _STEP_PX * position),
            "y": "200" if name == _COMPLEMENT else "50",
            "mask": "0",
            "onError": "0",
            "collision": "0",
            "runOnSimulation": "true",
            "timezone": "_inherit_",
        },
    )


def _transition(activity: etree._Element, role: str, target: str, label: str = "") -> None:
    holder = child(activity, "transitions")
    if holder is None:
        holder = append(activity, "transitions")
    attributes = {"name": role, "enabled": "true" if target else "false"}
    if label:
        attributes["label"] = label
    if target:
        attributes["target"] = target
    append(holder, role, attributes)


def _transition_of(activity: etree._Element, role: str) -> etree._Element | None:
    holder = child(activity, "transitions")
    for each in children_of(holder) if holder is not None else ():
        if role in {each.get("name"), local_name(each)}:
            return each
    return None


def _query(parent: etree._Element, condition: str, names: CampaignNames) -> None:
    query = _activity(parent, "query", _SOURCE, "Query", 1)
    query.set("schema", names.workflow_schema)
    query.set("distinct", "true")
    _transition(query, "result", _UPDATE)
    append(append(query, "select"), "node", {"expr": "@id"})
    where = append(query, "where", {"filteringSchema": names.workflow_schema})
    append(where, "condition", {"expr": condition, "boolOperator": "AND"})


def _update(parent: etree._Element, fields: Mapping[str, LiveValue], names: CampaignNames) -> None:
    update = _activity(parent, names.update_audience_activity, _UPDATE, "Update shared audience", 2)
    update.set(names.update_audience_reference, str(fields["audience"]))
    update.set(names.update_audience_name, str(fields.get("audienceName") or ""))
    update.set(names.update_audience_data_source, str(fields.get("dataSource") or "0"))
    _transition(update, "result", _END)
    complement = _COMPLEMENT if fields.get("complement") else ""
    _transition(update, "complement", complement, str(fields.get("complementLabel") or ""))


def _condition_of(query: etree._Element) -> str | None:
    """Return the condition of a query activity; several at one level are joined as the console does."""
    where = child(query, "where")
    conditions = children_of(where) if where is not None else []
    if not conditions:
        return None
    text = ""
    for position, each in enumerate(conditions):
        inner = _condition_of_group(each)
        if inner is None:
            return None
        text += f"({inner})" if len(conditions) > 1 else inner
        if position + 1 < len(conditions):
            text += f" {each.get('boolOperator') or each.get('bool-operator') or 'AND'} "
    return text


def _condition_of_group(condition: etree._Element) -> str | None:
    if children_of(condition) or condition.get("setOperator"):
        return None  # nested forms are left to people: they show as a difference
    return condition.get("expr")
