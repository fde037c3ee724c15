"""The real client uploads recordings to a server on a real socket: what it sends, what is told of the answers."""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections.abc import Sequence
from itertools import pairwise

import pytest
import trio
from agentd_openai.access import Access
from agentd_openai.client import Client
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, Request, refusal
from agentd_openai.transcribe import OpenAISTT

from agentd.audio.wav import parse
from agentd.engines import AudioFormat, Heard, Transcript
from agentd.errors import EngineError

PATH = "/audio/transcriptions"
TONE = array("h", (round(6000 * math.sin(2 * math.pi * 440 * i / 8000)) for i in range(800))).tobytes()


def text(words: str) -> Answer:
    return Answer([json.dumps({"text": words}).encode()])


def heard(plan: str, from_ms: int = 0) -> list[Heard]:
    """One character per 100 ms: v voice, . silence, | silence at whose end the speaker has paused."""
    out = []
    for nth, what in enumerate(plan):
        voiced = what == "v"
        out.append(Heard(TONE if voiced else bytes(1600), from_ms + (nth + 1) * 100, voiced, what == "|"))
    return out


async def listen(stt: OpenAISTT, pieces: Sequence[Heard], language: str = "he-IL") -> list[Transcript]:
    into, audio = trio.open_memory_channel[Heard](len(pieces))
    for piece in pieces:
        into.send_nowait(piece)
    into.close()
    with trio.fail_after(10):
        async with stt.listen(audio, AudioFormat(), language) as transcripts:
            return [transcript async for transcript in transcripts]


async def test_an_utterance_is_uploaded_as_a_16_khz_wav_with_its_language(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = text("אני מחפש דירה")
    got = await listen(OpenAISTT(client, "whisper-1"), heard("....." + "v" * 12 + ".|....."))
    assert got == [Transcript("אני מחפש דירה", True, 1900, 200)]
    (request,) = server.requests
    form = request.form()
    assert (form["model"], form["language"], form["temperature"]) == (b"whisper-1", b"he", b"0")
    assert form["response_format"] == b"json"
    assert form["file"][:4] == b"RIFF"
    sound = parse(form["file"])
    assert sound.rate_hz == 16_000
    assert struct.unpack_from("<HHIIHH", form["file"], 20) == (1, 1, 16_000, 32_000, 2, 16)
    assert len(sound.data) / 2 / 16_000 == pytest.approx(1.7, abs=0.01)  # the onset - 300 ms, the voice, the pause
    voice = array("h", sound.data[2 * 16 * 500 : 2 * 16 * 1000])
    assert sum(a < 0 <= b for a, b in pairwise(voice)) == pytest.approx(220, abs=3)  # 440 Hz


async def test_the_newer_model_is_given_its_language_as_a_list(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = text("hello there")
    await listen(OpenAISTT(client), heard("vvvv.|....."), "en-US")
    form = server.requests[0].form()
    assert (form["model"], form["languages[]"]) == (b"gpt-transcribe", b"en")
    assert "language" not in form


async def test_the_old_code_of_hebrew_is_sent_as_the_new_one(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = text("שלום לך")
    await listen(OpenAISTT(client, "whisper-1"), heard("vvvv.|....."), "iw-IL")
    assert server.requests[0].form()["language"] == b"he"


async def test_a_parameter_that_is_refused_is_left_out(server: FakeOpenAI, client: Client) -> None:
    def picky(request: Request) -> Answer:
        return refusal(400, "unsupported", "temperature") if b"temperature" in request.body else text("a flat please")

    server.answers[PATH] = picky
    got = await listen(OpenAISTT(client), heard("vvvv.|....."))
    assert [t.text for t in got] == ["a flat please"]


async def test_what_is_said_while_speech_goes_on_is_partial(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = text("I am looking for a flat")
    stt = OpenAISTT(client)
    into, audio = trio.open_memory_channel[Heard](99)
    with trio.fail_after(10):
        async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
            for piece in heard("v" * 25):
                into.send_nowait(piece)
            assert await transcripts.receive() == Transcript("I am looking for a flat", False, 2300, 0)
            for piece in heard(".|.....", from_ms=2500):
                into.send_nowait(piece)
            into.close()
            last = [transcript async for transcript in transcripts][-1]
    assert last == Transcript("I am looking for a flat", True, 2700, 0)


async def test_answers_out_of_order_are_told_in_order(server: FakeOpenAI, client: Client) -> None:
    def the_long_one_is_slow(request: Request) -> Answer:
        seconds = len(parse(request.form()["file"]).data) / 32_000
        return Answer([json.dumps({"text": f"{seconds:.1f} s"}).encode()], after_s=0.3 if seconds > 1 else 0.0)

    server.answers[PATH] = the_long_one_is_slow
    got = await listen(OpenAISTT(client), heard("vvvvvvvvvv.|......" + "vvv.|......"))
    assert [(t.text, t.until_ms) for t in got if t.final] == [("1.2 s", 1200), ("0.8 s", 2300)]


async def test_silence_asks_nobody(server: FakeOpenAI, client: Client) -> None:
    assert await listen(OpenAISTT(client), heard("." * 40)) == []
    faint = [Heard(bytes(1600), ms, ms < 500, ms == 500) for ms in range(100, 1200, 100)]
    assert [t.text for t in await listen(OpenAISTT(client), faint)] == [""]
    assert server.requests == []


@pytest.mark.parametrize("phantom", ["תודה", "תודה רבה.", "Thank you.", "Thanks for watching!", "", " \n", "...", "♪"])
async def test_words_that_the_model_invents_in_near_silence_are_no_words(
    server: FakeOpenAI, client: Client, phantom: str
) -> None:
    server.answers[PATH] = text(phantom)
    hum = array("h", (round(60 * math.sin(i / 3)) for i in range(800))).tobytes()
    pieces = [Heard(hum, ms, ms < 500, ms == 500) for ms in range(100, 1200, 100)]
    got = await listen(OpenAISTT(client), pieces)
    assert len(server.requests) == 1
    assert [t.text for t in got] == [""]


async def test_thanks_that_were_spoken_are_thanks(server: FakeOpenAI, client: Client) -> None:
    server.answers[PATH] = text("תודה")
    assert [t.text for t in await listen(OpenAISTT(client), heard("vvvv.|....."))] == ["תודה"]


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (refusal(500), True),
        (refusal(429, "rate_limit_exceeded", retry_after="1"), True),
        (refusal(401, "invalid_api_key"), False),
        (refusal(400, "audio_too_short"), False),
        (Answer([b"{nonsense"]), True),
        (Answer([b'{"words": []}']), True),
        (Answer([b'{"text": 7}']), True),
        (Answer([b'["text"]']), True),
        (Answer([b"<html>hotel</html>"], kind="text/html"), True),
        (Answer([b'{"te', Misdeed.CUT]), True),
        (text("and so on " * 999), True),
    ],
    ids=range(11),
)
async def test_a_failing_server_is_an_engine_error(
    server: FakeOpenAI, client: Client, answer: Answer, retryable: bool
) -> None:
    server.answers[PATH] = answer
    with pytest.raises(EngineError) as caught:
        await listen(OpenAISTT(client), heard("vvvv.|....."))
    assert caught.value.retryable is retryable
    assert caught.value.engine == "openai-whisper"
    assert "sk-secret" not in str(caught.value)


async def test_a_cancel_closes_the_uploads_of_which_a_call_has_three_at_most(
    server: FakeOpenAI, client: Client
) -> None:
    server.answers[PATH] = Answer(after_s=math.inf)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen, OpenAISTT(client), heard("vvv.|" * 15))
        await server.arrived(3)
        await trio.sleep(0.1)  # a fourth would come now
        nursery.cancel_scope.cancel()
    assert len(server.requests) == 3
    for request in server.requests:
        await server.closed(request)


async def test_other_rates_of_the_line_are_resampled_too(server: FakeOpenAI) -> None:
    server.answers[PATH] = text("hello there")
    client = Client(Access(server.url, "k"))
    into, audio = trio.open_memory_channel[Heard](99)
    for nth in range(12):
        into.send_nowait(Heard(TONE * 2, (nth + 1) * 100, nth < 5, nth == 6))
    into.close()
    async with OpenAISTT(client).listen(audio, AudioFormat(16_000), "en-US") as transcripts:
        got = [transcript async for transcript in transcripts]
    assert got == [Transcript("hello there", True, 700, 0)]
    assert len(parse(server.requests[0].form()["file"]).data) == 700 * 32
