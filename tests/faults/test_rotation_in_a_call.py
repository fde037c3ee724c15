"""Twelve minutes of a whole call over Google's real client, whose streams end after five: the transcript is that of a
call whose stream never ended, and neither has lost or doubled a word. The call's clock runs ahead of ours."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import trio
from agentd_google.stt import Rotation
from agentd_google.testing import FakeGoogle, ToneEar, tones
from agentd_google.testing.tones import MOST

from agentd.events import EngineSwitch
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.testing.scripted import ScriptedLLM, ScriptedTTS
from agentd.testing.stage import Stage, stage

RATE = 8  # 12 minutes in 90 s; an answer of the fake's takes some 10 ms of ours, 80 of the call's
MOST_S = 0.03  # the caller's line wakes us every `STEP_MS` of the call's, 25 of ours: what is longer was not our doing
STEP_MS = 200
MINUTES = 12
NEVER = Rotation(float("inf"), float("inf"))


class Ahead(trio.abc.Clock):
    """Real time, `RATE` times as fast: unlike virtual time, it waits for threads and sockets, as they wait for it. It
    stands still while this process is kept from running, as other tests on the machine may do."""

    def start_clock(self) -> None:
        self._now, self._seen = 0.0, time.monotonic()

    def current_time(self) -> float:
        seen, self._seen = self._seen, time.monotonic()
        self._now += min(self._seen - seen, MOST_S) * RATE
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return (deadline - self.current_time()) / RATE


def sentences() -> list[tuple[list[str], float]]:
    """What the caller says, in words "w0", "w1", ... round and round, each with the pause after it, in seconds."""
    chance, number, out, seconds = random.Random(7), 0, [], 0.0
    while seconds < MINUTES * 60:
        words = [f"w{(number + n) % MOST}" for n in range(chance.randint(3, 12))]
        number += len(words)
        pause_s = chance.choice((2.5, 3.0, 4.0, 9.0))
        seconds += 0.36 * len(words) + pause_s
        out.append((words, pause_s))
    return out


async def call(google: FakeGoogle, rotation: Rotation | None) -> Stage:
    """A caller who talks and pauses, whatever the agent says meanwhile."""
    stt = google.stt() if rotation is None else google.stt(rotation=rotation)
    chains = Chains([Named("a", stt)], [Named("s", ScriptedLLM(replies=["Yes."]))], [Named("s", ScriptedTTS())])
    async with stage(engines=chains, step_ms=STEP_MS) as s:
        await s.caller.silence(1.0)
        for words, pause_s in sentences():
            await s.caller.says(tones(" ".join(words)))
            await s.caller.silence(pause_s)
    return s


def heard(s: Stage) -> list[str]:
    return [word for e in s.call.brain.floor.history.entries if e.role == "caller" for word in e.text.split()]


def test_twelve_minutes_over_rotations_have_the_transcript_of_one_stream() -> None:
    calls: dict[str, Stage] = {}
    streams: dict[str, list[int]] = {}

    async def one(name: str, rotation: Rotation | None) -> None:
        async with FakeGoogle.running() as google:
            google.ear = ToneEar
            calls[name] = await call(google, rotation)
            streams[name] = [session.audio_ms for session in google.speech.sessions]

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, "rotated", None)
            nursery.start_soon(one, "whole", NEVER)

    trio.run(both, clock=Ahead())
    rotated, whole = heard(calls["rotated"]), heard(calls["whole"])
    assert rotated == whole == [word for words, _ in sentences() for word in words]
    assert all((int(a[1:]) + 1) % MOST == int(b[1:]) for a, b in pairwise(rotated))
    assert len(streams["whole"]) == 1
    assert len(streams["rotated"]) >= 3, streams
    assert max(streams["rotated"]) < 280_000
    for s in calls.values():
        assert s.record is not None
        assert (s.record.reason, s.record.crash) == ("stop", None)
        assert s.events(EngineSwitch) == []
