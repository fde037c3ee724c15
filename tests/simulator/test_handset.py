"""The person at the phone, in virtual time: what each step of a script waits for."""

from __future__ import annotations

import pytest
import trio

from agentd.audio import mulaw
from agentd.simulator.call_log import CallLog
from agentd.simulator.handset import Handset
from agentd.simulator.script import HangUp, Interrupt, Press, Say, Silence, Step, WaitForAgent
from agentd.testing import sounds
from agentd.testing.play import play

SAID = sounds.voice(0.4)
VOICE = mulaw.decode(SAID)


def perform(*script: Step, agent: dict[float, float] | None = None, until_s: float = 60.0) -> list[tuple[float, float]]:
    """The caller's speech, where the agent speaks at these times for so long; ends with the script."""

    async def scene() -> list[tuple[float, float]]:
        log = CallLog("CA1")
        handset = Handset(log, script, seed=1)

        async def line() -> None:
            for n in range(1, round(until_s / 0.02)):
                await trio.sleep_until(begin + n * 0.02)
                log.caller.add((n - 1) * 0.02, handset.next_frame())

        async def speak() -> None:
            for at_s, for_s in (agent or {}).items():
                await trio.sleep_until(begin + at_s)
                log.agent.add(at_s, sounds.voice(for_s))

        begin = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(line)
            nursery.start_soon(speak)
            await handset.run()
            ended.append(log.now())
            nursery.cancel_scope.cancel()
        assert handset.hung_up.is_set() == (HangUp() in script)
        return log.caller.sounds()

    ended.clear()
    return play(scene)


ended: list[float] = []


def test_speech_is_said_once_and_the_next_step_begins_with_its_end() -> None:
    assert perform(Silence(1), Say(VOICE), Say(VOICE), HangUp()) == [pytest.approx((1.0, 1.8), abs=0.03)]
    assert ended[0] == pytest.approx(1.8, abs=0.03)


def test_waiting_ends_when_the_agent_has_been_quiet() -> None:
    speech = perform(WaitForAgent(quiet_s=0.5), Say(VOICE), agent={1.0: 1.0, 2.3: 0.5})
    assert speech == [pytest.approx((3.3, 3.7), abs=0.05)]


def test_waiting_goes_on_when_the_agent_says_nothing_or_never_stops() -> None:
    assert perform(WaitForAgent(within_s=2), Say(VOICE)) == [pytest.approx((2.0, 2.4), abs=0.05)]
    assert perform(WaitForAgent(at_most_s=3), Say(VOICE), agent={0.5: 20}) == [pytest.approx((3.0, 3.4), abs=0.05)]


def test_an_answer_that_came_during_a_silence_counts_as_heard() -> None:
    speech = perform(Say(VOICE), Silence(3), WaitForAgent(quiet_s=0.5), Say(VOICE), agent={1.0: 1.0})
    assert speech[1] == pytest.approx((3.4, 3.8), abs=0.05)
    speech = perform(Say(VOICE), Silence(3), WaitForAgent(quiet_s=0.5), Say(VOICE), agent={1.0: 4.0})
    assert speech[1] == pytest.approx((5.5, 5.9), abs=0.05)


def test_an_interruption_waits_for_speech_that_is_still_to_come() -> None:
    script = (Say(VOICE), WaitForAgent(quiet_s=0.5), Interrupt(VOICE, after_s=0.7))
    assert perform(*script, agent={1.0: 1.0, 5.0: 3.0})[1] == pytest.approx((5.7, 6.1), abs=0.05)
    assert perform(Interrupt(VOICE, within_s=1.5)) == [pytest.approx((1.5, 1.9), abs=0.05)]


def test_keys_sound_while_they_are_pressed() -> None:
    assert len(perform(Press("12"), Silence(1))) == 1
    assert ended[0] == pytest.approx(1.4, abs=0.1)
