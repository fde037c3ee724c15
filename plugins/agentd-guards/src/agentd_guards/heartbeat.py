"""A mark every so often, so that both ends and the proxies between them see a live line."""

from __future__ import annotations

from dataclasses import dataclass

from agentd.events import WsKeepalive
from agentd.hookspecs import CallView


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Mark `hb:<n>`, n from 1, every `every_s` of the call's age, so that it does not drift."""

    every_s: float

    def clock(self) -> _Beats:
        return _Beats(self.every_s)


class _Beats:
    def __init__(self, every_s: float) -> None:
        self._every_s, self._n = every_s, 0

    def look(self, call: CallView) -> float:
        while call.age_s() >= (self._n + 1) * self._every_s:
            self._n += 1
            call.mark(f"hb:{self._n}")
            call.emit(WsKeepalive(mark=f"hb:{self._n}"))
        return (self._n + 1) * self._every_s - call.age_s()
