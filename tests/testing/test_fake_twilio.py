"""The in-memory Twilio and its caller, in virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trio

from agentd.audio import mulaw
from agentd.audio.wav import write_wav
from agentd.core.media_stream import Writer
from agentd.media import Binary
from agentd.testing import sounds
from agentd.testing.caller import Caller
from agentd.testing.fake_twilio import FakeTwilio
from agentd.testing.play import play

VOICE = sounds.voice(1.0)


class Reader:
    """What an agentd would have received, with the times."""

    def __init__(self, twilio: FakeTwilio) -> None:
        self.twilio = twilio
        self.messages: list[tuple[float, dict]] = []

    async def run(self, react: Callable[[dict], None] = lambda message: None) -> None:
        while (batch := await self.twilio.media.receive()) is not None:
            for message in batch:
                decoded = msgspec.json.decode(message)
                self.messages.append((self.twilio.now(), decoded))
                react(decoded)

    def events(self) -> list[str]:
        return [m["event"] for _, m in self.messages]

    def marks(self) -> list[tuple[float, str]]:
        return [(round(t, 3), m["mark"]["name"]) for t, m in self.messages if m["event"] == "mark"]


def test_a_mark_comes_back_when_the_audio_before_it_has_played() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        reader, writer = Reader(twilio), Writer(twilio.line.stream_sid)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            twilio.start(token="t")
            twilio.media.put(writer.media(VOICE), speech=True)
            twilio.media.put(writer.mark("p1"))
            await trio.sleep(0.5)
            twilio.media.put(writer.media(VOICE), speech=True)
            twilio.media.put(writer.mark("p2"))
            await trio.sleep(3)
            twilio.hang_up()
        assert reader.marks() == [(1.034, "p1"), (2.034, "p2")]
        assert reader.events() == ["connected", "start", "mark", "mark", "stop"]
        assert [m.get("sequenceNumber") for _, m in reader.messages] == [None, "1", "2", "3", "4"]
        assert reader.messages[1][1]["start"]["customParameters"] == {"token": "t"}

    play(scene)


def test_clear_silences_at_once_and_returns_all_marks_in_order() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        reader, writer = Reader(twilio), Writer(twilio.line.stream_sid)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            twilio.start()
            for name in "abc":
                twilio.media.put(writer.media(VOICE), speech=True)
                twilio.media.put(writer.mark(name))
            await trio.sleep(1.25)
            twilio.media.put(writer.clear)
            await trio.sleep(2)
            twilio.hang_up()
        assert reader.marks() == [(1.034, "a"), (1.25, "b"), (1.25, "c")]
        assert twilio.agent.end_s == pytest.approx(1.25)
        assert [(round(at, 3), len(audio)) for at, audio in twilio.line.cleared] == [(1.25, 14_000)]
        assert twilio.audible(1.2, 1.25)
        assert not twilio.audible(1.2501, 3.0)
        assert [(s.kind, s.name) for s in twilio.sent][-3:] == [("media", ""), ("mark", "c"), ("clear", "")]

    play(scene)


def test_what_breaks_the_schema_is_recorded_once_and_not_fatal() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        twilio.start()
        sid = twilio.line.stream_sid
        for bad in (b"{", b'{"event":"media"}', Writer("MZother").clear, b"[]", b'{"event":"dtmf"}', b'{"event":7}'):
            twilio.media.put(bad)
        twilio.media.put(msgspec.json.encode({"event": "clear", "streamSid": sid, "extra": 1}))
        twilio.media.put(msgspec.json.encode({"event": "media", "streamSid": sid, "media": {"payload": "%"}}))
        twilio.media.put(Binary(b"\x00"))
        twilio.media.put(Writer(sid).mark("still works"))
        assert twilio.codes == [31951, 31950]
        assert [s.name for s in twilio.sent] == ["still works"]

    play(scene)


def test_a_caller_speaks_at_fifty_frames_a_second_and_returns_at_the_last_voiced_frame() -> None:
    async def scene() -> None:
        twilio = FakeTwilio(seed=3)
        reader, caller = Reader(twilio), Caller(twilio)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            twilio.start()
            await caller.silence(0.4)
            await caller.says("one two")
            assert twilio.now() == pytest.approx(1.1)
            await caller.presses("5")
            await caller.goes_silent(1.0)
            await caller.silence(0.1)
            await caller.hangs_up()
        media = [(t, m["media"]) for t, m in reader.messages if m["event"] == "media"]
        assert len(media) == 55 + 10 + 5
        assert [round(t, 3) for t, _ in media[:3]] == [0.02, 0.04, 0.06]
        stamps = [int(m["timestamp"]) for _, m in media]
        assert 50 <= stamps[0] <= 200
        assert stamps[54] - stamps[0] == round(54 * 19.97)
        assert stamps[65] - stamps[64] == pytest.approx(1020, abs=3)  # the hole of goes_silent
        assert [m["dtmf"]["digit"] for _, m in reader.messages if m["event"] == "dtmf"] == ["5"]
        assert twilio.caller.sounds()[0] == pytest.approx((0.4, 1.2), abs=0.02)
        assert reader.events()[-1] == "stop"

    play(scene)


@pytest.mark.parametrize("step_ms", [20, 100])
def test_hears_measures_the_wait_to_the_first_audible_sample(step_ms: int) -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        caller, writer = Caller(twilio, step_ms=step_ms), Writer(twilio.line.stream_sid)
        twilio.start()

        async def agent() -> None:
            await trio.sleep(0.73)
            twilio.media.put(writer.media(b"\xff" * 1600 + VOICE))  # 200 ms of silence, then a second of voice

        async with trio.open_nursery() as nursery:
            nursery.start_soon(agent)
            assert await caller.hears(2) == pytest.approx(0.93, abs=0.002)
            assert await caller.hears_end(2) == pytest.approx(1.93 - 0.94, abs=0.09)
            with pytest.raises(AssertionError, match=r"not heard within 0.5 s.*sent: nothing.*0\.93-1\.93"):
                await caller.hears(0.5)

    play(scene)


def test_a_caller_can_speak_a_wav_file_and_pcm(tmp_path: Path) -> None:
    pcm = mulaw.decode(sounds.voice(0.5))
    write_wav(tmp_path / "hello.wav", pcm)

    async def scene() -> None:
        twilio = FakeTwilio()
        caller = Caller(twilio)
        twilio.start()
        await caller.says(tmp_path / "hello.wav")
        assert twilio.now() == pytest.approx(0.5)
        await caller.silence(1)
        await caller.mumbles()
        await caller.says(pcm)
        assert twilio.caller.between(0, 0.5) == twilio.caller.between(1.8, 2.3)

    play(scene)


def test_interrupts_talks_over_the_agent_after_the_time_given() -> None:
    class Script:
        told: tuple[str, ...] = ()

        def expect(self, text: str) -> None:
            self.told += (text,)

    async def scene() -> None:
        twilio, script = FakeTwilio(), Script()
        caller = Caller(twilio, script)
        twilio.start()
        twilio.media.put(Writer(twilio.line.stream_sid).media(VOICE * 4))
        await caller.interrupts(1.0, "stop please", for_s=0.5)
        begin, end = twilio.caller.sounds()[0]
        assert (begin, end) == (pytest.approx(1.02, abs=0.025), pytest.approx(1.52, abs=0.025))
        assert script.told == ("stop please",)

    play(scene)


def test_a_stalled_reader_makes_flush_wait_and_leaves_speech_to_drop() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        writer = Writer(twilio.line.stream_sid)
        twilio.start()
        twilio.stall()
        frame = writer.media(VOICE[:160])
        for _ in range(1000):
            twilio.media.put(frame, speech=True)
        twilio.media.put(writer.clear)
        with trio.move_on_after(60) as waited:
            await twilio.media.flush()
        assert waited.cancelled_caught
        assert twilio.sent == []
        dropped = twilio.media.drop_speech()
        assert 0 < dropped < 1000
        twilio.resume_reading()
        await twilio.media.flush()
        assert [s.kind for s in twilio.sent] == ["media"] * (1000 - dropped) + ["clear"]

    play(scene)


def test_who_does_not_read_loses_audio() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        twilio.start()
        await Caller(twilio, step_ms=100).silence(15)
        assert twilio.codes == [31930]
        messages = await twilio.media.receive()
        assert messages is not None
        assert len(messages) == 500

    play(scene)


def test_closing_ends_the_stream_and_is_recorded() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        twilio.start()
        writer = Writer(twilio.line.stream_sid)
        twilio.media.put(writer.media(VOICE))
        await trio.sleep(0.25)
        await twilio.media.aclose(1008)
        await twilio.media.aclose(1000)
        twilio.media.put(writer.clear)
        assert (twilio.close_code, twilio.codes, twilio.gone) == (1008, [31921], True)
        assert await twilio.media.receive() is None
        assert twilio.agent.end_s == pytest.approx(0.25)
        await Caller(twilio).silence(10)  # a verb on a dead line ends early
        assert twilio.now() < 0.3

    play(scene)


def test_cancelling_receive_loses_nothing() -> None:
    async def scene() -> None:
        twilio = FakeTwilio()
        with trio.move_on_after(1):
            await twilio.media.receive()
        twilio.start()
        with trio.CancelScope() as scope:
            scope.cancel()
            await twilio.media.receive()
        batch = await twilio.media.receive()
        assert batch is not None
        assert len(batch) == 2
        twilio.hang_up()
        assert [msgspec.json.decode(m)["event"] for m in await twilio.media.receive() or []] == ["stop"]
        assert await twilio.media.receive() is None

    play(scene)


def test_the_same_seed_gives_the_same_call() -> None:
    def call(seed: int) -> list[bytes]:
        async def scene() -> list[bytes]:
            twilio = FakeTwilio(seed=seed)
            twilio.start()
            await Caller(twilio).says("hello there")
            return await twilio.media.receive() or []

        return play(scene, seed=seed)

    assert call(1) == call(1)
    assert call(1) != call(2)


def test_a_quarter_of_an_hour_is_stepped_in_seconds() -> None:
    async def scene() -> tuple[int, float]:
        twilio = FakeTwilio()
        reader, caller = Reader(twilio), Caller(twilio, step_ms=100)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            twilio.start()
            for _ in range(60):
                await caller.says("a few words to say")
                await caller.silence(15 - 5 * 0.35)
            await caller.hangs_up()
        return reader.events().count("media"), twilio.now()

    before = time.process_time()
    assert play(scene) == (45_000, pytest.approx(900, abs=1))
    assert time.process_time() - before < 30  # CPU, not wall clock: an order of magnitude above what it takes
