"""How the live systems of one environment are talked to: their limits, and what everybody shares who talks to one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.manifest.environment import CallSettings

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from audctl.manifest.environment import Environment
    from audctl.model.traffic import Traffic
    from audctl.ports import Clock, Tracer
    from audctl.providers.budget import Budget
    from audctl.providers.transport import TransportSettings


class Talk:
    """Settings of the transports of one connection; those to the same system have the same budget."""

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        stop: threading.Event | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._clock = clock
        self._stop = stop
        self._most = environment.parallelism
        self._budgets: dict[str, Budget] = {}
        aam, campaign = environment.audience_manager, environment.campaign
        self.sign_in = self._settings("ims", CallSettings())
        self.audience_manager = self._settings("aam", aam.calls if aam else CallSettings())
        self.campaign = self._settings("campaign", campaign.calls if campaign else CallSettings())

    def ledger(self, *, outlives_stop: bool) -> TransportSettings:
        """Return the settings of Campaign for the ledger's own client."""
        return replace(self.campaign, stop_requested=_never) if outlives_stop else self.campaign

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what talking took so far, by system; sign-in is ``ims``."""
        return {name: each.traffic(self._clock) for name, each in self._budgets.items()}

    def _settings(self, system: str, calls: CallSettings) -> TransportSettings:
        # Here, not above: with them comes the HTTP library, which is slow to import.
        from audctl.providers.budget import Budget  # noqa: PLC0415
        from audctl.providers.retry import Patience  # noqa: PLC0415
        from audctl.providers.transport import TransportSettings  # noqa: PLC0415

        budget = Budget(calls.at_once or self._most, total_s=calls.total_retry_seconds)
        self._budgets[system] = budget
        return TransportSettings(
            connect_timeout_s=calls.connect_seconds,
            read_timeout_s=calls.answer_seconds,
            call_limit_s=calls.call_seconds,
            patience=Patience(total_s=calls.retry_seconds),
            budget=budget,
            tracer=self._tracer,
            stop_requested=_never if self._stop is None else self._stop.is_set,
        )


def _never() -> bool:
    return False
