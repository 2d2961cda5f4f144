"""Made-up lives of a project: manifests change, runs are killed and struck, an editor edits, time passes.

However a life went, one quiet apply at its end brings what the manifests say, and nothing is there twice or lost.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.matrix.faults import OF_WRITES, WHEREVER, Fault
from tests.matrix.gate import ANY, Point
from tests.matrix.truth import TWICE
from tests.matrix.world import APPLY, LEASE_OVER_S, World
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from tests.matrix.processes import Ended
    from tests.matrix.world import Moment

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "2"))
STEPS = 12
NAMES = ("one", "two", "three")
KINDS = sorted({**WHEREVER, **OF_WRITES}.keys() - {"latency", "slow"})
PROJECT = """apiVersion: audctl.dev/v1
kind: Project
metadata: {{name: {name}}}
spec:
  environments:
    local:
      ims: {{endpoint: "{url}", clientId: sandbox, clientSecret: "${{env:AUDCTL_CLIENT_SECRET}}",
            orgId: sandbox@AdobeOrg, scopes: [openid]}}
      audienceManager: {{endpoint: "{url}/v1"}}
      campaign: {{endpoint: "{url}"}}
  guards: {{maxDeletes: 100%, maxPauses: 100%, maxReplaces: 100%, maxShrink: null, maxGrowth: null, toZero: allow,
           maxReach: null}}
"""
ANCHORS = """apiVersion: audctl.dev/v1
kind: Destination
metadata: {name: feed}
spec: {type: serverToServer, id: 4200}
---
apiVersion: audctl.dev/v1
kind: DataSource
metadata: {name: PREFIXweb}
spec: {label: Web, idType: visitorId, campaign: {targetingDimension: nms:recipient, destination: feed}}
---
apiVersion: audctl.dev/v1
kind: Trait
metadata: {name: PREFIXanchor}
spec: {label: Anchor, type: ruleBased, dataSource: PREFIXweb, folder: /Lives, rule: 'c_page == "anchor"'}
---
apiVersion: audctl.dev/v1
kind: List
metadata: {name: PREFIXanchor}
spec: {label: Anchor, folder: /Profiles and Targets/Lists/Lives}
---
apiVersion: audctl.dev/v1
kind: Audience
metadata: {name: PREFIXanchor}
spec: {label: Anchor, dataSource: PREFIXweb, folder: /Lives, rule: PREFIXanchor}
---
apiVersion: audctl.dev/v1
kind: ImportBinding
metadata: {name: PREFIXanchor}
spec: {audience: PREFIXanchor, list: PREFIXanchor, dataSource: PREFIXweb}
"""
"""What never goes: an empty answer for a type that audctl owns something of is not believed, and that is right."""


@dataclass
class Wishes:
    """What the manifests say beside the anchors."""

    traits: dict[str, str] = field(default_factory=dict)
    """Rules' values by name."""
    audiences: dict[str, str] = field(default_factory=dict)
    """The trait of each rule, by name."""
    lists: dict[str, str] = field(default_factory=dict)
    """Labels by name."""
    bound: set[str] = field(default_factory=set)
    """Names that have an audience, a list and a binding between them."""

    def settle(self) -> None:
        """Let nothing refer to what is not there."""
        for name, trait in self.audiences.items():
            if trait not in self.traits:
                self.audiences[name] = "anchor"
        self.bound &= self.audiences.keys() & self.lists.keys()

    def text(self) -> str:
        """Return the manifests."""
        parts = [ANCHORS.replace("PREFIX", "")]
        head = "apiVersion: audctl.dev/v1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n"
        for name, value in self.traits.items():
            spec = f"{{label: T, type: ruleBased, dataSource: web, folder: /Lives/Deep, rule: 'c_page == \"{value}\"'}}"
            parts.append(head.format("Trait", name, spec))
        for name, trait in self.audiences.items():
            spec = f"{{label: A, dataSource: web, folder: /Lives, rule: {trait}}}"
            parts.append(head.format("Audience", name, spec))
        for name, label in self.lists.items():
            spec = f"{{label: {label}, folder: /Profiles and Targets/Lists/Lives/{label}}}"
            parts.append(head.format("List", name, spec))
        for name in sorted(self.bound):
            spec = f"{{audience: {name}, list: {name}, dataSource: web}}"
            parts.append(head.format("ImportBinding", name, spec))
        return "---\n".join(parts)


class _Worlds:
    """One world for all lives of a test process, and how it stood before the first."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.moment: Moment | None = None
        self.folder = tempfile.TemporaryDirectory()

    def begin(self) -> World:
        if self.world is None:
            self.world = World(Path(self.folder.name))
            self.moment = self.world.moment()
        assert self.moment is not None
        self.world.go_back(self.moment)
        return self.world

    def end(self) -> None:
        if self.world is not None:
            self.world.__exit__(None, None, None)
        self.folder.cleanup()


WORLDS = _Worlds()


def teardown_module() -> None:
    WORLDS.end()


class Lives(RuleBasedStateMachine):
    """Rules are what may happen; each checks what must hold whatever happened before."""

    @initialize()
    def begin(self) -> None:
        self.world = WORLDS.begin()
        self.wishes = Wishes()
        self.held = False
        """A run may have left its lock behind."""
        self.other = self.world.folder.parent / "other"
        self.others = False
        for folder, name in ((self.world.folder, "lives"), (self.other, "other")):
            folder.mkdir(exist_ok=True)
            text = PROJECT.format(name=name, url=self.world.sandbox.url)
            (folder / "audctl.yaml").write_text(text, encoding="utf-8")
        other = ANCHORS.replace("PREFIX", "other-")
        (self.other / "all.yaml").write_text(other, encoding="utf-8")
        self.write()

    def write(self) -> None:
        self.wishes.settle()
        (self.world.folder / "all.yaml").write_text(self.wishes.text(), encoding="utf-8")

    # --- manifests --------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), value=st.sampled_from("xy"))
    def want_trait(self, name: str, value: str) -> None:
        self.wishes.traits[name] = value
        self.write()

    @rule(name=st.sampled_from(NAMES), trait=st.sampled_from(("anchor", *NAMES)))
    def want_audience(self, name: str, trait: str) -> None:
        self.wishes.audiences[name] = trait
        self.write()

    @rule(name=st.sampled_from(NAMES), label=st.sampled_from(("East", "West")))
    def want_list(self, name: str, label: str) -> None:
        self.wishes.lists[name] = label
        self.write()

    @rule(name=st.sampled_from(NAMES))
    def want_import(self, name: str) -> None:
        self.wishes.audiences.setdefault(name, "anchor")
        self.wishes.lists.setdefault(name, "East")
        self.wishes.bound.add(name)
        self.write()

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(("traits", "audiences", "lists")))
    def want_no_longer(self, name: str, what: str) -> None:
        getattr(self.wishes, what).pop(name, None)
        self.write()

    # --- runs -------------------------------------------------------------------------------------

    @rule()
    def apply(self) -> None:
        self.quiet()

    @rule(nth=st.integers(1, 120), after=st.booleans())
    def apply_and_die(self, nth: int, after: bool) -> None:
        ended = self.world.run_until(Point(ANY, nth), *APPLY, after=after)
        assert ended.killed or ended.code in self.fine(), told(ended)
        self.held = self.held or ended.killed

    @rule(nth=st.integers(1, 120), kind=st.sampled_from(KINDS), lasting=st.booleans())
    def apply_under_a_fault(self, nth: int, kind: str, lasting: bool) -> None:
        fault = Fault(Point(ANY, nth), kind, lasting)
        ended = self.world.run(*APPLY, strike=fault.strike())
        assert not ended.hung, told(ended)
        assert ended.code in {0, 1, 5, 6}, told(ended)
        self.held = True

    @rule()
    def others_apply(self) -> None:
        ended = self.world.beside(self.other, *APPLY)
        assert ended.code == 0, told(ended)
        self.others = True

    def quiet(self) -> None:
        ended = self.world.run(*APPLY)
        assert ended.code in self.fine(), told(ended)
        self.held = self.held and ended.code == 6

    def fine(self) -> set[int]:
        return {0, 6} if self.held else {0}

    # --- what else happens ------------------------------------------------------------------------

    @rule(label=st.sampled_from(("Hers", "His")))
    def somebody_edits_an_audience(self, label: str) -> None:
        with self.world.marketer() as client:
            for each in client.get("/v1/segments").json():
                if each["name"] in {"A", "Hers", "His"}:
                    client.put(f"/v1/segments/{each['sid']}", json={**each, "name": label})

    @rule(name=st.sampled_from(NAMES))
    def somebody_deletes_a_list(self, name: str) -> None:
        with SoapClient(self.world.sandbox.url) as client:
            client.delete("nms:group", f"@name = '{name}'")

    @rule(hours=st.sampled_from((0.5, 13, 37)))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours * 3600)
        self.held = False

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if hasattr(self, "world"):
            twice = [each for each in self.world.picture().live if TWICE.search(each)]
            assert not twice, twice

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.wait(LEASE_OVER_S)
        self.held = False
        self.quiet()
        rows = self.world.picture().rows
        due = {
            ("aam.trait", "label", "anchor in web"): "Anchor",
            **{("aam.trait", "traitRule", f"{n} in web"): f'c_page == "{v}"' for n, v in self.wishes.traits.items()},
            **{
                ("aam.segment", "segmentRule", f"{n} in web"): f"{t} in webT"
                for n, t in self.wishes.audiences.items()
            },
            **{("campaign.list", "label", n): v for n, v in self.wishes.lists.items()},
        }  # fmt: skip
        for (kind, name_of, name), value in due.items():
            found = [row for (of, _), row in rows.items() if of == kind and row.name == name]
            assert len(found) == 1, (kind, name, found)
            if name_of != "label" or kind != "aam.trait":
                assert found[0].fields[name_of] == value, (kind, name, found[0].fields)
        lists = {row.name for (kind, _), row in rows.items() if kind == "campaign.list"}
        assert lists & set(NAMES) == self.wishes.lists.keys(), lists
        mapped = {row.name for (kind, _), row in rows.items() if kind == "aam.mapping"}
        bound = {each for each in NAMES if any(f" {each} in web " in one for one in mapped)}
        assert bound == self.wishes.bound, mapped
        if self.others:
            assert "other-anchor" in lists
        after = self.world.run("plan", "--detailed-exitcode")
        assert after.code == 0, told(after)


def told(ended: Ended) -> str:
    return f"{ended.code}: {ended.stdout[-2500:]}\n{ended.stderr[-1500:]}"


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=EXAMPLES <= 10,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
