"""Orders of events that once went wrong, each as a play."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio

from agentd.audio.mulaw import decode
from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.history import Entry, History
from agentd.engines import Transcript, VADStream
from agentd.events import BadInput, BargeIn, CallerSaid, Dedup, PluginFailure, StateChange, Turn, Underrun
from agentd.testing.play import play
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.sounds import voice
from agentd.testing.stage import PLAYBOOK, Stage, stage

TWO = "This is the first sentence of a rather long reply. And this here is the second one of it."


def ended_well(s: Stage) -> None:
    assert s.record is not None
    assert s.record.crash is None
    assert s.call.brain.state is State.LISTENING or s.call.brain.floor.turn is None


def test_a_cough_while_we_think_costs_no_answer() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two please")
            await s.caller.silence(0.7)
            stt.expect("")
            await s.caller.coughs()
            await s.caller.hears_end(within_s=8)
        return s

    s = play(scene)
    assert s.events(Dedup) == []
    assert s.answered() == ["You said: a table for two please. Anything else?"]
    ended_well(s)


def test_clicks_do_not_keep_an_answer_from_coming() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(1.2)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two please")
            s.call.recogniser._words = lambda t: None  # nothing of the clicks is ever a word
            for _ in range(4):
                await s.caller.silence(0.9)
                await s.caller.says(decode(voice(0.1)))
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    assert s.answered()[0] == "You said: a table for two please. Anything else?"
    [turn] = [t for t in s.events(Turn) if t.kind == "reply"]
    assert turn.total_latency_ms is not None
    assert turn.total_latency_ms < 3000


def test_words_over_speech_that_cannot_be_stopped_are_answered_after_it() -> None:
    async def scene() -> Stage:
        settings = Settings.of(barge_in=False)
        async with stage(settings=settings, llm=ScriptedLLM(replies=[TWO, "Noted, thank you."])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(0.5, "on Sunday at ten")
            await s.caller.silence(12)
        return s

    s = play(scene)
    assert s.said() == ["tell me everything", "on Sunday at ten"]
    assert s.answered()[1] == "Noted, thank you."


def test_a_stop_that_is_understood_too_late_still_stops_us() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT(0.2)
        async with stage(stt=stt, llm=ScriptedLLM(replies=[TWO, "Of course."])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=3)
            await s.caller.silence(0.6)
            stt.latency_s = 1.4
            await s.caller.says("stop", for_s=0.4)
            await s.caller.silence(8)
        return s

    s = play(scene)
    assert s.said() == ["tell me everything", "stop"]
    phases = [e.phase for e in s.events(BargeIn)]
    assert phases[:2] == ["hold", "release"]
    assert phases[-1] == "take"


def test_a_breath_before_the_greeting_does_not_lose_it() -> None:
    playbook = replace(PLAYBOOK, greeting="Hello, this is the office.")

    async def scene(start_s: float, length_s: float) -> Stage:
        stt = ScriptedSTT()
        async with stage(playbook=playbook, stt=stt) as s:
            s.call.recogniser._words = lambda t: None
            await s.caller.silence(start_s)
            await s.caller.says(decode(voice(length_s)))
            await s.caller.silence(4)
        return s

    for start_s in (0.1, 0.3, 0.5, 0.74, 0.79):
        for length_s in (0.06, 0.1, 0.16):

            async def one(start_s: float = start_s, length_s: float = length_s) -> Stage:
                return await scene(start_s, length_s)

            assert play(one).answered() == ["Hello, this is the office."], (start_s, length_s)


def test_after_fifteen_seconds_we_speak_into_a_monologue() -> None:
    async def scene() -> Stage:
        async with stage(stt=ScriptedSTT(0.2), llm=ScriptedLLM(0.5)) as s:
            await s.caller.silence(1.0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: s.caller.says(" ".join(f"w{i}" for i in range(60)), for_s=20.0))
                await trio.sleep(18)
                assert s.twilio.agent.first_sound(15.5, 18) is not None
            await s.caller.hears_end(within_s=20)
        return s

    s = play(scene)
    assert s.events(Turn)[0].eou_reason == "timeout"


@pytest.mark.parametrize("talks", [True, False])
def test_a_goodbye_is_said_even_to_one_who_talks_and_ends_the_call_even_without_a_voice(talks: bool) -> None:
    async def scene() -> Stage:
        tts = ScriptedTTS() if talks else ScriptedTTS(fail=Fault("empty"))
        async with stage(tts=tts, hang_up=False) as s:
            await s.caller.silence(1.0)
            async with trio.open_nursery() as nursery:
                if talks:
                    nursery.start_soon(lambda: s.caller.says(" ".join(f"w{i}" for i in range(60)), for_s=20.0))
                else:
                    nursery.start_soon(lambda: s.caller.silence(20))
                await trio.sleep(2.0)
                s.call.brain.finish("max-length", "Goodbye.")
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "max-length"
    assert s.record.duration_s < 12
    if talks:
        assert s.answered()[-1] == "Goodbye."


def test_keys_are_never_lost_whatever_we_were_about_to_say() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("my number is this")
            await s.caller.silence(0.7)  # we are thinking about that
            for _ in range(4):
                stt.expect("")
            await s.caller.presses("0521")
            s.call.brain.say("Are you still there?")  # a guard, at a bad moment
            await s.caller.hears_end(within_s=9)
            await s.caller.silence(1)
        return s

    s = play(scene)
    assert s.said()[-1] == "my number is this 0521"
    assert s.answered() == ["You said: my number is this 0521. Anything else?"]


def test_keys_survive_a_caller_who_then_speaks() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(2.0)) as s:
            await s.caller.silence(1.0)
            stt.expect("")
            await s.caller.presses("123#")
            await s.caller.silence(0.8)
            await s.caller.says("and that is all of it")
            await s.caller.hears_end(within_s=8)
        return s

    s = play(scene)
    assert s.said()[-1] == "123 and that is all of it"


def test_a_phrase_that_was_never_sent_was_not_heard() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=[TWO]), tts=ScriptedTTS(1.2)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=4)
            await s.caller.silence(0.6)
        return s

    [said] = play(scene).answered()
    assert "second" not in said


def test_a_wild_timestamp_is_counted_and_the_call_goes_on() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            s.twilio.line.skip(200_000)  # more than an hour
            await s.caller.silence(0.5)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=2)
        return s

    s = play(scene)
    assert [e.kind for e in s.events(BadInput)] == ["timestamp"]
    assert s.said() == ["a table for two"]


def test_a_resumed_call_does_not_take_back_what_the_lost_stream_heard() -> None:
    async def scene() -> Stage:
        history = History((Entry(1, "caller", "my name is Dan"), Entry(1, "agent", "Thank you, Dan.")))
        async with stage(history=history, resumed=True, llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.5)
            await s.caller.says("I would like")
            await s.caller.silence(0.7)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=8)
        return s

    s = play(scene)
    assert s.call.brain.floor.history.entries[0].text == "my name is Dan"
    assert min(e.turn for e in s.events(CallerSaid)) > 1


def test_a_late_final_with_silence_at_its_end_is_still_about_what_was_taken() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(0.9)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a cable for two")
            await s.caller.silence(0.8)
            until_ms = s.call.brain.hearing.taken_ms
            s.call.brain.words(Transcript("a table for two", True, until_ms + 400, 900))
            await s.caller.hears_end(within_s=6)
        return s

    s = play(scene)
    assert s.answered() == ["You said: a table for two. Anything else?"]


def test_waiting_behind_a_filler_is_no_underrun_and_fillers_vary() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(9.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.silence(16)
        return s

    s = play(scene)
    assert s.events(Underrun) == []
    [turn] = s.events(Turn)
    assert turn.filler


class BadVAD:
    def __init__(self, when: str) -> None:
        self.when = when

    def open(self) -> VADStream:
        if self.when == "open":
            raise ValueError("open")
        return self

    def hear(self, pcm: bytes) -> float:
        if self.when == "hear":
            raise ValueError("hear")
        return 0.0

    def close(self) -> None:
        if self.when == "close":
            raise ValueError("close")


@pytest.mark.parametrize("when", ["open", "hear", "close"])
def test_a_detector_that_fails_leaves_the_call_to_the_levels(when: str) -> None:
    async def scene() -> Stage:
        async with stage(vad=BadVAD(when)) as s:
            await s.caller.silence(1.0)
            if when != "close":
                await s.caller.says("a table for two")
                await s.caller.hears(within_s=2)
        return s

    s = play(scene)
    ended_well(s)
    assert [e.plugin for e in s.events(PluginFailure)] == ["vad"]
    assert s.said() == ([] if when == "close" else ["a table for two"])


def test_a_recogniser_whose_session_ends_is_opened_again() -> None:
    async def scene() -> tuple[Stage, ScriptedSTT]:
        stt = ScriptedSTT(fail=Fault("cut", nth=1, after=1))
        async with stage(stt=stt) as s:
            await s.caller.silence(1.0)
            for text in ("the first of them", "the second of them", "the third of them"):
                await s.caller.says(text)
                await s.caller.silence(6.0)
        return s, stt

    s, stt = play(scene)
    assert stt.starts >= 2
    assert s.said()[-1] == "the third of them"


def test_a_hang_up_in_the_very_first_batch_is_a_hang_up() -> None:
    async def scene() -> Stage:
        async with stage(hang_up=False) as s:
            s.twilio.hang_up()
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "stop"


def test_every_committed_answer_has_its_line_even_one_that_nobody_heard() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("I would like")
            await s.caller.silence(0.7)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=8)
        return s

    s = play(scene)
    went_on = [e for e in s.events(StateChange) if e.cause == "caller-went-on"]
    lines = s.events(Turn)
    assert len(lines) == len(went_on) + 1
    assert [t.total_latency_ms is None for t in lines] == [True] * len(went_on) + [False]
