"""A made-up project of any size: about 25 lines a manifest, in the proportions of a real one.

Used by the benchmark; `python tests/bench/generate.py FOLDER COUNT` writes one to look at.
"""

from __future__ import annotations

import sys
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFESTS_PER_FILE = 50
TEAMS = ("web", "store", "loyalty", "care")
# Of any twenty manifests, how many are of which kind; one data source serves all of a project's hundred.
PATTERN = ("Trait",) * 8 + ("Audience",) * 6 + ("List",) * 3 + ("ImportBinding",) * 3

PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {{name: bench-{count}}}
spec:
  environments:
    bench:
      ims: {{endpoint: "{url}", clientId: sandbox, clientSecret: "${{env:AUDCTL_CLIENT_SECRET}}",
            orgId: sandbox@AdobeOrg, scopes: [openid, AdobeID]}}
      audienceManager: {{endpoint: "{url}/v1"}}
      campaign: {{endpoint: "{url}"}}
      ledger: {{store: file, path: .audctl/ledger.json}}
  defaultEnvironment: bench
"""

HEAD = """\
apiVersion: audctl.dev/v1
kind: {kind}
metadata:
  name: {name}
  labels:
    team: {team}
    wave: "{wave}"
    reviewed: "2026-0{month}"
  annotations:
    example.com/owner: {team}-audiences@example.com
    example.com/ticket: AUD-{number}
spec:
"""

BODIES = {
    "DataSource": """\
  label: Web visitors {number}
  description: >-
    Visitors of the shop's pages, known by their visitor ID until they
    sign in; one id space for each of the shop's regions.
  idType: visitorId
  audienceManager:
    integrationCode: {name}
    type: cookie
    inbound: true
    outbound: true
  campaign:
    name: {name}
    targetingDimension: nms:recipient
    destination: campaign-feed
  governance:
    dataClasses: [pseudonymous]
    legalBasis: consent
""",
    "Destination": """\
  type: serverToServer
  id: 4200
""",
    "Trait": """\
  label: Saw page group {number}
  description: >-
    Set when a visitor opens any page of the group, whichever way the
    visitor came; forgotten after the time below.
  type: ruleBased
  dataSource: {source}
  folder: /Bench/{team}
  # Two signals: the page group, and that it was shown at all.
  rule: 'c_group == "{number}" AND c_event == "view"'
  ttlDays: {days}
  lifecycle:
    protect: false
    allowReplace: false
""",
    "Audience": """\
  label: Visitors of page group {number}
  description: >-
    Saw the group lately and did not buy; for the weekly letter of the
    team that owns the page group.
  dataSource: {source}
  folder: /Bench/{team}
  # By trait name; the live system gets numeric ids.
  rule: frequency([{trait}] <= 7D) >= 1 AND NOT {other_trait}
  source: audienceManager
  purpose: target
  lifecycle:
    protect: false
    deletionPolicy: Pause
""",
    "List": """\
  label: Visitors of page group {number}
  description: >-
    Filled from the shared audience of the same page group; never
    filled by hand, so that its numbers can be trusted.
  name: {name}
  folder: /Profiles and Targets/Lists
  # Lists are cheap to make anew, so removing the manifest removes it.
  lifecycle:
    protect: false
    allowReplace: false
    deletionPolicy: Delete
""",
    "ImportBinding": """\
  # One audience feeds one list; the data source says how people match.
  audience: {audience}
  list: {list}
  dataSource: {source}
  # Audience Manager needs a day and a half to publish.
  freshness: 36h
  startDate: "2026-01-01"
  lifecycle:
    protect: false
    allowReplace: false
    deletionPolicy: Delete
""",
}


def manifests(number: int) -> Iterator[str]:
    """Give that many manifests, each referring only to others among them."""
    yield from islice(_endless(), number)


def _endless() -> Iterator[str]:
    yield _manifest("Destination", "campaign-feed", 0)
    numbers = {kind: count() for kind in BODIES}
    for place in count():
        if place % 400 == 0:
            source = next(numbers["DataSource"])
            yield _manifest("DataSource", f"web-{source}", source)
        kind = PATTERN[place % len(PATTERN)]
        number = next(numbers[kind])
        yield _manifest(
            kind, f"{kind.lower()}-{number}", number, source=f"web-{place // 400}", place=place
        )


def _manifest(kind: str, name: str, number: int, *, source: str = "", place: int = 0) -> str:
    # In each twenty there are 8 traits, 6 audiences and 3 lists before the bindings that use them.
    twenty = place // len(PATTERN)
    values = {
        "name": name,
        "number": number,
        "source": source,
        "team": TEAMS[number % len(TEAMS)],
        "days": 30 + number % 90,
        "trait": f"trait-{twenty * 8 + number % 8}",
        "other_trait": f"trait-{twenty * 8 + (number + 3) % 8}",
        "audience": f"audience-{number}",
        "list": f"list-{number}",
    }
    head = HEAD.format(
        kind=kind,
        name=name,
        team=values["team"],
        wave=number % 7,
        month=1 + number % 9,
        number=number,
    )
    return head + BODIES[kind].format(**values)


def write_project(folder: Path, number: int, url: str) -> None:
    """Write a project of ``number`` manifests whose live systems answer at ``url``."""
    folder.mkdir(parents=True)
    (folder / "audctl.yaml").write_text(PROJECT.format(count=number, url=url), encoding="utf-8")
    made = manifests(number)
    for file in count():
        batch = list(islice(made, MANIFESTS_PER_FILE))
        if not batch:
            return
        path = folder / f"manifests-{file:04}.yaml"
        path.write_text("---\n".join(batch), encoding="utf-8")


if __name__ == "__main__":
    write_project(Path(sys.argv[1]), int(sys.argv[2]), "http://127.0.0.1:8765")
