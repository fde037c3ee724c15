"""The engines of `agentd.testing.scripted` for a running daemon: `agentd serve --stt scripted --llm scripted ...`.

Options follow the name: `scripted:latency=300,fail=connect@3`. The README lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import agentd
from agentd.hookspecs import Register

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import LLM, STT, TTS


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.stt("scripted", make_stt)
    register.llm("scripted", make_llm)
    register.tts("scripted", make_tts)


def make_stt(settings: Settings, argument: str) -> STT:
    """Options: latency, fail."""
    from agentd.testing.scripted import ScriptedSTT
    from agentd_scripted.options import parse

    options = parse("STT_ENGINE", argument, allowed=("latency", "fail"))
    return ScriptedSTT(options.seconds("latency"), fail=options.faults)


def make_llm(settings: Settings, argument: str) -> LLM:
    """Options: latency, gap, fail."""
    from agentd.testing.scripted import ScriptedLLM
    from agentd_scripted.options import parse

    options = parse("LLM_ENGINE", argument, allowed=("latency", "gap", "fail"))
    return ScriptedLLM(options.seconds("latency"), options.seconds("gap"), fail=options.faults)


def make_tts(settings: Settings, argument: str) -> TTS:
    """Options: latency, gap, chunk, fail."""
    from agentd.testing.scripted import ScriptedTTS
    from agentd_scripted.options import parse

    options = parse("TTS_ENGINE", argument, allowed=("latency", "gap", "chunk", "fail"))
    return ScriptedTTS(
        options.seconds("latency"),
        chunk_ms=options.ms.get("chunk", 100),
        chunk_gap_s=options.seconds("gap"),
        fail=options.faults,
    )
