"""Guards of long calls, in virtual time: what each does, and when."""

from __future__ import annotations

import pytest
import trio
from agentd_guards import agentd_guards
from agentd_guards.heartbeat import Heartbeat
from agentd_guards.idle import SILENCE_MS, IdleLine
from agentd_guards.longest import LongestCall
from agentd_guards.silent_caller import SilentCaller
from agentd_guards.watch import Duty, Watch
from trio.testing import MockClock

from agentd.config import Settings
from agentd.events import WsKeepalive
from agentd.hookspecs import Guard
from agentd.testing.contracts import FakeCall, GuardContract


def watch(*duties: Duty) -> Watch:
    return Watch(duties)


SILENT = watch(SilentCaller((8.0, 20.0), 40.0))


async def run(guard: Guard, call: FakeCall, for_s: float, *play: tuple[float, str, float]) -> None:
    """The guard beside a play of (at second, "caller" or "agent", speaks for seconds)."""
    with trio.move_on_after(for_s):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(guard, call)
            for at_s, who, speaks_s in play:
                await trio.sleep(at_s - call.age_s())
                (call.caller_speaks if who == "caller" else call.agent_speaks)(speaks_s)


def times(done: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(round(at, 1), text) for at, text in done]


# --- heartbeat


async def test_heartbeats_are_numbered_marks_with_an_event_each(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(Heartbeat(15)), call, 900.5)
    assert call.marks == [(15.0 * n, f"hb:{n}") for n in range(1, 61)]
    assert [e.mark for e in call.events if isinstance(e, WsKeepalive)] == [name for _, name in call.marks]


# --- idle line


async def test_an_idle_line_gets_a_short_silence_and_a_busy_one_none(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(IdleLine(60)), call, 250, (30, "agent", 10))
    assert [(round(at), ms) for at, ms in call.silences] == [(100, SILENCE_MS), (160, SILENCE_MS), (220, SILENCE_MS)]


# --- silent caller


async def test_a_caller_who_never_speaks_is_asked_twice_and_let_go(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(SILENT, call, 300)
    assert times(call.said) == [(8.0, "silent-1 one"), (20.0, "silent-2 one")]
    assert call.ended == [(40.0, "silence", "goodbye two")]


async def test_an_answer_starts_the_times_anew_with_the_other_wording(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(SILENT, call, 120, (10, "caller", 2), (12.5, "agent", 2.5))
    assert times(call.said) == [
        (8.0, "silent-1 one"),
        (23.0, "silent-1 two"),
        (35.0, "silent-2 two"),
    ]
    assert call.ended == [(55.0, "silence", "goodbye one")]


async def test_a_caller_who_interrupts_the_prompt_has_answered(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(SILENT, call, 25, (8.3, "caller", 1.5), (10.5, "agent", 4.5))
    assert times(call.said) == [(8.0, "silent-1 one"), (23.0, "silent-1 two")]


async def test_nobody_who_talks_is_ever_prompted(autojump_clock: MockClock) -> None:
    call = FakeCall()
    play = [(5.0 * i, "caller" if i % 2 else "agent", 2.0) for i in range(1, 100)]
    await run(SILENT, call, 500, *play)
    assert call.said == []
    assert call.ended == []


async def test_a_long_answer_of_ours_is_no_silence_of_theirs(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(SILENT, call, 70, (1, "agent", 60))
    assert times(call.said) == [(69.0, "silent-1 one")]


async def test_without_prompts_there_is_only_goodbye(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(SilentCaller((), 40)), call, 100)
    assert call.said == []
    assert [(at, why) for at, why, _ in call.ended] == [(40.0, "silence")]


# --- longest call


async def test_the_longest_call_is_warned_a_minute_before_and_ended(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(LongestCall(1800)), call, 2000)
    assert times(call.said) == [(1740.0, "time-warning one")]
    assert call.ended == [(1800.0, "max-length", "goodbye one")]


async def test_the_warning_waits_for_a_gap_and_the_end_does_not(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(LongestCall(1800)), call, 2000, (1739, "caller", 10))
    assert times(call.said) == [(1750.0, "time-warning one")]
    talker = FakeCall()
    await run(watch(LongestCall(1800)), talker, 2000, (1700, "caller", 300))
    assert talker.said == []
    assert [at for at, _, _ in talker.ended] == [1800.0]


async def test_a_limit_of_a_minute_has_no_warning(autojump_clock: MockClock) -> None:
    call = FakeCall()
    await run(watch(LongestCall(60)), call, 100)
    assert call.said == []
    assert [at for at, _, _ in call.ended] == [60.0]


# --- as a plugin


def test_the_guards_follow_the_settings() -> None:
    guards = agentd_guards(Settings.of(heartbeat_sec=5, idle_guard_sec=30, silence_prompt_sec="4,9", max_call_sec=600))
    assert guards == [watch(Heartbeat(5), IdleLine(30), SilentCaller((4.0, 9.0), 40.0), LongestCall(600))]


class TestHeartbeat(GuardContract):
    def make(self) -> Guard:
        return watch(Heartbeat(15))


class TestIdleLine(GuardContract):
    def make(self) -> Guard:
        return watch(IdleLine(60))


class TestSilentCaller(GuardContract):
    def make(self) -> Guard:
        return SILENT


class TestLongestCall(GuardContract):
    def make(self) -> Guard:
        return watch(LongestCall(1800))


@pytest.mark.parametrize("seconds", [900, 1800])
async def test_all_guards_beside_each_other_on_a_long_call(autojump_clock: MockClock, seconds: int) -> None:
    call = FakeCall()
    with trio.move_on_after(seconds + 1):
        async with trio.open_nursery() as nursery:
            for guard in agentd_guards(Settings.of(max_call_sec=1800)):
                nursery.start_soon(guard, call)
            while True:
                call.caller_speaks(3.0)
                await trio.sleep(4.0)
                call.agent_speaks(3.0)
                await trio.sleep(10.0)
    assert len(call.marks) == seconds // 15
    assert [text for _, text in call.said if "silent-2" in text] == []
    assert [(at, why) for at, why, _ in call.ended] == ([(1800.0, "max-length")] if seconds == 1800 else [])
