"""One step against one live system: what a worker thread does, and all it does.

Every write looks first: before a create by key, before anything else by id and fingerprint. A call that may
have happened is read back and never simply repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import ProviderError
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.change import Step
    from audctl.model.live import LiveObject
    from audctl.ports import Provider, WriteValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A step made ready for a worker: every value is over live ids."""

    step: Step
    write: Mapping[str, WriteValue]
    owned: Mapping[str, WriteValue]
    key: tuple[str, ...] = ()
    """For a create."""
    ours: bool = False
    """An interrupted run was about to create this very key: what carries it now is claimed."""
    removing: bool = False
    """The first half of a Replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The step's effect stands."""

    live_id: str
    note: str = ""
    owned: bool = True
    """False: it exists, and it is not audctl's (a folder somebody made meanwhile)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The step's effect does not stand, or nobody can tell."""

    message: str
    may_have_happened: bool = False
    """The effect could not be read back."""
    begun: bool = False
    """A call was sent: an intent must outlive it."""


def do(task: Task, provider: Provider) -> Done | Failed:
    """Carry out one step; a ProviderError becomes a Failed."""
    change = task.step.change
    try:
        if task.removing or change is Change.DELETE:
            return _delete(task, provider)
        if change in {Change.CREATE, Change.REPLACE}:
            return _create(task, provider)
        return _update(task, provider)
    except ProviderError as error:
        return Failed(message=str(error), may_have_happened=error.may_have_happened)


def _create(task: Task, provider: Provider) -> Done | Failed:
    step = task.step
    found = provider.find(step.type, task.key)
    if found is not None:
        return _meet(task, provider, found)
    try:
        made = provider.create(step.type, task.write)
    except ProviderError as error:
        if not error.may_have_happened:
            return Failed(message=str(error))
        return _read_back_create(task, provider, error)
    return Done(live_id=made.id)


def _meet(task: Task, provider: Provider, found: LiveObject) -> Done | Failed:
    """Decide about an object that carries the key although the plan saw none."""
    step = task.step
    if task.ours:
        missing = {
            name: value
            for name, value in task.write.items()
            if _differs(found, name, value, secrets_too=True)
        }
        if missing:
            provider.update(found, missing)
        return Done(live_id=found.id, note="created by an interrupted run, and claimed")
    if OBJECT_TYPES[step.type].shared:
        return Done(live_id=found.id, note="appeared since the plan, and is used", owned=False)
    return Failed(message=f"{step.type} {found.id} with the same key appeared since the plan")


def _read_back_create(task: Task, provider: Provider, error: ProviderError) -> Done | Failed:
    try:
        found = provider.find(task.step.type, task.key)
    except ProviderError as second:
        return Failed(
            message=f"{error}; reading back failed too: {second}",
            may_have_happened=True,
            begun=True,
        )
    if found is None:
        return Failed(message=f"{error}; read back: it was not created", begun=True)
    return Done(live_id=found.id, note="the reply was lost; read back: it was created")


def _update(task: Task, provider: Provider) -> Done | Failed:
    step = task.step
    if step.change is Change.UPDATE and not task.write:
        return Done(live_id=step.live_id)
    standing = provider.get(step.type, step.live_id)
    if obstacle := _obstacle(step, standing):
        return Failed(message=obstacle)
    if standing is None or not task.write:
        return Done(live_id=step.live_id)
    try:
        provider.update(standing, task.write)
    except ProviderError as error:
        if not error.may_have_happened:
            return Failed(message=str(error))
        return _read_back_update(task, provider, error)
    return Done(live_id=step.live_id)


def _read_back_update(task: Task, provider: Provider, error: ProviderError) -> Done | Failed:
    step = task.step
    if any(isinstance(value, Secret) for value in task.write.values()):
        return Failed(message=f"{error}; a secret cannot be read back", may_have_happened=True)
    try:
        standing = provider.get(step.type, step.live_id)
    except ProviderError as second:
        return Failed(message=f"{error}; reading back failed too: {second}", may_have_happened=True)
    if standing is None:
        return Failed(message=f"{error}; read back: {step.type} {step.live_id} is gone")
    if any(_differs(standing, name, value) for name, value in task.write.items()):
        return Failed(message=f"{error}; read back: it was not written")
    return Done(live_id=step.live_id, note="the reply was lost; read back: it was written")


def _delete(task: Task, provider: Provider) -> Done | Failed:
    step = task.step
    standing = provider.get(step.type, step.live_id)
    if standing is None:
        return Done(live_id=step.live_id, note="was gone already")
    if obstacle := _obstacle(step, standing):
        return Failed(message=obstacle)
    try:
        provider.delete(standing)
    except ProviderError as error:
        if not error.may_have_happened:
            return Failed(message=str(error))
        return _read_back_delete(task, provider, error)
    return Done(live_id=step.live_id)


def _read_back_delete(task: Task, provider: Provider, error: ProviderError) -> Done | Failed:
    step = task.step
    try:
        standing = provider.get(step.type, step.live_id)
    except ProviderError as second:
        return Failed(message=f"{error}; reading back failed too: {second}", may_have_happened=True)
    if standing is not None:
        return Failed(message=f"{error}; read back: it was not deleted")
    return Done(live_id=step.live_id, note="the reply was lost; read back: it is gone")


def _obstacle(step: Step, standing: LiveObject | None) -> str:
    """Return why the object is not the one the plan saw; empty when it is."""
    if standing is None:
        return f"{step.type} {step.live_id} is gone since the plan"
    if not step.fingerprint or standing.fingerprint() == step.fingerprint:
        return ""
    who = f" by {standing.changed_by}" if standing.changed_by else ""
    when = f" on {standing.changed_at:%Y-%m-%d %H:%M} UTC" if standing.changed_at else ""
    return f"{step.type} {step.live_id} changed since the plan{who}{when}: plan again"


def _differs(
    standing: LiveObject, name: str, value: WriteValue, *, secrets_too: bool = False
) -> bool:
    kind = OBJECT_TYPES[standing.type].fields.get(name)
    if kind is None or kind.create_only or (kind.immutable and name not in standing.fields):
        return False
    if isinstance(value, Secret) or kind.form is Form.SECRET:
        return secrets_too
    return canonical(kind.form, standing.fields.get(name)) != canonical(kind.form, value)
