"""The real client fetches speech from a server on a real socket."""

from __future__ import annotations

import gc
from array import array

import pytest
import trio
from agentd_openai.client import Client
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, Step, refusal
from agentd_openai.speak import OpenAITTS
from agentd_openai.transcribe import wav

from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError

PATH = "/audio/speech"
SOUND = array("h", [(i * 37) % 9000 - 4500 for i in range(24_000)]).tobytes()  # one second


def pcm(*body: Step) -> Answer:
    return Answer(body, kind="audio/pcm")


async def say(tts: OpenAITTS, text: str = "Good morning.", voice: Voice | None = None) -> list[AudioChunk]:
    with trio.fail_after(10):
        async with tts.speak(text, voice or Voice("en-US")) as chunks:
            return [chunk async for chunk in chunks]


async def test_a_phrase_comes_as_24_khz_pcm_in_small_chunks(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = pcm(SOUND)
    got = await say(OpenAITTS(client), "בוקר טוב", Voice("he-IL", rate=1.05, pitch_semitones=-2))
    assert b"".join(chunk.pcm for chunk in got) == SOUND
    assert {chunk.rate_hz for chunk in got} == {24_000}
    assert max(len(chunk.pcm) for chunk in got) <= 4800
    assert server.requests[0].json == {
        "model": "gpt-4o-mini-tts",
        "voice": "coral",
        "input": "בוקר טוב",
        "response_format": "pcm",
        "speed": 1.05,
    }


@pytest.mark.parametrize(
    ("argument", "name", "voice", "model"),
    [
        ("", "", "coral", "gpt-4o-mini-tts"),
        ("nova", "sage", "nova", "gpt-4o-mini-tts"),
        ("", "sage", "sage", "gpt-4o-mini-tts"),
        ("", "he-IL-Wavenet-A", "coral", "gpt-4o-mini-tts"),
        ("nova/tts-1", "", "nova", "tts-1"),
        ("/tts-1-hd", "", "coral", "tts-1-hd"),
        ("af_heart/hexgrad/Kokoro-82M", "", "af_heart", "hexgrad/Kokoro-82M"),
    ],
)
async def test_voice_and_model_come_from_the_chain(
    server: FakeOpenAI, client: Client, argument: str, name: str, voice: str, model: str
) -> None:
    server.answers[PATH] = pcm(SOUND)
    await say(OpenAITTS(client, argument), voice=Voice("en-US", name))
    assert (server.requests[0].json["voice"], server.requests[0].json["model"]) == (voice, model)


@pytest.mark.parametrize(("rate", "speed"), [(0.1, 0.25), (9.0, 4.0), (1.0, 1.0)])
async def test_speed_stays_within_what_the_server_takes(
    server: FakeOpenAI, client: Client, rate: float, speed: float
) -> None:
    server.answers[PATH] = pcm(SOUND)
    await say(OpenAITTS(client), voice=Voice("en-US", rate=rate))
    assert server.requests[0].json["speed"] == speed


async def test_the_first_audio_does_not_wait_for_the_rest(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = pcm(SOUND[:9600], Misdeed.STALL)
    with trio.fail_after(5):
        async with OpenAITTS(client).speak("Good morning.", Voice("en-US")) as chunks:
            assert (await chunks.receive()).pcm == SOUND[:4800]
    await server.closed(server.requests[0])
    gc.collect()


async def test_pieces_of_odd_length_stay_whole_samples(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = pcm(*(part for at in range(0, 9990, 333) for part in (SOUND[at : at + 333], 0.001)))
    got = await say(OpenAITTS(client))
    assert all(len(chunk.pcm) % 2 == 0 for chunk in got)
    assert b"".join(chunk.pcm for chunk in got) == SOUND[:9990]


async def test_a_wav_header_is_stripped_and_its_rate_believed(server: FakeOpenAI, client: Client) -> None:
    whole = wav(SOUND, 22_050)
    server.answers[PATH] = Answer([whole[:30], 0.01, whole[30:50], 0.01, whole[50:]], kind="audio/wav")
    got = await say(OpenAITTS(client))
    assert b"".join(chunk.pcm for chunk in got) == SOUND
    assert {chunk.rate_hz for chunk in got} == {22_050}


@pytest.mark.parametrize("text", ["", "...", " \n", "😀", "\u200f"])
async def test_a_text_without_words_asks_nobody(server: FakeOpenAI, client: Client, text: str) -> None:
    assert await say(OpenAITTS(client), text) == []
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (refusal(429, "rate_limit_exceeded"), True),
        (refusal(503), True),
        (refusal(401, "invalid_api_key"), False),
        (refusal(404, "model_not_found"), False),
        (refusal(400, "invalid_voice", "voice"), False),
        (Answer([b'{"error": "none"}']), True),
        (Answer([b"<html>hotel</html>"], kind="text/html"), True),
        (pcm(b"ID3\x03" + bytes(99)), True),
        (pcm(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(5000)), True),
        (pcm(SOUND[:9600], 0.05, Misdeed.CUT), True),
        (pcm(Misdeed.CUT), True),
    ],
    ids=range(11),
)
async def test_a_failing_server_is_an_engine_error(
    server: FakeOpenAI, client: Client, answer: Answer, retryable: bool
) -> None:
    server.answers[PATH] = answer
    with pytest.raises(EngineError) as caught:
        await say(OpenAITTS(client))
    assert caught.value.retryable is retryable
    assert "sk-secret" not in str(caught.value)


async def test_nobody_home_is_an_engine_error(nowhere: Client) -> None:
    with pytest.raises(EngineError, match="connection failed"):
        await say(OpenAITTS(nowhere))


@pytest.mark.parametrize(
    "body",
    [(Misdeed.STALL,), (SOUND, Misdeed.STALL), (SOUND[:4000], 0.05) * 99, (SOUND,) * 99],
    ids=["nothing", "some", "slowly", "a flood that nobody reads"],
)
async def test_a_cancel_closes_the_connection(server: FakeOpenAI, client: Client, body: tuple[Step, ...]) -> None:
    server.answers[PATH] = pcm(*body)

    async def listen() -> None:
        async with OpenAITTS(client).speak("Good morning.", Voice("en-US")):
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        request = await server.arrived()
        await trio.sleep(0.05)  # some of the answer, if any
        nursery.cancel_scope.cancel()
    await server.closed(request)
    gc.collect()  # what is left half-way of a stream would warn here
