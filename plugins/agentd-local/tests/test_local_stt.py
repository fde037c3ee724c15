"""`listen` over the channel: order, offsets, one inference at a time, errors; a fake reader in virtual time."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from agentd_local.pool import Inline
from agentd_local.stt import LocalSTT

from agentd.engines import AudioFormat, Heard, Transcript
from agentd.errors import EngineError


class Counting:
    """Says how many bytes it was given."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def transcribe(self, pcm: bytes) -> str:
        self.lengths.append(len(pcm))
        return f"{len(pcm) // 16} ms"


class Broken:
    def transcribe(self, pcm: bytes) -> str:
        raise RuntimeError("out of memory")


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    return trio.testing.MockClock(autojump_threshold=0)


async def speak(send: trio.MemorySendChannel[Heard], plan: str) -> None:
    """One character per 100 ms of the call in real (virtual) time: v voice, . silence, | a pause after silence."""
    ms = 0
    async with send:
        for what in plan:
            if what == "|":
                await send.send(Heard(b"", ms, False, True))
                continue
            await trio.sleep(0.1)
            ms += 100
            await send.send(Heard(bytes(1600), ms, what == "v"))


async def listen(stt: LocalSTT, plan: str, language: str = "en-US") -> list[tuple[float, Transcript]]:
    send, receive = trio.open_memory_channel[Heard](30)
    got: list[tuple[float, Transcript]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak, send, plan)
        async with stt.listen(receive, AudioFormat(), language) as transcripts:
            got += [(trio.current_time(), transcript) async for transcript in transcripts]
    return got


async def test_partials_then_a_final_with_exact_offsets(autojump_clock: trio.testing.MockClock) -> None:
    reader = Counting()
    stt = LocalSTT(reader, pool=Inline(0.08))
    got = await listen(stt, "....." + "v" * 12 + "..|" + "....")
    assert [(round(at, 2), t) for at, t in got] == [
        (0.98, Transcript("700 ms", False, 900, 200)),
        (1.58, Transcript("1300 ms", False, 1500, 200)),
        (1.98, Transcript("1700 ms", False, 1900, 200)),
        (2.2, Transcript("1700 ms", True, 1900, 200)),
    ]


async def test_a_slow_reader_reads_only_the_newest(autojump_clock: trio.testing.MockClock) -> None:
    reader = Counting()
    got = await listen(LocalSTT(reader, pool=Inline(1.5)), "v" * 40 + "..|" + "......")
    assert [t.until_ms for _, t in got] == [400, 1600, 4200]
    assert [t.final for _, t in got] == [False, False, True]


async def test_the_end_of_the_audio_ends_the_transcripts_after_the_last_final(
    autojump_clock: trio.testing.MockClock,
) -> None:
    got = await listen(LocalSTT(Counting(), pool=Inline(0.2)), "vvv")
    assert [(t.text, t.final, t.until_ms) for _, t in got] == [("300 ms", True, 300)]


async def test_a_failing_model_is_an_engine_error_that_may_be_retried(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = trio.open_memory_channel[Heard](30)
    await send.send(Heard(bytes(1600), 100, True))
    await send.send(Heard(b"", 100, False, True))
    with pytest.raises(EngineError, match="out of memory") as caught:
        async with LocalSTT(Broken(), pool=Inline()).listen(receive, AudioFormat(), "en-US") as transcripts:
            assert [transcript async for transcript in transcripts] == []
    assert caught.value.retryable


async def test_a_language_that_the_model_does_not_know_is_refused(autojump_clock: trio.testing.MockClock) -> None:
    _, receive = trio.open_memory_channel[Heard](1)
    with pytest.raises(EngineError, match="understands en, not he-IL"):
        async with LocalSTT(Counting(), languages=frozenset({"en"})).listen(receive, AudioFormat(), "he-IL") as got:
            assert [transcript async for transcript in got] == []


async def test_cancelling_listens_no_further(autojump_clock: trio.testing.MockClock) -> None:
    reader = Counting()
    with trio.move_on_after(0.95):
        await listen(LocalSTT(reader, pool=Inline(0.05)), "v" * 50)
    assert len(reader.lengths) == 1
