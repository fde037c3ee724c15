"""One `Toolbox` for each conversation, from what the house has: its tools, office, ledger and approvals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.tool_facts import ToolFacts
from agentd.agents.tool_names import OWN, KnownTools
from agentd.agents.toolbox import Toolbox
from agentd.agents.tools import DEFAULTS, house_tools
from agentd.core.playbook import Playbook
from agentd.core.policy import Agent, House, Policy
from agentd.core.policy_rules import RULES
from agentd.errors import ConfigError
from agentd.events import Event
from agentd.facts import CallFacts
from agentd.ledger import Ledger
from agentd.office import Office
from agentd.tools import Tool, ToolDesk

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import LLM


class Toolboxes:
    """One for the house. Raises `ConfigError` for tools that cannot be, and for names in the settings that no tool has.

    `brought`: (plugin, tool) of the plugins. `llm`: writes summaries. `clock`: seconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        brought: Iterable[tuple[str, Tool]],
        office: Office,
        ledger: Ledger,
        approvals: ApprovalDesk,
        llm: LLM | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tools = KnownTools([*((OWN, tool) for tool in house_tools(llm)), *brought])
        self.policy = Policy(house_of(settings), RULES)
        self.office, self.ledger, self.approvals, self.clock = office, ledger, approvals, clock
        self.sending = trio.Lock()
        if strangers := sorted(self.policy.house.ask - self.tools.by_name.keys()):
            there = ", ".join(sorted(self.tools.by_name))
            raise ConfigError("settings", "TOOLS_ASK", f"{strangers[0]} is no tool", f"choose among: {there}")

    def for_call(self, facts: CallFacts, playbook: Playbook, emit: Callable[[Event], None]) -> ToolDesk:
        """The tools of the voice agent in one call."""
        return self.for_agent(Agent.VOICE, facts.call_sid, facts.caller.text, playbook, emit)

    def for_agent(
        self,
        agent: Agent,
        call_sid: str,
        phone: str,
        playbook: Playbook,
        emit: Callable[[Event], None],
        *,
        scope: str = "",
        recordings: Iterable[str] = (),
    ) -> ToolDesk:
        """The tools of an agent. `phone`: whom it is about, by the network's word ("" or "anonymous" when withheld).
        `scope`: where there is no call (`call_sid` is ""), what stands for it in the record and in idempotency keys:
        the same as long as the conversation goes on, so that a limit holds and a window found yesterday may be booked
        today. `recordings`: SIDs of this call's."""
        if not (call_sid or scope):
            raise ValueError("a conversation without a call needs a scope")
        allowed = self.allowed(agent, playbook)
        facts = ToolFacts(agent, call_sid, call_sid or scope, phone, playbook, self.tools.by_name, allowed, recordings)
        return Toolbox(self, facts, emit)

    def allowed(self, agent: Agent, playbook: Playbook) -> tuple[str, ...]:
        """The names of the tools of an agent: those that its playbook lists, which may name one that there is not, else
        its own. Without an account nobody is offered a message."""
        own = tuple(name for name, source in self.tools.source.items() if source == OWN)
        names = playbook.agents.get(agent.value) or DEFAULTS[agent] or own
        mute = isinstance(self.office.messenger, NoWhatsApp)
        return tuple(name for name in names if not (mute and name.startswith("whatsapp.")))


def house_of(settings: Settings) -> House:
    """What the settings say to the policy."""
    return House(
        enabled=settings.agents_enabled,
        production=settings.agentd_env == "production",
        ask=frozenset(settings.tools_ask),
        sends_per_day=settings.tool_sends_per_day,
    )
