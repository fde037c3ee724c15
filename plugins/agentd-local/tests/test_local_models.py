"""The real models, from their packages: what piper says, Whisper understands, over a telephone."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import trio
from agentd_local.models import find_voice, find_whisper
from agentd_local.stt import LocalSTT
from agentd_local.tts import LocalTTS, PiperVoice
from agentd_local.whisper import Recogniser, repeats, said_twice

from agentd.engines import AudioFormat, Heard, Transcript, Voice
from agentd.testing.wer import word_errors

SENTENCES = (
    "I would like to book an appointment for tomorrow morning, please.",
    "My name is Daniel Cohen and I have a question about my bill.",
    "Please call me back on two one two, five five five, zero one two three.",
)
VOICE = Voice("en-US", rate=1.0)


@pytest.fixture(scope="module")
def whisper() -> Recogniser:
    return Recogniser(find_whisper(""))


@pytest.fixture(scope="module")
def piper() -> PiperVoice:
    return PiperVoice(find_voice(""))


@pytest.fixture(scope="module")
def spoken(piper: PiperVoice) -> dict[str, bytes]:
    return {text: b"".join(piper.sentences(text, VOICE)) for text in SENTENCES}


def pieces(pcm: bytes) -> Iterator[Heard]:
    """A caller who is silent for half a second, speaks, and stops."""
    ms = 0
    for _ in range(5):
        ms += 100
        yield Heard(bytes(1600), ms)
    for at in range(0, len(pcm), 1600):
        piece = pcm[at : at + 1600].ljust(1600, b"\0")
        ms += 100
        yield Heard(piece, ms, voiced=True)
    for at in range(8):
        ms += 100
        yield Heard(bytes(1600), ms, pause=at == 1)


def test_whisper_understands_piper_over_a_telephone(whisper: Recogniser, spoken: dict[str, bytes]) -> None:
    counts = [word_errors(text, whisper.transcribe(pcm)) for text, pcm in spoken.items()]
    assert sum(errors for errors, _ in counts) / sum(words for _, words in counts) <= 0.2


def test_silence_and_noise_are_no_words(whisper: Recogniser) -> None:
    noise = random.Random(7)
    hiss = b"".join(int(noise.gauss(0, 60)).to_bytes(2, "little", signed=True) for _ in range(8000))
    assert whisper.transcribe(b"") == ""
    assert whisper.transcribe(bytes(16000)) == ""
    assert whisper.transcribe(hiss) == ""


def test_speech_longer_than_the_window_is_read_whole(whisper: Recogniser, spoken: dict[str, bytes]) -> None:
    first, second, third = SENTENCES
    pcm = spoken[first] + spoken[second] + spoken[third] + spoken[first]
    assert len(pcm) > 12 * 16000
    errors, words = word_errors(" ".join((first, second, third, first)), whisper.transcribe(pcm))
    assert errors / words <= 0.2


async def test_a_call_is_heard_with_partials_and_a_final_at_the_right_offsets(
    whisper: Recogniser, spoken: dict[str, bytes]
) -> None:
    text = SENTENCES[0]
    heard = list(pieces(spoken[text]))
    send, receive = trio.open_memory_channel[Heard](len(heard))
    async with LocalSTT(whisper).listen(receive, AudioFormat(), "en-US") as transcripts:
        async with send:
            for piece in heard:
                await send.send(piece)
        got: list[Transcript] = [transcript async for transcript in transcripts]
    final = got[-1]
    assert final.final
    assert [t.final for t in got].count(True) == 1
    assert final.from_ms == 200
    assert final.until_ms == next(piece.until_ms for piece in heard if piece.pause)
    errors, words = word_errors(text, final.text)
    assert errors / words <= 0.2


async def test_a_phrase_comes_in_small_chunks_at_telephone_rate(piper: PiperVoice) -> None:
    async with LocalTTS(piper).speak("Hello there. How can I help you today?", VOICE) as chunks:
        got = [chunk async for chunk in chunks]
    assert {chunk.rate_hz for chunk in got} == {8000}
    assert max(len(chunk.pcm) for chunk in got) == 2560
    assert 1.0 < sum(len(chunk.pcm) for chunk in got) / 16000 < 6.0


def test_a_faster_voice_is_shorter(piper: PiperVoice) -> None:
    text = "We will call you back tomorrow morning."
    slow = sum(map(len, piper.sentences(text, Voice("en-US", rate=0.8))))
    fast = sum(map(len, piper.sentences(text, Voice("en-US", rate=1.6))))
    assert fast < 0.7 * slow


def test_an_english_voice_reads_hebrew_as_words_and_not_as_letters(piper: PiperVoice) -> None:
    pcm = b"".join(piper.sentences("שלום, תודה שהתקשרתם! איך אפשר לעזור?", Voice("he-IL")))
    assert 1.5 < len(pcm) / 16000 < 6.0  # the names of its letters take 14 s


@pytest.mark.parametrize("text", ["", "  ", "...", "!?"])
async def test_nothing_to_say_is_no_error(piper: PiperVoice, text: str) -> None:
    async with LocalTTS(piper).speak(text, VOICE) as chunks:
        async for chunk in chunks:
            assert len(chunk.pcm) % 2 == 0


@pytest.mark.parametrize(
    ("text", "looped"),
    [
        ("Four. Four. Four. Four.", True),
        ("thank you so much thank you so much thank you so much thank you so much", True),
        ("five five five", False),
        ("5 5 5 5 5 5", False),
        ("no no no, I said Tuesday", False),
        ("We will call you back tomorrow morning to confirm the appointment with the doctor.", False),
    ],
)
def test_loops_of_the_model_are_told_from_what_people_repeat(text: str, looped: bool) -> None:
    assert repeats(text) is looped


def test_a_sentence_said_twice_is_only_a_reason_to_look_again() -> None:
    twice = "Press two to continue. Press two to continue."
    assert said_twice(twice)
    assert not repeats(twice)
    assert not said_twice("bye bye")
