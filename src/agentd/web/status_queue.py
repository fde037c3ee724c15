"""Status callbacks: taken at once, applied in order. Twilio's order is not guaranteed, so numbers decide (SPEC 1.3)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import trio

from agentd.web.admission import FINAL_STATUSES

# 100 calls that all end at once leave a few hundred; more than this is a flood, and Twilio retries a 503.
QUEUE_LIMIT: Final = 1000
_REMEMBERED_CALLS: Final = 5000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Status:
    """One callback. `what`: "call" or "stream". `order` grows within one call and kind: the SequenceNumber, or for
    streams the timestamp."""

    what: str
    call_sid: str
    order: tuple[int, str]
    status: str
    detail: str = ""

    @property
    def final(self) -> bool:
        return self.what == "call" and self.status in FINAL_STATUSES


class StatusBook:
    """Which status is news. Pure. A number seen before, or overtaken, is not; a final status always wins, once."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()
        self._final: OrderedDict[str, None] = OrderedDict()

    def is_news(self, status: Status) -> bool:
        key = (status.what, status.call_sid)
        if status.what == "call":
            if status.call_sid in self._final:
                return False
            if status.final:
                self._keep(self._final, status.call_sid, None)
                return True
        last = self._last.get(key)
        if last is not None and status.order <= last:
            return False
        self._keep(self._last, key, status.order)
        return True

    @staticmethod
    def _keep(book: OrderedDict[K, V], key: K, value: V) -> None:
        book[key] = value
        book.move_to_end(key)
        if len(book) > _REMEMBERED_CALLS:
            book.popitem(last=False)


class StatusQueue:
    """A bounded queue in front of `apply`, which gets only news, in order, and must not block."""

    def __init__(self, apply: Callable[[Status], None], limit: int = QUEUE_LIMIT) -> None:
        self._apply = apply
        self._book = StatusBook()
        self._send, self._receive = trio.open_memory_channel[Status](limit)

    def offer(self, status: Status) -> bool:
        """Take it; False when the queue is full."""
        try:
            self._send.send_nowait(status)
        except trio.WouldBlock:
            return False
        return True

    async def run(self) -> None:
        """Apply what comes, sorting whatever has gathered. Cancel: what is queued is dropped; Twilio was told 204."""
        async for first in self._receive:
            gathered = [first]
            while True:
                try:
                    gathered.append(self._receive.receive_nowait())
                except trio.WouldBlock:
                    break
            for status in sorted(gathered, key=lambda s: s.order):
                if self._book.is_news(status):
                    self._apply(status)
