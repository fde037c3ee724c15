"""However it ends, it ends once, leaves nothing behind, and harms no neighbour."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio

from agentd.config import Settings
from agentd.core.media_stream import Writer
from agentd.core.playout import Playout
from agentd.events import BadInput, BargeIn, PluginFailure, StateChange, Turn, WsDone
from agentd.hookspecs import CallView
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import Stage, stage

LONG = "This is the first sentence of a long reply. This is the second one, with one more, to be safe."


async def exchange(s: Stage) -> None:
    """A greeting's worth of everything: a guess, an answer, a barge-in, a hold that was nothing."""
    await s.caller.says("tell me everything", for_s=0.6)
    await s.caller.hears(within_s=3)
    await s.caller.silence(0.7)
    await s.caller.says("no wait", for_s=0.5)
    await s.caller.silence(1.5)
    await s.caller.says("and then", for_s=0.4)
    await s.caller.silence(0.25)


def whole(s: Stage) -> None:
    """What must hold of every call, however far it got."""
    assert s.record is not None
    assert s.record.crash is None
    assert len(s.events(WsDone)) == 1
    assert s.twilio.gone
    assert s.twilio.codes in ([], [31921])  # we closed: that is all Twilio may complain of
    after_clear(s)
    for t in s.events(Turn):
        if t.total_latency_ms is not None and t.eou_wait_ms is not None:
            assert t.total_latency_ms >= t.eou_wait_ms >= 0


def after_clear(s: Stage) -> None:
    """No frame of an old turn after its `take`, and a `clear` within one frame of every hold and take."""
    clears = [m.at_s for m in s.twilio.sent if m.kind == "clear"]
    [done_s] = s.times(WsDone)
    for r in s.tape.recorded:
        there = r.at_ms / 1000 < done_s - 0.02  # a caller who hangs up in the same breath needs none
        if isinstance(r.event, BargeIn) and r.event.phase in ("hold", "take") and there:
            assert any(abs(at - r.at_ms / 1000) <= 0.021 for at in clears)
    marks = [(m.at_s, m.name) for m in s.twilio.sent if m.kind == "mark" and m.name.startswith("t")]
    for r in s.tape.recorded:
        if isinstance(r.event, BargeIn) and r.event.phase == "take":
            assert [n for at, n in marks if n.startswith(f"t{r.event.turn}:") and at > r.at_ms / 1000 + 0.001] == []


@pytest.mark.parametrize("latency_s", [0.0, 0.15])
@pytest.mark.parametrize("what", ["house", "turn", "hang-up", "end"])
def test_cancelled_at_any_step_the_call_leaves_nothing_behind(what: str, latency_s: float) -> None:
    async def scenario(scope: trio.CancelScope) -> Stage:
        stt, llm = ScriptedSTT(latency_s), ScriptedLLM(latency_s, replies=[LONG, "Of course.", "Yes."])
        async with stage(stt=stt, llm=llm, tts=ScriptedTTS(latency_s), step_ms=100, hang_up=what != "end") as s:
            with scope:
                await exchange(s)
            if scope.cancelled_caught:
                if what == "turn" and s.call.brain.floor.turn is not None:
                    s.call.brain.floor.turn.scope.cancel()
                    await s.caller.silence(0.4)
                elif what == "house":
                    s.house.cancel()
            if what == "end":
                s.call.end("test")
        return s

    def check(s: Stage) -> None:
        assert len(s.events(WsDone)) == 1
        after_clear(s)
        whole(s)

    swept = cancel_everywhere(scenario, check=check, stride=19 if latency_s else 13)
    assert swept.runs > 30


async def raises() -> None:
    raise ValueError("boom")


async def other_cancel() -> None:
    raise asyncio.CancelledError


async def leaves() -> None:
    sys.exit("plugin")


async def group() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raises)
        nursery.start_soon(other_cancel)


@pytest.mark.parametrize("crime", [raises, other_cancel, leaves, group])
def test_a_plugin_that_fails_is_an_event_and_the_call_and_its_neighbour_go_on(
    crime: Callable[[], Awaitable[None]],
) -> None:
    async def guard(call: CallView) -> None:
        await trio.sleep(0.5)
        await crime()

    async def scene() -> tuple[Stage, Stage]:
        async with stage(guards=[guard], seed=1) as s, stage(seed=2) as other, trio.open_nursery() as nursery:
            for x in (s, other):
                nursery.start_soon(partial(answered, x))
        return s, other

    async def answered(s: Stage) -> None:
        await s.caller.silence(1.0)
        await s.caller.says("a table for two")
        await s.caller.hears(within_s=2)

    s, other = play(scene)
    [failure] = s.events(PluginFailure)
    assert "guard" in failure.plugin
    for x in (s, other):
        whole(x)
        assert x.record is not None
        assert x.record.reason == "stop"


def test_two_calls_at_once_never_hear_each_other() -> None:
    async def scene() -> list[Stage]:
        stages: list[Stage] = []
        async with trio.open_nursery() as nursery:
            for i in range(8):
                nursery.start_soon(one, i, stages)
        return stages

    async def one(i: int, stages: list[Stage]) -> None:
        async with stage(seed=i, llm=ScriptedLLM(0.1 * i)) as s:
            await s.caller.silence(1.0)
            await s.caller.says(f"I am caller {i} here")
            await s.caller.hears_end(within_s=10)
            stages.append(s)

    for s in play(scene):
        whole(s)
        [said] = s.said()
        assert s.answered() == [f"You said: {said}. Anything else?"]


def test_a_bug_of_ours_is_in_the_record_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Playout, turn: int) -> None:
        raise ZeroDivisionError

    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            monkeypatch.setattr(Playout, "allow", broken)
            await s.caller.says("a table for two")
            await s.caller.silence(2.0)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "crash"
    assert "ZeroDivisionError" in str(s.record.crash)
    assert s.twilio.close_code == 1011


def test_a_reader_that_never_reads_is_given_up() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=[LONG * 3]), hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=2)
            s.twilio.stall()
            await s.caller.silence(30)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "stalled-reader"


def test_a_stream_without_media_is_given_up_after_five_seconds() -> None:
    async def scene() -> Stage:
        async with stage(hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.goes_silent(20)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "no-media"
    assert s.record.duration_s == pytest.approx(6.0, abs=0.3)


RUBBISH = [
    b"",
    b"{",
    b"[1,2,3]",
    b"null",
    b'{"event":7}',
    b'{"event":"media"}',
    b'{"event":"media","streamSid":"X","media":{"payload":"////"}}',
    b'{"event":"media","media":{"payload":"not base64!"}}',
    b'{"event":"mark"}',
    b'{"event":"start","start":{"callSid":"CA1","streamSid":"MZ2"}}',
    b'{"event":"connected"}',
    b"[" * 60_000,
    b"\xff\xfe",
]


def test_rubbish_is_counted_and_the_call_goes_on() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            for message in RUBBISH:
                s.twilio.send_raw(message)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=2)
        return s

    s = play(scene)
    whole(s)
    assert s.said() == ["a table for two"]
    assert {e.kind for e in s.events(BadInput)} >= {"json", "order", "stream-sid"}


def test_a_flood_of_rubbish_closes_with_1008() -> None:
    async def scene() -> Stage:
        async with stage(hang_up=False) as s:
            for _ in range(30):
                s.twilio.send_raw(b"{")
            await s.caller.silence(1.0)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "rubbish"
    assert s.twilio.close_code == 1008


def test_missing_frames_are_silence_and_late_ones_are_dropped() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.goes_silent(0.6)
            await s.caller.silence(0.5)
            await s.caller.hears(within_s=1)
        return s

    s = play(scene)
    assert [e.kind for e in s.events(BadInput)] == ["gap"]
    assert s.said() == ["a table for two"]


def test_two_hundred_calls_leave_no_task_descriptor_or_thread() -> None:
    async def one(seed: int) -> None:
        async with stage(seed=seed, step_ms=100) as s:
            await s.caller.silence(0.5)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=2)
        whole(s)

    async def scene() -> tuple[list[int], list[int]]:
        counts: list[list[int]] = []
        for n in (10, 200):
            for i in range(n):
                await one(i)
            gc.collect()
            tasks = trio.lowlevel.current_statistics().tasks_living
            counts.append([tasks, len(os.listdir("/proc/self/fd")), threading.active_count()])
        return counts[0], counts[1]

    before, after = play(scene)
    assert all(a <= b for a, b in zip(after, before, strict=True)), (before, after)  # others' idle threads may end


def test_states_change_only_as_the_table_allows() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=[LONG, "Of course.", "Yes."])) as s:
            await exchange(s)
            await s.caller.hears_end(within_s=8)
        return s

    from agentd.core.call_state import TABLE, State

    for e in play(scene).events(StateChange):
        assert e.cause in TABLE[State(e.old), State(e.new)]


def test_the_writer_escapes_what_it_is_given() -> None:
    assert Writer('MZ"1').mark('a"b') == b'{"event":"mark","streamSid":"MZ\\"1","mark":{"name":"a\\"b"}}'


def test_the_call_ends_by_itself_when_it_is_far_too_long() -> None:
    async def scene() -> Stage:
        async with stage(settings=Settings.of(max_call_sec=60), hang_up=False, step_ms=100) as s:
            await s.caller.silence(125)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "max-length"
