"""The recogniser against a Google that refuses, breaks, stalls and babbles; v1 and v2, over real sockets."""

from __future__ import annotations

import logging
import math
from typing import Any

import grpc
import pytest
import trio
from agentd_google.testing import FakeGoogle, Trouble, conversation, finals, listen, pieces, sound

from agentd.engines import AudioFormat, Heard, Transcript
from agentd.errors import EngineError

VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
INVALID = grpc.StatusCode.INVALID_ARGUMENT
SENTENCE = pieces(sound("w1 w2 w3") + bytes(16 * 700) + sound("w4 w5") + bytes(16 * 700))
SAID = ["w1 w2 w3", "w4 w5"]


def texts(transcripts: list[Transcript]) -> list[str]:
    return [transcript.text for transcript in finals(transcripts)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@VERSIONS
async def test_it_asks_for_telephone_hebrew_with_hints_and_interim_results(google: FakeGoogle, version: str) -> None:
    assert texts(await listen(google.stt(version, hints=("דירה", "רמת אביב")), SENTENCE)) == SAID
    (session,) = google.speech.sessions
    assert (session.language, session.model, session.rate_hz, session.interim) == ("he-IL", "telephony", 8000, True)
    assert session.enhanced is (version == "v1")
    assert session.hints == ("דירה", "רמת אביב")
    assert max(session.chunks) == 1600
    assert session.ended == "done"


async def test_v2_names_its_recogniser_where_googles_front_ends_look(google: FakeGoogle) -> None:
    await listen(google.stt("v2"), SENTENCE)
    route = google.speech.sessions[0].metadata["x-goog-request-params"]
    assert route == "recognizer=projects%2Fp%2Flocations%2Fglobal%2Frecognizers%2F_"


async def test_partials_grow_and_say_on_how_much_audio_they_rest(google: FakeGoogle) -> None:
    got = await listen(google.stt(), pieces(sound("w1 w2 w3") + bytes(16 * 700), from_ms=60_000))
    assert [(t.text, t.final, t.from_ms, t.until_ms) for t in got] == [
        ("w1", False, 60_000, 60_300),
        ("w1 w2", False, 60_000, 60_660),
        ("w1 w2 w3", False, 60_000, 61_020),
        ("w1 w2 w3", True, 60_000, 61_150),
    ]


async def test_long_pieces_are_sent_in_messages_of_100_ms(google: FakeGoogle) -> None:
    assert texts(await listen(google.stt(), pieces(sound("w1 w2"), piece_bytes=16 * 250))) == ["w1 w2"]
    assert max(google.speech.sessions[0].chunks) == 1600


@VERSIONS
async def test_hebrew_is_asked_for_by_its_old_code_when_the_new_one_is_refused(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    def refuse(config: Any) -> tuple[Any, str] | None:
        asked = config.language_codes[0] if version == "v2" else config.language_code
        return (INVALID, "Invalid recognition 'config': bad language code he-IL.") if asked == "he-IL" else None

    google.trouble = Trouble(refuse=refuse)
    stt = google.stt(version)
    assert texts(await listen(stt, SENTENCE)) == SAID
    assert texts(await listen(stt, SENTENCE)) == SAID
    assert [(s.language, s.model) for s in google.speech.sessions] == [
        ("he-IL", "telephony"),
        ("iw-IL", "telephony"),
        ("iw-IL", "telephony"),
    ]
    assert len(warnings(caplog)) == 1
    assert "iw-IL" in warnings(caplog)[0]


@VERSIONS
async def test_a_refused_model_is_dropped_for_all_calls_with_one_warning(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    def refuse(config: Any) -> tuple[Any, str] | None:
        if config.model == "telephony":
            return INVALID, "The requested model is currently not supported for language : he-IL."
        return None

    google.trouble = Trouble(refuse=refuse)
    stt = google.stt(version)

    async def one() -> None:
        assert texts(await listen(stt, SENTENCE)) == SAID

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one)
    assert {s.model for s in google.speech.sessions if s.ended == "done"} == {"long" if version == "v2" else ""}
    assert {s.language for s in google.speech.sessions} == {"he-IL"}
    assert len(warnings(caplog)) == 1
    assert "telephony" in warnings(caplog)[0]


async def test_refused_hints_are_left_out(google: FakeGoogle) -> None:
    def refuse(config: Any) -> tuple[Any, str] | None:
        return (INVALID, "Adaptation is not supported for this model.") if config.speech_contexts else None

    google.trouble = Trouble(refuse=refuse)
    # The words of the refusal name the model too: it goes first, and then the hints.
    assert texts(await listen(google.stt(hints=("דירה",)), SENTENCE)) == SAID


async def test_when_nothing_is_left_to_do_without_the_refusal_is_the_error(google: FakeGoogle) -> None:
    google.trouble = Trouble(refuse=lambda config: (INVALID, "No."))
    stt = google.stt(hints=("דירה",))
    with pytest.raises(EngineError, match=r"refused the request \(INVALID_ARGUMENT: No\.\)") as failed:
        await listen(stt, SENTENCE)
    assert not failed.value.retryable
    # As asked, without the model, as iw-IL, without hints; and the next call begins at the top.
    assert [(s.model, s.language) for s in google.speech.sessions] == [
        ("telephony", "he-IL"), ("", "he-IL"), ("", "iw-IL"), ("", "iw-IL"),
    ]  # fmt: skip
    google.trouble = Trouble()
    await listen(stt, SENTENCE)
    assert google.speech.sessions[-1].model == "telephony"


@pytest.mark.parametrize(
    ("code", "says", "retryable"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "is the API enabled", False),
        (grpc.StatusCode.UNAUTHENTICATED, "service account's key", False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota", False),
        (grpc.StatusCode.INTERNAL, "failed", True),
        (grpc.StatusCode.UNAVAILABLE, "cannot be reached", True),
    ],
)
async def test_every_other_status_is_an_error_with_its_meaning(
    google: FakeGoogle, code: Any, says: str, retryable: bool
) -> None:
    google.trouble = Trouble(refuse=lambda config: (code, "because"))
    with pytest.raises(EngineError, match=says) as failed:
        await listen(google.stt(), SENTENCE)
    assert failed.value.retryable is retryable
    assert failed.value.engine == "google"


async def test_a_cut_is_a_retryable_error_after_what_was_heard(google: FakeGoogle) -> None:
    google.trouble = Trouble(cut_ms=2500)
    got: list[Transcript] = []
    with pytest.raises(EngineError, match="Connection reset") as failed:
        await listen(google.stt(), SENTENCE, got=got)
    assert failed.value.retryable
    assert texts(got) == SAID[:1]


@VERSIONS
async def test_streams_that_google_ends_early_follow_each_other_without_a_gap(google: FakeGoogle, version: str) -> None:
    heard = pieces(conversation(60))
    expected = finals(await listen(google.stt(version), heard))
    for trouble in (Trouble(end_ms=11_000), Trouble(cap_ms=13_000)):
        google.trouble = trouble
        before = len(google.speech.sessions)
        assert finals(await listen(google.stt(version), heard)) == expected
        assert len(google.speech.sessions) - before >= 4


async def test_streams_that_end_as_soon_as_they_begin_are_an_error(google: FakeGoogle) -> None:
    google.trouble = Trouble(end_ms=0)
    with pytest.raises(EngineError, match="stream after stream") as failed:
        await listen(google.stt(), SENTENCE)
    assert failed.value.retryable
    assert len(google.speech.sessions) == 3


async def test_messages_that_make_no_sense_change_nothing(google: FakeGoogle) -> None:
    expected = await listen(google.stt(), SENTENCE)
    google.trouble = Trouble(nonsense=True)
    assert await listen(google.stt(), SENTENCE) == expected


async def test_a_little_garbage_is_passed_over_and_much_is_an_error(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    google.trouble = Trouble(garbage_ms=len(SENTENCE) * 100 - 600)
    assert texts(await listen(google.stt(), SENTENCE)) == SAID
    google.trouble = Trouble(garbage_ms=0)
    with pytest.raises(EngineError, match="cannot be read"):
        await listen(google.stt(), SENTENCE)
    assert caplog.records == []


async def test_a_google_that_reads_no_more_is_not_given_more(google: FakeGoogle) -> None:
    google.trouble = Trouble(deaf_ms=200)
    into, audio = trio.open_memory_channel[Heard](math.inf)
    for piece in pieces(bytes(1800 * 16_000)):  # half an hour: 29 MB
        into.send_nowait(piece)
    async with google.stt().listen(audio, AudioFormat(), "he-IL"):
        with trio.move_on_after(0.5):
            await trio.sleep_forever()
        left = audio.statistics().current_buffer_used
    assert left > 9000  # what a connection swallows by itself is less than half


async def test_a_flood_of_partials_waits_for_its_reader(google: FakeGoogle) -> None:
    google.trouble = Trouble(flood=100_000)
    into, audio = trio.open_memory_channel[Heard](math.inf)
    into.send_nowait(SENTENCE[0])
    async with google.stt().listen(audio, AudioFormat(), "he-IL") as transcripts:
        await transcripts.receive()
        await trio.sleep(0.3)
        sent = google.speech.sessions[0].answers
    assert 1 <= sent < 20_000


async def test_rates_that_google_does_not_take_are_refused_at_once(google: FakeGoogle) -> None:
    _into, audio = trio.open_memory_channel[Heard](1)
    with pytest.raises(EngineError, match="not 44100 Hz"):
        async with google.stt().listen(audio, AudioFormat(44_100), "he-IL"):
            pass
    assert google.speech.sessions == []
