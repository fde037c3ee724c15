"""A caller who says nothing is asked whether they are there, twice by default, and then let go (SPEC 4.5).

The times count from the caller's last activity: our own prompts do not start them anew, an answer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import trio

from agentd.core.call_state import State
from agentd.hookspecs import CallView

LOOK_S = 0.1  # while a prompt of ours is on the line; shorter than any turn of the caller's
SLACK_S = 0.3  # activity this soon after our prompt is still its end
AGAIN_S = 1.0  # when somebody was speaking just then
PROMPTS = 2  # a playbook has "silent-1" and "silent-2"; further prompts repeat the second


@dataclass(frozen=True, slots=True)
class SilentCaller:
    """Prompts after each of `prompt_s` seconds of silence, goodbye after `goodbye_s`; then it is done."""

    prompt_s: Sequence[float]
    goodbye_s: float

    async def __call__(self, call: CallView) -> None:
        spells = 0
        asked = 0
        ours_until = 0.0
        since = 0.0
        while True:
            last = call.age_s() - call.quiet_s()
            if asked == 0 or last > ours_until + SLACK_S:
                asked, since = 0, last
            due = since + (self.prompt_s[asked] if asked < len(self.prompt_s) else self.goodbye_s)
            if call.age_s() < due:
                await trio.sleep(due - call.age_s())
            elif call.quiet_s() <= 0 or call.state is not State.LISTENING:
                await trio.sleep(AGAIN_S)
            elif asked == len(self.prompt_s):
                call.end("silence", call.playbook.phrase("goodbye", spells))
                return
            else:
                asked += 1
                spells += asked == 1
                said = call.say(call.playbook.phrase(f"silent-{min(asked, PROMPTS)}", spells - 1))
                ours_until = await _spoken(call) if said else call.age_s()


async def _spoken(call: CallView) -> float:
    """Wait until our prompt is over, or interrupted; the call's age then."""
    await trio.sleep(LOOK_S)
    while call.state is not State.LISTENING:  # noqa: ASYNC110 - nothing tells a guard
        await trio.sleep(LOOK_S)
    return call.age_s()
