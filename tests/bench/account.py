"""A full account, or any fraction of it: what Audience Manager's documented limits allow, with Campaign beside it.

At fraction 1: nearly 100,000 traits, those counted that Audience Manager keeps by itself beside folders and data
sources; 20,000 segments; 1,000 destinations, which exist beforehand, as audctl only looks at them; 10,000 lists; 10,000
bindings, one in ten an export.

Everything comes in topics of the same shape, 1,000 of them, so that a fraction is some of the topics and sizes can be
compared: 10 topics are an area, 50 a team with its data sources and its server-to-server destination. Nothing is
random. `python -m tests.bench.account FOLDER FRACTION URL` writes one to look at.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

TOPICS = 1_000
"""Of a full account."""
TOPICS_IN_AREA = 10
TOPICS_IN_TEAM = 50
TRAITS = 97
"""In a topic; three more are its export's, its folder's and, in part, those of the folders above and the sources."""
ONBOARDED_EVERY = 10
AUDIENCES = 20
LISTS = 10
"""All but the last are filled by an import; the last one is exported."""
FIRST_DESTINATION_ID = 100_001
CHANGED_EVERY = 100
"""In a second edition, one manifest in so many differs."""

AREAS = (
    "shoes",
    "garden",
    "kitchen",
    "travel",
    "games",
    "books",
    "bikes",
    "music",
    "tools",
    "toys",
)
TEAMS = ("web", "store", "loyalty", "care", "media")
EVENTS = ("view", "search", "cart_add", "purchase", "review", "share", "return", "subscribe")

PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {{name: full-account}}
spec:
  environments:
    bench:
      ims: {{endpoint: "{url}", clientId: sandbox, clientSecret: "${{env:AUDCTL_CLIENT_SECRET}}",
            orgId: sandbox@AdobeOrg, scopes: [openid, AdobeID]}}
      audienceManager: {{endpoint: "{url}/v1"}}
      campaign: {{endpoint: "{url}"}}
      ledger: {ledger}
  defaultEnvironment: bench
  # A sandbox without people can foresee nobody's number, and a refused plan has nothing to measure.
  guards: {{maxShrink: null, maxGrowth: null, maxReach: null, toZero: allow}}
"""

LEDGERS = {"file": "{store: file, path: .audctl/ledger.json}", "campaign": "{store: campaign}"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the equal parts an account is made of."""

    number: int

    @property
    def name(self) -> str:
        """Part of the names of all that is in it."""
        return f"{self.area}-{self.number:03}"

    @property
    def area(self) -> str:
        """Name of ten topics."""
        return f"{AREAS[self.number // TOPICS_IN_AREA % len(AREAS)]}-{self.number // TOPICS_IN_AREA:02}"

    @property
    def team(self) -> str:
        """Name of fifty topics."""
        number = self.number // TOPICS_IN_TEAM
        return f"{TEAMS[number % len(TEAMS)]}-{number:02}"

    @property
    def folder(self) -> str:
        """Path of its folder, in Audience Manager."""
        return f"/{self.team}/{self.area}/{self.name}"

    @property
    def opens_team(self) -> bool:
        """Whether the team's data sources and its feed stand beside this topic."""
        return self.number % TOPICS_IN_TEAM == 0


def topics(fraction: float) -> list[Topic]:
    """Return the topics of an account of this size, at least one."""
    return [Topic(number) for number in range(max(1, round(TOPICS * fraction)))]


# --- manifests ------------------------------------------------------------------------------------


def write_account(
    folder: Path, fraction: float, url: str, *, edition: int = 1, ledger: str = "file"
) -> int:
    """Write the manifests, in one folder an area, and return how many; edition 2 differs in one of a hundred."""
    folder.mkdir(parents=True, exist_ok=True)
    project = PROJECT.format(url=url, ledger=LEDGERS[ledger])
    (folder / "audctl.yaml").write_text(project, encoding="utf-8")
    written = 0
    for topic in topics(fraction):
        place = folder / topic.team / topic.area
        place.mkdir(parents=True, exist_ok=True)
        for name, documents in files(topic, edition).items():
            written += len(documents)
            (place / f"{topic.name}-{name}.yaml").write_text(
                "---\n".join(documents), encoding="utf-8"
            )
    return written


def files(topic: Topic, edition: int) -> dict[str, list[str]]:
    """Return the topic's manifests by file name, in an order in which each refers to earlier ones."""
    sources = [_web_source(topic), _crm_source(topic)] if topic.opens_team else []
    return {
        "sources": [*sources, _destination(topic)],
        "traits": [_trait(topic, each, edition) for each in range(TRAITS)],
        "audiences": [_audience(topic, each, edition) for each in range(AUDIENCES)],
        "lists": [_list(topic, each, edition) for each in range(LISTS)],
        "bindings": [
            *(_import(topic, each) for each in range(LISTS - 1)),
            _export(topic, edition),
        ],
    }


def _head(kind: str, name: str, topic: Topic, number: int) -> str:
    return f"""\
apiVersion: audctl.dev/v1
kind: {kind}
metadata:
  name: {name}
  labels: {{team: {topic.team}, area: {topic.area}, wave: "{number % 7}", reviewed: "2026-0{1 + number % 9}"}}
  annotations:
    example.com/owner: {topic.team}-audiences@example.com
    example.com/ticket: AUD-{topic.number * 1000 + number}
spec:
"""


def _is_changed(topic: Topic, number: int, edition: int) -> bool:
    return edition > 1 and (topic.number * 137 + number) % CHANGED_EVERY == 0


def _description(words: str, *, changed: bool) -> str:
    return f"""\
  description: >-
    {words}
    {"Looked at again, and kept." if changed else "Part of the catalogue of audiences."}
"""


def _web_source(topic: Topic) -> str:
    name = f"web-{topic.team}"
    return f"""{_head("DataSource", name, topic, 0)}\
  label: Visitors known to {topic.team}
  idType: visitorId
  audienceManager: {{integrationCode: {name}, type: cookie, inbound: true, outbound: true}}
  campaign: {{name: {name}, targetingDimension: nms:recipient, destination: feed-{topic.name}}}
  governance: {{dataClasses: [pseudonymous], legalBasis: consent}}
"""


def _crm_source(topic: Topic) -> str:
    name = f"crm-{topic.team}"
    return f"""{_head("DataSource", name, topic, 0)}\
  label: Customers of {topic.team}
  idType: declaredId
  audienceManager: {{integrationCode: {name}, type: crossDevice, inbound: true, outbound: true}}
  campaign: {{name: {name}, targetingDimension: nms:recipient, reconciliationKey: "@account", hashAlgorithm: none,
             destination: feed-{topic.name}}}
  governance: {{dataClasses: [pseudonymous], legalBasis: contract}}
"""


def _destination(topic: Topic) -> str:
    kind = "serverToServer" if topic.opens_team else "url"
    return f"""{_head("Destination", f"feed-{topic.name}", topic, 0)}\
  label: Feed of {topic.name}
  type: {kind}
  id: {FIRST_DESTINATION_ID + topic.number}
"""


def _trait(topic: Topic, number: int, edition: int) -> str:
    name = f"{topic.name}-t{number:02}"
    changed = _is_changed(topic, number, edition)
    head = _head("Trait", name, topic, number)
    about = _description(
        f"Signal {number} of {topic.name}, whichever way a visitor came.", changed=changed
    )
    if number % ONBOARDED_EVERY == ONBOARDED_EVERY - 1:
        return f"""{head}\
  label: Told by the customer file of {topic.name}, {number}
{about}\
  type: onboarded
  dataSource: crm-{topic.team}
  folder: {topic.folder}
  ttlDays: {30 + number}
"""
    event = EVENTS[number % len(EVENTS)]
    return f"""{head}\
  label: {event.replace("_", " ").capitalize()} in {topic.name}, {number}
{about}\
  type: ruleBased
  dataSource: web-{topic.team}
  folder: {topic.folder}
  rule: '{_trait_rule(topic, number, event, 2 if changed and number % 2 else 1)}'
  ttlDays: {30 + number}
  lifecycle: {{protect: false, allowReplace: false}}
"""


def _trait_rule(topic: Topic, number: int, event: str, least: int) -> str:
    rules = (
        f'c_event == "{event}" AND c_topic == "{topic.name}-{number}"',
        f'c_event == "{event}" AND (c_topic == "{topic.name}-{number}" OR c_topic contains "{topic.area}")',
        f'c_price >= {20 * least + number} AND c_topic == "{topic.name}-{number}" AND NOT c_event == "return"',
        f'h_referer contains "{topic.team}.example.com" AND c_visits >= {least} AND c_page == "/{topic.name}/{number}"',
    )
    return rules[number % len(rules)]


def _audience(topic: Topic, number: int, edition: int) -> str:
    name = f"{topic.name}-a{number:02}"
    changed = _is_changed(topic, number, edition)
    head = _head("Audience", name, topic, number)
    about = _description(
        f"Audience {number} of {topic.name}, for the letters of its team.", changed=changed
    )
    if number == AUDIENCES - 1:
        # What the topic's export fills.
        return f"""{head}\
  label: Customers of {topic.name}
{about}\
  dataSource: crm-{topic.team}
  folder: {topic.folder}
  source: campaign
"""
    return f"""{head}\
  label: {topic.name} audience {number}
{about}\
  dataSource: web-{topic.team}
  folder: {topic.folder}
  # By trait name; the live system gets numeric ids.
  rule: {_audience_rule(topic, number, 14 if changed else 7)}
  source: audienceManager
  purpose: {"suppress" if number % 9 == 8 else "target"}
  lifecycle: {{protect: false, deletionPolicy: Pause}}
"""


def _audience_rule(topic: Topic, number: int, days: int) -> str:
    def trait(place: int) -> str:
        # Only traits with a rule can be counted, so the onboarded ones are stepped over.
        place = (number * 5 + place) % TRAITS
        return f"{topic.name}-t{place - (place % ONBOARDED_EVERY == ONBOARDED_EVERY - 1):02}"

    several = " OR ".join(dict.fromkeys(trait(each) for each in range(12)))
    rules = (
        f"{trait(0)} AND NOT {trait(1)}",
        f"frequency([{trait(0)}] <= {days}D) >= 1 AND NOT {trait(1)}",
        f"({trait(0)} OR {trait(1)}) AND frequency([{trait(2)} OR {trait(3)}] <= {days * 2}D) >= 3",
        f"({several}) AND NOT frequency([{trait(13)}] <= {days}D) >= 2",
    )
    return rules[number % len(rules)]


def _list(topic: Topic, number: int, edition: int) -> str:
    name = f"{topic.name}-l{number}"
    changed = _is_changed(topic, number, edition)
    about = _description(
        "Never filled by hand, so that its numbers can be trusted.", changed=changed
    )
    return f"""{_head("List", name, topic, number)}\
  label: List {number} of {topic.name}
{about}\
  name: {name}
  folder: /Profiles and Targets/Lists/{topic.team}/{topic.area}
  lifecycle: {{protect: false, deletionPolicy: Delete}}
"""


def _import(topic: Topic, number: int) -> str:
    return f"""{_head("ImportBinding", f"{topic.name}-i{number}", topic, number)}\
  audience: {topic.name}-a{number:02}
  list: {topic.name}-l{number}
  dataSource: web-{topic.team}
  # Audience Manager needs a day and a half to publish.
  freshness: 36h
  startDate: "2026-01-01"
  lifecycle: {{protect: false, deletionPolicy: Delete}}
"""


def _export(topic: Topic, edition: int) -> str:
    hour = 3 if not _is_changed(topic, 0, edition) else 4
    return f"""{_head("ExportBinding", f"{topic.name}-e", topic, 0)}\
  label: Customers of {topic.name} to the Experience Cloud
  source: {{list: {topic.name}-l{LISTS - 1}}}
  audience: {topic.name}-a{AUDIENCES - 1:02}
  dataSource: crm-{topic.team}
  schedule: {{daily: "{hour:02}:00"}}
  complement: true
  complementLabel: Unknown online, of {topic.name}
  folder: /Profiles and Targets/Jobs
  trait: {{folder: {topic.folder}, ttlDays: 120}}
"""


if __name__ == "__main__":
    print(write_account(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
