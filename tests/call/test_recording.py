"""Calls that are recorded: told first, from the mark on, as long as the caller does not mind."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import trio

from agentd.audio.level import frame_level
from agentd.audio.wav import parse
from agentd.call.recording_files import HEADER_BYTES, RecordingFiles, recordings_of
from agentd.call.recordings import Recordings, recordings_of_house
from agentd.config import Settings
from agentd.core.consent import Consent
from agentd.errors import PeerError
from agentd.events import AgentSaid, Event, MarkAck, RecordingKnown
from agentd.events_beside import RecordingState
from agentd.hookspecs import CallView
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM
from agentd.testing.stage import PLAYBOOK, Stage, stage

TOLD = "This call is recorded for quality."
OFFICE = replace(PLAYBOOK, greeting="Hello, the office.", phrases=PLAYBOOK.phrases | {"consent": (TOLD, TOLD + " OK.")})
LONG = "This is a rather long sentence of ours. And here is another one, which is long too. And a third one follows."


@dataclass
class Twilio:
    """Recordings at Twilio, in memory. `done`: (seconds, what) as it was asked. `fail`: error codes for the next."""

    done: list[tuple[float, str]] = field(default_factory=list)
    fail: list[str] = field(default_factory=list)
    latency_s: float = 0.2

    async def start_recording(self, call_sid: str, status_url: str) -> str:
        await self._ask("start")
        return "RE1"

    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool:
        await self._ask(f"{status} {recording_sid}")
        return True

    async def delete_recording(self, recording_sid: str) -> bool:
        await self._ask(f"delete {recording_sid}")
        return True

    async def _ask(self, what: str) -> None:
        await trio.sleep(self.latency_s)
        if self.fail:
            raise PeerError(self.fail.pop(0))
        self.done.append((trio.current_time(), what))

    @property
    def asked(self) -> list[str]:
        return [what for _, what in self.done]


async def direct(fn: Callable[..., None], *args: Any, limiter: object) -> None:
    """No threads in virtual time."""
    await trio.lowlevel.checkpoint()
    fn(*args)


def house(twilio: Twilio | None = None, folder: Path | None = None) -> Recordings:
    files = RecordingFiles(folder, 1, 0, direct) if folder is not None else None
    return Recordings(twilio, lambda: "https://h/rec", files, lambda event: None)


def states(s: Stage, where: str = "") -> list[str]:
    return [e.state for e in s.events(RecordingState) if e.where == where]


def test_the_announcement_comes_before_the_greeting_and_the_recording_after_its_mark() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.silence(12)
        return s

    s = play(scene)
    assert s.answered() == [TOLD, "Hello, the office."]
    assert states(s) == ["announced", "recording"]
    assert twilio.asked == ["start"]
    turn = s.events(AgentSaid)[0].turn
    mark = next(i for i, r in enumerate(s.tape.recorded)
                if isinstance(r.event, MarkAck) and r.event.mark == f"assistant_tts_end:{turn}")  # fmt: skip
    began = [i for i, r in enumerate(s.tape.recorded)
             if isinstance(r.event, RecordingState) and r.event.state == "recording"]  # fmt: skip
    assert mark < began[0]
    assert twilio.done[0][0] >= s.tape.recorded[mark].at_ms / 1000


def test_a_mark_that_never_comes_back_is_no_consent() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            s.twilio.line.mark_delay_s = 30.0
            await s.caller.silence(2.5)
        return s

    s = play(scene)
    assert states(s) == ["announced"]
    assert twilio.asked == []


def test_nobody_interrupts_the_announcement() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.interrupts(0.5, "yes hello I need a flat")
            await s.caller.silence(10)
        return s

    s = play(scene)
    first = s.events(AgentSaid)[0]
    assert (first.text.text, first.cut) == (TOLD, False)
    assert states(s) == ["announced", "recording"]


def test_a_caller_who_speaks_first_is_told_at_the_first_gap() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.says("hello I am looking for a flat")
            await s.caller.silence(12)
        return s

    s = play(scene)
    assert s.answered()[1] == TOLD
    assert len(s.answered()) == 2
    assert twilio.asked == ["start"]


def test_a_refusal_stops_it_and_the_call_goes_on() -> None:
    twilio = Twilio()
    kept = house(twilio)

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=kept) as s:
            await s.caller.silence(8)
            await s.caller.says("please do not record me")
            await s.caller.hears_end(within_s=5)
            await s.caller.says("a flat in Haifa")
            await s.caller.hears_end(within_s=5)
            await s.caller.silence(2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(kept.run)
            kept.told(s.call.facts.call_sid, "RE1", "completed")
            await trio.sleep(1)
            nursery.cancel_scope.cancel()
        return s

    s = play(scene)
    assert states(s) == ["announced", "recording", "refused"]
    assert twilio.asked == ["start", "stopped RE1", "delete RE1"]
    assert len(s.answered()) == 4
    assert s.record.reason == "stop"


def test_who_refuses_before_the_announcement_is_never_recorded_nor_told() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.says("I do not want to be recorded")
            await s.caller.silence(12)
        return s

    s = play(scene)
    assert states(s) == ["refused"]
    assert twilio.asked == []
    assert TOLD not in s.answered()


def test_a_guard_pauses_and_goes_on() -> None:
    twilio = Twilio()

    async def guard(call: CallView) -> None:
        await trio.sleep(8)
        call.pause_recording()
        await trio.sleep(2)
        call.resume_recording()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio), guards=(guard,)) as s:
            await s.caller.silence(14)
        return s

    s = play(scene)
    assert states(s) == ["announced", "recording", "paused", "recording"]
    assert twilio.asked == ["start", "paused RE1", "in-progress RE1"]


@pytest.mark.parametrize(
    ("fail", "asked", "states_there"),
    [
        (["twilio-unreachable"], ["start"], ["in-progress"]),
        (["twilio-20429"] * 5, [], ["failed"]),
        (["twilio-unknown"], [], ["in-progress"]),  # perhaps there is one: it is not started twice
    ],
)
def test_twilio_in_trouble(fail: list[str], asked: list[str], states_there: list[str]) -> None:
    twilio = Twilio(fail=fail)

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.silence(60)
        return s

    s = play(scene)
    assert (twilio.asked, states(s, "twilio")) == (asked, states_there)
    assert s.record.reason == "stop"


def test_a_start_that_may_have_been_one_is_stopped_as_the_current_recording() -> None:
    twilio = Twilio(fail=["twilio-unknown"])

    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.silence(8)
            await s.caller.says("stop recording")
            await s.caller.silence(3)

    play(scene)
    assert twilio.asked == ["stopped Twilio.CURRENT"]


def test_a_refusal_while_it_is_being_started_wins() -> None:
    twilio = Twilio(latency_s=4.0)

    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=house(twilio)) as s:
            await s.caller.silence(6)
            await s.caller.says("do not record this")
            await s.caller.silence(15)

    play(scene)
    assert twilio.asked == ["start", "stopped RE1"]


def test_a_resumed_call_is_not_told_again() -> None:
    twilio = Twilio()
    kept = house(twilio)

    async def scene() -> tuple[Stage, Stage]:
        async with stage(playbook=OFFICE, recordings=kept) as first:
            await first.caller.silence(8)
        async with stage(playbook=OFFICE, recordings=kept, resumed=True) as second:
            await second.caller.silence(4)
            await second.caller.says("stop recording please")
            await second.caller.silence(4)
        return first, second

    first, second = play(scene)
    assert states(first) == ["announced", "recording"]
    assert states(second) == ["refused"]
    assert TOLD not in second.answered()
    assert twilio.asked == ["start", "stopped RE1"]


def test_a_call_of_an_earlier_process_can_still_be_refused() -> None:
    twilio = Twilio()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=house(twilio), resumed=True) as s:
            await s.caller.silence(4)
            await s.caller.says("stop recording please")
            await s.caller.silence(4)
        return s

    assert states(play(scene)) == ["refused"]
    assert twilio.asked == ["stopped Twilio.CURRENT"]


# --- on this machine


def stereo(path: Path) -> tuple[bytes, bytes]:
    data = path.read_bytes()[HEADER_BYTES:]
    return data[0::2], data[1::2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def voiced(mulaw: bytes) -> list[int]:
    """The tenths of a second that hold sound."""
    return [n for n in range(len(mulaw) // 800) if frame_level(mulaw[n * 800 : n * 800 + 800]) > 100]


def test_both_voices_as_they_were_heard_are_in_the_file(tmp_path: Path) -> None:
    async def scene() -> Stage:
        llm = ScriptedLLM(replies=[LONG])
        async with stage(playbook=OFFICE, recordings=house(None, tmp_path), llm=llm) as s:
            await s.caller.silence(8)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(1.0, "wait please stop now", for_s=1.5)
            await s.caller.silence(3)
        return s

    s = play(scene)
    [path] = tmp_path.glob("*.wav")
    left, right = stereo(path)
    assert path.stat().st_mode & 0o077 == 0
    assert len(parse(path.read_bytes()).data) // 2 == len(left) == len(right)
    began = next(t for r, t in zip(s.events(RecordingState), s.times(RecordingState), strict=True)
                 if r.state == "recording")  # fmt: skip
    assert abs(len(left) / 8000 - (s.tape.recorded[-1].at_ms / 1000 - began)) < 0.2
    heard = s.twilio.agent
    for n in voiced(right):  # what the file holds of ours, the caller heard, at that time
        at = began + n / 10
        assert heard.first_sound(at - 0.1, at + 0.25) is not None, n
    assert 5 <= len(voiced(left)) <= 60
    [known] = s.events(RecordingKnown)
    assert (known.recording_sid, known.status) == (f"local:{path.name}", "completed")
    assert known.duration_s == round(len(left) / 8000)


def test_nothing_of_a_pause_is_in_the_file(tmp_path: Path) -> None:
    async def guard(call: CallView) -> None:
        await trio.sleep(8)
        call.pause_recording()

    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=house(None, tmp_path), guards=(guard,)) as s:
            await s.caller.silence(9)
            await s.caller.says("my card is four five eight zero")
            await s.caller.silence(6)

    play(scene)
    [path] = tmp_path.glob("*.wav")
    left, right = stereo(path)
    assert voiced(left) == []
    assert len(left) > 8000 * 8
    assert all(n < 50 for n in voiced(right))  # the greeting, before it


def test_a_refused_recording_leaves_no_file(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=house(None, tmp_path)) as s:
            await s.caller.silence(10)
            assert names(tmp_path) == [f"{s.call.facts.call_sid}.wav"]
            await s.caller.says("do not record me")
            await s.caller.silence(8)

    play(scene)
    assert list(tmp_path.iterdir()) == []


def test_without_consent_there_is_no_file(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=house(None, tmp_path)) as s:
            await s.caller.silence(1.2)

    play(scene)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    async def full(fn: Callable[..., None], *args: Any, limiter: object) -> None:
        raise OSError(28, "No space left on device")

    files = RecordingFiles(tmp_path, 1, 0, full)
    kept = Recordings(None, str, files, lambda event: None)

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, recordings=kept) as s:
            await s.caller.silence(10)
            await s.caller.says("a flat in Haifa")
            await s.caller.hears_end(within_s=5)
        return s

    s = play(scene)
    assert states(s, "local") == ["failed"]
    assert s.record.reason == "stop"


def test_a_disk_that_hangs_costs_blocks_then_the_recording_never_the_call(tmp_path: Path) -> None:
    async def hanging(fn: Callable[..., None], *args: Any, limiter: object) -> None:
        await trio.sleep(200)
        fn(*args)

    files = RecordingFiles(tmp_path, 1, 0, hanging)

    async def scene() -> Stage:
        kept = Recordings(None, str, files, lambda event: None)
        async with stage(playbook=OFFICE, recordings=kept, step_ms=100) as s:
            await s.caller.silence(120)
        return s

    s = play(scene)
    assert states(s, "local") == ["failed"]
    assert s.record.reason == "stop"


def test_a_disk_that_is_late_leaves_silence_and_the_rest_in_its_place(tmp_path: Path) -> None:
    delays = [45.0]

    async def late(fn: Callable[..., None], *args: Any, limiter: object) -> None:
        await trio.sleep(delays.pop() if delays else 0)
        fn(*args)

    async def scene() -> Stage:
        kept = Recordings(None, str, RecordingFiles(tmp_path, 1, 0, late), lambda event: None)
        async with stage(playbook=OFFICE, recordings=kept, step_ms=100) as s:
            await s.caller.silence(80)
        return s

    s = play(scene)
    [path] = tmp_path.glob("*.wav")
    began = next(t for r, t in zip(s.events(RecordingState), s.times(RecordingState), strict=True)
                 if r.state == "recording")  # fmt: skip
    assert abs(len(stereo(path)[0]) / 8000 - (s.tape.recorded[-1].at_ms / 1000 - began)) < 0.3


def write(folder: Path, name: str, size: int, age_s: float, now: float) -> Path:
    path = folder / name
    path.write_bytes(bytes(size))
    os.utime(path, (now - age_s, now - age_s))
    return path


def test_what_is_too_old_or_too_much_goes_the_oldest_first(tmp_path: Path) -> None:
    now = 1_000_000_000.0

    async def scene() -> None:
        files = RecordingFiles(tmp_path, 3000 / 1e9, 10, direct, lambda: now)
        for n in range(5):
            write(tmp_path, f"CA{n}.wav", 1000, n * 60, now)
        write(tmp_path, "CAold.wav", 10, 11 * 86400, now)
        other = write(tmp_path, "notes.txt", 9000, 0, now)
        with trio.move_on_after(1):
            await files.keep_clean()
        assert names(tmp_path) == ["CA0.wav", "CA1.wav", "CA2.wav", other.name]

    play(scene)


def test_a_recording_that_was_never_closed_is_whole(tmp_path: Path) -> None:
    async def scene() -> None:
        files = RecordingFiles(tmp_path, 1, 0, direct)
        path = files.path("CA1", 2)
        assert path.name == "CA1.2.wav"
        for _ in range(3):
            await files.append(path, b"\x80\x00" * 160)
        unclosed = parse(path.read_bytes())
        await files.close(path)
        assert parse(path.read_bytes()) == unclosed
        assert len(unclosed.data) == 3 * 160 * 2

    play(scene)


def test_the_files_of_a_call_are_found_by_its_sid_alone(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("CA1.wav", "CA1.2.wav", "CA10.wav", "CA2.wav"):
        (folder / name).touch()
    assert [p.name for p in recordings_of(tmp_path, ["CA1"])] == ["CA1.2.wav", "CA1.wav"]
    assert recordings_of(tmp_path / "nowhere", ["CA1"]) == []


async def test_threads_write_it_in_a_real_process(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "new", 1, 0)
    path = files.path("CA1", 1)
    await files.append(path, b"\x80\x00" * 160)
    await files.close(path)
    assert len(parse(path.read_bytes()).data) == 320
    await files.remove(path)
    await files.remove(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("recording", "account", "recorded"),
    [
        ("off", True, False),
        ("twilio", True, True),
        ("twilio", False, False),
        ("local", False, True),
        ("both", False, True),
    ],
)
async def test_where_nothing_can_be_recorded_nobody_is_told_that_it_is(
    recording: str, account: bool, recorded: bool
) -> None:
    settings = Settings.of(recording=recording)
    made = recordings_of_house(settings, Twilio() if account else None, str, lambda event: None)
    assert (made is not None) is recorded


def test_the_consent_is_forgotten_with_the_oldest_calls_only() -> None:
    kept = house(Twilio())
    events: list[Event] = []

    async def scene() -> None:
        async with stage(playbook=OFFICE, recordings=kept) as s:
            facts = s.call.facts
            await s.caller.silence(8)
        for n in range(4000):
            kept.of(replace(facts, call_sid=f"CB{n}"), OFFICE, events.append)
        assert kept.of(facts, OFFICE, events.append).consent is Consent.RECORDING

    play(scene)
