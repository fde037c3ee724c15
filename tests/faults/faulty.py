"""Engines that work until the play says otherwise, and a call of three turns with them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from random import Random
from typing import Literal, get_args

import trio
from trio.abc import ReceiveChannel

from agentd.audio.mulaw import decode
from agentd.core.call_state import State
from agentd.engines import STT, AudioChunk, AudioFormat, Heard, Prompt, Token, ToolCall, Transcript, Voice
from agentd.errors import EngineError
from agentd.events import EngineSwitch, Turn
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.resilience.phrase_bank import PhraseBank
from agentd.testing.scripted import GARBAGE, Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.sounds import voice
from agentd.testing.stage import PLAYBOOK, Stage, stage

Kind = Literal["connect", "refuse", "slow", "stall", "break", "cut", "garbage", "empty"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SLOW_S = 3.0  # to the first result: longer than any budget but the model's hard one
VOICE = Voice(PLAYBOOK.language, "", 1.05, -2.0)  # as the settings' defaults make it
REPLY = "This is a whole sentence of a reply. And this is the second one, as it happens."


class Trouble:
    """What is wrong just now, with the first engine of one stage."""

    def __init__(self) -> None:
        self.kind: Kind | None = None


class FaultyLLM:
    def __init__(self, trouble: Trouble) -> None:
        self._trouble, self._good = trouble, ScriptedLLM(0.3, 0.02, replies=lambda prompt: REPLY)

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]:
        def bad(latency_s: float = 0.3, *, fail: Fault) -> ScriptedLLM:
            return ScriptedLLM(latency_s, 0.02, replies=lambda prompt: REPLY, fail=fail)

        match self._trouble.kind:
            case None:
                return self._good.reply(prompt)
            case "slow":
                return ScriptedLLM(SLOW_S, 0.02, replies=lambda prompt: REPLY).reply(prompt)
            case "refuse":
                return refused_reply()
            case "break":
                return bad(fail=Fault("mid", after=11)).reply(prompt)
            case "cut":
                return bad(fail=Fault("cut", after=11)).reply(prompt)
            case kind:
                return bad(fail=Fault(kind)).reply(prompt)


class FaultyTTS:
    def __init__(self, trouble: Trouble) -> None:
        self._trouble, self._good = trouble, ScriptedTTS(0.1)

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        match self._trouble.kind:
            case None:
                return self._good.speak(text, voice)
            case "slow":
                return ScriptedTTS(SLOW_S).speak(text, voice)
            case "refuse":
                return refused_speech()
            case "break":
                return ScriptedTTS(0.1, fail=Fault("mid", after=8)).speak(text, voice)
            case "cut":
                return ScriptedTTS(0.1, fail=Fault("cut", after=2)).speak(text, voice)
            case kind:
                return ScriptedTTS(0.1, fail=Fault(kind)).speak(text, voice)


@trio.as_safe_channel
async def refused_reply() -> AsyncGenerator[Token | ToolCall, None]:
    await trio.sleep(0.1)
    if REPLY:
        raise EngineError("no such key")
    yield Token("")


@trio.as_safe_channel
async def refused_speech() -> AsyncGenerator[AudioChunk, None]:
    await trio.sleep(0.1)
    if REPLY:
        raise EngineError("no such key")
    yield AudioChunk(b"", 8000)


class FaultySTT:
    """Trouble comes to the session that is open, too."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble, self._good = trouble, ScriptedSTT(0.25)

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        self._connect()
        given = 0
        async with self._good.listen(audio, fmt, language) as transcripts:
            async for t in transcripts:
                match self._trouble.kind:
                    case "connect" | "refuse":
                        self._connect()
                    case "break" if given:
                        raise EngineError("connection reset", retryable=True)
                    case "cut":
                        return
                    case "slow":
                        await trio.sleep(max(0.0, SLOW_S - 0.25 * given))
                        yield t
                    case "stall":
                        await trio.sleep_forever()
                    case "garbage":
                        yield replace(t, text=GARBAGE)
                    case "empty":
                        yield replace(t, text=" ")
                    case _:
                        yield t
                given += self._trouble.kind is not None

    def _connect(self) -> None:
        if self._trouble.kind == "connect":
            raise EngineError("cannot connect", retryable=True)
        if self._trouble.kind == "refuse":
            raise EngineError("no such key")


class Scene:
    """A call with a question for each of `ill`, 25 s between the second and the third (longer than a breaker stays
    open); `kind` of trouble at those that are ill."""

    def __init__(self, where: str, kind: Kind, ill: Sequence[bool], *, spare: bool) -> None:
        self.where, self.kind, self.ill, self.spare = where, kind, ill, spare
        self.trouble = Trouble()
        self.waits: list[list[float]] = []  # for each question: silences while a reply was owed
        self.asked: list[int] = []  # how often it had to be asked
        self.answered: list[bool] = []
        self.switched: list[int] = []  # how many switches there had been when it was asked

    async def play(self) -> Stage:
        fine, here = Trouble(), self.trouble
        stt: list[Named[STT]] = [Named("a", FaultySTT(here if self.where == "stt" else fine))]
        llm = [Named("a", FaultyLLM(here if self.where == "llm" else fine))]
        tts = [Named("a", FaultyTTS(here if self.where == "tts" else fine))]
        if self.spare:
            stt.append(Named("b", ScriptedSTT(0.25)))
            llm.append(Named("b", FaultyLLM(fine)))
            tts.append(Named("b", FaultyTTS(fine)))
        chains = Chains(stt, llm, tts, jitter=Random(0).uniform)
        bank = PhraseBank(chains.voices, VOICE)
        await bank.fill([text for variants in PLAYBOOK.phrases.values() for text in variants])
        chains.use_phrases(bank)
        async with stage(engines=chains, phrases=bank, step_ms=100) as s:
            await s.caller.silence(1.0)
            for n, ill in enumerate(self.ill):
                self.trouble.kind = self.kind if ill else None
                self.switched.append(len(s.events(EngineSwitch)))
                await self._ask(s)
                self.trouble.kind = None
                await s.caller.silence(25.0 if n == 1 else 1.0)
        return s

    async def _ask(self, s: Stage) -> None:
        """Speak, wait for what comes, and say it again if it was no answer; three times at most."""
        waits: list[float] = []
        asked = 0
        while asked < 3:
            asked += 1
            replies = len([t for t in s.events(Turn) if t.kind == "reply"])
            await s.caller.says(decode(voice(1.4)))
            waits += await self._wait(s)
            if len([t for t in s.events(Turn) if t.kind == "reply"]) > replies:
                break
        self.waits.append(waits)
        self.asked.append(asked)
        self.answered.append(len([t for t in s.events(Turn) if t.kind == "reply"]) > replies)

    async def _wait(self, s: Stage) -> list[float]:
        """Until we have heard something, and then nothing for 2 s of the caller's turn. The silences before."""
        silent_from = begun = s.twilio.now()
        gaps: list[float] = []
        while s.twilio.now() - begun < 20:
            looked = s.twilio.now()
            await s.caller.silence(0.1)
            sound = s.twilio.agent.first_sound(looked, s.twilio.now())
            if sound is not None:
                gaps.append(sound - silent_from)
                silent_from = s.twilio.agent.last_sound(looked, s.twilio.now()) or sound
            elif gaps and s.call.brain.state is State.LISTENING and s.twilio.now() - silent_from >= 2.0:
                return gaps
        return [*gaps, s.twilio.now() - silent_from]

    def switches(self, s: Stage) -> list[tuple[str, str]]:
        assert {e.stage for e in s.events(EngineSwitch)} <= {self.where}
        return [(e.old, e.new) for e in s.events(EngineSwitch)]
