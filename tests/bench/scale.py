"""One table: what an account costs at several sizes, and whether an object costs the same in a large one.

Each size goes through what a project meets: validate, first apply, a plan with nothing to do, one manifest in a hundred
changed, drift with and without somebody's changes, and taking over a tenant that is as the manifests say. Whole
processes, one run each, one after the other. What each further manifest takes is reckoned from one size to the next, so
that starting up does not hide it; the last column has it against the size before: near 1 is linear, and of small sizes
it says little. Nothing is asserted; `make bench-scale F="0.01 0.1 1"` sets the sizes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.bench.account import LEDGERS, write_account
from tests.bench.measure import Sample, cpu_seconds, machine, sample
from tests.bench.serving import AUDCTL, ENVIRON, sandbox
from tests.bench.tenant import fill_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEFAULT_FRACTIONS = (0.01, 0.03, 0.1)
EDITED_EVERY = 100
COLUMNS = (
    "what", "size", "manifests", "time", "own CPU", "server's CPU", "calls", "peak memory",
    "each further manifest: own CPU", "server's CPU", "calls", "memory", "own CPU, to the size before",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took at one size."""

    what: str
    fraction: float
    manifests: int
    sample: Sample
    server_seconds: float
    calls: int

    def row(self, before: Sequence[Cost]) -> tuple[str, ...]:
        """Return the cells under ``COLUMNS``; ``before`` has the same command at smaller sizes."""
        cells = (
            self.what,
            f"{self.fraction:.1%}",
            f"{self.manifests:,}",
            f"{self.sample.seconds:.1f} s",
            f"{self.sample.cpu_seconds:.1f} s",
            f"{self.server_seconds:.1f} s",
            f"{self.calls:,}",
            f"{self.sample.peak_mib:,.0f} MiB",
        )
        if not before:
            return (*cells, *("",) * (len(COLUMNS) - len(cells)))
        smaller = before[-1]
        further = self.manifests - smaller.manifests
        own = _own_ms(smaller, self)
        return (
            *cells,
            f"{own:.3f} ms",
            f"{(self.server_seconds - smaller.server_seconds) / further * 1000:.3f} ms",
            f"{(self.calls - smaller.calls) / further:.3f}",
            f"{(self.sample.peak_mib - smaller.sample.peak_mib) * 1024 / further:.1f} KiB",
            f"{own / _own_ms(before[-2], smaller):.2f}" if len(before) > 1 else "",
        )


def _own_ms(smaller: Cost, larger: Cost) -> float:
    """Return the processor time that each manifest beyond the smaller size takes, in milliseconds."""
    further = larger.manifests - smaller.manifests
    return (larger.sample.cpu_seconds - smaller.sample.cpu_seconds) / further * 1000


class Account:
    """One account under measurement: manifests, and the sandbox that they are applied to."""

    def __init__(self, folder: Path, fraction: float, ledger: str, url: str, server: int) -> None:
        self._folder = folder
        self._fraction = fraction
        self._ledger = ledger
        self._url = url
        self._server = server
        self.manifests = self.write(1)

    def write(self, edition: int) -> int:
        """Write the manifests of an edition over those that are there."""
        return write_account(
            self._folder, self._fraction, self._url, edition=edition, ledger=self._ledger
        )

    def cost(self, what: str, *command: str, expected: int = 0) -> Cost:
        """Run one command and return what it cost both sides."""
        calls, served = self._calls(), cpu_seconds(self._server)
        taken = sample([*AUDCTL, *command, "--project", self._folder], ENVIRON, expected=expected)
        return Cost(
            what,
            self._fraction,
            self.manifests,
            taken,
            cpu_seconds(self._server) - served,
            self._calls() - calls,
        )

    def edit_behind_its_back(self) -> None:
        """Change one trait in a hundred, signed in as somebody else."""
        with httpx.Client(base_url=self._url, timeout=600, trust_env=False) as client:
            token = client.post(
                "/ims/token/v3",
                data={
                    "grant_type": "client_credentials",
                    "client_id": "marketer",
                    "client_secret": "marketer",
                    "scope": "openid",
                },
            ).json()["access_token"]
            client.headers.update(
                {
                    "Authorization": f"Bearer {token}",
                    "x-api-key": "marketer",
                    "x-gw-ims-org-id": "sandbox@AdobeOrg",
                    "AAM-Disable-Escaping-HTML": "true",
                }
            )
            traits: list[dict[str, Any]] = client.get(
                "/v1/traits/", params={"includeDetails": "true"}
            ).json()
            own = [each for each in traits if each["integrationCode"]]
            for each in own[::EDITED_EVERY]:
                changed = {**each, "ttl": each["ttl"] + 1}
                client.put(f"/v1/traits/{each['sid']}", json=changed).raise_for_status()

    def _calls(self) -> int:
        found = httpx.get(f"{self._url}/_sandbox/status", trust_env=False).json()
        return int(found["calls"]["total"])


def measure_size(folder: Path, fraction: float, ledger: str) -> Iterator[Cost]:
    """Give each command's cost at one size, as soon as it is known."""
    fill_tenant(folder / "green", fraction)
    with sandbox(folder / "green") as (url, server):
        account = Account(folder / "project", fraction, ledger, url, server)
        yield account.cost("validate", "validate")
        yield account.cost("first apply, with its second read", "apply", "--auto-approve")
        yield account.cost("plan, nothing to do", "plan")
        account.write(2)
        yield account.cost("plan, 1 % changed", "plan")
        yield account.cost("apply, 1 % changed", "apply", "--auto-approve")
        yield account.cost("drift, none", "drift")
        account.edit_behind_its_back()
        yield account.cost("drift, 1 % of traits", "drift", expected=2)
    fill_tenant(folder / "brown", fraction, full=True)
    with sandbox(folder / "brown") as (url, server):
        account = Account(folder / "adopting", fraction, ledger, url, server)
        adopt = ("apply", "--adopt", "--auto-approve")
        yield account.cost("adopting all there is, with its second read", *adopt)


def main(fractions: list[float], ledger: str) -> None:
    """Measure and print; rows appear as soon as they are known."""
    print(f"Machine: {machine()}")
    print(f"Ledger: {ledger}. One run each, whole processes.\n")
    _print(COLUMNS)
    _print(("---",) * len(COLUMNS))
    known: dict[str, list[Cost]] = {}
    for fraction in sorted(fractions):
        folder = Path(tempfile.mkdtemp(prefix="audctl-bench-"))
        try:
            for cost in measure_size(folder, fraction, ledger):
                before = known.setdefault(cost.what, [])
                _print(cost.row(before))
                before.append(cost)
        finally:
            shutil.rmtree(folder)


def _print(row: tuple[str, ...]) -> None:
    print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fractions", nargs="*", type=float, default=DEFAULT_FRACTIONS)
    parser.add_argument("--ledger", choices=LEDGERS, default="file")
    given = parser.parse_args(sys.argv[1:])
    main(list(given.fractions), given.ledger)
