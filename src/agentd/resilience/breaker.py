"""A circuit breaker: an engine that keeps failing is left alone for a while, then tried by one call.

Pure: time is an argument, in seconds of any one clock. One breaker per engine, shared by all calls of the process.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from agentd.resilience.budgets import BREAKER_FAILURES, BREAKER_OPEN_S, BREAKER_WINDOW_S


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"  # one probe is out


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """`failures` within `window_s` open the circuit for `open_s`; then one probe decides."""

    failures: int = BREAKER_FAILURES
    window_s: float = BREAKER_WINDOW_S
    open_s: float = BREAKER_OPEN_S


class Breaker:
    """`allow` before each use; then exactly one of `succeeded`, `failed` or `dropped`."""

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self.rules = rules or BreakerRules()
        self.circuit = Circuit.CLOSED
        self._failed_at: deque[float] = deque(maxlen=self.rules.failures)
        self._rests_until = -math.inf

    def ready(self, now_s: float) -> bool:
        """Would `allow` say yes? Asking changes nothing."""
        return self.circuit is Circuit.CLOSED or now_s >= self._rests_until

    def allow(self, now_s: float) -> bool:
        """May the engine be tried now? The first to ask after the pause becomes the probe; a probe that has told
        nothing for `open_s` no longer stands in the way."""
        if not self.ready(now_s):
            return False
        if self.circuit is not Circuit.CLOSED:
            self.circuit, self._rests_until = Circuit.HALF_OPEN, now_s + self.rules.open_s
        return True

    def succeeded(self) -> None:
        """It worked: closed again, and the slate is clean only if it was a probe (failures age by themselves)."""
        if self.circuit is not Circuit.CLOSED:
            self.circuit = Circuit.CLOSED
            self._failed_at.clear()

    def failed(self, now_s: float) -> None:
        """It failed. A failed probe opens the circuit anew; the failures of calls that began before it opened
        prolong nothing."""
        if self.circuit is Circuit.HALF_OPEN:
            self._open(now_s)
        elif self.circuit is Circuit.CLOSED:
            self._failed_at.append(now_s)
            if len(self._failed_at) == self.rules.failures and now_s - self._failed_at[0] <= self.rules.window_s:
                self._open(now_s)

    def dropped(self) -> None:
        """The use was cancelled before it told anything: the next caller may be the probe at once."""
        if self.circuit is Circuit.HALF_OPEN:
            self._rests_until = -math.inf

    def _open(self, now_s: float) -> None:
        self.circuit, self._rests_until = Circuit.OPEN, now_s + self.rules.open_s
        self._failed_at.clear()
