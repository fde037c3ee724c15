"""Google's engines: `google` recogniser (Speech-to-Text v1 or v2) and `google` voice (Text-to-Speech).

Nothing heavy is imported here: the factories below import what they need when an engine is chosen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import agentd

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import STT, TTS
    from agentd.hookspecs import Register


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.stt("google", _stt)
    register.tts("google", _tts)


@agentd.hookimpl
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:
    from agentd_google.check import rows

    return list(rows(config, os.environ))


def _stt(settings: Settings, argument: str) -> STT:
    from agentd_google.factory import recogniser

    return recogniser(settings, argument, os.environ)


def _tts(settings: Settings, argument: str) -> TTS:
    from agentd_google.factory import voice

    return voice(settings, argument, os.environ)
