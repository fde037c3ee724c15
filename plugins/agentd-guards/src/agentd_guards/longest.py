"""No call goes on for ever: a warning a minute before, then goodbye (SPEC 5)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from agentd.hookspecs import CallView

WARNING_S = 60.0  # before the end
AGAIN_S = 1.0  # somebody is speaking: the warning waits for a gap


@dataclass(frozen=True, slots=True)
class LongestCall:
    """Ends the call `after_s` from its start. A limit too short for a warning has none."""

    after_s: float

    def clock(self) -> _Limit:
        return _Limit(self.after_s)


class _Limit:
    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._warned = after_s <= WARNING_S

    def look(self, call: CallView) -> float:
        age_s = call.age_s()
        if age_s >= self._after_s:
            call.end("max-length", call.playbook.phrase("goodbye"))
            return inf
        warn_at_s = self._after_s - WARNING_S
        if not self._warned and age_s >= warn_at_s:
            warning = call.playbook.phrase("time-warning")
            self._warned = not warning or call.say(warning)
        if self._warned:
            return self._after_s - age_s
        return warn_at_s - age_s if age_s < warn_at_s else min(AGAIN_S, self._after_s - age_s)
