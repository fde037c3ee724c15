"""What every voice activity detector must do."""

from __future__ import annotations

import random
from array import array

from agentd.engines import VAD, VADStream
from agentd.testing.contracts.base import Contract
from agentd.testing.contracts.stt import buzz

FRAME_BYTES = 320  # 20 ms


class VADContract(Contract):
    """Give `make`; and `speech`, 8 kHz PCM of a voice (a second or more), unless a hum will do."""

    def make(self) -> VAD:
        raise NotImplementedError

    def speech(self) -> bytes:
        return buzz()

    def hear(self, stream: VADStream, pcm: bytes) -> list[float]:
        return [stream.hear(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]

    def noise(self, level: int, seconds: float = 2.0) -> bytes:
        chance = random.Random(7)
        return array("h", (chance.randint(-level, level) for _ in range(int(seconds * 8000)))).tobytes()

    async def test_it_has_the_shape_of_a_detector(self, clock: object) -> None:
        assert isinstance(self.make(), VAD)

    async def test_every_frame_has_a_probability(self, clock: object) -> None:
        stream = self.make().open()
        got = self.hear(stream, bytes(16000) + self.speech() + self.noise(32767))
        stream.close()
        assert all(0.0 <= p <= 1.0 for p in got)

    async def test_silence_is_no_voice(self, clock: object) -> None:
        stream = self.make().open()
        assert max(self.hear(stream, bytes(32000))) < 0.5
        stream.close()

    async def test_line_noise_is_no_voice(self, clock: object) -> None:
        stream = self.make().open()
        got = self.hear(stream, self.noise(20))
        stream.close()
        assert sum(p >= 0.5 for p in got) <= len(got) // 10

    async def test_a_voice_is_found(self, clock: object) -> None:
        stream = self.make().open()
        self.hear(stream, bytes(16000))
        got = self.hear(stream, self.speech())
        stream.close()
        assert max(got) > 0.5

    async def test_after_the_voice_comes_silence_again(self, clock: object) -> None:
        stream = self.make().open()
        self.hear(stream, self.speech())
        got = self.hear(stream, bytes(32000))
        stream.close()
        assert got[-1] < 0.5

    async def test_the_same_sound_gets_the_same_answer_in_a_fresh_stream(self, clock: object) -> None:
        vad = self.make()
        runs = []
        for _ in range(2):
            stream = vad.open()
            runs.append(self.hear(stream, self.speech()))
            stream.close()
        assert runs[0] == runs[1]

    async def test_calls_beside_each_other_do_not_mix(self, clock: object) -> None:
        vad = self.make()
        speaks, silent = vad.open(), vad.open()
        speech = self.speech()
        heard = []
        for at in range(0, len(speech) - FRAME_BYTES + 1, FRAME_BYTES):
            speaks.hear(speech[at : at + FRAME_BYTES])
            heard.append(silent.hear(bytes(FRAME_BYTES)))
        speaks.close()
        silent.close()
        assert max(heard) < 0.5

    async def test_many_streams_come_and_go(self, clock: object) -> None:
        vad = self.make()
        for _ in range(50):
            stream = vad.open()
            stream.hear(bytes(FRAME_BYTES))
            stream.close()

    async def test_an_overdriven_line_is_no_error(self, clock: object) -> None:
        stream = self.make().open()
        self.hear(stream, array("h", [32767, -32768] * 4000).tobytes())
        stream.close()

    async def test_closing_twice_is_harmless(self, clock: object) -> None:
        stream = self.make().open()
        stream.close()
        stream.close()
