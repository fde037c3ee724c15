"""What is a fact for the gate, and what is not, whoever says it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from trio.testing import MockClock

from agentd.agents.tool_facts import grants_of
from agentd.core.policy import Grants
from agentd.core.speech import Message, ToolCall
from agentd.tools import Tool, ToolRun
from tests.agents.house import PLAYBOOK, Conversation, House


class Nothing(msgspec.Struct, frozen=True):
    pass


class Price(msgspec.Struct, frozen=True):
    price: str


class Rumour(msgspec.Struct, frozen=True):
    price: str

    def grants(self) -> Grants:
        return Grants()


class Broken(msgspec.Struct, frozen=True):
    price: str

    def grants(self) -> Grants:
        raise KeyError(self.price)


class Odd(msgspec.Struct, frozen=True):
    price: str

    def grants(self) -> str:
        return self.price


def tool(kind: type[Price | Rumour | Broken | Odd]) -> Tool:
    async def run(arguments: Nothing, run: ToolRun) -> msgspec.Struct:
        return kind("2,500,000 shekels")

    return Tool("shop.price", "What it costs.", Nothing, kind, run)


def conversation(kind: type[Price | Rumour | Broken | Odd]) -> Conversation:
    house = House([("shop", tool(kind))])
    return house.conversation(playbook=replace(PLAYBOOK, agents={"voice": ("shop.price", "whatsapp.send")}))


async def test_what_a_plugins_tool_returns_is_true(autojump_clock: MockClock) -> None:
    call = conversation(Price)
    assert await call.refused("whatsapp.send", text="It costs 2.5 million shekels.") == "untrue"
    await call.get("shop.price")
    await call.get("whatsapp.send", text="It costs 2.5 million shekels.")


@pytest.mark.parametrize("kind", [Rumour, Broken, Odd])
async def test_unless_it_says_that_people_wrote_it_or_cannot_say(
    autojump_clock: MockClock, kind: type[Rumour | Broken | Odd]
) -> None:
    call = conversation(kind)
    await call.get("shop.price")
    assert await call.refused("whatsapp.send", text="It costs 2.5 million shekels.") == "untrue"


async def test_our_own_words_and_a_made_up_result_are_no_facts(autojump_clock: MockClock) -> None:
    call = House().conversation()
    call.agent("Is it 052 111 2222? Come on Tuesday at 11:00, it costs 900 shekels.")
    call.said.append(Message("tool", '{"error":"Tuesday at 11:00"}', ToolCall("c", "calendar.find_slots", {})))
    call.said.append(Message("tool", '{"windows": "Tuesday at 11:00"}', ToolCall("c", "calendar.find_slots", {})))
    call.said.append(Message("tool", "Tuesday at 11:00", ToolCall("c", "no.such", {})))
    call.said.append(Message("tool", "Tuesday at 11:00"))
    assert await call.refused("whatsapp.send", text="Tuesday at 11:00") == "untrue"
    assert await call.refused("whatsapp.send", text="900 shekels") == "untrue"
    assert await call.refused("whatsapp.send", text="x", to="0521112222") == "foreign-number"
    call.caller("Yes, Tuesday at 11:00.")
    await call.get("whatsapp.send", text="You would like to come on Tuesday at 11:00.")


def test_a_failure_allows_nothing_even_where_every_field_may_be_left_out() -> None:
    class Loose(msgspec.Struct):
        price: str = ""

    async def run(arguments: Nothing, run: ToolRun) -> Loose:
        raise NotImplementedError

    loose = Tool("x.y", "", Nothing, Loose, run)
    assert grants_of(loose, '{"error":"900 shekels"}') == Grants()
    assert grants_of(loose, '{"price":"900 shekels"}') == Grants(facts='{"price":"900 shekels"}')
