"""Spans of one command, where OpenTelemetry's standard variables name a collector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from audctl.cli.console import Console
    from audctl.telemetry.otel import OtelTracer

_GOOD = frozenset({ExitCode.DONE, ExitCode.DIFFERENCES, ExitCode.UNREAD})


@dataclass
class Spans:
    """The tracer of a command; None when its package is missing."""

    tracer: OtelTracer | None = None

    def end(self, console: Console, code: int) -> None:
        """End the command's own span, and say when spans could not be handed over."""
        tracer, self.tracer = self.tracer, None
        if tracer is None:
            return
        failed = "" if code in _GOOD else f"exit code {int(code)}"
        trouble = tracer.end({"audctl.exit_code": int(code)}, failed)
        if trouble:
            console.tell(f"warning: spans were not delivered, or not all: {trouble}")


def open_spans(console: Console) -> Spans:
    """Return the command's spans; without the optional package, say how to get it and go on without."""
    try:
        from audctl.telemetry.otel import OtelTracer
    except ModuleNotFoundError as error:
        console.tell(
            f"warning: OTEL_EXPORTER_OTLP_ENDPOINT asks for spans, and {error.name} is not installed: "
            "pip install 'audctl[otel]', or set OTEL_SDK_DISABLED=true"
        )
        return Spans()
    name = f"audctl {console.command}".strip()
    return Spans(OtelTracer(name, __version__, console.settings.environ))
