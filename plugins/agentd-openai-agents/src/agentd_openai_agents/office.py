"""The back office, on the side of trio: it lends the SDK a loop of its own, and does itself what the SDK asks for."""

from __future__ import annotations

import trio

from agentd.back_office import Case, Closed, Waiting
from agentd.call.streams import SideLoop, unwrapped
from agentd.tools import ToolDesk
from agentd_openai_agents.access import Access
from agentd_openai_agents.gate import Gate
from agentd_openai_agents.kept import Kept, recall


class AgentsOffice:
    """`agentd.back_office.BackOffice`. One for the process; its thread starts with the first call that is over."""

    def __init__(self, access: Access) -> None:
        self._access, self._side = access, SideLoop("openai-agents")

    async def after_call(self, case: Case, desk: ToolDesk) -> Closed | Waiting:
        kept = recall(case.state)
        gate = Gate(desk, case.said, kept.messages() if kept else (), self._side)
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(gate.serve)
                outcome = await self._side.run(_run, self._access, case, gate, kept)
                nursery.cancel_scope.cancel(reason="the run is over")
        return outcome


async def _run(access: Access, case: Case, gate: Gate, kept: Kept | None) -> Closed | Waiting:
    from agentd_openai_agents.run import after_call  # heavy, and imported where it holds nobody up

    return await after_call(access, case, gate, kept)
