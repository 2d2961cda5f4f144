"""Eight workers and a server that takes one call at a time, over real connections."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from audctl.providers.budget import Budget
from audctl.providers.retry import Patience
from audctl.providers.transport import Transport, TransportSettings
from tests.contract.bench import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 1
CALLS = 600
WORK = b"x" * 400_000


@dataclass
class Busy:
    """What the server counts."""

    url: str = ""
    served: int = 0
    refused: int = 0
    flying: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@pytest.fixture
def busy() -> Iterator[Busy]:
    seen = Busy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with seen.lock:
                seen.flying += 1
                takes = seen.flying <= AT_ONCE
                seen.served += takes
                seen.refused += not takes
            if takes:
                hashlib.sha256(WORK).digest()
            with seen.lock:
                seen.flying -= 1
            self.send_response(200 if takes else 429)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield seen
        server.shutdown()
        thread.join()


def test_little_is_wasted_on_finding_out_what_a_server_takes(busy: Busy) -> None:
    budget, clock = Budget(8, total_s=1e9), FakeClock()
    settings = TransportSettings(budget=budget, patience=Patience(attempts=50, total_s=1e9))
    with (
        Transport(busy.url, clock=clock, settings=settings) as transport,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: transport.send("GET", "/x"), range(CALLS)))
    assert {each.status for each in answers} == {200}
    assert busy.served == CALLS
    assert 0 < busy.refused <= CALLS * 0.05 + 12
    seen = budget.traffic(clock)
    assert (seen.made, seen.throttled) == (CALLS + busy.refused, busy.refused)
    assert seen.repeated == busy.refused
