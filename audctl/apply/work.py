"""One step against one live system: what a worker thread does, and all it does.

Every write looks first: before a create by key, unless the live system itself refuses a second object with that key,
before anything else by id and fingerprint. A call that may
have happened is read back and never simply repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.errors import ConflictError, InterruptedRun, LockError, ProviderError
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.redact import Secret
from audctl.stopping import seen_through

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.change import Step
    from audctl.model.live import LiveObject
    from audctl.ports import Provider, WriteValue

    Trouble = ProviderError | InterruptedRun | LockError

TROUBLE = (ProviderError, InterruptedRun, LockError)
"""What a call may raise: a stop that was asked for ends a call that waits for its next try, and a fence keeps a write
from beginning once the lock is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A step made ready for a worker: every value is over live ids."""

    step: Step
    write: Mapping[str, WriteValue]
    owned: Mapping[str, WriteValue]
    key: tuple[str, ...] = ()
    """For a create; for a delete the one it was recorded under."""
    ours: bool = False
    """An interrupted run was about to create this very key: what carries it now is claimed."""
    removing: bool = False
    """The first half of a Replace."""
    fingerprint: str = ""
    """What the object has to look like before the write; empty: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The step's effect stands."""

    live_id: str
    note: str = ""
    owned: bool = True
    """False: it exists, and it is not audctl's (a folder somebody made meanwhile)."""
    fingerprint: str = ""
    """Of an updated object as it stands now; empty where nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The step's effect does not stand, or nobody can tell."""

    message: str
    may_have_happened: bool = False
    """The effect could not be read back."""
    begun: bool = False
    """A write was perhaps sent: an intent must outlive it, and the step was tried."""
    interrupted: bool = False
    """A stop that was asked for is why."""
    lock_lost: bool = False
    """The lock may be somebody else's by now: nothing was sent."""


def do(task: Task, provider: Provider, fence: Callable[[], None]) -> Done | Failed:
    """Carry out one step; a ProviderError or InterruptedRun becomes a Failed.

    ``fence`` is asked right before each write, when all looking is over: it raises LockError once the lock is lost.
    """
    change = task.step.change
    fenced = _Fenced(provider, fence)
    try:
        if task.removing or change is Change.DELETE:
            return _delete(task, fenced)
        if change in {Change.CREATE, Change.REPLACE}:
            return _create(task, fenced)
        return _update(task, fenced)
    except TROUBLE as error:
        return _failed("", error)


def _failed(
    finding: str,
    error: Trouble,
    *later: Trouble,
    may_have_happened: bool = False,
    begun: bool = False,
) -> Failed:
    """Return the failure that ``error`` is, with what looking again gave."""
    if isinstance(error, LockError):
        return Failed(message=f"not sent: {error}", begun=begun, lock_lost=True)
    return Failed(
        message=f"{error}; {finding}" if finding else str(error),
        may_have_happened=may_have_happened,
        begun=begun,
        interrupted=any(isinstance(each, InterruptedRun) for each in (error, *later)),
    )


def _blind(error: Trouble, second: Trouble) -> Failed:
    """Return the failure of a write whose effect cannot be read back either."""
    finding = f"reading back failed too: {second}"
    return _failed(finding, error, second, may_have_happened=True, begun=True)


def _is_certain(error: Trouble) -> bool:
    """Whether the write certainly did not happen."""
    return isinstance(error, LockError) or not error.may_have_happened


class _Fenced:
    """A provider that writes only as long as the fence lets it."""

    def __init__(self, provider: Provider, fence: Callable[[], None]) -> None:
        self._provider = provider
        self._fence = fence
        self.find = provider.find
        self.get = provider.get
        self.refuses_second = provider.refuses_second

    def create(self, object_type: str, fields: Mapping[str, WriteValue]) -> LiveObject:
        self._fence()
        return self._provider.create(object_type, fields)

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        self._fence()
        return self._provider.update(live, fields)

    def delete(self, live: LiveObject) -> None:
        self._fence()
        self._provider.delete(live)


# --- create ---------------------------------------------------------------------------------------


def _create(task: Task, provider: _Fenced) -> Done | Failed:
    step = task.step
    # What an interrupted run may have made is looked for in any case: a refusal would say nothing of whose it is.
    looks_first = task.ours or not provider.refuses_second(step.type, task.write)
    if looks_first and (found := provider.find(step.type, task.key)) is not None:
        return _meet(task, provider, found)
    try:
        made = provider.create(step.type, task.write)
    except TROUBLE as error:
        if not _is_certain(error):
            return _look_for(task, provider, error)
        refused = isinstance(error, ConflictError) and not looks_first
        if refused and (found := provider.find(step.type, task.key)) is not None:
            return _meet(task, provider, found)
        return _failed("", error)
    return Done(live_id=made.id)


def _meet(task: Task, provider: _Fenced, found: LiveObject) -> Done | Failed:
    """Decide about an object that carries the key although the plan saw none."""
    step = task.step
    if task.ours:
        ended = _put(provider, found, {name: task.write[name] for name in _unlike(found, task)})
        if isinstance(ended, Done):
            return replace(ended, note="created by an interrupted run, and claimed")
        return ended
    if OBJECT_TYPES[step.type].shared:
        return Done(live_id=found.id, note="appeared since the plan, and is used", owned=False)
    return Failed(message=f"{step.type} {found.id} with the same key appeared since the plan")


def _look_for(task: Task, provider: _Fenced, error: Trouble) -> Done | Failed:
    """Read a create back: it counts only when what stands is what was asked for.

    What is there and wrong, or cannot be seen whole, is claimed and put right by the next run: its intent stays.
    """
    try:
        with seen_through():
            found = provider.find(task.step.type, task.key)
    except TROUBLE as second:
        return _blind(error, second)
    if found is None:
        return _failed("read back: it was not created", error, begun=True)
    unlike = _unlike(found, task)
    if not unlike:
        return Done(live_id=found.id, note="the reply was lost; read back: it was created")
    hidden = all(_is_hidden(found, name, task.write[name]) for name in unlike)
    verb = "is" if len(unlike) == 1 else "are"
    wrong = "cannot be read back" if hidden else f"{verb} not as asked for"
    finding = f"read back: it was created, but {', '.join(unlike)} {wrong}"
    return _failed(finding, error, may_have_happened=hidden, begun=True)


# --- update ---------------------------------------------------------------------------------------


def _update(task: Task, provider: _Fenced) -> Done | Failed:
    step = task.step
    if not task.write:
        # Recorded only: as it was read, it is what the manifest says. Adopting a whole account costs no call each.
        return Done(live_id=step.live_id)
    standing = provider.get(step.type, step.live_id)
    if standing is None or (obstacle := _obstacle(task, standing)):
        return Failed(message=obstacle if standing is not None else _gone(step))
    return _put(provider, standing, task.write)


def _put(provider: _Fenced, standing: LiveObject, write: Mapping[str, WriteValue]) -> Done | Failed:
    if not write:
        return Done(live_id=standing.id)
    try:
        written = provider.update(standing, write)
    except TROUBLE as error:
        if _is_certain(error):
            return _failed("", error)
        return _look_at(provider, standing, write, error)
    return Done(live_id=standing.id, fingerprint=written.fingerprint())


def _look_at(
    provider: _Fenced, before: LiveObject, write: Mapping[str, WriteValue], error: Trouble
) -> Done | Failed:
    try:
        with seen_through():
            standing = provider.get(before.type, before.id)
    except TROUBLE as second:
        return _blind(error, second)
    if standing is None:
        return _failed(f"read back: {before.type} {before.id} is gone", error, begun=True)
    unlike = [name for name, value in write.items() if _differs(standing, name, value)]
    beside = _changed_beside(standing, before, write)
    if not unlike and not beside:
        return Done(
            live_id=standing.id,
            note="the reply was lost; read back: it was written",
            fingerprint=standing.fingerprint(),
        )
    if any(_is_hidden(standing, name, write[name]) for name in unlike):
        return _failed("a secret cannot be read back", error, may_have_happened=True, begun=True)
    finding = "it was written" if not unlike else "it was not written"
    if unlike and any(_differs(standing, name, before.fields.get(name)) for name in write):
        verb = "is" if len(unlike) == 1 else "are"
        finding = f"it was written in part: {', '.join(sorted(unlike))} {verb} not as asked for"
    if beside:
        finding = f"{finding}, but {beside} no longer as before"
    return _failed(f"read back: {finding}", error, begun=True)


def _changed_beside(
    standing: LiveObject, before: LiveObject, write: Mapping[str, WriteValue]
) -> str:
    """Return what else has changed, with its verb: a workflow, for one, is stopped, written and started again."""
    changed = sorted(
        name
        for name, value in before.fields.items()
        if name not in write and name in standing.fields and _differs(standing, name, value)
    )
    return f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'}" if changed else ""


# --- delete ---------------------------------------------------------------------------------------


def _delete(task: Task, provider: _Fenced) -> Done | Failed:
    step = task.step
    standing = provider.get(step.type, step.live_id)
    if standing is None:
        # The plan has seen it: one answer that it is not there is not enough to forget it.
        found = provider.find(step.type, task.key) if task.key else None
        if found is not None and found.id == step.live_id:
            return Failed(
                message=f"{step.type} {step.live_id} is not found by its id, but by its key"
            )
        return Done(live_id=step.live_id, note="was gone already")
    if obstacle := _obstacle(task, standing):
        return Failed(message=obstacle)
    try:
        provider.delete(standing)
    except TROUBLE as error:
        return _failed("", error) if _is_certain(error) else _look_after(step, provider, error)
    return Done(live_id=step.live_id)


def _look_after(step: Step, provider: _Fenced, error: Trouble) -> Done | Failed:
    try:
        with seen_through():
            standing = provider.get(step.type, step.live_id)
    except TROUBLE as second:
        return _blind(error, second)
    if standing is not None:
        return _failed("read back: it was not deleted", error, begun=True)
    return Done(live_id=step.live_id, note="the reply was lost; read back: it is gone")


# --- what stands ----------------------------------------------------------------------------------


def _gone(step: Step) -> str:
    return f"{step.type} {step.live_id} is gone since the plan"


def _obstacle(task: Task, standing: LiveObject) -> str:
    """Return why the object is not the one the plan saw; empty when it is."""
    step = task.step
    if not task.fingerprint or standing.fingerprint() == task.fingerprint:
        return ""
    who = f" by {standing.changed_by}" if standing.changed_by else ""
    when = f" on {standing.changed_at:%Y-%m-%d %H:%M} UTC" if standing.changed_at else ""
    return f"{step.type} {step.live_id} changed since the plan{who}{when}: plan again"


def _unlike(standing: LiveObject, task: Task) -> list[str]:
    """Return the fields that are not, or cannot be seen to be, as the task writes them, sorted."""
    return sorted(name for name, value in task.write.items() if _differs(standing, name, value))


def _differs(standing: LiveObject, name: str, value: WriteValue) -> bool:
    kind = OBJECT_TYPES[standing.type].fields.get(name)
    if kind is None or kind.create_only or (kind.immutable and name not in standing.fields):
        return False
    stands = standing.fields.get(name)
    if isinstance(value, Secret) or kind.form is Form.SECRET:
        return stands != value
    return canonical(kind.form, stands) != canonical(kind.form, value)


def _is_hidden(standing: LiveObject, name: str, value: WriteValue) -> bool:
    """Whether the value is a secret that the live system does not give back."""
    return isinstance(value, Secret) and not isinstance(standing.fields.get(name), Secret)
