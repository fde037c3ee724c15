"""The mouth: driven by the caller's frames, and by its own clock when none come."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio
from trio import as_safe_channel
from trio.testing import MockClock

from agentd.call.mouth import LATE_S, Mouth
from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.media_stream import Writer
from agentd.core.playout import Due, Playout
from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError
from agentd.events import TtsEnd
from agentd.testing.scripted import ScriptedTTS
from agentd.testing.stage import stage

SETTINGS = Settings.of()
LEADS_MS = (40, 60, 100, 200)
FRAME_S = 0.02


class Line:
    """A media stream that notes what is sent; `full` while the kernel takes nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, int]] = []  # when, messages
        self.full: trio.Event | None = None

    def put(self, *messages: bytes, speech: bool = False) -> None:
        self.sent.append((round(trio.current_time(), 3), len(messages)))

    async def flush(self) -> None:
        if self.full is not None:
            await self.full.wait()

    async def receive(self) -> list[bytes] | None:
        raise NotImplementedError

    def drop_speech(self) -> int:
        raise NotImplementedError

    async def aclose(self, code: int = 1000) -> None:
        raise NotImplementedError


class Scene:
    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.line, self.dues = Line(), list[Due]()
        self.playout = Playout(settings, Writer("MZ1"))
        self.mouth = Mouth(self.line, self.playout, self.report)

    def report(self, due: Due) -> None:
        self.dues.append(due)
        if due.ended is not None:
            self.playout.done(due.ended)

    def speak(self, s: float) -> None:
        self.playout.begin(1)
        self.playout.phrase(1, "words")
        self.playout.push(1, b"\x20" * round(s * 8000))
        self.playout.end_phrase(1)
        self.playout.finish(1)
        self.playout.allow(1)
        self.mouth.poke()

    @property
    def frames(self) -> int:
        return sum(due.frames for due in self.dues)

    @property
    def underruns(self) -> list[int]:
        return [due.underrun_ms for due in self.dues if due.underrun_ms]


@pytest.mark.parametrize("ticks", [True, False])
async def test_speech_goes_out_whole_and_in_time_with_the_callers_frames_and_without(
    autojump_clock: MockClock, nursery: trio.Nursery, ticks: bool
) -> None:
    scene = Scene()
    nursery.start_soon(scene.mouth.run)
    scene.speak(3.0)
    for _ in range(180):
        await trio.sleep(FRAME_S)
        if ticks:
            scene.mouth.tick()
    assert scene.frames == 150
    assert scene.underruns == []
    if ticks:  # on the caller's frames, but for the beginning
        assert all(at == 0.0 or round(at / FRAME_S, 6).is_integer() for at, _ in scene.line.sent)
    latest = SETTINGS.playout_lead_ms / 1000
    assert all(0 < b[0] - a[0] <= latest for a, b in zip(scene.line.sent[1:], scene.line.sent[2:], strict=False))


@pytest.mark.parametrize("lead_ms", LEADS_MS)
async def test_when_the_callers_frames_stop_in_mid_speech_the_line_does_not_run_dry(
    autojump_clock: MockClock, nursery: trio.Nursery, lead_ms: int
) -> None:
    scene = Scene(Settings.of(playout_lead_ms=lead_ms))
    nursery.start_soon(scene.mouth.run)
    scene.speak(3.0)
    for n in range(180):
        await trio.sleep(FRAME_S)
        if n < 40:
            scene.mouth.tick()
    assert (scene.frames, scene.underruns) == (150, [])


async def test_with_frames_of_the_caller_the_task_sleeps_on(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    scene = Scene()
    flushes: list[float] = []

    async def flush() -> None:
        flushes.append(trio.current_time())

    scene.line.flush = flush  # type: ignore[method-assign]
    nursery.start_soon(scene.mouth.run)
    scene.speak(3.0)
    for _ in range(100):
        await trio.sleep(FRAME_S)
        scene.mouth.tick()
    assert len(flushes) <= 3  # of some 30 times that something was due


async def test_a_line_that_takes_nothing_is_given_no_more_by_ticks(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    scene = Scene()
    scene.line.full = trio.Event()
    nursery.start_soon(scene.mouth.run)
    scene.speak(3.0)
    for _ in range(50):
        await trio.sleep(FRAME_S)
        scene.mouth.tick()
    assert len(scene.line.sent) == 1
    scene.line.full.set()
    await trio.sleep(LATE_S)
    assert len(scene.line.sent) > 1


async def test_closing_says_what_is_due_and_no_more(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.speak(3.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.mouth.run)
        await trio.sleep(0.1)
        scene.mouth.close()
    assert trio.current_time() == pytest.approx(0.1)
    sent = scene.frames
    scene.mouth.tick()
    assert scene.frames == sent


async def test_a_voice_that_breaks_off_while_the_line_is_dry_is_followed_by_the_whole_apology(
    autojump_clock: MockClock,
) -> None:
    class BreaksOff(ScriptedTTS):
        """Half a frame more than two, then nothing for a second, then an error."""

        @as_safe_channel
        async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
            yield AudioChunk(b"\0\x20" * (8 * 50), 8000)
            await trio.sleep(1)
            raise EngineError("broke off", engine="x")

    class Apology:
        def get(self, text: str) -> bytes | None:
            return b"\x20" * 8 * 3200  # longer than what may be queued unsent

    async with stage(tts=BreaksOff(), phrases=Apology()) as s:
        await s.caller.says("a table for two")
        await s.caller.hears(within_s=2)
        await s.caller.silence(1.5)
        assert s.call.mouth.tx > 10  # half a second of the apology, and no filler had to wake the line
        await s.caller.silence(4.5)
        assert s.call.brain.state is State.LISTENING
    assert sum(end.frames for end in s.events(TtsEnd)) >= 160
