"""What a guard sees of a call, and nothing more (`hookspecs.CallView`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.playbook import Playbook
from agentd.events import Event
from agentd.facts import CallFacts

if TYPE_CHECKING:
    from agentd.call.call import Call


class View:
    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def facts(self) -> CallFacts:
        return self._call.facts

    @property
    def settings(self) -> Settings:
        return self._call.house.settings

    @property
    def playbook(self) -> Playbook:
        return self._call.playbook

    @property
    def state(self) -> State:
        return self._call.brain.state

    def age_s(self) -> float:
        return self._call.tape.age_s()

    def quiet_s(self) -> float:
        return max(0.0, self._call.now() - self._call.brain.last_active_s)

    def sent_s_ago(self) -> float:
        return max(0.0, self._call.now() - self._call.mouth.sent_at)

    def emit(self, event: Event) -> None:
        self._call.emit(event)

    def say(self, text: str, *, interruptible: bool = True) -> bool:
        return self._call.brain.say(text, interruptible=interruptible)

    def mark(self, name: str) -> None:
        self._call.mark(name)

    def silence(self, ms: int) -> None:
        self._call.silence(ms)

    def pause_recording(self) -> None:
        self._call.recording.pause()

    def resume_recording(self) -> None:
        self._call.recording.go_on()

    def hand_over(self) -> bool:
        return self._call.hand_over()

    def end(self, reason: str, goodbye: str = "") -> None:
        self._call.brain.finish(reason, goodbye)
