"""The formats of ``--report``: a table, so that help, checks and writing cannot disagree."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.run import Run


class Format(NamedTuple):
    """One format; its module is loaded when a report is written, and not for the help that lists them all."""

    module: str
    """Of this package."""
    function: str
    """Takes a run, gives the text, or its parts in order."""
    summary: str
    """One line for the documentation."""
    commands: frozenset[str] = frozenset()
    """Those whose runs it can tell; empty: all."""

    def write(self, run: Run) -> tuple[str, ...]:
        """Return the report's text; several where one would be larger than its reader takes."""
        module = importlib.import_module(f"audctl.render.reports.{self.module}")
        return cast("Callable[[Run], tuple[str, ...]]", getattr(module, self.function))(run)


_WITH_A_PLAN = frozenset({"plan", "apply", "show"})

FORMATS: Mapping[str, Format] = {
    "text": Format("to_text", "text", "What a terminal shows, without colours."),
    "json": Format(
        "to_json_document", "json_document", "The result, and what is true of all runs."
    ),
    "markdown": Format("to_markdown", "for_github", "A comment within GitHub's limit."),
    "markdown:gitlab": Format("to_markdown", "for_gitlab", "A comment within GitLab's limit."),
    "markdown:bitbucket-server": Format(
        "to_markdown",
        "for_bitbucket_server",
        "A comment for Bitbucket Server: small, without HTML.",
    ),
    "markdown:azure-devops": Format(
        "to_markdown", "for_azure_devops", "A comment within Azure DevOps' limit."
    ),
    "html": Format("to_html", "html", "One page that needs nothing else, for people."),
    "sarif": Format("to_sarif", "sarif", "SARIF 2.1.0, for code scanning."),
    "junit": Format("to_junit", "junit", "JUnit XML, for test reports."),
    "gitlab-terraform": Format(
        "to_gitlab_terraform",
        "gitlab_terraform",
        "Three numbers for GitLab's merge request widget.",
        _WITH_A_PLAN,
    ),
    "codequality": Format("to_codequality", "codequality", "Code Climate JSON, for GitLab."),
    "github": Format(
        "to_github", "github", "GitHub's annotations; beside them summary and outputs."
    ),
}
"""By name, as in ``--report NAME=FILE``."""
