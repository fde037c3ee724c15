"""The fake server refuses what OpenAI refuses: else a test against it would prove nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from agentd_openai.fake_rules import chat_problem, responses_problem
from agentd_openai.fake_server import FakeOpenAI, sse, stream, words
from agentd_openai.offers import for_chat, for_responses, meant, wire_name

from agentd.agents.tool_names import OWN, KnownTools
from agentd.agents.tools import house_tools

LIST_OF_ANYTHING = {"type": "object", "properties": {"tags": {"type": "array"}}}
USER = {"role": "user", "content": "When?"}


def calls(*ids: str, name: str = "find_slots") -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": i, "type": "function", "function": function} for i in ids],
    }


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "{}"}


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [USER, calls("a"), result("a")],
        [USER, calls("a", "b"), result("b"), result("a"), USER],
        [USER, calls("a"), result("a"), calls("a"), result("a")],
    ],
)
def test_what_is_legal(messages: list[dict[str, Any]]) -> None:
    assert chat_problem({"messages": messages}) is None


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        ([], "messages"),
        ([{"role": "caller", "content": "x"}], "messages.[0].role"),
        ([USER, result("a")], "messages.[1].role"),
        ([USER, calls("a")], "messages"),
        ([USER, calls("a"), USER, result("a")], "messages.[2].role"),
        ([USER, calls("a", "b"), result("a"), USER], "messages.[3].role"),
        ([USER, calls("a"), result("b")], "messages.[2].role"),
        ([USER, calls("a"), result("a"), result("a")], "messages.[3].role"),
        ([USER, calls("a", "a"), result("a")], "messages.[1].tool_calls[0].id"),
        ([USER, calls(""), result("")], "messages.[1].tool_calls[0].id"),
        ([USER, calls("a", name="find.slots"), result("a")], "messages.[1].tool_calls[0].function.name"),
        ([USER, {"role": "assistant", "content": None}], "messages.[1].content"),
    ],
)
def test_what_is_not(messages: list[dict[str, Any]], where: str) -> None:
    problem = chat_problem({"messages": messages})
    assert problem is not None
    assert problem[0] == where


@pytest.mark.parametrize(
    ("tools", "where"),
    [
        ([], "tools"),
        ([{"name": "a.b", "parameters": {"type": "object"}}], "tools[0].function.name"),
        ([{"name": "a", "parameters": {"type": "object"}}] * 2, "tools[1].function.name"),
        ([{"name": "a", "parameters": {"type": "string"}}], "tools[0].function.parameters"),
        ([{"name": "a", "parameters": {"type": "object", "anyOf": []}}], "tools[0].function.parameters"),
        ([{"name": "a", "parameters": LIST_OF_ANYTHING}], "tools[0].function.parameters"),
    ],
)
def test_what_cannot_be_offered(tools: list[dict[str, Any]], where: str) -> None:
    problem = chat_problem({"messages": [USER], "tools": [{"type": "function", "function": tool} for tool in tools]})
    assert problem is not None
    assert problem[0] == where


def test_the_houses_own_tools_can_be_offered() -> None:
    known = KnownTools((OWN, tool) for tool in house_tools(None))
    offered = known.offers(known.by_name)
    assert len(offered) >= 13
    assert chat_problem({"messages": [USER], "tools": for_chat(offered)}) is None
    assert responses_problem({"input": [USER], "tools": for_responses(offered)}) is None
    assert [meant(wire_name(offer.name), offered) for offer in offered] == [offer.name for offer in offered]


async def test_the_server_says_so_whatever_it_was_told_to_answer(server: FakeOpenAI) -> None:
    server.answers["/chat/completions"] = stream(sse(*words("Yes.")))
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{server.url}/chat/completions", json={"messages": [USER, result("a")]})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "messages.[1].role"
