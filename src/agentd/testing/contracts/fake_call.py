"""A call as a guard sees it, without a call: everything is computed from the (virtual) time, nothing runs."""

from __future__ import annotations

import trio

from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.playbook import Playbook
from agentd.events import Event, Private
from agentd.facts import CallFacts

SAY_S_PER_CHAR = 0.06

KEYS = ("filler", "again", "go-on", "silent-1", "silent-2", "goodbye", "busy", "trouble", "time-warning", "resume")
PHRASES: dict[str, tuple[str, ...]] = {key: (f"{key} one", f"{key} two") for key in KEYS}


class FakeCall:
    """A `CallView`. The play decides who speaks (`caller_speaks`, `agent_speaks`); what the guard does is noted with
    the call's age in seconds: `said`, `marks`, `silences`, `handed_over`, `recording`, `ended`; `events` without."""

    def __init__(self, settings: Settings | None = None, playbook: Playbook | None = None) -> None:
        self.facts = CallFacts("CA1", "MZ1", "AC1", Private("+972500000000"), "+97231234567")
        self.settings = settings or Settings.of()
        self.playbook = playbook or Playbook("test", "en-US", "", "", phrases=PHRASES)
        self.said: list[tuple[float, str]] = []
        self.marks: list[tuple[float, str]] = []
        self.silences: list[tuple[float, int]] = []
        self.ended: list[tuple[float, str, str]] = []
        self.handed_over: list[float] = []
        self.recording: list[tuple[float, str]] = []
        self.events: list[Event] = []
        self._began = self._caller_until = self._agent_until = self._sent_until = trio.current_time()

    # --- the play's side

    def caller_speaks(self, for_s: float) -> None:
        """From now on, and over whatever we are saying."""
        now = trio.current_time()
        self._agent_until = min(self._agent_until, now)
        self._caller_until = now + for_s

    def agent_speaks(self, for_s: float) -> None:
        """An answer that has nothing to do with the guard."""
        self._agent_until = self._sent_until = trio.current_time() + for_s

    # --- the guard's side

    @property
    def state(self) -> State:
        return State.SPEAKING if trio.current_time() < self._agent_until else State.LISTENING

    def age_s(self) -> float:
        return trio.current_time() - self._began

    def quiet_s(self) -> float:
        return max(0.0, trio.current_time() - max(self._caller_until, self._agent_until))

    def sent_s_ago(self) -> float:
        return max(0.0, trio.current_time() - self._sent_until)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def say(self, text: str, *, interruptible: bool = True) -> bool:
        if self.quiet_s() == 0.0 or not text:
            return False
        self.said.append((self._age(), text))
        self.agent_speaks(len(text) * SAY_S_PER_CHAR)
        return True

    def mark(self, name: str) -> None:
        self.marks.append((self._age(), name))

    def silence(self, ms: int) -> None:
        if self.state is State.LISTENING:
            self.silences.append((self._age(), ms))
            self._sent_until = trio.current_time() + ms / 1000

    def pause_recording(self) -> None:
        self.recording.append((self._age(), "paused"))

    def resume_recording(self) -> None:
        self.recording.append((self._age(), "resumed"))

    def hand_over(self) -> bool:
        self.handed_over.append(self._age())
        return True

    def end(self, reason: str, goodbye: str = "") -> None:
        self.ended.append((self._age(), reason, goodbye))

    def _age(self) -> float:
        return round(self.age_s(), 3)
