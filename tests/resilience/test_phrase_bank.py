"""The bank of phrases: filled at start two at a time, kept as mu-law, honest about what failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio
from trio.testing import MockClock

from agentd.audio.mulaw import decode
from agentd.engines import AudioChunk, Voice
from agentd.resilience.phrase_bank import PhraseBank, keep_warm
from agentd.testing.scripted import Fault, ScriptedTTS

VOICE = Voice("he-IL")


async def test_phrases_are_kept_as_mulaw_by_text_and_voice(autojump_clock: MockClock) -> None:
    bank = PhraseBank({"a": ScriptedTTS()}, VOICE)
    assert await bank.fill(["רגע אחד"]) == {}
    audio = bank.get("רגע אחד")
    assert audio is not None
    assert len(audio) == len("רגע אחד") * 480
    assert max(memoryview(decode(audio)).cast("h")) == pytest.approx(6000, rel=0.05)
    assert bank.get("רגע אחד", Voice("he-IL", rate=2.0)) is None
    assert bank.get("שלום") is None


async def test_filling_is_two_at_a_time_once_each_and_tells_its_progress(autojump_clock: MockClock) -> None:
    tts = ScriptedTTS(latency_s=1.0)
    bank = PhraseBank({"a": tts}, VOICE)
    told: list[tuple[int, int]] = []
    await bank.fill(["a", "b", "c", "a", "d"], lambda done, whole: told.append((done, whole)))
    assert trio.current_time() == pytest.approx(2.0)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    await bank.fill(["a", "b"])
    assert tts.starts == 4


async def test_a_phrase_that_fails_is_named_and_the_others_are_there(autojump_clock: MockClock) -> None:
    bank = PhraseBank({"a": ScriptedTTS(fail=Fault("connect", nth=1))}, VOICE)
    failed = await bank.fill(["first", "second"])
    assert len(failed) == 1
    assert sum(bank.get(t) is not None for t in ("first", "second")) == 1


async def test_a_voice_of_another_rate_is_brought_to_the_lines(autojump_clock: MockClock) -> None:
    class Wide:
        @trio.as_safe_channel
        async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
            for _ in range(10):
                yield AudioChunk(bytes(4410), 22050)

    bank = PhraseBank({"a": Wide()}, VOICE)
    await bank.fill(["one second"])
    assert len(bank.get("one second") or b"") == pytest.approx(8000, abs=10)


async def test_the_second_voice_speaks_what_the_first_cannot(autojump_clock: MockClock) -> None:
    bank = PhraseBank({"a": ScriptedTTS(fail=Fault("connect")), "b": ScriptedTTS()}, VOICE)
    assert await bank.fill(["first", "second"]) == {}
    assert bank.get("first")


async def test_the_voices_are_kept_warm_when_nobody_is_on_the_line(autojump_clock: MockClock) -> None:
    first, second = ScriptedTTS(0.1), ScriptedTTS(fail=Fault("connect", nth=1))
    bank = PhraseBank({"a": first, "b": second}, VOICE)
    await bank.fill(["a longer phrase", "short"])
    starts, told, calls = first.starts, list[str](), 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_warm, bank, 480.0, lambda: calls == 0, told.append)
        await trio.sleep(490)
        assert (first.starts - starts, second.starts) == (0, 0)
        calls = 0
        await trio.sleep(480)
        assert (first.starts - starts, second.starts) == (1, 1)
        nursery.cancel_scope.cancel()
    assert told == ["b could not be kept warm: scripted: scripted failure at connect"]
