"""A project that was begun."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReport:
    """What was written, and how it goes on."""

    project: str
    files: tuple[str, ...]
    """From the working directory."""
    commands: tuple[str, ...]
    """The next ones, fit for a shell."""
