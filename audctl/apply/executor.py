"""Carry out a plan: independent branches side by side, one thread that decides and records.

::

    intents saved ─→ ready steps ─→ workers call ─→ outcome ─→ ledger, observer, newly ready steps
                          ↑                                                  │
                          └──────────────────────────────────────────────────┘
"""

from __future__ import annotations

import heapq
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from audctl.apply.acts import Act, Phase, acts_of
from audctl.apply.endings import blocked_by, half_done, half_renamed
from audctl.apply.late import LateIds
from audctl.apply.record import Recorder
from audctl.apply.work import Done, Failed, Task, do
from audctl.errors import FindingsError, InterruptedRun, LedgerError, LockError, ProviderError
from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.outcome import ApplyReport, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.plan import Plan
    from audctl.ports import Clock, Lease, LedgerStore, Observer, Provider, Tracer, WriteValue

RENEW_AFTER_S = 30.0
"""Seconds between two renewals of the lease; far below any duration one would take it for."""

INTERRUPTED = "the run was interrupted"


def run(  # noqa: PLR0913 - everything a run needs, by keyword
    plan: Plan,
    *,
    providers: Mapping[str, Provider],
    store: LedgerStore,
    lease: Lease,
    ledger: Ledger,
    clock: Clock,
    observer: Observer,
    run_id: str,
    parallelism: int = 8,
    stop_requested: Callable[[], bool] = lambda: False,
    on_lost: Callable[[], None] = lambda: None,
    tracer: Tracer | None = None,
) -> ApplyReport:
    """Carry out every step of ``plan`` and return what became of each.

    ``providers`` are by system. ``stop_requested`` is asked before each step: once it says so, calls in
    flight end and nothing new begins. ``on_lost`` is called once the lock is lost, and has to cut calls short that wait
    to be repeated: a repeated write is a write. The ledger is saved before the first write, from time to time, and at
    the end however the run ends. Raises FindingsError for a plan with errors, before anything is written, and
    LedgerError, LockError or ProviderError when the intents cannot be saved. A fault of audctl itself stops the run and
    is part of the report: what was done has to be told.
    """
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    if errors:
        raise FindingsError(errors)
    coordinator = _Coordinator(
        plan,
        providers,
        Recorder(ledger, store, lease, clock),
        lease,
        clock,
        observer,
        on_lost,
        tracer,
    )
    coordinator.prepare(run_id)
    try:
        coordinator.work(max(1, parallelism), stop_requested)
    finally:
        coordinator.close()
    return coordinator.report(run_id)


class _Coordinator:
    """The one thread that owns graph, ledger and observer."""

    def __init__(  # noqa: PLR0913, PLR0917 - built in one place
        self,
        plan: Plan,
        providers: Mapping[str, Provider],
        recorder: Recorder,
        lease: Lease,
        clock: Clock,
        observer: Observer,
        on_lost: Callable[[], None],
        tracer: Tracer | None,
    ) -> None:
        self.plan = plan
        self.providers = providers
        self.recorder = recorder
        self.lease = lease
        self.clock = clock
        self.observer = observer
        self.on_lost = on_lost
        self.tracer = tracer
        self.steps = {
            each.address: each
            for each in plan.steps
            if each.change not in {Change.KEEP, Change.MANUAL}
        }
        self.place = {address: number for number, address in enumerate(self.steps)}
        # Before anything is written: entries that exchange their addresses do so at once or not at all.
        recorder.move(
            {
                each.renamed_from: each.address
                for each in plan.steps
                if each.renamed_from is not None
            }
        )
        self.ids = LateIds(plan, recorder.ledger)
        self.earlier = dict(recorder.ledger.intents)
        self.acts = acts_of(self.steps, recorder.ledger)
        self.graph = TopologicalSorter(self.acts)
        self.removed: set[Address] = set()
        """Objects between the two halves of their Replace."""
        self.parked: dict[Address, str] = {}
        """Objects that have an interim key now, and their fingerprints."""
        self.broken: set[Act] = set()
        """Acts that failed."""
        self.outcomes: dict[Address, Outcome] = {}
        self.owned: dict[Address, Mapping[str, WriteValue]] = {}
        self.ready: list[tuple[int, Act]] = []
        self.halted = ""
        self.interrupted = False
        self.lock_lost = False
        self.fault: Exception | None = None
        self.unheard: set[Act] = set()
        """Acts that were begun and whose end is not recorded yet."""
        self.flying: dict[Future[Done | Failed], Act] = {}
        self.told_at: dict[Act, float] = {}
        """When it was last told of an act in flight."""
        self.renewed_at = clock.monotonic()

    def prepare(self, run_id: str) -> None:
        """Record what needs no call, write down overrides and what is about to be created, and save all of it."""
        if self.steps:
            self.recorder.note_override(run_id, self.plan.options.allowed)
        self.recorder.announce_departures(
            {step.address for step in self.steps.values() if step.change is Change.DELETE}
        )
        for step in self.plan.steps:
            if step.change is Change.KEEP and step.removed_at is not None:
                self.recorder.bury(step)
            elif step.change is Change.KEEP and step.owned:
                self.recorder.record(step, Done(live_id=step.live_id), self.ids.resolve(step.owned))
            elif step.change in {Change.CREATE, Change.REPLACE}:
                self.recorder.intend(step, self.ids.key(step), run_id)
        if self.steps:
            self.lease.ensure()
        self._write_down()

    # --- the loop ---------------------------------------------------------------------------------

    def work(self, parallelism: int, stop_requested: Callable[[], bool]) -> None:
        """Run acts until none is left, or none may begin any more."""
        self.graph.prepare()
        self._gather()
        pool = ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="audctl-apply")
        try:
            going_on = True
            while going_on:
                try:
                    going_on = self._take_turn(pool, parallelism, stop_requested)
                except Exception as fault:  # noqa: BLE001 - what is in flight still lands, and all of it is told
                    self._break_down(fault)
        finally:
            pool.shutdown(wait=not self.flying, cancel_futures=True)

    def _take_turn(
        self, pool: ThreadPoolExecutor, parallelism: int, stop_requested: Callable[[], bool]
    ) -> bool:
        """Begin what may begin, wait for what is in flight, record it; False: nothing is left."""
        while self.ready and len(self.flying) < parallelism and self._may_begin(stop_requested):
            self._begin(heapq.heappop(self.ready)[1], pool)
        if not self.flying:
            return False
        landed, _ = wait(self.flying, timeout=RENEW_AFTER_S, return_when=FIRST_COMPLETED)
        for future in sorted(landed, key=lambda each: self.flying[each]):
            self._land(self.flying.pop(future), future)
        self._tell_who_flies()
        self._renew()
        self._save_if_due()
        return True

    def _tell_who_flies(self) -> None:
        now = self.clock.monotonic()
        for act in self.flying.values():
            if now - self.told_at[act] >= RENEW_AFTER_S:
                self.told_at[act] = now
                self.observer.progressed(self.steps[act.address], "its calls are not over yet")

    def _break_down(self, fault: Exception) -> None:
        self.fault = self.fault or fault
        self.halted = self.halted or f"audctl itself failed: {type(fault).__name__}"

    def _may_begin(self, stop_requested: Callable[[], bool]) -> bool:
        if self.halted:
            return False
        if stop_requested():
            self._interrupt()
            return False
        self._renew()
        return not self.halted

    def _lose(self, why: str) -> None:
        if not self.lock_lost:
            self.lock_lost = True
            self.halted = f"the lock is lost: {why}"
            self.on_lost()

    def _interrupt(self) -> None:
        self.interrupted = True
        self.halted = self.halted or INTERRUPTED

    def _renew(self) -> None:
        if self.clock.monotonic() - self.renewed_at < RENEW_AFTER_S:
            return
        try:
            self.lease.renew()
        except (LockError, ProviderError) as error:
            self._lose(str(error))
        except InterruptedRun:
            self._interrupt()
        self.renewed_at = self.clock.monotonic()

    def _save_if_due(self) -> None:
        if not self.recorder.due or self.halted:
            return
        self._save()

    def _write_down(self) -> None:
        if self.recorder.save():
            self.observer.saved(self.recorder.ledger.serial)

    def _save(self) -> None:
        try:
            self._write_down()
        except LockError as error:
            self._lose(str(error))
        except (LedgerError, ProviderError) as error:
            self.halted = f"the ledger cannot be saved: {error}"
        except InterruptedRun:
            # Tried once more at the end.
            self._interrupt()

    def _begin(self, act: Act, pool: ThreadPoolExecutor) -> None:
        step = self.steps[act.address]
        if step.change is Change.FORGET:
            self.observer.begun(step)
            self._done(act, step, Done(live_id=step.live_id))
            return
        if act.phase is Phase.CLEAR or not step.clears_first:
            self.observer.begun(step)
        task = self._task(step, act.phase)
        provider = self.providers[OBJECT_TYPES[step.type].system]
        self.unheard.add(act)
        self.told_at[act] = self.clock.monotonic()
        self.flying[pool.submit(self._work, task, provider)] = act

    def _work(self, task: Task, provider: Provider) -> Done | Failed:
        """Do one task, on a worker's thread."""
        if self.tracer is None:
            return do(task, provider, self.lease.ensure)
        step = task.step
        about = {
            "audctl.address": str(step.address),
            "audctl.object_type": step.type,
            "audctl.change": step.change.value,
        }
        with self.tracer.span(f"{step.change.value} {step.type}", about) as span:
            result = do(task, provider, self.lease.ensure)
            if isinstance(result, Failed):
                span.note({"audctl.may_have_happened": result.may_have_happened})
                span.fail("the step failed")
            else:
                span.note({"audctl.live_id": result.live_id})
            return result

    def _task(self, step: Step, phase: Phase) -> Task:
        if phase is Phase.CLEAR:
            removing = step.change is Change.REPLACE
            return Task(
                step=step,
                write={} if removing else step.interim,
                owned={},
                key=self._recorded_key(step) if removing else (),
                removing=removing,
                fingerprint=step.fingerprint,
            )
        owned = self.ids.resolve(step.owned)
        self.owned[step.address] = owned
        key: tuple[str, ...] = ()
        ours = False
        if step.change in {Change.CREATE, Change.REPLACE}:
            key = self.ids.key(step)
            intent = self.earlier.get(step.address)
            ours = intent is not None and self.ids.fill(intent.key) == key
        elif step.change is Change.DELETE:
            key = self._recorded_key(step)
        return Task(
            step=step,
            write=self.ids.resolve(step.write),
            owned=owned,
            key=key,
            ours=ours,
            fingerprint=self.parked.get(step.address, step.fingerprint),
        )

    def _recorded_key(self, step: Step) -> tuple[str, ...]:
        """Return the key that an owned object was last written under; empty where not all of it is known."""
        entry = self.recorder.ledger.entries.get(step.address)
        fields = entry.fields if entry is not None else {}
        key = tuple(str(fields.get(name) or "") for name in OBJECT_TYPES[step.type].key)
        return key if all(key) else ()

    # --- outcomes ---------------------------------------------------------------------------------

    def _land(self, act: Act, future: Future[Done | Failed]) -> None:
        step = self.steps[act.address]
        fault = future.exception()
        if fault is not None:
            if not isinstance(fault, Exception):
                raise fault
            # Not a live system's doing: what is in flight still lands, nothing more begins.
            self._break_down(fault)
            failure = Failed(
                message=f"audctl itself failed: {type(fault).__name__}",
                may_have_happened=True,
                begun=True,
            )
            self._failed(act, step, failure)
            return
        result = future.result()
        if isinstance(result, Failed):
            self._failed(act, step, result)
        else:
            self._done(act, step, result)

    def _done(self, act: Act, step: Step, done: Done) -> None:
        if act.phase is Phase.CLEAR and step.interim:
            self.parked[step.address] = done.fingerprint
            self.observer.progressed(step, "it has its interim key")
        elif act.phase is Phase.CLEAR:
            self.removed.add(step.address)
            self.recorder.removed(step)
            self.observer.progressed(step, "the old object is deleted")
        else:
            self.removed.discard(step.address)
            self.parked.pop(step.address, None)
            self.ids.learn(step.address, done.live_id)
            self.recorder.record(step, done, self.owned.pop(step.address, {}))
            self._end(
                Outcome(step=step, result=Result.DONE, live_id=done.live_id, message=done.note)
            )
        self.unheard.discard(act)
        self.graph.done(act)
        self._gather()

    def _failed(self, act: Act, step: Step, failed: Failed) -> None:
        self.broken.add(act)
        if failed.lock_lost:
            self._lose(failed.message)
        elif failed.interrupted and not self.lock_lost:
            self._interrupt()
        unsettled = failed.may_have_happened if step.change is Change.DELETE else failed.begun
        if not unsettled:
            self._settle(step)
        # What was stopped before anything was written is no failure.
        stopped = failed.interrupted or failed.lock_lost
        untouched = stopped and not (failed.begun or failed.may_have_happened)
        self._end(
            self._cut_short(step, failed.message, may_have_happened=failed.may_have_happened)
            or Outcome(
                step=step,
                result=Result.NOT_TRIED if untouched else Result.FAILED,
                live_id=step.live_id,
                message=failed.message,
                may_have_happened=failed.may_have_happened,
            )
        )
        self.unheard.discard(act)

    def _cut_short(
        self,
        step: Step,
        message: str,
        *,
        may_have_happened: bool = False,
        blocked_by: Address | None = None,
    ) -> Outcome | None:
        """Return the end of a step whose first act is done and whose second is not; None for any other."""
        if step.address in self.removed:
            ending = half_done
        elif step.address in self.parked:
            ending = half_renamed
        else:
            return None
        return ending(step, message, may_have_happened=may_have_happened, blocked_by=blocked_by)

    def _settle(self, step: Step) -> None:
        """Let go of this run's intent. An earlier run's may have led to an object: it waits to be recorded."""
        if step.change is Change.DELETE:
            self.recorder.stays(step.address)
            return
        if step.address not in self.earlier:
            self.recorder.settle(step.address)

    def _end(self, outcome: Outcome) -> None:
        self.outcomes[outcome.step.address] = outcome
        self.observer.ended(outcome)

    def _gather(self) -> None:
        for act in self.graph.get_ready():
            heapq.heappush(self.ready, (self.place[act.address] * 2 + act.phase, act))

    # --- the end ----------------------------------------------------------------------------------

    def close(self) -> None:
        """Name what was not tried, and save what is pending, unless the lock is somebody else's now."""
        blocked = blocked_by(self.acts, self.broken)
        unheard = {each.address for each in self.unheard}
        for step in self.plan.steps:
            if step.change is Change.KEEP or step.address in self.outcomes:
                continue
            if step.change is Change.MANUAL:
                because, message = None, f"only a person can do it: {step.instructions}"
            elif (because := blocked.get(step.address)) is not None:
                message = "what it depends on failed"
            else:
                message = self.halted or "the run ended before its turn"
            # Whoever began and was not heard of again has perhaps written: its intent stays.
            lost = step.address in unheard
            if step.address not in self.owned and not lost:
                self._settle(step)
            self._end(
                self._cut_short(step, message, may_have_happened=lost, blocked_by=because)
                or Outcome(
                    step=step,
                    result=Result.FAILED if lost else Result.NOT_TRIED,
                    live_id=step.live_id,
                    message=message,
                    may_have_happened=lost,
                    blocked_by=because,
                )
            )
        if not self.lock_lost:
            self._save()
        if self.halted == INTERRUPTED and self.recorder.pending:
            self.halted = f"{INTERRUPTED} before the ledger was saved"

    def report(self, run_id: str) -> ApplyReport:
        """Return all outcomes in plan order."""
        return ApplyReport(
            run=run_id,
            outcomes=tuple(
                self.outcomes[each.address]
                for each in self.plan.steps
                if each.address in self.outcomes
            ),
            interrupted=self.interrupted,
            lock_lost=self.lock_lost,
            halted=self.halted,
            fault=self.fault,
        )
