"""How many tasks a call costs (SPEC 13: at most 10), through chains as the daemon makes them."""

from __future__ import annotations

import trio
from trio.abc import Instrument

from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import stage


class Busiest(Instrument):
    """The most tasks that ever ran at once."""

    def __init__(self) -> None:
        self.tasks = 0

    def before_io_wait(self, timeout: float) -> None:
        self.tasks = max(self.tasks, trio.lowlevel.current_statistics().tasks_living)


def test_a_call_has_at_most_ten_tasks_of_its_own_and_its_engines() -> None:
    async def scene() -> tuple[int, int]:
        stt, llm, tts = ScriptedSTT(), ScriptedLLM(0.3, 0.05), ScriptedTTS(0.1, chunk_gap_s=0.05)
        chains = Chains([Named("s", stt)], [Named("m", llm)], [Named("v", tts)])
        before = trio.lowlevel.current_statistics().tasks_living
        async with stage(stt=stt, engines=chains) as s:
            await s.caller.silence(4.0)  # the greeting is over
            listening = trio.lowlevel.current_statistics().tasks_living - before
            trio.lowlevel.add_instrument(busiest := Busiest())
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=20)
            trio.lowlevel.remove_instrument(busiest)
        return listening, busiest.tasks - before

    listening, busiest = play(scene)
    assert listening == 3 + 2  # serve (with the ears), mouth, recogniser; the engine's two
    assert busiest <= 9
