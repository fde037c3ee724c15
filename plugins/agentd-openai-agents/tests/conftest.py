"""A fake OpenAI on a real socket, and a desk with three tools that keeps what it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import trio
from agentd_openai.fake_server import FakeOpenAI, fake_openai

from agentd.core.policy import Effect
from agentd.engines import Message, ToolCall, ToolOffer
from agentd.tools import ToolAnswer

OBJECT = {"type": "object", "properties": {}}


@dataclass
class Desk:
    """`answers`: by tool; a tool without one does what it is asked. `asked`: each call, with how much of the
    conversation it was judged by. `slow`: tools that wait for ever. `before`: awaited before each."""

    answers: dict[str, ToolAnswer] = field(default_factory=dict)
    asked: list[tuple[ToolCall, int]] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    before: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint
    cancelled: list[str] = field(default_factory=list)
    running: int = 0
    offers: tuple[ToolOffer, ...] = tuple(
        ToolOffer(name, f"To {name}.", OBJECT) for name in ("leads.upsert", "crm.update", "whatsapp.send")
    )

    def effect(self, name: str) -> Effect:
        return Effect.OURS

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        self.asked.append((call, len(said)))
        self.running += 1
        assert self.running == 1
        try:
            await self.before()
            if call.name in self.slow:
                await trio.sleep_forever()
        except trio.Cancelled:
            self.cancelled.append(call.name)
            raise
        finally:
            self.running -= 1
        return self.answers.get(call.name, ToolAnswer('{"id": "lead-1"}', ok=True))

    async def aclose(self) -> None: ...

    @property
    def names(self) -> list[str]:
        return [call.name for call, _ in self.asked]


@pytest.fixture(autouse=True)
def straight_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def desks() -> type[Desk]:
    """For tests of several calls."""
    return Desk


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake_openai() as server:
        yield server
