"""Status as metrics in Prometheus' text format, for a node exporter's text-file collector.

Label values come from manifests and project files: prometheus-client escapes what the format needs, and control
characters are made visible before. What is unknown has no sample, and neither has a count from 1 to 49.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from audctl import __version__
from audctl.model.effect import SMALL_COUNT
from audctl.model.status import Definition, Freshness, StatusResult
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.status import BindingStatus, StatusReport

METRICS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "audctl_build_info": ("Version of audctl that wrote this file; always 1.", ("version",)),
    "audctl_status_up": ("1 when everything could be read, else 0.", ()),
    "audctl_status_timestamp_seconds": ("When bindings were looked at, by Campaign's clock.", ()),
    "audctl_status_failures": ("Reads that failed.", ()),
    "audctl_bindings": ("Bindings by freshness.", ("freshness",)),
    "audctl_binding_last_synchronisation_timestamp_seconds": (
        "When a binding was last synchronised.",
        ("binding", "direction"),
    ),
    "audctl_binding_age_seconds": ("Time since then.", ("binding", "direction")),
    "audctl_binding_freshness_limit_seconds": (
        "How old that may be.",
        ("binding", "direction"),
    ),
    "audctl_binding_overdue": (
        "1 when what should have arrived has not, else 0.",
        ("binding", "direction"),
    ),
    "audctl_binding_pending": (
        "1 while people are on their way since the last change, else 0.",
        ("binding", "direction"),
    ),
    "audctl_binding_expected_timestamp_seconds": (
        "When what is on its way has arrived, at the latest.",
        ("binding", "direction"),
    ),
    "audctl_binding_definition_in_place": (
        "1 when live is what the manifests say, else 0.",
        ("binding", "direction"),
    ),
    "audctl_binding_workflows_running": (
        "1 when all workflows that serve a binding work, else 0.",
        ("binding", "direction"),
    ),
    "audctl_binding_members": (
        "People on one side; left out from 1 to 49.",
        ("binding", "direction", "side"),
    ),
    "audctl_binding_members_small": (
        "1 when 1 to 49 people are on that side, else 0.",
        ("binding", "direction", "side"),
    ),
    "audctl_binding_match_ratio": (
        "People on the side they go to, by those on the side they come from.",
        ("binding", "direction"),
    ),
}
"""Every metric with its help and its own labels; all but the first carry ``project`` and ``environment`` as well."""

_BELONGS = ("project", "environment")
_PERCENT = 100


def metrics(report: StatusReport) -> bytes:
    """Return the whole file."""
    page = _Page(report.project, report.environment)
    page.put("audctl_status_up", report.result is not StatusResult.UNKNOWN)
    page.put("audctl_status_timestamp_seconds", report.live_as_of.timestamp())
    page.put("audctl_status_failures", len(report.failures))
    for each in Freshness:
        count = sum(binding.judged.freshness is each for binding in report.bindings)
        page.put("audctl_bindings", count, each.value)
    for binding in report.bindings:
        _put_binding(page, binding, report.live_as_of.timestamp())
    return page.text()


def metrics_of_failure(project: str, environment: str, at: float) -> bytes:
    """Return the file of a look that failed as a whole: nothing about bindings is known any more."""
    page = _Page(project, environment)
    page.put("audctl_status_up", value=False)
    page.put("audctl_status_timestamp_seconds", at)
    return page.text()


def _put_binding(page: _Page, binding: BindingStatus, now: float) -> None:
    labels = (str(binding.address), binding.direction.value)
    judged = binding.judged
    if judged.synchronised_at is not None:
        at = judged.synchronised_at.timestamp()
        page.put("audctl_binding_last_synchronisation_timestamp_seconds", at, *labels)
        page.put("audctl_binding_age_seconds", max(0.0, now - at), *labels)
    if judged.limit is not None:
        seconds = judged.limit.total_seconds()
        page.put("audctl_binding_freshness_limit_seconds", seconds, *labels)
    if judged.latest is not None:
        page.put("audctl_binding_expected_timestamp_seconds", judged.latest.timestamp(), *labels)
    if judged.freshness is not Freshness.UNKNOWN:
        overdue, pending = (
            judged.freshness is each for each in (Freshness.OVERDUE, Freshness.PENDING)
        )
        page.put("audctl_binding_overdue", overdue, *labels)
        page.put("audctl_binding_pending", pending, *labels)
    if binding.definition is not Definition.UNKNOWN:
        in_place = binding.definition is Definition.IN_PLACE
        page.put("audctl_binding_definition_in_place", in_place, *labels)
    if binding.runs is not None:
        page.put("audctl_binding_workflows_running", binding.runs, *labels)
    _put_people(page, binding, labels)


def _put_people(page: _Page, binding: BindingStatus, labels: tuple[str, str]) -> None:
    for side, people in (
        ("audience", binding.audience_people),
        ("list", binding.list_people),
    ):
        if people is not None:
            is_small = 0 < people < SMALL_COUNT
            page.put("audctl_binding_members_small", is_small, *labels, side)
            if not is_small:
                page.put("audctl_binding_members", people, *labels, side)
    if binding.match_percent is not None:
        page.put("audctl_binding_match_ratio", binding.match_percent / _PERCENT, *labels)


class _Page:
    def __init__(self, project: str, environment: str) -> None:
        self._belongs = (project, environment)
        self._registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        info = "audctl_build_info"
        help_text, labels = METRICS[info]
        Gauge(info, help_text, labels, registry=self._registry).labels(__version__).set(1)

    def put(self, name: str, value: float, *labels: str) -> None:
        """Set one sample."""
        gauge = self._gauges.get(name)
        if gauge is None:
            help_text, own = METRICS[name]
            gauge = Gauge(name, help_text, (*_BELONGS, *own), registry=self._registry)
            self._gauges[name] = gauge
        values = (printable(each) for each in (*self._belongs, *labels))
        gauge.labels(*values).set(value)

    def text(self) -> bytes:
        return generate_latest(self._registry)
