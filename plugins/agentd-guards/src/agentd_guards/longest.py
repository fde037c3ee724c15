"""No call goes on for ever: a warning a minute before, then goodbye (SPEC 5)."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from agentd.hookspecs import CallView

WARNING_S = 60.0  # before the end
AGAIN_S = 1.0  # somebody is speaking: the warning waits for a gap


@dataclass(frozen=True, slots=True)
class LongestCall:
    """Ends the call `after_s` from its start. A limit too short for a warning has none."""

    after_s: float

    async def __call__(self, call: CallView) -> None:
        warning = call.playbook.phrase("time-warning")
        if warning and self.after_s > WARNING_S:
            await trio.sleep(max(0.0, self.after_s - WARNING_S - call.age_s()))
            while call.age_s() < self.after_s - AGAIN_S and not call.say(warning):  # noqa: ASYNC110 - nothing tells
                await trio.sleep(AGAIN_S)
        await trio.sleep(max(0.0, self.after_s - call.age_s()))
        call.end("max-length", call.playbook.phrase("goodbye"))
