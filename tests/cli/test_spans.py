"""Spans of a run, through OpenTelemetry's own SDK, to a collector on this machine that speaks its protocol."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audctl.telemetry import otel
from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.cli.conftest import CommandLine, ProjectFolder, Ran

FAILED = 2
"""Status of a span, in the protocol."""


@dataclass
class Collector:
    """Takes spans over OTLP/HTTP and keeps them."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)

    @property
    def environ(self) -> Mapping[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}"}

    def spans(self) -> list[Any]:
        found = []
        for each in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(each).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found

    def resource(self) -> dict[str, str]:
        request = ExportTraceServiceRequest.FromString(self.bodies[0])
        return attributes(request.resource_spans[0].resource)


def attributes(of: Any) -> dict[str, Any]:  # noqa: ANN401 - messages of the protocol
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in of.attributes
    }


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            kept.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name, value in kept.environ.items():
            monkeypatch.setenv(name, value)  # the SDK reads its own variables
        yield kept
        server.shutdown()
        thread.join()


def run(project: ProjectFolder, environ: Mapping[str, str], *words: str) -> Ran:
    return project.audctl(
        *words,
        "--project",
        str(project.folder),
        environ={
            "AUDCTL_CLIENT_SECRET": "sandbox",
            "SHOP_S3_SECRET": "never-to-be-seen",
            **environ,
        },
    )


def test_a_run_its_steps_and_its_calls_are_one_trace_without_secrets(
    project: ProjectFolder, collector: Collector
) -> None:
    rule = {"route": "POST /v1/traits", "kind": "status", "status": 400, "body": "their words"}
    loopback.post(f"{project.url}/_sandbox/faults", json=[{**rule, "nth": 1}]).raise_for_status()
    ran = run(project, collector.environ, "apply", "--auto-approve", "--output", "json")
    assert ran.code == 5, ran.stderr
    spans = collector.spans()
    assert len({each.trace_id for each in spans}) == 1
    by_id = {each.span_id: each for each in spans}
    (root,) = [each for each in spans if not each.parent_span_id]
    assert root.name == "audctl apply"
    assert attributes(root)["audctl.exit_code"] == 5
    assert root.status.code == FAILED
    steps = [each for each in spans if "audctl.address" in attributes(each)]
    assert {each.parent_span_id for each in steps} == {root.span_id}
    assert "create aam.trait" in {each.name for each in steps}
    (failed,) = [each for each in steps if each.status.code == FAILED]
    assert failed.name == "create aam.trait"
    calls = [each for each in spans if "audctl.operation" in attributes(each)]
    below = {by_id[each.parent_span_id].name for each in calls}
    assert {"audctl apply", "create aam.trait", "create campaign.list"} <= below
    (refused,) = [each for each in calls if each.status.code == FAILED]
    assert attributes(refused)["http.response.status_code"] == 400
    assert refused.parent_span_id == failed.span_id
    assert len(spans) == 1 + len(steps) + len(calls)
    raw = b"".join(collector.bodies)
    for secret in (b"never-to-be-seen", b"earer", b"their words", b"client_secret"):
        assert secret not in raw
    told = [text for each in spans for text in (each.name, *map(str, attributes(each).values()))]
    assert not any("?" in text for text in told), "no query string"
    assert collector.resource()["service.name"] == "audctl"


def test_a_service_is_called_what_its_operator_says(
    project: ProjectFolder, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    environ = {**collector.environ, "OTEL_SERVICE_NAME": "nightly"}
    assert run(project, environ, "validate").code == 0
    assert collector.resource()["service.name"] == "nightly"
    (root,) = collector.spans()
    assert root.name == "audctl validate"


@pytest.mark.parametrize(
    "off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}], ids=str
)
def test_spans_can_be_switched_off(
    project: ProjectFolder, collector: Collector, off: Mapping[str, str]
) -> None:
    assert run(project, {**collector.environ, **off}, "validate").code == 0
    assert collector.bodies == []


def test_a_collector_that_is_away_fails_nothing(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(otel, "FLUSH_S", 0.2)
    ran = run(project, environ, "validate")
    assert ran.code == 0
    assert ran.stderr.startswith("warning: spans were not delivered, or not all: ")
    assert "Traceback" not in ran.stderr


def test_without_the_package_a_run_says_how_to_get_it_and_goes_on(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "audctl.telemetry.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    ran = run(project, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "validate")
    assert ran.code == 0
    assert "pip install 'audctl[otel]'" in ran.stderr


def test_nothing_is_loaded_where_nobody_asks_for_spans(tmp_path: Path, audctl: CommandLine) -> None:
    del audctl
    script = (
        "import sys\nfrom audctl.cli.app import run\n"
        f"run(['validate', '--project', {str(tmp_path)!r}])\n"
        "assert 'audctl.telemetry' not in sys.modules and 'opentelemetry' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
