"""Chains come from the settings, share their breakers over the calls, and speak banked phrases from memory."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.engines import Message, Prompt, Voice
from agentd.errors import ConfigError
from agentd.events import EngineSwitch, Event
from agentd.plugins import Plugins
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains, specs
from agentd.resilience.phrase_bank import PhraseBank
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS

VOICE = Voice("en-US")
PROMPT = Prompt("CA1", Playbook("t", "en-US", "", ""), "", (Message("caller", "hello"),))


def test_commas_inside_an_argument_do_not_split_an_engine() -> None:
    assert specs(["scripted:latency=300", "fail=connect@3", "openai:gpt-x", "local"]) == [
        "scripted:latency=300,fail=connect@3",
        "openai:gpt-x",
        "local",
    ]


def test_a_part_that_belongs_to_no_engine_stays_and_is_refused_by_name() -> None:
    assert specs(["local", "fail=cut"]) == ["local", "fail=cut"]


def settings(llm: str = "scripted") -> Settings:
    return Settings.of(stt_engine="scripted", llm_engine=llm, tts_engine="scripted", plugins="scripted")


async def test_a_chain_of_the_settings_falls_over_and_tells_the_call(autojump_clock: MockClock) -> None:
    config = settings("scripted:fail=connect,latency=10,scripted:latency=100")
    chains = Chains.load(config, Plugins.load(config))
    events: list[Event] = []
    _, llm, _ = chains.for_call(events.append)
    async with llm.reply(PROMPT) as tokens:
        assert [t async for t in tokens]
    assert [(e.old, e.new) for e in events if isinstance(e, EngineSwitch)] == [
        ("scripted:fail=connect,latency=10", "scripted:latency=100")
    ]


def test_an_engine_that_cannot_be_made_stops_the_start() -> None:
    config = settings("scripted:latency=soon")
    with pytest.raises(ConfigError, match="cannot read latency=soon"):
        Chains.load(config, Plugins.load(config))


async def test_what_one_call_learns_all_calls_know(autojump_clock: MockClock) -> None:
    broken = ScriptedLLM(latency_s=0.7, fail=Fault("connect"))
    chains = Chains(
        [Named("s", ScriptedSTT())], [Named("a", broken), Named("b", ScriptedLLM())], [Named("t", ScriptedTTS())]
    )
    for _ in range(10):
        _, llm, _ = chains.for_call(lambda event: None)
        async with llm.reply(PROMPT) as tokens:
            await tokens.receive()
    assert broken.starts == 5


async def test_a_banked_phrase_is_spoken_at_once_without_an_engine(autojump_clock: MockClock) -> None:
    tts = ScriptedTTS(latency_s=0.5)
    chains = Chains([Named("s", ScriptedSTT())], [Named("l", ScriptedLLM())], [Named("t", tts)])
    bank = PhraseBank(chains.voices, VOICE)
    await bank.fill(["One moment, please.", "שלום"])
    chains.use_phrases(bank)
    start, starts = trio.current_time(), tts.starts
    _, _, voice = chains.for_call(lambda event: None)
    async with voice.speak("One moment, please.", VOICE) as chunks:
        audio = [c async for c in chunks]
    assert trio.current_time() == start
    assert sum(len(c.pcm) for c in audio) == len("One moment, please.") * 960
    assert {c.rate_hz for c in audio} == {8000}
    assert tts.starts == starts
    async with voice.speak("One moment, please.", Voice("en-US", rate=2.0)) as chunks:
        assert [c async for c in chunks]
    assert tts.starts == starts + 1
