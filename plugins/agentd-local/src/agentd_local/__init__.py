"""Offline engines: `local` recogniser (Whisper), `local` voice (piper), `rules` brain.

Nothing heavy is imported here: the factories below import what they need when the engine is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import agentd
from agentd.errors import ConfigError

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import LLM, STT, TTS
    from agentd.hookspecs import Register


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.stt("local", _stt)
    register.tts("local", _tts)
    register.llm("rules", _rules)


@agentd.hookimpl
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:
    from agentd_local.check import rows

    return list(rows(config))


def _stt(settings: Settings, argument: str) -> STT:
    from agentd_local.models import HEBREW_WHISPER, find_whisper
    from agentd_local.pool import workers
    from agentd_local.stt import LocalSTT
    from agentd_local.whisper import Recogniser

    reader = Recogniser(find_whisper(argument), language=settings.language_code, workers=workers())
    if reader.multilingual:
        return LocalSTT(reader)
    if settings.language_code.partition("-")[0] != "en":  # every call would be deaf: better no start than that
        raise ConfigError(
            settings.provenance.get("stt_engine", "default"),
            "STT_ENGINE",
            f"the model of {f'local:{argument}' if argument else 'local'} understands English only, "
            f"and LANGUAGE_CODE is {settings.language_code}",
            f"STT_ENGINE=local:{HEBREW_WHISPER} or a cloud recogniser; or LANGUAGE_CODE=en-US to try it in English",
        )
    return LocalSTT(reader, languages=frozenset({"en"}))


def _tts(settings: Settings, argument: str) -> TTS:
    from agentd_local.models import find_voice
    from agentd_local.tts import LocalTTS, PiperVoice

    return LocalTTS(PiperVoice(find_voice(argument)))


def _rules(settings: Settings, argument: str) -> LLM:
    from agentd_local.rules.brain import RulesLLM

    return RulesLLM()
