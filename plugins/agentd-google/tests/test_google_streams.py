"""Many calls at once, and the end of each: few threads, few connections, nothing left open at Google's."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

import trio
from agentd_google.testing import FakeGoogle, Trouble, conversation, finals, listen, pieces, sound

from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError

CALLS = 200


def threads() -> int:
    """Of the whole process, gRPC's own included."""
    return len(list(Path("/proc/self/task").iterdir()))


async def test_200_calls_have_few_threads_and_share_connections(google: FakeGoogle) -> None:
    before, most = threads(), 0
    stt = google.stt()
    heard = {n: pieces(sound(f"w{n} w{n + 1}") + bytes(16 * 600)) for n in range(CALLS)}
    together, got = trio.Event(), dict[int, list[Transcript]]()
    open_streams = 0

    async def call(number: int) -> None:
        nonlocal open_streams, most
        into, audio = trio.open_memory_channel[Heard](math.inf)
        async with stt.listen(audio, AudioFormat(), "he-IL") as transcripts:
            open_streams += 1
            if open_streams == CALLS:
                together.set()
            await together.wait()
            with into:
                for piece in heard[number]:
                    await into.send(piece)
            got[number] = [transcript async for transcript in transcripts]
            most = max(most, threads())

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for number in range(CALLS):
                nursery.start_soon(call, number)
    assert {n: [t.text for t in finals(got[n])] for n in got} == {n: [f"w{n} w{n + 1}"] for n in range(CALLS)}
    assert most < 20
    assert most - before < 15
    peers = [session.peer for session in google.speech.sessions]
    assert sorted(peers.count(peer) for peer in set(peers)) == [40, 80, 80]


async def test_the_place_of_a_stream_is_free_when_it_is_over(google: FakeGoogle) -> None:
    stt = google.stt(most_streams=1)
    for _ in range(5):
        await listen(stt, pieces(sound("w1")))
    assert len({session.peer for session in google.speech.sessions}) == 1


async def test_a_hang_up_at_any_instant_closes_the_stream_at_google(google: FakeGoogle) -> None:
    stt = google.stt()
    await listen(stt, pieces(sound("w1")))  # connected
    for trouble in (Trouble(), Trouble(deaf_ms=200), Trouble(flood=1000), Trouble(stall_ms=0), Trouble(slow_s=0.01)):
        google.trouble = trouble
        for after_ms in (0, 0.5, 1, 2, 3, 5, 8, 13, 21):
            await hang_up(stt, after_ms / 1000)
    await nothing_open(google)
    assert sum(session.ended == "cancelled" for session in google.speech.sessions) > 20


async def test_a_hang_up_while_the_caller_is_silent_is_seen_at_once(google: FakeGoogle) -> None:
    _into, audio = trio.open_memory_channel[Heard](1)
    async with google.stt().listen(audio, AudioFormat(), "he-IL"):
        await trio.sleep(0.05)
        assert len(google.speech.open) == 1
    await nothing_open(google)
    assert google.speech.sessions[0].ended == "cancelled"


async def test_a_hang_up_in_a_rotation_leaves_no_stream(google: FakeGoogle) -> None:
    google.trouble = Trouble(end_ms=0)
    for after_ms in range(0, 20, 2):
        with suppress(EngineError):  # Google's ends may come first
            await hang_up(google.stt(), after_ms / 1000)
    await nothing_open(google)


async def hang_up(stt: STT, after_s: float) -> None:
    into, audio = trio.open_memory_channel[Heard](math.inf)
    for piece in pieces(conversation(20)):
        into.send_nowait(piece)
    with trio.move_on_after(after_s):
        async with stt.listen(audio, AudioFormat(), "he-IL") as transcripts:
            async for _ in transcripts:
                pass


async def nothing_open(google: FakeGoogle) -> None:
    with trio.fail_after(5):
        while google.speech.open:
            await trio.sleep(0.001)
