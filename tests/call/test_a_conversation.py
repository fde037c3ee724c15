"""Plays in virtual time: what a caller and the agent do to each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio
from trio.abc import ReceiveChannel

from agentd.audio.mulaw import decode
from agentd.config import Settings
from agentd.core.call_state import State
from agentd.engines import AudioFormat, Heard, Transcript
from agentd.events import (
    AgentSaid,
    BargeIn,
    CallerSaid,
    Dedup,
    EndOfUtterance,
    LlmStart,
    StateChange,
    Turn,
    TurnGuessed,
)
from agentd.testing.play import play
from agentd.testing.scripted import WORD_MS, Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.sounds import voice
from agentd.testing.stage import PLAYBOOK, Stage, stage

LONG = "This is the first sentence of a long reply. This is the second one, with one more, to be safe."


def test_a_caller_speaks_and_is_answered_after_the_silence_wait() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            assert await s.caller.hears(within_s=1.0) < 0.5
            await s.caller.hears_end(within_s=10)
            await s.caller.silence(1.0)
        return s

    s = play(scene)
    assert s.said() == ["a table for two"]
    assert s.answered() == ["You said: a table for two. Anything else?"]
    assert s.record is not None
    assert (s.record.reason, s.record.crash, s.record.turns) == ("stop", None, 1)
    [turn] = s.events(Turn)
    assert turn.total_latency_ms is not None
    assert turn.eou_wait_ms is not None
    assert turn.total_latency_ms >= turn.eou_wait_ms >= 0
    states = [(e.new, e.cause) for e in s.events(StateChange)]
    assert states == [("PROCESSING", "eou"), ("SPEAKING", "speech"), ("LISTENING", "done")]


def test_engines_that_fit_into_the_silence_wait_add_nothing_to_it() -> None:
    async def scene() -> Stage:
        stt, llm, tts = ScriptedSTT(0.1), ScriptedLLM(0.1), ScriptedTTS(0.05)
        settings = Settings.of(eou_sharp_fall_ms=450)
        async with stage(stt=stt, llm=llm, tts=tts, settings=settings) as s:
            await s.caller.silence(1.0)
            for text in ("a table for two", "tomorrow at eight in the evening", "that is all thank you"):
                await s.caller.says(text)
                await s.caller.hears_end(within_s=15)
                await s.caller.silence(1.5)
        return s

    s = play(scene)
    turns = s.events(Turn)
    assert [t.speculative for t in turns] == [True] * 3
    for t in turns:
        assert t.total_latency_ms is not None
        assert t.eou_wait_ms is not None
        assert t.total_latency_ms - t.eou_wait_ms <= 20
    assert len(s.events(TurnGuessed)) == len(s.events(LlmStart)) == 3


def test_without_speculation_the_engines_come_on_top() -> None:
    async def scene() -> Stage:
        async with stage(stt=ScriptedSTT(0.1), llm=ScriptedLLM(0.6), tts=ScriptedTTS(0.3)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=15)
        return s

    [turn] = play(scene).events(Turn)
    assert turn.total_latency_ms is not None
    assert 1000 <= turn.total_latency_ms <= 1200  # 100 + 900 ms of engines from the first silence


def test_a_pause_inside_a_sentence_costs_a_guess_and_no_word() -> None:
    async def scene() -> Stage:
        async with stage(settings=Settings.of(eou_sharp_fall_ms=450)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("I would like a table for two", for_s=1.0)
            await s.caller.silence(0.3)
            await s.caller.says(decode(voice(1.4)))
            await s.caller.hears_end(within_s=10)
        return s

    s = play(scene)
    assert s.said() == ["I would like a table for two"]
    assert len(s.events(AgentSaid)) == 1
    assert len(s.events(TurnGuessed)) <= 2


def test_a_caller_who_goes_on_before_our_first_sound_is_not_talked_over() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("I would like")
            await s.caller.silence(0.7)  # past the end of utterance, before the reply
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=10)
        return s

    s = play(scene)
    assert s.said()[-1] == "I would like a table for two"
    assert s.answered() == ["You said: I would like a table for two. Anything else?"]
    assert ("LISTENING", "caller-went-on") in [(e.new, e.cause) for e in s.events(StateChange)]
    assert [k for k in s.twilio.sent if k.kind == "clear"] == []
    assert [m.text for m in s.call.brain.floor.history.messages()] == [
        "I would like a table for two",
        "You said: I would like a table for two. Anything else?",
    ]


def test_words_over_our_speech_hold_it_then_take_the_floor() -> None:
    async def scene() -> Stage:
        async with stage(stt=ScriptedSTT(0.3), llm=ScriptedLLM(replies=[LONG, "Of course."])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(1.5, "no wait stop please")
            await s.caller.hears(within_s=2.0)
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    phases = [(e.phase, e.why) for e in s.events(BargeIn)]
    assert phases[0] == ("hold", "voice")
    assert phases[1][0] == "take"
    assert s.said() == ["tell me everything", "no wait stop please"]
    first, second = s.events(AgentSaid)
    assert first.cut
    assert LONG.startswith(first.text.text)
    assert first.text.text
    assert second.text.text == "Of course."
    hold_s = next(t for t, e in zip(s.times(BargeIn), s.events(BargeIn), strict=True) if e.phase == "hold")
    clear = next(m for m in s.twilio.sent if m.kind == "clear")
    assert abs(clear.at_s - hold_s) <= 0.02
    onset_s = s.events(BargeIn)[0].onset_ms / 1000
    assert clear.at_s - onset_s <= 0.26
    assert [t.barge_in_hit for t in s.events(Turn)] == [True, False]


@pytest.mark.parametrize("sound", ["mm-hm", "cough"])
def test_a_backchannel_or_a_cough_holds_us_and_then_we_go_on(sound: str) -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(replies=[LONG])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=2)
            await s.caller.silence(1.2)
            if sound == "cough":
                stt.expect("")
                await s.caller.coughs()
            else:
                await s.caller.says("mm-hm", for_s=0.4)
            await s.caller.hears_end(within_s=20, quiet_s=1.5)
        return s

    s = play(scene)
    assert [e.phase for e in s.events(BargeIn)] == ["hold", "release"]
    assert s.answered() == [LONG]
    assert s.said() == ["tell me everything"]
    assert len(s.events(AgentSaid)) == 1


def test_our_speech_cannot_be_interrupted_with_barge_in_off() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=[LONG, "Of course."]), settings=Settings.of(barge_in=False)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(1.5, "no wait stop please")
            await s.caller.hears_end(within_s=20, quiet_s=2.0)
        return s

    s = play(scene)
    assert s.events(BargeIn) == []
    assert s.answered()[0] == LONG


def test_the_greeting_comes_after_a_silence_and_not_into_a_hello() -> None:
    playbook = PLAYBOOK.__class__(name="g", language="en-US", persona="", greeting="Hello, this is the office.",
                                  phrases=PLAYBOOK.phrases)  # fmt: skip

    async def quiet() -> Stage:
        async with stage(playbook=playbook) as s:
            assert 0.7 < await s.caller.hears(within_s=2) < 1.0
            await s.caller.hears_end(within_s=5)
            await s.caller.silence(0.5)
        return s

    async def hello() -> Stage:
        async with stage(playbook=playbook) as s:
            await s.caller.silence(0.2)
            await s.caller.says("hello is anybody there")
            await s.caller.hears_end(within_s=8)
            await s.caller.silence(3)
        return s

    assert play(quiet).answered() == ["Hello, this is the office."]
    assert play(hello).answered() == ["You said: hello is anybody there. Anything else?"]


def test_keys_silence_us_and_are_what_the_caller_said() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(replies=[LONG, "Noted."])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=2)
            await s.caller.silence(0.5)
            stt.expect("")
            await s.caller.presses("123#")
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    assert s.said() == ["tell me everything", "123"]
    assert s.answered()[-1] == "Noted."


def test_a_late_final_corrects_the_words_and_we_think_again_if_we_were_not_heard() -> None:
    class Late(ScriptedSTT):
        pass

    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(0.8)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a cable for two")
            await s.caller.silence(0.6)
            from agentd.engines import Transcript

            until = s.call.brain.hearing.taken_ms
            s.call.brain.words(Transcript("a table for two", True, until, 0))
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    assert s.said() == ["a cable for two", "a table for two"]
    assert s.answered() == ["You said: a table for two. Anything else?"]


def test_a_slow_model_is_covered_by_a_filler_and_the_reply_is_told_apart() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(4.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            assert await s.caller.hears(within_s=5) == pytest.approx(2.0, abs=0.05)
            await s.caller.hears_end(within_s=10, quiet_s=3)
        return s

    s = play(scene)
    [turn] = s.events(Turn)
    assert turn.filler
    assert turn.total_latency_ms is not None
    assert turn.total_latency_ms > 4000
    assert s.answered() == ["You said: a table for two. Anything else?"]


def test_a_model_that_fails_is_answered_for_by_the_scripted_reply() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(fail=Fault("connect"))) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=5)
        return s

    assert play(scene).answered()[0] in PLAYBOOK.phrases["trouble"]


def test_a_voice_that_fails_leaves_a_tone() -> None:
    async def scene() -> Stage:
        async with stage(tts=ScriptedTTS(fail=Fault("connect"))) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=5)
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    assert s.call.brain.state is State.LISTENING
    assert s.record is not None
    assert s.record.crash is None


def test_voice_without_words_is_asked_about_twice_in_two_ways_then_apologised_for_then_let_be() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("hello there friend")
            await s.caller.hears_end(within_s=6)
            await s.caller.silence(1.5)
            for _ in range(4):
                s.call.recogniser._words = lambda t: None  # a recogniser that understands nothing
                await s.caller.mumbles(for_s=0.8)
                await s.caller.silence(5)
        return s

    s = play(scene)
    assert [t.kind for t in s.events(Turn)] == ["reply", "prompt", "prompt", "prompt"]
    assert tuple(s.answered()[1:3]) == PLAYBOOK.phrases["again"]
    assert s.answered()[3] in PLAYBOOK.phrases["trouble"]


def test_a_monologue_is_one_turn_and_answered_when_it_pauses() -> None:
    words = " ".join(f"w{i}" for i in range(24))

    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says(words, for_s=8.0)
            assert await s.caller.hears(within_s=1) < 0.6
            await s.caller.hears_end(within_s=30)
        return s

    s = play(scene)
    assert s.said() == [words]
    assert [e.reason for e in s.events(EndOfUtterance)] == ["timeout"]


def test_two_identical_answers_to_two_questions_are_two() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            for _ in range(2):
                await s.caller.says("yes that is right")
                await s.caller.hears_end(within_s=8)
                await s.caller.silence(1.0)
        return s

    s = play(scene)
    assert s.said() == ["yes that is right"] * 2
    assert s.events(Dedup) == []
    assert len(s.events(CallerSaid)) == 2


def test_a_recogniser_that_holds_only_the_last_seconds_loses_no_word_of_a_monologue() -> None:
    class Short(ScriptedSTT):
        """Its partials are of the last 8.4 s that it heard: each begins where it still remembers."""

        @trio.as_safe_channel
        async def listen(
            self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
        ) -> AsyncGenerator[Transcript, None]:
            async with super().listen(audio, fmt, language) as whole:
                async for t in whole:
                    words, until_ms = t.text.split(), t.until_ms or 0
                    forgotten = max(0, len(words) - 28)
                    from_ms = t.from_ms + forgotten * WORD_MS
                    yield Transcript(" ".join(words[forgotten:]), t.final, until_ms, from_ms)

    words = " ".join(f"w{i}" for i in range(40))

    async def scene() -> Stage:
        async with stage(stt=Short()) as s:
            await s.caller.silence(1.0)
            await s.caller.says(words, for_s=12.5)
            await s.caller.hears(within_s=1)
            await s.caller.hears_end(within_s=30)
        return s

    assert play(scene).said() == [words]
