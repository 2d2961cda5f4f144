"""What the parts need from each other, as protocols: parts meet here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from audctl.model.change import Step
    from audctl.model.estimate import Estimates, Question
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.lock import LockRecord
    from audctl.model.outcome import Outcome
    from audctl.model.people import PeoplePage, PeopleTable
    from audctl.model.traffic import Traffic
    from audctl.model.value import LiveValue
    from audctl.redact import Secret

    WriteValue = LiveValue | Secret
    SpanValue = str | bool | int | float


class Clock(Protocol):
    """Time as a part, so that tests need no sleep."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; may be cut short by an interruption, which raises InterruptedRun."""
        ...


class Observer(Protocol):
    """Told what happens while it happens; must never raise and never block for long."""

    def reading(self, object_type: str, count: int) -> None:
        """Hear that ``count`` objects of a type have been read so far."""
        ...

    def begun(self, step: Step) -> None:
        """Hear that a step's write is about to start."""
        ...

    def progressed(self, step: Step, what: str) -> None:
        """Hear that a step that is under way has come half way, or still is under way."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """Hear how a step ended."""
        ...

    def saved(self, serial: int) -> None:
        """Hear that the ledger was saved, under this serial number."""
        ...

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Hear that a call failed and will be repeated after ``wait_s`` seconds."""
        ...

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Hear, once the live systems are let go of, what talking to them took, by system."""
        ...


class Span(Protocol):
    """One thing that takes time, for those who collect spans."""

    def note(self, attributes: Mapping[str, SpanValue]) -> None:
        """Say more about it. Never a secret, a value of a field, or a live system's own words."""
        ...

    def fail(self, why: str) -> None:
        """Mark it as failed; ``why`` is audctl's own word for it."""
        ...


class Tracer(Protocol):
    """Opens spans; where nobody collects any, there is no tracer."""

    def span(
        self, name: str, attributes: Mapping[str, SpanValue], *, calls: bool = False
    ) -> AbstractContextManager[Span]:
        """Open a span for the block, below the thread's own open one; ``calls``: of a call that goes out."""
        ...


class Provider(Protocol):
    """One live system. Every method may raise a ProviderError; none returns an absence it did not read."""

    system: str
    """``aam`` or ``campaign``: the prefix of the object types it holds."""

    def read(
        self, types: Collection[str], observer: Observer, *, within: Mapping[str, Collection[str]]
    ) -> LiveState:
        """Read all objects of these types in bulk; raise when any page fails.

        ``within`` narrows types that the API lists only one parent at a time: destination ids for
        ``aam.destination`` (details) and ``aam.mapping``. For ``aam.segment`` it names the merge rules that
        somebody asks about: lists may leave a segment's merge rule out. Other types ignore it.
        """
        ...

    def find(self, object_type: str, key: tuple[str, ...]) -> LiveObject | None:
        """Look one object up by its type's key fields, in the most certain way the API has.

        None means the system was asked and has no such object. PermissionDeniedError: it exists, not ours.
        """
        ...

    def get(self, object_type: str, live_id: str) -> LiveObject | None:
        """Read one object again by id; None when it is gone."""
        ...

    def refuses_second(self, object_type: str, fields: Mapping[str, WriteValue]) -> bool:
        """Whether ``create`` certainly raises ConflictError when an object with the key in ``fields`` is there."""
        ...

    def create(self, object_type: str, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Create and read back. Never repeats the call itself: see ``ProviderError.may_have_happened``."""
        ...

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write these fields, leave all others as they are, read back. None clears a field."""
        ...

    def delete(self, live: LiveObject) -> None:
        """Delete; an object already gone is no error."""
        ...


class PeopleCounter(Protocol):
    """Tells how many people objects hold, in bulk. May raise a ProviderError."""

    def count_people(self, object_type: str, live_ids: Collection[str]) -> Mapping[str, int]:
        """Return the number of people by live id; what the system says nothing of is left out, never nought.

        The number of calls grows with pages, never with ids.
        """
        ...


class PeopleReader(Protocol):
    """Reads people in pages of growing key: a reading that was cut goes on behind its last page."""

    def read_people(self, table: PeopleTable, *, after: int | None) -> Iterator[PeoplePage]:
        """Give the rows whose key is above ``after``, all of them or an error; holds one page at a time."""
        ...

    def count_rows(self, table: PeopleTable) -> int:
        """Return how many rows the table has now."""
        ...


class MemberWriter(Protocol):
    """Writes who is on a list, one batch a call. Any batch may be written again: nobody is on a list twice."""

    def add_members(self, list_id: str, recipients: Sequence[int]) -> None:
        """Put recipients on a list."""
        ...

    def remove_members(self, list_id: str, recipients: Sequence[int]) -> None:
        """Take recipients off a list."""
        ...


class Estimator(Protocol):
    """Foresees how many people segment rules would hold."""

    def estimate(self, questions: Sequence[Question]) -> Estimates:
        """Return what can be told; never raises for what cannot: that is left out, with a finding that says why."""
        ...


class Lease(Protocol):
    """A held lock."""

    token: str

    def renew(self) -> None:
        """Prolong it; raise LockError when it was lost, or when nobody answered and its time is nearly up."""
        ...

    def ensure(self) -> None:
        """Return while the lock is certainly held, at no cost as long as it is renewed in time; else raise LockError.

        The fence: called before each write, from any thread.
        """
        ...

    def name_plan(self, digest: str) -> None:
        """Let those who find the lock held see which plan is worked on."""
        ...

    def release(self) -> None:
        """Let go; only ever removes one's own lock."""
        ...


class LedgerStore(Protocol):
    """Where a project's ledger and its lock live."""

    def load(self) -> Ledger:
        """Return the ledger; a new, empty one (with a fresh salt) when there is none yet."""
        ...

    def save(self, ledger: Ledger, lease: Lease) -> None:
        """Write ``ledger`` whole or not at all; raise LedgerError when its serial does not follow the stored one."""
        ...

    def lock(
        self, *, holder: str, reason: str, duration: timedelta, host: str = "", plan: str = ""
    ) -> Lease:
        """Take the lock; raise LockError that says who holds it, why, with which plan, since when and until when.

        ``plan`` is a digest; empty when it is not known yet: see ``Lease.name_plan``.
        """
        ...

    def held(self) -> LockRecord | None:
        """Return who holds the lock, also when their time is up; None when nobody does."""
        ...

    def unlock(self, token: str) -> LockRecord | None:
        """Take the lock away from whoever holds it with this token, and return their claim; None: nobody did.

        Raise LockError that says who holds it when the token is another one. Who lost the lock this way notices
        before the next save, and with the next renewal: whoever unlocks has to know that nobody is at work.
        """
        ...

    def try_out(self) -> str:
        """Write beside the ledger what it takes to keep one, remove it again, and return what was done.

        Raise when that does not work; the ledger and its lock are not touched.
        """
        ...

    def owners(self) -> Mapping[tuple[str, str], str]:
        """Return who owns live objects by (type, id), as other ledgers within sight say; one's own is left out.

        Raise LedgerError when one of them cannot be read: what it owns is then unknown, not nobody's.
        """
        ...
