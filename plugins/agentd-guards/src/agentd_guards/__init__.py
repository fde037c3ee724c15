"""Guards for long calls (SPEC 5, and the silence prompts of 4.5). Each looks after one thing in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import agentd

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.hookspecs import Guard


@agentd.hookimpl
def agentd_guards(config: Settings) -> list[Guard]:
    from agentd_guards.heartbeat import Heartbeat
    from agentd_guards.idle import IdleLine
    from agentd_guards.longest import LongestCall
    from agentd_guards.silent_caller import SilentCaller
    from agentd_guards.watch import Watch

    return [
        Watch(
            (
                Heartbeat(config.heartbeat_sec),
                IdleLine(config.idle_guard_sec),
                SilentCaller(config.silence_prompt_sec, config.silence_goodbye_sec),
                LongestCall(config.max_call_sec),
            )
        )
    ]
