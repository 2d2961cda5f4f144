"""Every name of a Campaign instance that is not public, as a setting with a default: the one file that spells them.

A setting can be given another value per environment (``campaign.names`` of the project file), in camel case:
``dataSourceSchema: cus:amcSource``. :mod:`audctl.providers.campaign.probe` compares all of them with the schema
documents of the live instance, and nothing is written to a path that is missing there.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMA = re.compile(r"[A-Za-z][\w-]*:[A-Za-z][\w-]*")
_ATTRIBUTE = re.compile(r"@[A-Za-z_][\w-]*|\[@[A-Za-z_][\w-]*\]|[A-Za-z_][\w-]*")
_ELEMENT = re.compile(r"[A-Za-z_][\w.-]*")
_PLACEHOLDERS = {
    "schedule_daily": {"time"},
    "schedule_weekly": {"day", "time"},
    "schedule_every": {"span"},
}
_LARGEST = {"page_size": 10_000, "workflow_page_size": 10_000, "account_s3_type": 127}


class NamesError(ValueError):
    """Settings that cannot be used; ``problems`` has one sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignNames:
    """Names and codes of one instance. Paths are XPaths from the schema's root element: ``@x`` or ``[@x-id]``."""

    # -- how much is asked for at once

    page_size: int = 5000
    """Rows asked for in one query; live systems are said to give at most 10,000."""
    workflow_page_size: int = 500
    """The same for workflows, whose rows carry whole definitions."""

    # -- AMC data source; the schema and all its attributes are placeholders

    data_source_schema: str = "nms:amcDataSource"
    """Schema of the AMC data sources."""
    data_source_name: str = "@name"
    """Internal name: the key."""
    data_source_label: str = "@label"
    """Label."""
    data_source_target: str = "@targetSchema"
    """Targeting dimension, a schema id."""
    data_source_reconciliation_key: str = "@reconciliationKey"
    """Path in the targeting dimension that an incoming id is compared with."""
    data_source_hash_algorithm: str = "@hashAlgorithm"
    """How ids are hashed; the word ``none`` for not at all."""
    data_source_aam_data_source: str = "@aamDataSourceId"
    """Id of the Audience Manager data source; 0 is unset."""
    data_source_aam_destination: str = "@aamDestinationId"
    """Id of the Audience Manager destination; 0 is unset."""
    built_in_data_source: str = "defaultDataSource"
    """Internal name of the data source that the package brings (seen in a screenshot of the documentation)."""

    # -- the shared-audience side of a list; candidates from a sibling product

    list_is_shared: str = "@isAMC"
    """On nms:group: whether the list is a shared audience."""
    list_audience: str = "@aamMappingId"
    """On nms:group: identifier of the audience."""
    list_audience_name: str = "@sharedAudience"
    """On nms:group: the audience's name."""
    list_data_source: str = "[@amcDataSource-id]"
    """On nms:group: foreign key of the AMC data source."""

    # -- people, as members are matched: opt-out, and visitor ids of tracked clicks

    recipient_opt_out: str = "@blackList"
    """On the targeting dimension: whether the person wants no contact."""
    tracking_schema: str = "nms:trackingLogRcp"
    """Schema of the recipients' tracking logs."""
    tracking_visitor: str = "@sourceId"
    """Experience Cloud visitor ID of the one who clicked."""
    tracking_recipient: str = "[@recipient-id]"
    """Foreign key of the recipient who clicked."""

    # -- S3 external accounts

    account_s3_type: int = 0
    """Type code of an S3 account; 0 means: learn it from the schema's enumeration, else from the built-in rows."""
    account_region: str = "@awsRegion"
    """AWS region."""
    account_server_side_encryption: str = "@useServerSideEncryption"
    """Whether S3 encrypts what is stored."""

    # -- workflow activities: element name is the type, attributes are its settings

    read_list_activity: str = "readList"
    """Element of the activity "Read list"."""
    read_list_reference: str = "group-id"
    """Its attribute that names the list, by id."""
    update_audience_activity: str = "saveAudience"
    """Element of the activity "Update shared audience"."""
    update_audience_reference: str = "audienceId"
    """Its attribute that names the audience."""
    update_audience_name: str = "audienceName"
    """Its attribute with the audience's name."""
    update_audience_data_source: str = "amcDataSource-id"
    """Its attribute that names the AMC data source, by id."""
    workflow_schema: str = "nms:recipient"
    """Targeting dimension of the export workflows."""

    # -- what a scheduler's period says; assignments in any order, ``{…}`` stands for what varies

    schedule_daily: str = "m_iDayMode=1;m_iTimeMode=2;m_tmFixedTime='{time}:00'"
    """Once a day. ``{time}`` is ``HH:MM``."""
    schedule_weekly: str = "m_iDayMode=2;m_iWeekDays={day};m_iTimeMode=2;m_tmFixedTime='{time}:00'"
    """Once a week. ``{day}`` is 1 (Monday) to 7."""
    schedule_every: str = "m_iDayMode=1;m_iTimeMode=1;m_tmSpanTime='{span}'"
    """Several times a day. ``{span}`` is ``6h`` or ``30mn``."""

    @classmethod
    def from_mapping(cls, given: Mapping[str, object]) -> CampaignNames:
        """Read settings in camel case; raise NamesError that names every unknown or unusable one."""
        known = {_camel(each.name): each.name for each in fields(cls)}
        problems = []
        values: dict[str, object] = {}
        for key, written in given.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
                hint = f', did you mean "{near[0]}"?' if near else ""
                problems.append(f'campaign.names has no setting "{key}"{hint}')
                continue
            value = _number(written) if known[key] in _LARGEST else written
            problem = _problem_with(known[key], value)
            if problem:
                problems.append(f"campaign.names.{key} must be {problem}, not {value!r}")
            values[known[key]] = value
        if problems:
            raise NamesError(tuple(problems))
        return cls(**values)  # type: ignore[arg-type]  # each value was checked above

    @property
    def paths(self) -> Mapping[str, tuple[str, str]]:
        """Schema and XPath of every setting that stands for one, by setting in camel case."""
        found = {}
        for each in fields(self):
            schema = _schema_of(each.name, self)
            if schema:
                found[_camel(each.name)] = (schema, str(getattr(self, each.name)))
        return found


def attribute_of(xpath: str) -> str:
    """Return the bare attribute or element name of a configured path: ``[@x-id]`` and ``@x-id`` give ``x-id``."""
    return xpath.strip("[]").removeprefix("@")


def is_attribute(xpath: str) -> bool:
    """Tell whether a configured path names an attribute, not an element."""
    return xpath.startswith(("@", "[@"))


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _schema_of(setting: str, names: CampaignNames) -> str:
    if setting.startswith("data_source_") and setting != "data_source_schema":
        return names.data_source_schema
    if setting.startswith("list_"):
        return "nms:group"
    if setting in {"account_region", "account_server_side_encryption"}:
        return "nms:extAccount"
    if setting in {"tracking_visitor", "tracking_recipient"}:
        return names.tracking_schema
    if setting == "recipient_opt_out":
        return names.workflow_schema
    return ""


def _problem_with(setting: str, value: object) -> str:
    """Say what a setting's value should be; empty when it is that."""
    if setting in _LARGEST:
        low, high = (0 if setting == "account_s3_type" else 1), _LARGEST[setting]
        return "" if _is_whole(value, low, high) else f"a whole number from {low} to {high}"
    if not isinstance(value, str):
        return "text"
    if setting in _PLACEHOLDERS:
        wanted = _PLACEHOLDERS[setting]
        fits = set(re.findall(r"\{(\w+)\}", value)) == wanted and "=" in value
        words = " and ".join(f"{{{each}}}" for each in sorted(wanted))
        return "" if fits else f"assignments with {words}"
    pattern, words = _text_form(setting)
    return "" if pattern.fullmatch(value) else words


def _text_form(setting: str) -> tuple[re.Pattern[str], str]:
    if setting in {"data_source_schema", "workflow_schema", "tracking_schema"}:
        return _SCHEMA, "a schema id such as nms:amcDataSource"
    if setting.startswith(("data_source_", "list_", "account_", "tracking_", "recipient_")):
        return _ATTRIBUTE, "a path such as @label or [@folder-id]"
    return _ELEMENT, "an XML name"


def _number(value: object) -> object:
    """Return the number that a text of digits is: the project file may quote it."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value) else value


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
