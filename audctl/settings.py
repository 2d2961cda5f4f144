"""The process environment, read once and frozen; nothing else in audctl reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OFF = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubJob:
    """What a GitHub Actions runner tells the step that it runs."""

    summary: Path | None
    """``GITHUB_STEP_SUMMARY``: a file for Markdown."""
    output: Path | None
    """``GITHUB_OUTPUT``: a file for what later steps may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says about this run."""

    environment: str | None = None
    """``AUDCTL_ENV``: the environment of the project, unless ``--env`` names one."""
    debug: bool = False
    """``AUDCTL_DEBUG``: show the traceback of an unexpected error."""
    no_color: bool = False
    """``NO_COLOR`` (any value but an empty one), or a terminal that calls itself dumb."""
    github: GitHubJob | None = None
    """The job that runs this; None outside GitHub Actions, and with ``AUDCTL_GITHUB=off``."""
    traces: bool = False
    """Whether OpenTelemetry's standard variables name somewhere to send spans to."""
    environ: Mapping[str, str]
    """Everything, for ``${env:NAME}`` in manifests; values may be secret."""

    def __repr__(self) -> str:
        return f"Settings(environment={self.environment!r}, debug={self.debug}, no_color={self.no_color})"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ``, or from the process's own environment."""
    source = dict(os.environ if environ is None else environ)
    return Settings(
        environment=source.get("AUDCTL_ENV") or None,
        debug=source.get("AUDCTL_DEBUG", "").lower() not in _OFF,
        no_color=bool(source.get("NO_COLOR")) or source.get("TERM") == "dumb",
        github=_github_job(source),
        traces=_wants_traces(source),
        environ=MappingProxyType(source),
    )


def _wants_traces(source: Mapping[str, str]) -> bool:
    named = source.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or source.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    switched_off = source.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = source.get("OTEL_TRACES_EXPORTER") or "otlp"
    return bool(named) and not switched_off and exporter == "otlp"


def _github_job(source: Mapping[str, str]) -> GitHubJob | None:
    wanted = source.get("AUDCTL_GITHUB", "on").lower() not in _OFF
    if source.get("GITHUB_ACTIONS") != "true" or not wanted:
        return None
    summary, output = source.get("GITHUB_STEP_SUMMARY"), source.get("GITHUB_OUTPUT")
    return GitHubJob(
        summary=Path(summary) if summary else None, output=Path(output) if output else None
    )
