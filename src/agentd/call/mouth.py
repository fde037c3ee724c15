"""The one task that sends speech: asks the playout core what is due, and waits until the next thing is."""

from __future__ import annotations

from collections.abc import Callable
from math import isinf

import trio

from agentd.core.playout import Due, Playout
from agentd.media import MediaStream


class Mouth:
    """Runs in a shield of its own, so that a call that is cancelled can finish its last words; bounded by the call."""

    def __init__(self, media: MediaStream, playout: Playout, report: Callable[[Due], None]) -> None:
        self._media, self._playout, self._report = media, playout, report
        self._wake = trio.Event()
        self._closing = False
        self.tx = 0  # media messages
        self.sent_at = trio.current_time()

    def poke(self) -> None:
        """Something changed: look again."""
        self._wake.set()

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
            else:
                with trio.move_on_at(wake_at):
                    await self._wake.wait()
