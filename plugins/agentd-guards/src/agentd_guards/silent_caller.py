"""A caller who says nothing is asked whether they are there, twice by default, and then let go (SPEC 4.5).

The times count from the caller's last activity: our own prompts do not start them anew, an answer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

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

    def clock(self) -> _Patience:
        return _Patience(tuple(self.prompt_s), self.goodbye_s)


class _Patience:
    def __init__(self, prompt_s: tuple[float, ...], goodbye_s: float) -> None:
        self._prompt_s, self._goodbye_s = prompt_s, goodbye_s
        self._spells = 0  # of silence, so that the words vary
        self._asked = 0  # prompts in this spell
        self._since = 0.0  # the call's age when it began
        self._ours_until = 0.0  # the call's age when our last prompt was over
        self._prompting = False

    def look(self, call: CallView) -> float:
        if self._prompting:
            if call.state is not State.LISTENING:
                return LOOK_S
            self._prompting, self._ours_until = False, call.age_s()
        last = call.age_s() - call.quiet_s()
        if self._asked == 0 or last > self._ours_until + SLACK_S:
            self._asked, self._since = 0, last
        done = self._asked == len(self._prompt_s)
        due_s = self._since + (self._goodbye_s if done else self._prompt_s[self._asked])
        if call.age_s() < due_s:
            return due_s - call.age_s()
        if call.quiet_s() <= 0 or call.state is not State.LISTENING:
            return AGAIN_S
        if done:
            call.end("silence", call.playbook.phrase("goodbye", self._spells))
            return inf
        self._asked += 1
        self._spells += self._asked == 1
        text = call.playbook.phrase(f"silent-{min(self._asked, PROMPTS)}", self._spells - 1)
        self._prompting = call.say(text)
        self._ours_until = call.age_s()
        return LOOK_S
