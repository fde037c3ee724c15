"""A voice that beeps, and a tool that says when the business is open: the hooks by which agentd finds both.

`agentd --help` imports this file, and neither of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import agentd
from agentd.hookspecs import Register

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import TTS
    from agentd.tools import Tool


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.tts("beeps", make_beeps)


def make_beeps(settings: Settings, argument: str) -> TTS:
    from agentd_example_engine.beeps import Beeps

    return Beeps(argument)


@agentd.hookimpl
def agentd_register_tools() -> list[Tool]:
    from agentd_example_engine.opening_hours import TOOL

    return [TOOL]
