"""The bank of phrases: filled at start two at a time, kept as mu-law, honest about what failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio
from trio.testing import MockClock

from agentd.audio.mulaw import decode
from agentd.engines import AudioChunk, Voice
from agentd.resilience.phrase_bank import PhraseBank
from agentd.testing.scripted import Fault, ScriptedTTS

VOICE = Voice("he-IL")


async def test_phrases_are_kept_as_mulaw_by_text_and_voice(autojump_clock: MockClock) -> None:
    bank = PhraseBank(ScriptedTTS(), VOICE)
    assert await bank.fill(["רגע אחד"]) == {}
    audio = bank.get("רגע אחד")
    assert audio is not None
    assert len(audio) == len("רגע אחד") * 480
    assert max(memoryview(decode(audio)).cast("h")) == pytest.approx(6000, rel=0.05)
    assert bank.get("רגע אחד", Voice("he-IL", rate=2.0)) is None
    assert bank.get("שלום") is None


async def test_filling_is_two_at_a_time_once_each_and_tells_its_progress(autojump_clock: MockClock) -> None:
    tts = ScriptedTTS(latency_s=1.0)
    bank = PhraseBank(tts, VOICE)
    told: list[tuple[int, int]] = []
    await bank.fill(["a", "b", "c", "a", "d"], lambda done, whole: told.append((done, whole)))
    assert trio.current_time() == pytest.approx(2.0)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    await bank.fill(["a", "b"])
    assert tts.starts == 4


async def test_a_phrase_that_fails_is_named_and_the_others_are_there(autojump_clock: MockClock) -> None:
    bank = PhraseBank(ScriptedTTS(fail=Fault("connect", nth=1)), VOICE)
    failed = await bank.fill(["first", "second"])
    assert len(failed) == 1
    assert sum(bank.get(t) is not None for t in ("first", "second")) == 1


async def test_a_voice_of_another_rate_is_brought_to_the_lines(autojump_clock: MockClock) -> None:
    class Wide:
        @trio.as_safe_channel
        async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
            for _ in range(10):
                yield AudioChunk(bytes(4410), 22050)

    bank = PhraseBank(Wide(), VOICE)
    await bank.fill(["one second"])
    assert len(bank.get("one second") or b"") == pytest.approx(8000, abs=10)
