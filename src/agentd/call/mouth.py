"""The one task that sends speech: asks the playout core what is due, and waits until the next thing is.

While speech is under way something is due every 60 ms, and a task that is woken so often by a deadline is dear: a
deadline is an exception. But the caller's frames come every 20 ms and wake the call anyway, so with each of them
`tick` sends what is due; the task's own deadline is `LATE_S` later and passes only when no frames come.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isinf
from typing import Final

import trio

from agentd.core.playout import Due, Playout
from agentd.media import MediaStream

LATE_S: Final = 0.06  # three frames of the caller are missing; no later than half of what is still to be played then


class Mouth:
    """Runs in a shield of its own, so that a call that is cancelled can finish its last words; bounded by the call."""

    def __init__(self, media: MediaStream, playout: Playout, report: Callable[[Due], None]) -> None:
        self._media, self._playout, self._report = media, playout, report
        self._late_s = min(LATE_S, playout.low_s / 2)
        self._wake = trio.Event()
        self._wake_at = inf  # when something is due; inf too while the task is not waiting for it
        self._patience = trio.CancelScope()
        self._closing = False
        self.tx = 0  # media messages
        self.sent_at = trio.current_time()

    def poke(self) -> None:
        """Something changed: look again."""
        self._wake.set()

    def tick(self) -> None:
        """A frame of the caller has come."""
        if self._wake_at <= trio.current_time():
            self._wake_at = self.send_due()
            self._patience.deadline = self._deadline(self._wake_at)

    def close(self) -> None:
        """Say what is due and no more, then end."""
        self._closing = True
        self._wake.set()

    def send_due(self) -> float:
        """Everything that is due goes out, now; returns when to ask again. Synchronous: a decision may call it."""
        due = self._playout.due(trio.current_time())
        if due.messages:
            self._media.put(*due.messages, speech=True)
            self.tx += len(due.messages) - len(due.marks)
            self.sent_at = trio.current_time()
        self._report(due)
        return due.wake_at

    async def run(self) -> None:
        while True:
            self._wake = trio.Event()
            wake_at = self.send_due()
            await self._media.flush()
            if self._closing:
                return
            if isinf(wake_at):
                await self._wake.wait()
                continue
            with trio.CancelScope(deadline=self._deadline(wake_at)) as self._patience:
                self._wake_at = wake_at
                await self._wake.wait()
            self._wake_at = inf

    def _deadline(self, wake_at: float) -> float:
        """What is due now (the rest of the lead, after the very first frame) waits for no frame of the caller."""
        return wake_at + self._late_s if wake_at > trio.current_time() else wake_at
