"""A stage for plays: one call of the real daemon's call code, Twilio in memory, scripted engines, virtual time.

async def scene() -> None:
    async with stage() as s:
        await s.caller.says("a table for two")
        await s.caller.hears(within_s=1.0)
    assert s.record.reason == "stop"
    assert s.said() == ["a table for two"]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import trio

from agentd.call.call import Call, Engines, House, PhraseAudio
from agentd.call.handover import Decide
from agentd.call.reception import Refused, receive_start
from agentd.call.recording import unrecorded
from agentd.call.recordings import Recordings
from agentd.call.tape import Bus
from agentd.call.tool_use import no_tools
from agentd.config import Settings
from agentd.core.history import History
from agentd.core.media_stream import Start
from agentd.core.playbook import Playbook
from agentd.engines import LLM, STT, TTS, VAD
from agentd.events import AgentSaid, CallerSaid, Event, Private, Recorded
from agentd.facts import CallFacts, CallRecord
from agentd.hookspecs import Guard
from agentd.testing.caller import Caller
from agentd.testing.fake_twilio import FakeTwilio
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.scripted_tools import ScriptedTools

E = TypeVar("E", bound=Event)

PLAYBOOK = Playbook(
    name="stage",
    language="en-US",
    persona="A receptionist.",
    greeting="",
    phrases={
        "filler": ("One moment.", "Just a second."),
        "again": ("Sorry, I did not hear you.", "Could you say that again?"),
        "go-on": ("Please go on.", "Yes, I am listening."),
        "trouble": ("I am sorry, something went wrong here.", "I am sorry, I could not do that."),
        "silent-1": ("Are you still there?", "Hello?"),
        "silent-2": ("I cannot hear you.", "Can you hear me?"),
        "goodbye": ("Goodbye.", "Have a good day."),
    },
)


class Tape(Bus):
    """A bus that keeps what is published, in order, and hands it to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[Recorded] = []

    def publish(self, recorded: Recorded) -> None:
        self.recorded.append(recorded)


class Pass:
    """Engines for one call, as they are: no fallback."""

    def __init__(self, stt: STT, llm: LLM, tts: TTS) -> None:
        self._engines = stt, llm, tts

    def for_call(self, emit: Callable[[Event], None]) -> tuple[STT, LLM, TTS]:
        return self._engines


class NoPhrases:
    def get(self, text: str) -> bytes | None:
        return None


class Stage:
    """`record` is there once the block is left."""

    def __init__(self, call: Call, twilio: FakeTwilio, caller: Caller, tape: Tape) -> None:
        self.call, self.twilio, self.caller, self.tape = call, twilio, caller, tape
        self.record: CallRecord | None = None
        self.house = trio.CancelScope()  # cancelled: the whole process gives up

    def events(self, kind: type[E]) -> list[E]:
        return [r.event for r in self.tape.recorded if isinstance(r.event, kind)]

    def times(self, kind: type[Event]) -> list[float]:
        """Seconds since the call began."""
        return [r.at_ms / 1000 for r in self.tape.recorded if isinstance(r.event, kind)]

    def said(self) -> list[str]:
        return [e.text.text for e in self.events(CallerSaid)]

    def answered(self) -> list[str]:
        return [e.text.text for e in self.events(AgentSaid)]


def facts_of(start: Start) -> CallFacts:
    """Admit every stream."""
    return CallFacts(start.call_sid, start.stream_sid, start.account_sid, Private("+972500000000"), "+97231234567")


@asynccontextmanager
async def stage(
    *,
    settings: Settings | None = None,
    playbook: Playbook = PLAYBOOK,
    stt: ScriptedSTT | None = None,
    llm: LLM | None = None,
    tts: TTS | None = None,
    engines: Engines | None = None,
    phrases: PhraseAudio | None = None,
    guards: Sequence[Guard] = (),
    step_ms: int = 20,
    noise_rms: float = 0.0,
    seed: int = 0,
    hang_up: bool = True,
    resumed: bool = False,
    history: History | None = None,
    vad: VAD | None = None,
    tools: ScriptedTools | None = None,
    hand_over: Decide | None = None,
    recordings: Recordings | None = None,
) -> AsyncIterator[Stage]:
    """A call that has started (`resumed`: in place of a stream that was lost). `engines` (chains, say) take the place
    of `stt`, `llm` and `tts`; `stt` still is what the caller tells what it will hear.

    `tools`: those of the call; none by default. Leaving hangs up, unless `hang_up` is false: then it waits for the call
    to end."""
    twilio = FakeTwilio(seed=seed)
    stt = stt or ScriptedSTT()
    tape = Tape()
    house = House(
        settings=settings or Settings.of(),
        bus=tape,
        engines=engines or Pass(stt, llm or ScriptedLLM(), tts or ScriptedTTS()),
        phrases=phrases or NoPhrases(),
        system_prompt=lambda playbook, known: playbook.persona,
        guards=guards,
        vad=vad,
        tools=tools or no_tools,
        hand_over=hand_over,
        recordings=recordings.of if recordings is not None else unrecorded,
    )
    twilio.start()
    admitted = await receive_start(twilio.media, lambda start: replace(facts_of(start), resumed=resumed), within_s=5)
    assert not isinstance(admitted, Refused), admitted
    call = Call(house, twilio.media, admitted, playbook, history)
    caller = Caller(twilio, stt, step_ms=step_ms, noise_rms=noise_rms, seed=seed)
    scene = Stage(call, twilio, caller, tape)
    with scene.house:
        async with trio.open_nursery() as nursery:

            async def run() -> None:
                try:
                    await call.run()
                finally:
                    scene.record = call.record()

            nursery.start_soon(run)
            yield scene
            if hang_up:
                twilio.hang_up()
