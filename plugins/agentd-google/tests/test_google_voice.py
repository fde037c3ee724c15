"""The voice against a Google that streams, refuses, breaks and stalls, over real sockets."""

from __future__ import annotations

import logging
from array import array
from itertools import pairwise
from typing import Any

import grpc
import pytest
import trio
from agentd_google.testing import FakeGoogle, Trouble

from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import EngineError

HEBREW = Voice("he-IL", rate=1.25, pitch_semitones=-2.0)
TEXT = "שלום, איך אפשר לעזור היום?"


async def say(tts: TTS, voice: Voice = HEBREW, text: str = TEXT) -> bytes:
    pcm, rates = b"", set()
    async with tts.speak(text, voice) as chunks:
        async for chunk in chunks:
            assert isinstance(chunk, AudioChunk)
            assert 0 < len(chunk.pcm) <= 2560
            pcm += chunk.pcm
            rates.add(chunk.rate_hz)
    assert rates == {8000}
    return pcm


def milliseconds(pcm: bytes) -> int:
    return len(pcm) // 16


async def test_the_best_voice_of_the_language_streams_linear_pcm(google: FakeGoogle) -> None:
    pcm = await say(google.tts())
    (config,) = google.voices.asked
    assert config.voice.name == "he-IL-Chirp3-HD-Aoede"
    audio = config.streaming_audio_config
    assert (audio.audio_encoding.name, audio.sample_rate_hertz, audio.speaking_rate) == ("PCM", 8000, 1.25)
    assert google.voices.texts == [TEXT]
    assert milliseconds(pcm) == int(len(TEXT) * 60 / 1.25)


async def test_pieces_of_odd_length_are_not_cut_in_mid_sample(google: FakeGoogle) -> None:
    samples = array("h", await say(google.tts()))
    assert max(samples) == 6000
    assert max(abs(b - a) for a, b in pairwise(samples)) < 1200  # half a sample off is noise


async def test_a_voice_that_cannot_stream_speaks_whole_and_loses_its_header(google: FakeGoogle) -> None:
    pcm = await say(google.tts(wanted="Wavenet"))
    (request,) = google.voices.asked
    assert request.voice.name == "he-IL-Wavenet-B"
    config = request.audio_config
    assert (config.audio_encoding.name, config.sample_rate_hertz) == ("LINEAR16", 8000)
    assert (config.speaking_rate, config.pitch) == (1.25, -2.0)
    assert not pcm.startswith(b"RIFF")
    assert milliseconds(pcm) == int(len(TEXT) * 60 / 1.25)


async def test_the_voices_are_listed_once_for_all_calls(google: FakeGoogle) -> None:
    tts = google.tts()

    async def one() -> None:
        assert await say(tts)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one)
    assert google.voices.lists == 1


async def test_a_wish_for_another_engines_voice_is_passed_over(google: FakeGoogle) -> None:
    await say(google.tts(wanted="Standard"), Voice("he-IL", "alloy"))
    assert google.voices.asked[0].voice.name == "he-IL-Standard-A"


async def test_a_language_without_voices_is_left_to_google(google: FakeGoogle) -> None:
    await say(google.tts(), Voice("fr-FR"))
    assert (google.voices.asked[0].voice.language_code, google.voices.asked[0].voice.name) == ("fr-FR", "")


async def test_without_the_list_google_chooses_and_the_phrase_is_spoken(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(request: Any) -> tuple[Any, str] | None:
        return (grpc.StatusCode.UNAVAILABLE, "later") if "ListVoices" in type(request).__name__ else None

    google.trouble = Trouble(refuse=refuse)
    tts = google.tts()
    assert await say(tts)
    assert await say(tts)
    assert [request.voice.name for request in google.voices.asked] == ["", ""]
    assert len(caplog.records) == 1
    assert "list of voices" in caplog.text


async def test_streaming_can_be_switched_off(google: FakeGoogle) -> None:
    await say(google.tts(streaming=False))
    assert google.voices.asked[0].voice.name == "he-IL-Chirp3-HD-Aoede"
    assert google.voices.asked[0].audio_config.pitch == 0  # Chirp3-HD has none, and is not asked


async def test_a_voice_that_refuses_pitch_or_streaming_does_without_from_then_on(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    google.voices.listed = (("he-IL-Tomorrow-A", "he-IL"), ("he-IL-Chirp3-HD-Aoede", "he-IL"))

    def refuse(request: Any) -> tuple[Any, str] | None:
        if "Streaming" in type(request).__name__:
            return grpc.StatusCode.INVALID_ARGUMENT, "Streaming is not available for this voice."
        if "Synthesize" in type(request).__name__ and request.audio_config.pitch:
            return grpc.StatusCode.INVALID_ARGUMENT, "This voice currently does not support pitch."
        return None

    google.trouble = Trouble(refuse=refuse)
    for wanted, missing in (("Tomorrow", "pitch"), ("Aoede", "streaming")):
        caplog.clear()
        tts = google.tts(wanted=wanted)
        for _ in range(3):
            assert await say(tts)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert missing in caplog.text


async def test_a_phrase_that_is_refused_in_every_manner_is_the_error_and_teaches_nothing(google: FakeGoogle) -> None:
    tts = google.tts()
    await say(tts)
    google.trouble = Trouble(refuse=lambda request: (grpc.StatusCode.INVALID_ARGUMENT, "The text is too long."))
    with pytest.raises(EngineError, match="refused") as failed:
        await say(tts)
    assert not failed.value.retryable
    google.trouble = Trouble()
    await say(tts)
    assert google.voices.asked[1].streaming_audio_config.speaking_rate == 1.25


@pytest.mark.parametrize("wanted", ["Aoede", "Wavenet"])
@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Trouble(cut_ms=0), "Connection reset"),
        (Trouble(empty=True), "no audio"),
        (Trouble(garbage_ms=0), "cannot be read"),
    ],
)
async def test_trouble_is_a_retryable_error(google: FakeGoogle, wanted: str, trouble: Trouble, says: str) -> None:
    tts = google.tts(wanted=wanted)
    await say(tts)
    google.trouble = trouble
    with pytest.raises(EngineError, match=says) as failed:
        await say(tts)
    assert failed.value.retryable


async def test_a_cut_in_mid_phrase_fails_after_the_audio_that_came(google: FakeGoogle) -> None:
    google.trouble = Trouble(cut_ms=500)
    pcm = b""

    async def listen() -> None:
        nonlocal pcm
        async with google.tts().speak(TEXT, HEBREW) as chunks:
            async for chunk in chunks:
                pcm += chunk.pcm

    with pytest.raises(EngineError, match="Connection reset"):
        await listen()
    assert milliseconds(pcm) >= 400


@pytest.mark.parametrize("wanted", ["Aoede", "Wavenet"])
async def test_a_barge_in_cancels_the_synthesis_at_google(google: FakeGoogle, wanted: str) -> None:
    google.trouble = Trouble(stall_ms=0)
    with trio.move_on_after(0.1) as scope:
        await say(google.tts(wanted=wanted))
    assert scope.cancelled_caught
    with trio.fail_after(5):
        while not google.voices.cancelled:
            await trio.sleep(0.001)


async def test_words_are_asked_for_and_punctuation_is_not(google: FakeGoogle) -> None:
    tts = google.tts()
    async with tts.speak("...", HEBREW) as chunks:
        assert [chunk async for chunk in chunks] == []
    assert google.voices.lists == 0
