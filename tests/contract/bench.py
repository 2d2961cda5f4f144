"""What a contract test stands on: a running sandbox, a clock that nobody waits for, a recording observer."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from audctl.providers.ims import ImsAuth, ImsCredentials
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.change import Step
    from audctl.model.outcome import Outcome
    from audctl.model.traffic import Traffic
    from tests.contract.case import Case, ClosingProvider


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, 0, tzinfo=UTC) + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return 1000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Recorder:
    """An observer that remembers."""

    read: dict[str, int] = field(default_factory=dict)
    retries: list[tuple[str, float, str]] = field(default_factory=list)

    def reading(self, object_type: str, count: int) -> None:
        self.read[object_type] = count

    def begun(self, step: Step) -> None:
        raise AssertionError(step)

    def ended(self, outcome: Outcome) -> None:
        raise AssertionError(outcome)

    def progressed(self, step: Step, what: str) -> None:
        raise AssertionError(step, what)

    def saved(self, serial: int) -> None:
        raise AssertionError(serial)

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        self.retries.append((operation, wait_s, why))

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        raise AssertionError(traffic)


@dataclass
class Bench:
    """One test's view of the sandbox that the tests of a process share; names made here are unique in it."""

    url: str
    clock: FakeClock = field(default_factory=FakeClock)
    observer: Recorder = field(default_factory=Recorder)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    opened: ExitStack = field(default_factory=ExitStack)

    def provider(self, case: Case, **options: Any) -> ClosingProvider:  # noqa: ANN401 - see Case.build
        """Build a provider that is closed when the test ends."""
        return self.opened.enter_context(closing(case.build(self, **options)))

    def unique(self, prefix: str) -> str:
        return f"{prefix}-{next(self.numbers)}"

    def auth(self, client: str = "sandbox") -> ImsAuth:
        """Sign in as ``sandbox`` (the API user), or as ``marketer`` (a person in the console)."""
        return ImsAuth(
            ImsCredentials(
                endpoint=self.url,
                client_id=client,
                client_secret=Secret(client),
                organization="sandbox@AdobeOrg",
                scopes=("openid", "AdobeID"),
            ),
            clock=self.clock,
        )

    def fault(self, route: str, kind: str = "status", **rule: object) -> None:
        """Add a fault; ``route`` is a glob on ``METHOD /path`` or ``SOAP schema#Method``."""
        self.control("POST", "faults", {"route": route, "kind": kind, **rule})

    def no_more_faults(self) -> None:
        self.control("DELETE", "faults")

    def expire_tokens(self) -> None:
        self.control("POST", "expire-tokens")

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls since ``forget_calls``, oldest first."""
        found = self.control("GET", "calls?last=5000")["calls"]
        assert isinstance(found, list)
        return found

    def forget_calls(self) -> None:
        self.control("DELETE", "calls")

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{path}", data=data, method=method)  # noqa: S310
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            content = answer.read()
        return dict(json.loads(content)) if content else {}
