"""Sign-in, stepped by hand: each test feeds answers to the flow and reads the requests it yields."""

from __future__ import annotations

import threading
from collections.abc import Generator
from urllib.parse import parse_qs

import httpx
import pytest

from audctl.errors import (
    AuthenticationError,
    InvalidAnswerError,
    ThrottledError,
    UnreachableError,
    UsageError,
)
from audctl.providers.ims import BearerToken, ImsAuth, ImsCredentials
from audctl.providers.transport import Transport
from audctl.redact import Secret
from tests.contract.bench import Bench, FakeClock

Flow = Generator[httpx.Request, httpx.Response, None]


def credentials(endpoint: str = "https://ims.example", secret: str = "s3cret") -> ImsCredentials:
    return ImsCredentials(
        endpoint=endpoint,
        client_id="client",
        client_secret=Secret(secret),
        organization="sandbox@AdobeOrg",
        scopes=("openid", "AdobeID"),
    )


def request() -> httpx.Request:
    return httpx.Request("GET", "https://aam.example/v1/segments/")


def granted(token: str = "t1.a.b", expires_in: float = 86399) -> httpx.Response:
    return httpx.Response(
        200, json={"access_token": token, "token_type": "bearer", "expires_in": expires_in}
    )


def signed_in(auth: ImsAuth, token: str = "t1.a.b", expires_in: float = 86399) -> None:
    flow = auth.auth_flow(request())
    next(flow)
    flow.send(granted(token, expires_in))
    flow.close()


def carried(outgoing: httpx.Request) -> str:
    return str(outgoing.headers.get("Authorization", ""))


def test_the_first_request_waits_for_a_token() -> None:
    flow: Flow = ImsAuth(credentials(), clock=FakeClock()).auth_flow(request())

    sign_in = next(flow)
    assert (sign_in.method, str(sign_in.url)) == ("POST", "https://ims.example/ims/token/v3")
    assert parse_qs(sign_in.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": ["s3cret"],
        "scope": ["openid,AdobeID"],
    }

    outgoing = flow.send(granted())
    assert carried(outgoing) == "Bearer t1.a.b"
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(200))


def test_a_token_is_reused_until_it_is_nearly_over() -> None:
    clock = FakeClock()
    auth = ImsAuth(credentials(), clock=clock)
    signed_in(auth, expires_in=1000)

    clock.sleep(949)
    assert carried(next(auth.auth_flow(request()))) == "Bearer t1.a.b"
    clock.sleep(2)
    assert next(auth.auth_flow(request())).url.path == "/ims/token/v3"


def test_a_lifetime_in_milliseconds_is_recognised() -> None:
    clock = FakeClock()
    auth = ImsAuth(credentials(), clock=clock)
    signed_in(auth, expires_in=86_399_000)

    clock.sleep(0.95 * 86_399 - 1)
    assert carried(next(auth.auth_flow(request()))) == "Bearer t1.a.b"
    clock.sleep(2)
    assert next(auth.auth_flow(request())).url.path == "/ims/token/v3"


def test_a_401_renews_the_token_once_and_no_more() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    signed_in(auth)
    flow = auth.auth_flow(request())

    assert carried(next(flow)) == "Bearer t1.a.b"
    assert flow.send(httpx.Response(401)).url.path == "/ims/token/v3"
    assert carried(flow.send(granted("t2.a.b"))) == "Bearer t2.a.b"
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401))


def test_a_token_that_somebody_else_renewed_meanwhile_is_used() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    signed_in(auth)
    flow = auth.auth_flow(request())
    next(flow)
    auth.invalidate()
    signed_in(auth, "t2.a.b")

    assert carried(flow.send(httpx.Response(401))) == "Bearer t2.a.b"


def test_a_403_is_final() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    signed_in(auth)
    flow = auth.auth_flow(request())
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(403))


def test_sign_in_waits_no_longer_than_the_call_it_serves() -> None:
    asking = httpx.Request(
        "GET", "https://aam.example/", extensions={"timeout": {"connect": 1.0, "read": 2.0}}
    )
    sign_in = next(ImsAuth(credentials(), clock=FakeClock()).auth_flow(asking))
    assert sign_in.extensions["timeout"] == {"connect": 1.0, "read": 2.0}


@pytest.mark.parametrize(
    ("answer", "kind", "words", "retryable"),
    [
        (
            httpx.Response(401, json={"error": "invalid_client", "error_description": "wrong"}),
            AuthenticationError,
            "invalid_client: wrong",
            False,
        ),
        (
            httpx.Response(403, json={"error_code": "403003", "message": "Api Key is invalid"}),
            AuthenticationError,
            "403003: Api Key is invalid",
            False,
        ),
        (httpx.Response(400, text="<html>"), AuthenticationError, "400", False),
        (httpx.Response(429, headers={"Retry-After": "9"}), ThrottledError, "429", True),
        (httpx.Response(503), UnreachableError, "503", True),
        (httpx.Response(200, text="no json"), InvalidAnswerError, "access_token", False),
        (httpx.Response(200, json={"access_token": "x"}), InvalidAnswerError, "expires_in", False),
        (httpx.Response(200, json=["x"]), InvalidAnswerError, "access_token", False),
        (
            httpx.Response(200, json={"access_token": "é", "expires_in": 9}),
            InvalidAnswerError,
            "access_token",
            False,
        ),
    ],
)
def test_a_refused_sign_in_says_why_and_never_that_a_write_may_have_happened(
    answer: httpx.Response, kind: type[Exception], words: str, retryable: bool
) -> None:
    flow = ImsAuth(credentials(), clock=FakeClock()).auth_flow(request())
    next(flow)
    with pytest.raises(kind) as caught:
        flow.send(answer)
    error = caught.value
    assert isinstance(
        error, (AuthenticationError, ThrottledError, UnreachableError, InvalidAnswerError)
    )
    assert words in str(error)
    assert error.retryable is retryable
    assert not error.may_have_happened
    assert "s3cret" not in str(error)
    assert error.retry_after_s == (9 if isinstance(error, ThrottledError) else None)


def test_a_secret_is_not_sent_in_the_clear() -> None:
    with pytest.raises(UsageError, match="https"):
        ImsAuth(credentials("http://ims.example"), clock=FakeClock())


def test_no_secret_shows_in_a_repr() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    signed_in(auth)
    assert "s3cret" not in repr(credentials())
    assert "t1.a.b" not in repr(vars(auth))


def test_threads_that_start_together_sign_in_once() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    start = threading.Barrier(8)
    sign_ins: list[str] = []
    used: list[str] = []

    def call() -> None:
        asking = request()
        start.wait()
        flow = auth.sync_auth_flow(asking)
        outgoing = next(flow)
        if outgoing is not asking:
            sign_ins.append(str(outgoing.url))
            outgoing = flow.send(granted(f"t{len(sign_ins)}.a.b"))
        used.append(carried(outgoing))
        flow.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(sign_ins) == 1
    assert used == ["Bearer t1.a.b"] * 8


def test_only_one_thread_at_a_time_signs_in() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    flow = auth.sync_auth_flow(request())

    next(flow)
    assert auth._lock.locked()
    assert carried(flow.send(granted())) == "Bearer t1.a.b"
    assert not auth._lock.locked()
    next_sign_in = flow.send(httpx.Response(401))
    assert next_sign_in.url.path == "/ims/token/v3"
    assert auth._lock.locked()
    flow.close()
    assert not auth._lock.locked()


def test_a_flow_given_up_during_sign_in_leaves_the_lock_free() -> None:
    auth = ImsAuth(credentials(), clock=FakeClock())
    flow = auth.sync_auth_flow(request())
    next(flow)
    flow.close()

    again = auth.sync_auth_flow(request())
    assert next(again).url.path == "/ims/token/v3"
    again.close()


def test_a_bearer_token_is_fetched_kept_and_fetched_again(bench: Bench) -> None:
    with Transport(bench.url, clock=bench.clock) as transport:
        bearer = BearerToken(bench.auth(), transport)
        first = bearer.token()
        assert bearer.token() == first
        bearer.invalidate()
        assert bearer.token() != first
        assert [each["path"] for each in bench.calls()] == ["/ims/token/v3"] * 2


def test_a_bearer_token_with_a_wrong_secret_is_a_failed_sign_in(bench: Bench) -> None:
    auth = ImsAuth(credentials(bench.url, "wrong-one"), clock=bench.clock)
    with (
        Transport(bench.url, clock=bench.clock) as transport,
        pytest.raises(AuthenticationError, match="invalid_client") as caught,
    ):
        BearerToken(auth, transport).token()
    assert "wrong-one" not in str(caught.value)
