"""The back office run by the OpenAI Agents SDK: what is done after a call, by a model and behind agentd's own gate.

Nothing heavy is imported here, nor when the hook is asked: the SDK (4 s of CPU, 100 MB) is imported on its own thread
when the first call is over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import agentd

if TYPE_CHECKING:
    from agentd.back_office import BackOffice
    from agentd.config import Settings


@agentd.hookimpl
def agentd_back_office(config: Settings) -> BackOffice | None:
    from agentd_openai_agents.access import access

    server = access(config, os.environ)
    if server is None:
        return None
    from agentd_openai_agents.office import AgentsOffice

    return AgentsOffice(server)


@agentd.hookimpl
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:
    from agentd_openai_agents.access import rows

    return list(rows(config, os.environ))
