"""The Tracer port on OpenTelemetry's SDK, an optional package."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context

    from audctl.ports import SpanValue

FLUSH_S = 5.0
"""How long the end of a run waits for its collector."""


class OtelSpan:
    """One span that is open."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, attributes: Mapping[str, SpanValue]) -> None:
        """Add attributes."""
        self._span.set_attributes(dict(attributes))

    def fail(self, why: str) -> None:
        """Mark it as failed; ``why`` is a word of audctl's own, never a live system's."""
        self._span.set_status(Status(StatusCode.ERROR, why))


class OtelTracer:
    """Spans of one command under one root; safe to share between threads. End it."""

    def __init__(self, name: str, version: str, environ: Mapping[str, str]) -> None:
        """``environ``: whose OTEL_SERVICE_NAME wins over the default. The SDK reads its other variables itself."""
        attributes = {"service.version": version}
        named = "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        if not named and not environ.get("OTEL_SERVICE_NAME"):
            attributes["service.name"] = "audctl"
        self._heard = _Heard()
        log = logging.getLogger("opentelemetry")
        log.addHandler(self._heard)
        # What goes wrong is told once, at the end, and not as tracebacks in the middle of a report.
        log.propagate = False
        self._provider = TracerProvider(
            resource=Resource.create(attributes), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("audctl", version)
        self._root = self._tracer.start_span(name)
        self._below_root: Context = trace.set_span_in_context(self._root, otel_context.Context())

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, SpanValue], *, calls: bool = False
    ) -> Iterator[OtelSpan]:
        """Open a span for the block, below the thread's own open one or else below the root."""
        inside = trace.get_current_span().get_span_context().is_valid
        with self._tracer.start_as_current_span(
            name,
            context=None if inside else self._below_root,
            kind=SpanKind.CLIENT if calls else SpanKind.INTERNAL,
            attributes=dict(attributes),
            # Its text may quote a live system.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            opened = OtelSpan(span)
            try:
                yield opened
            except BaseException as error:
                opened.fail(type(error).__name__)
                raise

    def end(self, attributes: Mapping[str, SpanValue], failed: str = "") -> str:
        """End the root span and hand over what is left; return what went wrong with that, if anything did."""
        self._root.set_attributes(dict(attributes))
        if failed:
            self._root.set_status(Status(StatusCode.ERROR, failed))
        self._root.end()
        # A daemon: a collector that does not answer must not hold up the end of the process.
        flushing = threading.Thread(target=self._provider.shutdown, name="spans", daemon=True)
        flushing.start()
        flushing.join(FLUSH_S)
        return "no answer in time" if flushing.is_alive() else self._heard.first


class _Heard(logging.Handler):
    """Keeps the first complaint of the SDK."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.first = self.first or record.getMessage().splitlines()[0]
