"""One call. The file to read first: what runs, in which nursery, and how it ends.

    run
     ├─ errands             tools whose effect has begun: finished and recorded, though the socket is closed before
     └─ life scope          max. call length
         └─ PLUMBING        mouth, in a shield of its own: the last words are said even when the house cancels
             └─ TALK        its end is the end of the call
                 ├─ ears    receive -> frames -> brain          (in the call's own task; hang-up is data: ears return)
                 ├─ stt     the recogniser's session -> brain   (fails and reopens inside)
                 ├─ guards  plugins, contained
                 └─ turns   begun by the brain: think ∥ voice, each in a scope that barge-in cancels

The brain decides everything synchronously; tasks only carry. `end` cancels TALK, from wherever it is decided. The
record is written by `run` from the call's own state, once, whatever happened.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Protocol

import trio

from agentd.audio.tone import tone
from agentd.call.brain import Brain
from agentd.call.careful_vad import CarefulVAD
from agentd.call.contain import contain
from agentd.call.ears import Ears, TooMuchRubbish
from agentd.call.handover import Decide, Handover
from agentd.call.mouth import Mouth
from agentd.call.reception import GOING_AWAY, INTERNAL_ERROR, NORMAL, POLICY, Admitted
from agentd.call.recogniser import Recogniser
from agentd.call.recording import Unrecorded, unrecorded
from agentd.call.sample import Sampler
from agentd.call.tape import Bus, Tape
from agentd.call.tool_use import ToolUse, no_tools
from agentd.call.turn import Desk, Turn
from agentd.call.view import View
from agentd.config import Settings
from agentd.core.governor import Governor
from agentd.core.governor_manners import MannersOf
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.handover import Why
from agentd.core.history import History
from agentd.core.media_stream import FRAME_BYTES, FRAME_MS, Writer
from agentd.core.playbook import Playbook
from agentd.core.playout import Due, Playout
from agentd.core.slots import Known, Tracker, note_offer
from agentd.engines import LLM, STT, TTS, VAD, Message, Prompt, ToolCall, ToolOffer, Voice
from agentd.errors import PluginFailed
from agentd.events import ApprovalAsked, ApprovalOver, Event, PluginFailure, Private, SlotsKnown, WsDone, WsStart, WsTx
from agentd.facts import CallFacts, CallRecord
from agentd.hookspecs import Guard
from agentd.media import MediaStream
from agentd.tools import ToolDesk

WRAP_UP_S = 2.0  # for the mouth after the end: what was due goes out
CLOSE_S = 2.0  # for the socket and the sample
GRACE_S = 60.0  # beyond MAX_CALL_SEC: the guard ends a call politely, this ends it anyway

CLOSE_CODES = {"rubbish": POLICY, "drain": GOING_AWAY, "crash": INTERNAL_ERROR}


class Engines(Protocol):
    """The engine chains of the house, opened for one call: errors and switches go to that call's tape."""

    def for_call(self, emit: Callable[[Event], None]) -> tuple[STT, LLM, TTS]: ...


class PhraseAudio(Protocol):
    """Phrases that are ready to play."""

    def get(self, text: str) -> bytes | None:
        """Mu-law, or None if it was never synthesised."""


@dataclass(frozen=True)
class House:
    """What all calls share."""

    settings: Settings
    bus: Bus
    engines: Engines
    phrases: PhraseAudio
    system_prompt: Callable[[Playbook, Known], str]
    tools: Callable[[CallFacts, Playbook, Callable[[Event], None]], ToolDesk] = no_tools
    guards: Sequence[Guard] = ()
    vad: VAD | None = None
    sampler: Sampler | None = None
    hand_over: Decide | None = None
    recordings: Callable[[CallFacts, Playbook, Callable[[Event], None]], Unrecorded] = unrecorded
    rng: Random = field(default_factory=Random)
    today: Callable[[], date] = date.today
    manners: MannersOf = field(init=False)
    ended: Callable[[CallRecord], None] = lambda record: None
    """Told of every record, synchronously, before the socket is closed: what Twilio asks next must find the truth."""

    def __post_init__(self) -> None:
        s = self.settings
        manners = MannersOf(first_words=s.ai_max_words_first_reply, max_chars=s.llm_max_chars)
        object.__setattr__(self, "manners", manners)


class Call:
    """Implements the brain's `Hands`. Made after admission; `run` it once."""

    def __init__(
        self,
        house: House,
        media: MediaStream,
        admitted: Admitted,
        playbook: Playbook,
        history: History | None = None,
    ) -> None:
        settings, facts = house.settings, admitted.facts
        self.house, self.facts, self.playbook = house, facts, playbook
        self.reason: str | None = None
        self.crash: BaseException | None = None
        self._media, self._rest = media, admitted.rest
        self._writer = Writer(facts.stream_sid)
        self.tape = Tape(facts, house.bus, trio.current_time)
        self.recording = house.recordings(facts, playbook, self.tape.emit)
        self._room = trio.Event()
        self._talk: trio.Nursery | None = None
        self._errands: trio.Nursery | None = None
        stt, llm, tts = house.engines.for_call(self.emit)
        history = history or History()
        self._tool_desk = house.tools(facts, playbook, self._tool_event)
        self._approvals = 0  # that wait for a person
        self._slots = Tracker(playbook, house.today())
        self._told: Mapping[str, str] = {}  # of the slots, to the tape
        tools = ToolUse(
            self._tool_desk, history, self._note, self._send, lambda call: self.brain.answers.tell_news(call)
        )
        playout = Playout(settings, self._writer)
        self._desk = Desk(
            llm=llm, tts=tts, voice=Voice(playbook.language, "", settings.tts_rate, settings.tts_pitch),
            playout=playout, poke=self.poke, room=lambda: self._room, tone=tone(settings.fallback_tone_ms),
            trouble=lambda: self.playbook.phrase("trouble", self.brain.floor.turns), cached=house.phrases.get,
            tools=tools, next_question=self._next_question,
        )  # fmt: skip
        self._manners, self._so_far = house.manners(playbook, house.today()), SaidSoFar()
        self.brain = Brain(settings, playbook, self, self._desk, history, _opening(playbook, facts))
        self.brain.recording = self.recording
        self.handover = Handover(facts, playbook, history, house.hand_over, self.brain, self.emit)
        self.brain.answers.elsewhere, self.brain.floor.replied = self.handover.heard, self._replied
        self.brain.floor.untold = self.brain.answers.tell_news
        self.brain.answers.not_understood = self.handover.not_understood
        self.mouth = Mouth(media, playout, self._sent)
        self._sample = house.sampler.take(facts.call_sid) if house.sampler is not None else None
        self.recogniser = Recogniser(settings, stt, playbook.language, self.brain.words, self.emit, self._sample)
        self.brain.answers.deaf = lambda: self.recogniser.deaf
        self._vad = CarefulVAD(settings, house.vad, self.emit) if house.vad is not None else None
        self.ears = Ears(
            settings, media, admitted.reader, self.brain, playout, self.recogniser, self._vad, self.emit,
            self._count_frame, self.mouth.tick,
        )  # fmt: skip

    async def run(self) -> CallRecord:
        """The whole call. Returns its record; a bug in it is in the record too, never in the caller of this."""
        async with trio.open_nursery() as self._errands:
            await self._converse()
        return self.record()

    async def _converse(self) -> None:
        """Until the socket is closed."""
        settings = self.house.settings
        self.emit(
            WsStart(stream_sid=self.facts.stream_sid, mode="AI", caller=self.facts.caller, called=self.facts.called)
        )
        shield, disk = trio.CancelScope(shield=True), trio.CancelScope(shield=True)
        try:
            with trio.CancelScope(relative_deadline=settings.max_call_sec + GRACE_S) as life:
                async with trio.open_nursery() as plumbing:
                    plumbing.start_soon(self._in, shield, self.mouth.run)
                    plumbing.start_soon(self._in, disk, self.recording.run_local)
                    try:
                        async with trio.open_nursery() as self._talk:
                            self._talk.start_soon(self.recogniser.run)
                            self._talk.start_soon(self.recording.run)
                            for guard in self.house.guards:
                                self._talk.start_soon(self._guard, guard)
                            await self._listen()
                    finally:  # no checkpoint here: only deadlines and closings
                        self._desk.tools.close()
                        shield.deadline = disk.deadline = trio.current_time() + WRAP_UP_S
                        self.mouth.close()
                        self.recording.close()
            if life.cancelled_caught:
                self.reason = self.reason or "max-length"
        except* Exception as group:  # boundary
            self.crash = group.exceptions[0]
            self.reason = "crash"
        finally:
            self._close()
            with trio.CancelScope(shield=True, relative_deadline=CLOSE_S):
                await self._media.aclose(CLOSE_CODES.get(self.reason or "", NORMAL))
                await self._tool_desk.aclose()
                await self._leave_sample()

    def finish(self, reason: str) -> None:
        """End it politely: goodbye at the next chance."""
        self.brain.finish(reason, self.playbook.phrase("goodbye"))

    def end(self, reason: str) -> None:
        """The first reason counts. Synchronous; the call unwinds at its next checkpoints."""
        if self.reason is None:
            self.reason = reason
            self._desk.tools.close()
            if self._talk is not None:
                self._talk.cancel_scope.cancel(reason=reason)

    def hand_over(self, why: Why = Why.OPERATOR) -> bool:
        """Give the call to a person, or to the voicemail when there is nobody. Synchronous. False: it is on its way
        already, or this house hands no calls over."""
        return self.handover.begin(why)

    # --- the brain's hands

    def start(self, turn: Turn) -> None:
        self._start(turn.run)

    def clear(self) -> None:
        """`clear` goes out now, always: a stalled reader may hold more of ours than our clock believes."""
        self._media.drop_speech()
        self._media.put(self._writer.clear)
        self.recording.cleared()

    def poke(self) -> None:
        self.mouth.poke()

    def now(self) -> float:
        return trio.current_time()

    def prompt(self, words: str | None) -> Prompt:
        messages = self.brain.floor.history.messages(words)
        known = self._slots.understand(messages)
        return Prompt(
            self.facts.call_sid, self.playbook, self.house.system_prompt(self.playbook, known), messages,
            self._manners.most_words(messages), self._offers(),
        )  # fmt: skip

    def governor(self, messages: Sequence[Message]) -> Governor:
        nth = self.brain.floor.turns
        return Governor(self._manners.rules(messages, nth, self._so_far, next_question=self._next_question(messages)))

    def filler(self, nth: int) -> tuple[str, bytes]:
        nth += self.brain.floor.turns
        text = self.playbook.phrase("approval", nth) if self._approvals else ""
        text = text or self.playbook.phrase("filler", nth)
        return text, self.house.phrases.get(text) or self._desk.tone

    def turn_over(self, turn: int) -> None:
        known = self._slots.understand(self.brain.floor.history.messages())
        if known.values != self._told:
            self._told = known.values
            values = Private(json.dumps(dict(known.values), ensure_ascii=False))
            self.emit(SlotsKnown(turn=turn, filled=len(known.values), missing=len(known.missing), values=values))
        if self.reason is None:
            self.handover.misses(known.in_a_row, known.not_understood)

    def delay_s(self) -> float:
        s = self.house.settings
        if not s.resp_max_delay_ms:
            return s.resp_min_delay_ms / 1000
        return self.house.rng.uniform(s.resp_min_delay_ms, max(s.resp_min_delay_ms, s.resp_max_delay_ms)) / 1000

    # --- what guards may ask for

    def mark(self, name: str) -> None:
        self._media.put(self._writer.mark(name))
        self.poke()

    def silence(self, ms: int) -> None:
        if not self._desk.playout.audible(self.now()):
            self._media.put(self._writer.media(b"\xff" * (ms * FRAME_BYTES // FRAME_MS)))
            self.mouth.tx += 1
            self.mouth.sent_at = self.now()
            self.poke()

    # --- within

    def _start(self, task: Callable[[], Awaitable[None]]) -> None:
        if self._talk is not None and not self._talk.cancel_scope.cancel_called:
            self._talk.start_soon(task)

    def _send(self, errand: Callable[[], Awaitable[None]]) -> None:
        if self._errands is not None and self._talk is not None and not self._talk.cancel_scope.cancel_called:
            self._errands.start_soon(self._errand, errand)

    async def _errand(self, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            await errand()
        except Exception as error:  # boundary
            self.crash = error
            self.end("crash")

    def _tool_event(self, event: Event) -> None:
        self._approvals += isinstance(event, ApprovalAsked) - isinstance(event, ApprovalOver)
        self.emit(event)

    def _offers(self) -> tuple[ToolOffer, ...]:
        """The tools of a model. What it notes of the slots is no effect, but goes with them."""
        tools = self._desk.tools.offers
        return (note_offer(self.playbook), *tools) if tools and self.playbook.slots else tools

    def _note(self, call: ToolCall) -> str:
        self._slots.understand(self.brain.floor.history.messages())
        noted = call.arguments.get("slots")
        problems = self._slots.note(noted if isinstance(noted, dict) else {})
        return json.dumps(problems or {"noted": True}, ensure_ascii=False)

    def _next_question(self, messages: Sequence[Message]) -> str:
        return self._slots.understand(messages).question

    def _replied(self, fallbacks: int, scripted: bool) -> None:
        if self.reason is None:
            self.handover.replied(fallbacks, scripted)

    async def _listen(self) -> None:
        try:
            for message in self._rest:
                self.ears.read(message)
            while True:
                with trio.CancelScope() as patience:
                    return self.end(await self.ears.run(patience))
                if not await self.ears.anything_there():
                    return self.end("no-media")
        except TooMuchRubbish:
            self.end("rubbish")
        finally:
            self.recogniser.close()

    async def _guard(self, guard: Guard) -> None:
        try:
            await contain(_name(guard), guard, View(self))
        except PluginFailed as e:
            self.emit(PluginFailure(plugin=e.name, error=repr(e.cause)))

    @staticmethod
    async def _in(scope: trio.CancelScope, fn: Callable[[], Awaitable[None]]) -> None:
        with scope:
            await fn()

    def _count_frame(self, mulaw: bytes) -> None:
        self.tape.frame += 1
        self.recording.heard(mulaw)

    def emit(self, event: Event) -> None:
        self.tape.emit(event)
        self.recording.see(event)

    def _sent(self, due: Due) -> None:
        if due.frames:
            before = self.mouth.tx - len(due.messages) + len(due.marks)
            if self.mouth.tx // 50 != before // 50:
                self.emit(WsTx(tx=self.mouth.tx // 50 * 50))
            self._room.set()
            self._room = trio.Event()
            self.recording.sent(map(self._writer.audio, due.messages), self._desk.playout.dry_at - self.now())
        self.brain.floor.sent(due)

    async def _leave_sample(self) -> None:
        if self._sample is not None:
            try:
                await self._sample.write()
            except OSError as error:
                self.emit(PluginFailure(plugin="audio-sample", error=str(error)))

    def _close(self) -> None:
        self.reason = self.reason or "cancelled"
        if self._vad is not None:
            self._vad.close()
        self.brain.floor.close()
        self.emit(WsDone(rx=self.ears.rx, tx=self.mouth.tx, reason=self.reason, turns=self.brain.floor.heard))
        self.house.ended(self.record())

    def record(self) -> CallRecord:
        """How it ended, from the call's own state."""
        return CallRecord(
            facts=self.facts,
            reason=self.reason or "cancelled",
            rx=self.ears.rx,
            tx=self.mouth.tx,
            turns=self.brain.floor.heard,
            duration_s=self.tape.age_s(),
            crash=repr(self.crash) if self.crash is not None else None,
        )


def _opening(playbook: Playbook, facts: CallFacts) -> tuple[str, str]:
    return ("resume", playbook.phrase("resume")) if facts.resumed else ("greeting", playbook.greeting)


def _name(plugin: object) -> str:
    return getattr(plugin, "__qualname__", type(plugin).__qualname__)
