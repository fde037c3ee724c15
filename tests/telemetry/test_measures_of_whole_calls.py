"""The measures, from the tapes of whole calls in virtual time."""

from __future__ import annotations

import pytest

from agentd.telemetry.metrics_call import CallMeasures, FalseAlarm, Halted, Interrupted, Measure
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT
from agentd.testing.stage import Stage, stage

LONG = "This is the first sentence of a long reply. This is the second one, with one more, to be safe."


def measured(s: Stage) -> list[Measure]:
    measures = CallMeasures()
    return [found for recorded in s.tape.recorded for found in measures.read(recorded)]


@pytest.mark.parametrize("seed", range(5))
def test_a_caller_who_interrupts_finds_silence_within_200_ms_and_is_heard(seed: int) -> None:
    async def scene() -> Stage:
        async with stage(stt=ScriptedSTT(0.3), llm=ScriptedLLM(replies=[LONG, "Of course."]), seed=seed) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(1.5, "no wait stop please")
            await s.caller.hears_end(within_s=5)
        return s

    halted, interrupted = measured(play(scene, seed=seed))
    assert isinstance(halted, Halted)
    assert 100 <= halted.ms <= 200
    assert interrupted == Interrupted("ok")


def test_a_cough_is_a_false_alarm() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(stt=stt, llm=ScriptedLLM(replies=[LONG])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=2)
            await s.caller.silence(1.2)
            stt.expect("")
            await s.caller.coughs()
            await s.caller.hears_end(within_s=20, quiet_s=1.5)
        return s

    halted, alarm = measured(play(scene))
    assert isinstance(halted, Halted)
    assert alarm == FalseAlarm()


def test_keys_stop_us_and_are_no_measure_of_interruptions() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=[LONG, "Thank you."])) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.hears(within_s=2)
            await s.caller.silence(1.0)
            await s.caller.presses("12#")
            await s.caller.hears_end(within_s=10)
        return s

    assert measured(play(scene)) == []
