"""What every voice must do, however it sounds."""

from __future__ import annotations

from array import array
from contextlib import suppress

import pytest
import trio

from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import EngineError
from agentd.testing.contracts.base import Contract

SENTENCE = "Good morning, how can I help you today?"
S_PER_CHAR = 0.06  # SPEC 4.3
AUDIBLE = 500  # peak, of 32767


class TTSContract(Contract):
    """Give `make`. `language`: one that the voice speaks, with a `sentence` in it."""

    language = "en-US"
    sentence = SENTENCE

    def make(self) -> TTS:
        raise NotImplementedError

    async def say(self, tts: TTS, text: str, *, voice: Voice | None = None, pause_s: float = 0.0) -> list[AudioChunk]:
        out = []
        async with tts.speak(text, voice or Voice(self.language)) as chunks:
            async for chunk in chunks:
                assert isinstance(chunk, AudioChunk)
                assert len(chunk.pcm) % 2 == 0, "half a sample"
                assert 8000 <= chunk.rate_hz <= 48000
                out += [chunk]
                await trio.sleep(pause_s)
        return out

    async def seconds(self, tts: TTS, text: str, *, pause_s: float = 0.0) -> float:
        return sum(len(c.pcm) / 2 / c.rate_hz for c in await self.say(tts, text, pause_s=pause_s))

    async def test_it_has_the_shape_of_a_voice(self, clock: object) -> None:
        assert isinstance(self.make(), TTS)

    async def test_a_sentence_is_audible_at_one_rate(self, clock: object) -> None:
        async with self.nothing_left():
            chunks = await self.say(self.make(), self.sentence)
        assert len({c.rate_hz for c in chunks}) == 1
        assert max(abs(x) for c in chunks for x in array("h", c.pcm)) > AUDIBLE

    async def test_it_is_not_overdriven(self, clock: object) -> None:
        samples = [x for c in await self.say(self.make(), self.sentence) for x in array("h", c.pcm)]
        assert sum(abs(x) >= 32767 for x in samples) < len(samples) / 100

    async def test_it_is_about_as_long_as_speech(self, clock: object) -> None:
        expected_s = len(self.sentence) * S_PER_CHAR
        assert 0.2 * expected_s < await self.seconds(self.make(), self.sentence) < 4 * expected_s

    async def test_nothing_to_say_is_no_error_and_no_audio(self, clock: object) -> None:
        async with self.nothing_left():
            assert await self.seconds(self.make(), "") == 0

    @pytest.mark.parametrize("text", ["...", " \n\t ", "—", "\u200f"])
    async def test_a_text_without_words_is_no_error(self, clock: object, text: str) -> None:
        async with self.nothing_left():
            assert await self.seconds(self.make(), text) < 2.0

    @pytest.mark.parametrize(
        "text", ["שלום, מה שלומך?", "Привет", "😀", "a\u0301", "<speak>&amp;</speak>", "100% & 3 < 4"]
    )
    async def test_any_unicode_is_spoken_or_refused_as_an_engine_error(self, clock: object, text: str) -> None:
        async with self.nothing_left():
            with suppress(EngineError):
                await self.say(self.make(), text)

    async def test_numbers_are_spoken(self, clock: object) -> None:
        async with self.nothing_left():
            assert await self.seconds(self.make(), "050 123 4567") > 0.1

    async def test_a_long_text_comes_whole(self, clock: object) -> None:
        async with self.nothing_left():
            tts = self.make()
            assert await self.seconds(tts, " ".join([self.sentence] * 5)) > 2 * await self.seconds(tts, self.sentence)

    async def test_rate_and_pitch_are_no_error(self, clock: object) -> None:
        async with self.nothing_left():
            voice = Voice(self.language, rate=1.25, pitch_semitones=-2.0)
            assert await self.say(self.make(), self.sentence, voice=voice)

    async def test_an_unknown_voice_is_replaced_or_refused_as_an_engine_error(self, clock: object) -> None:
        async with self.nothing_left():
            with suppress(EngineError):
                await self.say(self.make(), self.sentence, voice=Voice(self.language, "no-such-voice"))

    async def test_leaving_after_the_first_audio_closes_it(self, clock: object) -> None:
        async with self.nothing_left(), self.make().speak(self.sentence, Voice(self.language)) as chunks:
            await chunks.receive()

    async def test_leaving_without_listening_closes_it(self, clock: object) -> None:
        async with self.nothing_left(), self.make().speak(self.sentence, Voice(self.language)):
            await trio.lowlevel.checkpoint()

    async def test_a_cancel_at_once_closes_it(self, clock: object) -> None:
        async with self.nothing_left():
            with trio.CancelScope() as scope:
                scope.cancel()
                await self.say(self.make(), self.sentence)

    async def test_a_cancel_in_mid_phrase_closes_it(self, clock: object) -> None:
        async with self.nothing_left():
            with trio.CancelScope() as scope:
                async with self.make().speak(self.sentence, Voice(self.language)) as chunks:
                    await chunks.receive()
                    scope.cancel()
                    await trio.sleep_forever()

    async def test_after_a_cancel_it_speaks_the_next_phrase(self, clock: object) -> None:
        tts = self.make()
        with trio.move_on_after(0.001):
            await self.say(tts, self.sentence)
        async with self.nothing_left():
            assert await self.seconds(tts, self.sentence) > 0

    async def test_a_slow_listener_gets_everything(self, clock: object) -> None:
        tts = self.make()
        async with self.nothing_left():
            quick = await self.seconds(tts, self.sentence)
            assert await self.seconds(tts, self.sentence, pause_s=0.01) == pytest.approx(quick, rel=0.25)

    async def test_calls_beside_each_other_do_not_mix(self, clock: object) -> None:
        tts = self.make()
        long = f"{self.sentence} {self.sentence}"
        alone = {text: await self.seconds(tts, text) for text in (self.sentence, long)}
        together: dict[str, float] = {}

        async def one(text: str) -> None:
            together[text] = await self.seconds(tts, text)

        async with self.nothing_left():
            await self.beside(lambda: one(self.sentence), lambda: one(long))
        assert together == pytest.approx(alone, rel=0.25)  # voices with chance in them vary a little


class TTSFailureContract(Contract):
    """For engines that can be made to fail: give `make_broken`, a voice whose provider is not there."""

    def make_broken(self) -> TTS:
        raise NotImplementedError

    async def test_failure_is_an_engine_error(self, clock: object) -> None:
        async with self.nothing_left():
            with pytest.raises(EngineError):
                await _drain(self.make_broken())

    async def test_failure_again_and_again_leaves_nothing_open(self, clock: object) -> None:
        tts = self.make_broken()
        async with self.nothing_left():
            for _ in range(5):
                with pytest.raises(EngineError):
                    await _drain(tts)


async def _drain(tts: TTS) -> None:
    async with tts.speak(SENTENCE, Voice("en-US")) as chunks:
        async for _ in chunks:
            pass
