"""A mark every so often, so that both ends and the proxies between them see a live line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import trio

from agentd.events import WsKeepalive
from agentd.hookspecs import CallView


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Mark `hb:<n>`, n from 1, every `every_s`; by the clock, not one after the other, so that it does not drift."""

    every_s: float

    async def __call__(self, call: CallView) -> None:
        began = trio.current_time()
        for n in count(1):
            await trio.sleep_until(began + n * self.every_s)
            call.mark(f"hb:{n}")
            call.emit(WsKeepalive(mark=f"hb:{n}"))
