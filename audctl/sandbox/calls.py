"""Log of the calls the sandbox answered: which route, how often, with what status. Never bodies or headers."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass

KEPT_CALLS = 5000
MAX_ROUTES = 1000
OTHER_ROUTES = "(other routes)"
"""Counts calls of routes beyond that number, which only callers who make names up ever reach."""
MAX_NAME = 200
"""Longer paths and names are cut."""


@dataclass(frozen=True, slots=True)
class Call:
    """One answered call."""

    number: int
    """Counts from 1 since the server started."""
    method: str
    """HTTP method, or SOAP for a call of the SOAP router."""
    path: str
    """Path without its query, or `schema#Method`."""
    route: str
    """The same with object ids replaced by their parameter's name, such as `GET /v1/traits/{trait}`."""
    status: int
    """HTTP status; 0 when the connection was dropped without one."""
    fault: str = ""
    """Kind of the injected fault that struck it."""


class CallLog:
    """Counts every call and keeps the last few thousand. Used from the event loop only, hence no lock."""

    def __init__(self) -> None:
        self._total = 0
        self._by_route: Counter[str] = Counter()
        self._by_status: Counter[int] = Counter()
        self._last: deque[Call] = deque(maxlen=KEPT_CALLS)

    def add(self, *, method: str, path: str, route: str, status: int, fault: str = "") -> None:
        """Record one answered call."""
        self._total += 1
        route = route[:MAX_NAME]
        known = route in self._by_route or len(self._by_route) < MAX_ROUTES
        self._by_route[route if known else OTHER_ROUTES] += 1
        self._by_status[status] += 1
        self._last.append(Call(self._total, method, path[:MAX_NAME], route, status, fault))

    def clear(self) -> None:
        """Forget everything, counters included."""
        self.__init__()  # type: ignore[misc]  # the fresh state is exactly the constructor's

    @property
    def total(self) -> int:
        """How many there were."""
        return self._total

    @property
    def by_route(self) -> Mapping[str, int]:
        """How many there were of each route."""
        return dict(sorted(self._by_route.items()))

    @property
    def by_status(self) -> Mapping[str, int]:
        """How many had each status; 0 stands for dropped connections."""
        return {str(status): count for status, count in sorted(self._by_status.items())}

    def last(self, number: int) -> list[Call]:
        """Give the latest calls, oldest first."""
        return list(self._last)[-number:] if number else []

    def report(self, last: int) -> dict[str, object]:
        """Give the counters and the `last` calls, oldest first."""
        return {
            "total": self.total,
            "byRoute": self.by_route,
            "byStatus": self.by_status,
            "calls": [asdict(call) for call in self.last(last)],
        }
