"""The transport over real connections: what it repeats, bounds, refuses and logs."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from audctl.errors import (
    AuthenticationError,
    InterruptedRun,
    InvalidAnswerError,
    NotFoundError,
    ProviderError,
    RejectedError,
    UnreachableError,
    UsageError,
)
from audctl.providers.aftermath import after_write
from audctl.providers.budget import Budget
from audctl.providers.retry import Patience
from audctl.providers.transport import (
    Transport,
    TransportSettings,
    _trusted_authorities,
    _trusting_nobody,
)
from audctl.stopping import seen_through
from tests.contract.bench import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.bench import Bench

HEADERS = {"x-api-key": "sandbox", "AAM-Disable-Escaping-HTML": "true"}


@pytest.fixture
def transport(bench: Bench) -> Iterator[Transport]:
    with Transport(
        f"{bench.url}/v1", clock=bench.clock, auth=bench.auth(), observer=bench.observer
    ) as transport:
        yield transport


def test_an_answer_has_status_headers_and_content(transport: Transport) -> None:
    answer = transport.send("GET", "/users/self", headers=HEADERS)
    content = answer.json()
    assert answer.ok
    assert answer.headers["Content-Type"].startswith("application/json")
    assert isinstance(content, dict)
    assert content["pid"]
    assert transport.calls == 1


def test_a_failed_status_raises(transport: Transport) -> None:
    with pytest.raises(NotFoundError) as caught:
        transport.send("GET", "/segments/1", headers=HEADERS)
    assert caught.value.operation == "GET /segments/1"


def test_a_judge_may_find_the_failure_in_the_body(transport: Transport) -> None:
    with pytest.raises(RejectedError, match="found inside"):
        transport.send(
            "GET", "/users/self", headers=HEADERS, judge=lambda *_: RejectedError("found inside")
        )


def test_a_failing_sign_in_is_repeated_even_for_a_create(
    bench: Bench, transport: Transport
) -> None:
    bench.fault("POST /ims/token/v3", "reset", times=1)
    bench.fault("POST /ims/token/v3", status=503, times=1)

    answer = transport.send(
        "POST",
        "/datasources/",
        headers=HEADERS,
        json={"name": bench.unique("x"), "idType": "COOKIE"},
    )

    assert answer.status == 201
    assert len(bench.clock.slept) == 2


def test_a_sign_in_that_stays_away_means_that_nothing_was_written(
    bench: Bench, transport: Transport
) -> None:
    bench.fault("POST /ims/token/v3", "reset")
    with pytest.raises(UnreachableError) as caught:
        transport.send("POST", "/datasources/", headers=HEADERS, json={})
    assert not caught.value.may_have_happened
    assert caught.value.operation == "POST /ims/token/v3"


def test_a_token_that_stays_refused_ends_in_a_failed_sign_in(
    bench: Bench, transport: Transport
) -> None:
    bench.fault("GET /v1/users/self", status=401)
    with pytest.raises(AuthenticationError):
        transport.send("GET", "/users/self", headers=HEADERS)
    assert [each["path"] for each in bench.calls()] == [
        "/ims/token/v3",
        "/v1/users/self",
        "/ims/token/v3",
        "/v1/users/self",
    ]


def test_a_replace_is_repeated_and_a_create_is_not(bench: Bench, transport: Transport) -> None:
    bench.fault("* /v1/segments*", status=500)
    for method, tries in (("PUT", 6), ("DELETE", 6), ("POST", 1)):
        bench.forget_calls()
        with pytest.raises(UnreachableError) as caught:
            transport.send(method, "/segments/1", json={}, headers=HEADERS)
        assert caught.value.may_have_happened
        assert len([each for each in bench.calls() if each["method"] == method]) >= tries
        seen = [each for each in bench.calls() if each["path"] == "/v1/segments/1"]
        assert len(seen) == tries


def test_a_redirect_is_not_followed(bench: Bench, transport: Transport) -> None:
    bench.fault(
        "GET /v1/users/self", status=302, headers={"Location": "https://elsewhere.example/"}
    )
    with pytest.raises(InvalidAnswerError, match="redirect"):
        transport.send("GET", "/users/self", headers=HEADERS)


def test_an_answer_that_is_too_large_is_refused(bench: Bench) -> None:
    settings = TransportSettings(max_answer_bytes=100)
    with (
        Transport(
            f"{bench.url}/v1", clock=bench.clock, auth=bench.auth(), settings=settings
        ) as transport,
        pytest.raises(InvalidAnswerError, match="exceeds 100 bytes"),
    ):
        transport.send("GET", "/datasources/", headers=HEADERS)


def test_an_answer_that_trickles_ends_some_day(bench: Bench) -> None:
    settings = TransportSettings(call_limit_s=-1, patience=Patience(attempts=1))
    with (
        Transport(
            f"{bench.url}/v1", clock=bench.clock, auth=bench.auth(), settings=settings
        ) as transport,
        pytest.raises(UnreachableError, match="took longer") as caught,
    ):
        transport.send("PUT", "/segments/1", headers=HEADERS, json={})
    assert caught.value.may_have_happened


def test_nobody_listening_is_unreachable_and_nothing_was_written() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        clock = FakeClock()
        settings = TransportSettings(patience=Patience(attempts=3))
        with (
            Transport(f"http://127.0.0.1:{port}", clock=clock, settings=settings) as transport,
            pytest.raises(UnreachableError) as caught,
        ):
            transport.send("POST", "/x", json={})
    assert not caught.value.may_have_happened
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("endpoint", ["http://aam.example/v1", "ftp://127.0.0.1", "aam.adobe.io"])
def test_secrets_travel_encrypted_or_stay_on_this_machine(endpoint: str) -> None:
    with pytest.raises(UsageError, match="https"):
        Transport(endpoint, clock=FakeClock())


def test_every_context_verifies() -> None:
    for context in (_trusted_authorities(), _trusting_nobody()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    assert _trusted_authorities().get_ca_certs()
    assert not _trusting_nobody().get_ca_certs()


def test_a_sign_in_elsewhere_is_spoken_to_in_tls(bench: Bench) -> None:
    auth = bench.auth()
    # The sandbox speaks plain HTTP, so that a TLS handshake with it cannot succeed.
    auth.credentials = replace(auth.credentials, endpoint=bench.url.replace("http:", "https:"))
    with (
        Transport(f"{bench.url}/v1", clock=bench.clock, auth=auth) as transport,
        pytest.raises(UnreachableError) as caught,
    ):
        transport.send("POST", "/datasources/", json={})
    assert caught.value.operation == "POST /ims/token/v3"
    assert "SSL" in str(caught.value.__cause__)
    assert not caught.value.may_have_happened


def test_the_workers_of_a_run_share_one_budget(bench: Bench) -> None:
    """Two transports to one endpoint never have more calls in flight than their budget lets in."""
    inside, most, counting = 0, 0, threading.Lock()

    class Counting(httpx.Auth):
        """Looks at how many calls are inside at the moment at which one leaves."""

        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            nonlocal inside, most
            with counting:
                inside += 1
                most = max(most, inside)
            yield request
            with counting:
                inside -= 1

    budget = Budget(3)
    settings = TransportSettings(budget=budget)
    with (
        Transport(bench.url, clock=bench.clock, auth=Counting(), settings=settings) as one,
        Transport(bench.url, clock=bench.clock, auth=Counting(), settings=settings) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda n: (one, other)[n % 2].send("GET", "/r/test"), range(60)))
    assert [each.status for each in answers] == [200] * 60
    assert 1 < most <= 3
    assert budget.traffic(bench.clock).made == 60


def test_after_a_stop_only_what_belongs_to_a_write_is_called(bench: Bench) -> None:
    stop = threading.Event()
    settings = TransportSettings(stop_requested=stop.is_set)
    with Transport(bench.url, clock=bench.clock, settings=settings) as transport:
        assert transport.send("GET", "/r/test").ok
        stop.set()
        with pytest.raises(InterruptedRun) as caught:
            transport.send("POST", "/r/test", json={})
        assert not caught.value.may_have_happened
        with seen_through(), after_write():
            assert transport.send("GET", "/r/test").ok
        with after_write():
            assert transport.send("GET", "/r/test").ok
        with pytest.raises(InterruptedRun):
            transport.send("GET", "/r/test")
        assert transport.calls == 3


def test_a_stop_between_two_tries_does_not_forget_the_first_one(bench: Bench) -> None:
    bench.fault("PUT /v1/segments/*", "reset", when="after")

    class Stopping(FakeClock):
        def sleep(self, seconds: float) -> None:  # noqa: ARG002 - nobody waits
            raise InterruptedRun("stopped")

    with (
        Transport(f"{bench.url}/v1", clock=Stopping(), auth=bench.auth()) as transport,
        pytest.raises(InterruptedRun) as caught,
    ):
        transport.send("PUT", "/segments/1", json={}, headers=HEADERS)
    assert caught.value.may_have_happened


def test_the_log_has_no_secret(
    bench: Bench, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = transport.send("GET", "/users/self", headers=HEADERS)
    assert answer.ok
    lines = [
        each.getMessage()
        for each in caplog.records
        if each.name.startswith(("audctl.http", "http"))
    ]
    assert [line.partition(",")[0] for line in lines] == ["GET /users/self -> 200"]
    assert "earer" not in caplog.text


def test_a_repeated_call_is_told(bench: Bench, transport: Transport) -> None:
    bench.fault("GET /v1/users/self", "cut", when="after", times=1)
    transport.send("GET", "/users/self", headers=HEADERS, operation="who am I")
    [(operation, wait_s, why)] = bench.observer.retries
    assert operation == "who am I"
    assert bench.clock.slept == [wait_s]
    assert "cut" in why
    assert transport.calls == 2


def test_an_answer_that_is_not_json_is_invalid(bench: Bench, transport: Transport) -> None:
    bench.fault("GET /v1/users/self", status=200, body="<html>")
    answer = transport.send("GET", "/users/self", headers=HEADERS)
    with pytest.raises(InvalidAnswerError, match="not JSON"):
        answer.json()
    assert issubclass(InvalidAnswerError, ProviderError)
