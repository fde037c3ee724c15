"""What every recogniser must do, whatever it understands."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence

import pytest
import trio

from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.testing.contracts.base import Contract

PIECE_MS = 100
PIECE_BYTES = PIECE_MS * 16
TRAILING_S = 1.2  # of silence after speech: enough for any engine to close an utterance


def buzz(seconds: float = 1.5) -> bytes:
    """A voiced sound without words, 8 kHz PCM: enough for engines that go by `Heard.voiced`."""
    wave = (
        sum(math.sin(2 * math.pi * 150 * k * i / 8000) / k for k in range(1, 9)) for i in range(int(seconds * 8000))
    )
    return array("h", (round(4000 * x) for x in wave)).tobytes()


class STTContract(Contract):
    """Give `make`. An engine that really listens also gives `speech`, 8 kHz PCM of somebody who says a few words in
    `language`, with as little silence around them as possible. `pace_s`: seconds between two pieces of 100 ms."""

    language = "en-US"
    pace_s = 0.1

    def make(self) -> STT:
        raise NotImplementedError

    def speech(self) -> bytes:
        return buzz()

    def pieces(self, *parts: bytes | float, from_ms: int = 0) -> list[Heard]:
        """Speech (bytes) and silence (seconds) as the ears would hand them on."""
        out: list[Heard] = []
        for part in parts:
            voiced = isinstance(part, bytes)
            pcm = part if isinstance(part, bytes) else bytes(int(part * 10) * PIECE_BYTES)
            for at in range(0, len(pcm), PIECE_BYTES):
                piece = pcm[at : at + PIECE_BYTES]
                from_ms += len(piece) // 16
                pause = not voiced and bool(out) and out[-1].voiced
                out.append(Heard(piece, from_ms, voiced=voiced, pause=pause))
        return out

    async def listen(self, stt: STT, heard: Sequence[Heard], *, reads_after_s: float = 0.0) -> list[Transcript]:
        """Play `heard` at `pace_s` and read to the end."""
        into, audio = trio.open_memory_channel[Heard](30)
        out: list[Transcript] = []

        async def play() -> None:
            with into:
                for piece in heard:
                    await into.send(piece)
                    await trio.sleep(self.pace_s)

        async def read() -> None:
            async with stt.listen(audio, AudioFormat(), self.language) as transcripts:
                await trio.sleep(reads_after_s)
                async for transcript in transcripts:
                    out.append(transcript)  # noqa: PERF401 - a failed test shows what came before

        await self.beside(play, read)
        return out

    async def test_it_has_the_shape_of_a_recogniser(self, clock: object) -> None:
        assert isinstance(self.make(), STT)

    async def test_the_end_of_the_audio_ends_it(self, clock: object) -> None:
        async with self.nothing_left():
            assert await self.listen(self.make(), []) == []

    async def test_speech_becomes_text_and_the_text_becomes_final(self, clock: object) -> None:
        async with self.nothing_left():
            got = await self.listen(self.make(), self.pieces(0.5, self.speech(), TRAILING_S))
        assert any(t.final and t.text.strip() for t in got)
        assert all(isinstance(t, Transcript) for t in got)

    async def test_text_rests_on_audio_that_was_given(self, clock: object) -> None:
        heard = self.pieces(0.5, self.speech(), TRAILING_S)
        for t in await self.listen(self.make(), heard):
            if t.until_ms is not None:
                assert 0 <= t.from_ms <= t.until_ms <= heard[-1].until_ms

    async def test_offsets_are_those_of_the_call_and_not_of_the_session(self, clock: object) -> None:
        heard = self.pieces(0.5, self.speech(), TRAILING_S, from_ms=60_000)
        for t in await self.listen(self.make(), heard):
            if t.until_ms is not None:
                assert 60_000 <= t.from_ms <= t.until_ms

    async def test_silence_has_no_words(self, clock: object) -> None:
        async with self.nothing_left():
            got = await self.listen(self.make(), self.pieces(3.0))
        assert [t.text for t in got if t.text.strip()] == []

    async def test_two_utterances_are_two_finals_in_their_order(self, clock: object) -> None:
        speech = self.speech()
        got = await self.listen(self.make(), self.pieces(speech, TRAILING_S, speech, TRAILING_S))
        finals = [t for t in got if t.final and t.text.strip()]
        assert len(finals) >= 2
        ends = [t.until_ms for t in finals if t.until_ms is not None]
        assert ends == sorted(ends)

    async def test_speech_cut_off_by_the_end_of_the_call_still_ends_it(self, clock: object) -> None:
        async with self.nothing_left():
            await self.listen(self.make(), self.pieces(self.speech()))

    async def test_a_tick_without_audio_is_harmless(self, clock: object) -> None:
        heard = self.pieces(self.speech(), TRAILING_S)
        ticks = [Heard(b"", h.until_ms, pause=True) for h in heard[:2]]
        async with self.nothing_left():
            got = await self.listen(self.make(), [*ticks, *heard, Heard(b"", heard[-1].until_ms, pause=True)])
        assert any(t.text.strip() for t in got)

    async def test_noise_hum_and_overload_are_no_error(self, clock: object) -> None:
        chance = random.Random(1)
        noise = array("h", (chance.randint(-32768, 32767) for _ in range(8000))).tobytes()
        loud = array("h", [32767, -32768] * 4000).tobytes()
        hum = array("h", [8000] * 8000).tobytes()
        async with self.nothing_left():
            await self.listen(self.make(), self.pieces(noise, loud, hum, TRAILING_S))

    async def test_calls_beside_each_other_do_not_mix(self, clock: object) -> None:
        stt = self.make()
        got: dict[str, list[Transcript]] = {}

        async def one(name: str, *parts: bytes | float) -> None:
            got[name] = await self.listen(stt, self.pieces(*parts))

        speech = self.speech()
        async with self.nothing_left():
            await self.beside(lambda: one("speaks", speech, TRAILING_S), lambda: one("silent", 3.0))
        assert any(t.text.strip() for t in got["speaks"])
        assert [t.text for t in got["silent"] if t.text.strip()] == []

    async def test_after_one_session_comes_another(self, clock: object) -> None:
        stt = self.make()
        for _ in range(2):
            async with self.nothing_left():
                assert await self.listen(stt, self.pieces(self.speech(), TRAILING_S))

    async def test_leaving_in_mid_speech_closes_it(self, clock: object) -> None:
        into, audio = trio.open_memory_channel[Heard](math.inf)
        for piece in self.pieces(self.speech(), TRAILING_S):
            into.send_nowait(piece)
        async with self.nothing_left(), self.make().listen(audio, AudioFormat(), self.language) as transcripts:
            await transcripts.receive()

    async def test_leaving_without_reading_closes_it(self, clock: object) -> None:
        _into, audio = trio.open_memory_channel[Heard](1)
        async with self.nothing_left(), self.make().listen(audio, AudioFormat(), self.language):
            await trio.lowlevel.checkpoint()

    async def test_a_cancel_while_nobody_speaks_closes_it(self, clock: object) -> None:
        _into, audio = trio.open_memory_channel[Heard](1)
        async with self.nothing_left():
            with trio.move_on_after(0.05) as scope:
                async with self.make().listen(audio, AudioFormat(), self.language) as transcripts:
                    await transcripts.receive()
            assert scope.cancelled_caught

    async def test_a_cancel_in_mid_speech_closes_it_and_the_next_call_is_heard(self, clock: object) -> None:
        stt = self.make()
        async with self.nothing_left():
            with trio.move_on_after(0.25):
                await self.listen(stt, self.pieces(self.speech(), 100.0))
        assert any(t.text.strip() for t in await self.listen(stt, self.pieces(self.speech(), TRAILING_S)))

    async def test_a_reader_that_comes_late_misses_no_final(self, clock: object) -> None:
        async with self.nothing_left():
            heard = self.pieces(self.speech(), TRAILING_S)
            got = await self.listen(self.make(), heard, reads_after_s=1.0)
        assert any(t.final and t.text.strip() for t in got)

    async def test_a_long_monologue_is_heard_in_bounded_pieces(self, clock: object) -> None:
        speech = self.speech()
        repeats = max(1, 20 * 16000 // len(speech))
        parts: list[bytes | float] = [speech, 0.3] * repeats  # pauses for breath, none of them an ending
        async with self.nothing_left():
            got = await self.listen(self.make(), self.pieces(*parts, TRAILING_S))
        assert any(t.text.strip() for t in got)


class STTFailureContract(Contract):
    """For engines that can be made to fail: give `make_broken`, a recogniser whose provider is not there."""

    def make_broken(self) -> STT:
        raise NotImplementedError

    async def test_failure_is_an_engine_error(self, clock: object) -> None:
        async with self.nothing_left():
            with pytest.raises(EngineError):
                await _drain(self.make_broken())

    async def test_failure_again_and_again_leaves_nothing_open(self, clock: object) -> None:
        stt = self.make_broken()
        async with self.nothing_left():
            for _ in range(5):
                with pytest.raises(EngineError):
                    await _drain(stt)


async def _drain(stt: STT) -> None:
    into, audio = trio.open_memory_channel[Heard](30)
    for i in range(20):
        into.send_nowait(Heard(buzz(0.1), (i + 1) * PIECE_MS, voiced=i < 10, pause=i == 10))
    into.close()
    async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
        async for _ in transcripts:
            pass
