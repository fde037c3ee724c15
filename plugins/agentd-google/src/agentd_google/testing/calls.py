"""A call as a recogniser hears it, without the call."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import trio

from agentd.call.streams import unwrapped
from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd_google.testing.words import sound

PIECE_BYTES = 1600
MS_BYTES = 16


def pieces(pcm: bytes, from_ms: int = 0, piece_bytes: int = PIECE_BYTES) -> list[Heard]:
    """PCM as the ears hand it on, from `from_ms` of the call."""
    out: list[Heard] = []
    for at in range(0, len(pcm), piece_bytes):
        piece = pcm[at : at + piece_bytes]
        from_ms += len(piece) // MS_BYTES
        out.append(Heard(piece, from_ms, voiced=any(piece)))
    return out


def conversation(seconds: float, seed: int = 0) -> bytes:
    """A caller: sentences of 1 to 14 words "w0", "w1", ... and pauses of half a second to nine seconds between them."""
    chance, number = random.Random(seed), _numbers()
    pcm = bytearray()
    while len(pcm) < seconds * 1000 * MS_BYTES:
        pcm += sound(" ".join(f"w{next(number)}" for _ in range(chance.randint(1, 14))))
        pcm += bytes(chance.choice((500, 750, 1500, 4000, 9000)) * MS_BYTES)
    return bytes(pcm)


def _numbers() -> Iterator[int]:
    while True:
        yield from range(900)


async def listen(
    stt: STT,
    heard: Sequence[Heard],
    language: str = "he-IL",
    *,
    pace_s: float = 0.0,
    got: list[Transcript] | None = None,
) -> list[Transcript]:
    """Everything that `stt` makes of the audio, which comes as fast as it is taken, or at `pace_s` a piece. `got` is
    filled as it comes, for those who want to see what came before an error."""
    into, audio = trio.open_memory_channel[Heard](10)

    async def talk() -> None:
        with into:
            for piece in heard:
                await into.send(piece)
                await trio.sleep(pace_s)

    got = [] if got is None else got
    with unwrapped():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            await _read(stt, audio, language, got)
            nursery.cancel_scope.cancel()
    return got


async def _read(stt: STT, audio: trio.MemoryReceiveChannel[Heard], language: str, got: list[Transcript]) -> None:
    async with stt.listen(audio, AudioFormat(), language) as transcripts:
        async for transcript in transcripts:
            got.append(transcript)  # noqa: PERF401 - what came before an error counts


def finals(transcripts: Sequence[Transcript]) -> list[Transcript]:
    return [transcript for transcript in transcripts if transcript.final]
