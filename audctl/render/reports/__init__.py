"""Reports for pipelines: one :class:`~audctl.model.run.Run` in, one text (or several parts) per format out.

Every format says the same thing in its own words, and each escapes in its own way: names and labels come from live
systems and from whoever may open a pull request. Counts of people pass :func:`audctl.model.effect.shown_count`, secrets
are masked before they come here, and nothing here opens a file: see :mod:`audctl.cli.reporting`.
"""

from audctl.render.reports.formats import FORMATS, Format

__all__ = ["FORMATS", "Format"]
