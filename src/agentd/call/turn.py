"""One turn of ours: think (LLM -> phrases) beside voice (TTS -> playout), in one cancel scope.

Barge-in, hang-up, a caller who goes on and a guess that turned out wrong all cancel `scope`; nothing here asks why.
A turn may begin as a guess (SPEC 2.4): it is prepared, unheard, and `commit` turns it into an answer without a hitch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from agentd.audio.line import ToLine
from agentd.call.relay import each
from agentd.call.think import Thought
from agentd.call.tool_use import ToolUse
from agentd.core.governor import Act, Governor
from agentd.engines import LLM, TTS, AudioChunk, Message, Prompt, ToolCall, Voice
from agentd.errors import EngineError
from agentd.events import Turn as TurnEvent

if TYPE_CHECKING:
    from agentd.core.playout import Playout


@dataclass(slots=True)
class Times:
    """Seconds of the call's clock; None where it did not happen."""

    voice_ended: float | None = None  # T1
    decided: float | None = None
    text_taken: float | None = None
    first_partial_ms: int | None = None
    audio_ready: float | None = None
    first_reply_frame: float | None = None


@dataclass(slots=True)
class Desk:
    """What a turn works with; the same for all turns of a call."""

    llm: LLM
    tts: TTS
    voice: Voice
    playout: Playout
    poke: Callable[[], None]
    room: Callable[[], trio.Event]
    tone: bytes  # mu-law; what the caller hears if every voice fails, and no phrase is at hand
    trouble: Callable[[], str]  # the scripted reply, when every model fails
    cached: Callable[[str], bytes | None]  # mu-law of a phrase that needs no voice any more
    tools: ToolUse
    next_question: Callable[[Sequence[Message]], str]  # of the slot that is open after these messages


class Turn:
    """`words` is what the caller said (a reply), or `fixed` what we say (a greeting, a prompt)."""

    def __init__(
        self,
        desk: Desk,
        number: int,
        kind: str,
        *,
        prompt: Prompt | None = None,
        governor: Callable[[Sequence[Message]], Governor] | None = None,
        fixed: str = "",
        words: str = "",
        interruptible: bool = True,
        then_end: str = "",
    ) -> None:
        self._desk = desk
        self.number, self.kind, self.prompt, self.fixed = number, kind, prompt, fixed
        self._commit = trio.Event()
        self._thought = None if governor is None else Thought(desk, number, governor, self._commit.wait)
        self.words, self.interruptible, self.then_end = words, interruptible, then_end
        self.scope = trio.CancelScope()
        self.speculative = False
        self.filler = False
        self.eou_reason: str | None = None
        self.times = Times()
        self.failed = False
        self.scripted = False  # every model failed

    @property
    def committed(self) -> bool:
        """It is an answer, no guess any more."""
        return self._commit.is_set()

    def commit(self) -> None:
        self._commit.set()

    @property
    def acts(self) -> list[Act]:
        """What the rules of a reply did to it."""
        return [act for governor in self._governors() for act in governor.acts]

    @property
    def fell_back(self) -> bool:
        """Something of it was refused, and safe words stood in."""
        return any(governor.fell_back for governor in self._governors())

    def untold(self, heard: str) -> list[ToolCall]:
        """See `Thought`."""
        return [] if self._thought is None else self._thought.untold(heard)

    def telemetry(self, *, barged: bool) -> TurnEvent:
        """Its line (SPEC 11.1): milliseconds since T1."""
        times = self.times

        def after(moment: float | None) -> int | None:
            t1 = times.voice_ended
            return None if moment is None or t1 is None else max(0, round((moment - t1) * 1000))

        return TurnEvent(
            turn=self.number,
            kind=self.kind,
            stt_first_partial_ms=times.first_partial_ms,
            stt_final_ms=after(times.text_taken),
            eou_wait_ms=after(times.decided),
            tts_ready_ms=after(times.audio_ready),
            total_latency_ms=after(times.first_reply_frame),
            barge_in_hit=barged,
            eou_reason=self.eou_reason,
            speculative=self.speculative,
            filler=self.filler,
        )

    async def run(self) -> None:
        """Until everything is queued for playout (playing it takes longer). Raises nothing of an engine's."""
        with self.scope:
            phrases_in, phrases_out = trio.open_memory_channel[str](2)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._think, phrases_in)
                with phrases_out:
                    async for phrase in phrases_out:
                        if not await self._say(phrase):
                            nursery.cancel_scope.cancel(reason="no voice")
            self._desk.playout.finish(self.number)
            self._desk.poke()

    async def _think(self, out: trio.MemorySendChannel[str]) -> None:
        with out:
            if self.prompt is None or self._thought is None:
                await out.send(self.fixed)
                return
            try:
                await self._thought.run(self.prompt, out.send)
            except* EngineError:
                self._engine_failed()  # half a sentence is never spoken: the governor is not finished
            if self._thought.said:
                return  # if it failed, half of what was to be said, and nothing was done meanwhile
            if not self.committed:
                self._engine_failed()
            else:
                self.scripted = True
                await out.send(self._desk.trouble())

    async def _say(self, phrase: str) -> bool:
        """False: no voice could; the caller was told so, and what else this turn had to say would fare no better."""
        desk, spoken, to_line = self._desk, True, ToLine()

        async def heard(chunk: AudioChunk) -> None:
            await self._push(to_line.feed(chunk.pcm, chunk.rate_hz))

        desk.playout.phrase(self.number, phrase)
        try:
            await each(desk.tts.speak(phrase, desk.voice), heard)
            await self._push(to_line.finish())
        except* EngineError:
            self._engine_failed()
            spoken = False
            desk.playout.unsaid(self.number)
            sorry = desk.trouble()
            audio = desk.cached(sorry)
            desk.playout.end_phrase(self.number)
            desk.poke()
            desk.playout.phrase(self.number, sorry if audio else "")
            await self._push(audio or desk.tone)
        desk.playout.end_phrase(self.number)
        desk.poke()
        return spoken

    def _engine_failed(self) -> None:
        """A guess that fails is dropped in silence: the commit starts afresh. An answer goes on as best it can."""
        self.failed = True
        if not self.committed:
            self.scope.cancel(reason="guess failed")

    def _governors(self) -> list[Governor]:
        return [] if self._thought is None else self._thought.governors

    async def _push(self, mulaw: bytes) -> None:
        """Queue it, and wait while enough is queued."""
        desk = self._desk
        if mulaw and self.times.audio_ready is None:
            self.times.audio_ready = trio.current_time()
        hungry = desk.playout.hungry(self.number)
        desk.playout.push(self.number, mulaw)
        if hungry:
            desk.poke()
        while not desk.playout.has_room(self.number):
            await desk.room().wait()
