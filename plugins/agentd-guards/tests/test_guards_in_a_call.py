"""The guards beside a real call in virtual time: what the caller hears, what Twilio gets, how it ends."""

from __future__ import annotations

from agentd_guards import agentd_guards

from agentd.config import Settings
from agentd.events import BadInput, PluginFailure, Turn, Underrun, WsKeepalive
from agentd.testing.play import play
from agentd.testing.stage import Stage, stage


def test_a_caller_who_never_speaks_is_asked_twice_and_let_go() -> None:
    async def scene() -> Stage:
        settings = Settings.of()
        async with stage(settings=settings, guards=agentd_guards(settings), step_ms=100, hang_up=False) as s:
            await s.caller.silence(50)
        return s

    s = play(scene)
    assert s.answered() == ["Are you still there?", "I cannot hear you.", "Have a good day."]
    assert s.record is not None
    assert (s.record.reason, s.record.crash) == ("silence", None)
    assert 40 <= s.record.duration_s <= 45


def test_an_answer_to_the_prompt_keeps_the_call() -> None:
    async def scene() -> Stage:
        settings = Settings.of()
        async with stage(settings=settings, guards=agentd_guards(settings), step_ms=100) as s:
            await s.caller.silence(10)
            await s.caller.says("yes I am here")
            await s.caller.hears_end(within_s=10)
            await s.caller.silence(6)
        return s

    s = play(scene)
    assert s.said() == ["yes I am here"]
    assert s.answered() == ["Are you still there?", "You said: yes I am here. Anything else?"]
    assert s.record is not None
    assert s.record.reason == "stop"


def test_fifteen_minutes_with_sixty_turns_and_heartbeats_and_not_one_error() -> None:
    async def scene() -> Stage:
        settings = Settings.of()
        async with stage(settings=settings, guards=agentd_guards(settings), step_ms=100) as s:
            for turn in range(60):
                await s.caller.says(f"this is question number {turn}")
                await s.caller.hears_end(within_s=15)
                await s.caller.silence(max(0.5, (turn + 1) * 15 - s.twilio.now()))  # some 10 s: we ask once
        return s

    s = play(scene)
    assert s.record is not None
    assert (s.record.reason, s.record.crash) == ("stop", None)
    kinds = [e.kind for e in s.events(Turn)]
    assert (kinds.count("reply"), kinds.count("prompt"), s.record.turns) == (60, 60, 120)
    assert s.record.duration_s >= 900
    assert len(s.said()) == 60
    assert len(s.events(WsKeepalive)) == int(s.record.duration_s // 15)
    assert [k.name for k in s.twilio.sent if k.kind == "mark" and k.name.startswith("hb:")] == [
        e.mark for e in s.events(WsKeepalive)
    ]
    assert s.events(PluginFailure) == []
    assert s.events(BadInput) == []
    assert s.events(Underrun) == []
    assert s.twilio.codes == []


def test_the_longest_call_is_warned_and_ended_even_while_they_talk() -> None:
    async def scene() -> Stage:
        settings = Settings.of(max_call_sec=90)
        async with stage(settings=settings, guards=agentd_guards(settings), step_ms=100, hang_up=False) as s:
            for turn in range(12):
                await s.caller.says(f"this is question number {turn}")
                await s.caller.silence(7)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "max-length"
    assert 90 <= s.record.duration_s <= 100
    assert s.answered()[-1] in ("Goodbye.", "Have a good day.")
