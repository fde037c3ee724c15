"""The real client against a server on a real socket: replies, and every way in which they fail."""

from __future__ import annotations

import gc
import json
import math
import re
from dataclasses import replace

import pytest
import trio
from agentd_openai import models
from agentd_openai.chat import OpenAILLM
from agentd_openai.client import Client
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, Request, delta, refusal, sse, stream, words

from agentd.core.playbook import Playbook
from agentd.engines import Message, Prompt, Token, ToolCall, ToolOffer
from agentd.errors import EngineError

PLAYBOOK = Playbook("test", "en-US", "", "")
PROMPT = Prompt("CA1", PLAYBOOK, "You answer the phone.", (Message("caller", "Hello."),))
CHAT = "/chat/completions"
WELCOME = sse(*words("Hello", ", how can", " I help?"))


async def ask(llm: OpenAILLM, prompt: Prompt = PROMPT) -> list[Token | ToolCall]:
    with trio.fail_after(10):
        async with llm.reply(prompt) as items:
            return [item async for item in items]


async def text_of(llm: OpenAILLM) -> str:
    return "".join(item.text for item in await ask(llm) if isinstance(item, Token))


async def failure_of(llm: OpenAILLM) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await ask(llm)
    assert "sk-secret" not in str(caught.value)
    assert "0501234567" not in str(caught.value)
    return caught.value


async def test_a_reply_comes_word_by_word(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(WELCOME)
    assert await ask(OpenAILLM(client)) == [Token("Hello"), Token(", how can"), Token(" I help?")]
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert request.json["model"] == models.CHAT
    assert request.json["stream"] is True
    assert request.json["messages"] == [
        {"role": "system", "content": "You answer the phone."},
        {"role": "user", "content": "Hello."},
    ]


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("gpt-4o-mini", {"temperature": 0.4, "max_tokens": 292}),
        ("llama3.1:8b", {"temperature": 0.4, "max_tokens": 292}),
        ("gpt-6-luna", {"reasoning_effort": "none", "max_completion_tokens": 292}),
        ("gpt-5.4-mini", {"reasoning_effort": "none", "max_completion_tokens": 292}),
        ("gpt-5-mini", {"reasoning_effort": "minimal", "max_completion_tokens": 892}),
        ("o4-mini", {"reasoning_effort": "low", "max_completion_tokens": 892}),
    ],
)
async def test_each_family_of_models_is_asked_in_its_own_way(
    server: FakeOpenAI, client: Client, model: str, asked: dict[str, object]
) -> None:
    server.answers[CHAT] = stream(WELCOME)
    await ask(OpenAILLM(client, model))
    sent = server.requests[0].json
    assert {name: sent[name] for name in sent if name not in ("model", "messages", "stream")} == asked


async def test_a_parameter_that_is_refused_is_left_out_from_then_on(server: FakeOpenAI, client: Client) -> None:
    def picky(request: Request) -> Answer:
        if "temperature" in request.json:
            return refusal(400, "unsupported_value", "temperature")
        return stream(WELCOME)

    server.answers[CHAT] = picky
    llm = OpenAILLM(client, "a-new-model")
    assert await text_of(llm) == "Hello, how can I help?"
    assert await text_of(llm) == "Hello, how can I help?"
    assert ["temperature" in request.json for request in server.requests] == [True, False, False]


async def test_a_refusal_that_names_the_parameter_only_in_its_text_is_understood_too(
    server: FakeOpenAI, client: Client
) -> None:
    def picky(request: Request) -> Answer:
        if "reasoning_effort" in request.json:
            message = "Unrecognized request argument supplied: reasoning_effort"
            return Answer([json.dumps({"error": {"message": message, "param": None}}).encode()], 400)
        return stream(WELCOME)

    server.answers[CHAT] = picky
    assert await text_of(OpenAILLM(client, "gpt-5.3-chat-latest")) == "Hello, how can I help?"
    assert "max_completion_tokens" in server.requests[-1].json


async def test_the_error_names_the_engine_as_the_chain_does(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = refusal(500)
    assert (await failure_of(OpenAILLM(client))).engine == "openai"
    assert (await failure_of(OpenAILLM(client, "gpt-x"))).engine == "openai:gpt-x"


async def test_one_connection_serves_turn_after_turn(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(WELCOME)
    for _ in range(3):
        await ask(OpenAILLM(client))
    assert server.connections == 1


async def test_a_slow_stream_is_only_slow(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(*(part for step in WELCOME for part in (step, 0.03)))
    assert await text_of(OpenAILLM(client)) == "Hello, how can I help?"


async def test_a_stream_split_anywhere_is_the_same_stream(server: FakeOpenAI, client: Client) -> None:
    whole = b"".join(sse(*words("שלום", ", במה ", "אפשר לעזור?")))  # bytes of a letter apart, too
    server.answers[CHAT] = stream([whole[at : at + 3] for at in range(0, len(whole), 3)])
    assert await text_of(OpenAILLM(client)) == "שלום, במה אפשר לעזור?"


async def test_chunks_without_choices_and_comments_are_no_words(server: FakeOpenAI, client: Client) -> None:
    usage = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 9}}
    server.answers[CHAT] = stream(sse(usage, done=False), b": still thinking\n\n", sse(*words("Yes."), usage))
    assert await text_of(OpenAILLM(client)) == "Yes."


async def test_a_server_that_does_not_end_its_stream_ends_the_reply_with_its_last_word(
    server: FakeOpenAI, client: Client
) -> None:
    server.answers[CHAT] = stream(sse(*words("Yes."), done=False), Misdeed.STALL)
    assert await text_of(OpenAILLM(client)) == "Yes."
    await server.closed(server.requests[0])


async def test_a_tool_call_in_splinters_is_handed_on_whole(server: FakeOpenAI, client: Client) -> None:
    def piece(index: int, **fields: object) -> dict[str, object]:
        return delta(tool_calls=[{"index": index, **fields}])

    server.answers[CHAT] = stream(
        sse(
            delta(content="One moment."),
            piece(0, id="call_1", type="function", function={"name": "calendar.find_slots", "arguments": ""}),
            *(piece(0, function={"arguments": part}) for part in ('{"da', 'y": "mon', 'day"', ', "n": 2}')),
            piece(1, id="call_2", type="function", function={"name": "leads.tag", "arguments": "{}"}),
            delta("tool_calls"),
        )
    )
    assert await ask(OpenAILLM(client)) == [
        Token("One moment."),
        ToolCall("call_1", "calendar.find_slots", {"day": "monday", "n": 2}),
        ToolCall("call_2", "leads.tag", {}),
    ]


@pytest.mark.parametrize(
    ("arguments", "finish"),
    [
        ('{"day": "mon', "tool_calls"),
        ('{"day": "mon', "length"),
        ('{"day": "monday"}', "length"),
        ('["monday"]', "tool_calls"),
        ("monday", "tool_calls"),
        ('{"a":' * 3000, "tool_calls"),
    ],
)
async def test_half_a_tool_call_or_a_bad_one_is_an_error_and_no_call(
    server: FakeOpenAI, client: Client, arguments: str, finish: str
) -> None:
    call = {"index": 0, "id": "call_1", "function": {"name": "calendar.create", "arguments": arguments}}
    server.answers[CHAT] = stream(sse(delta(tool_calls=[call]), delta(finish)))
    assert (await failure_of(OpenAILLM(client))).retryable


async def test_a_stream_cut_in_a_tool_call_runs_nothing(server: FakeOpenAI, client: Client) -> None:
    call = {"index": 0, "id": "call_1", "function": {"name": "calendar.create", "arguments": "{}"}}
    server.answers[CHAT] = stream(sse(delta(tool_calls=[call]), done=False), Misdeed.CUT)
    assert (await failure_of(OpenAILLM(client))).retryable


# --- tools

FIND = ToolOffer("calendar.find_slots", "Free times.", {"type": "object", "properties": {"day": {"type": "string"}}})
TAG = ToolOffer("leads.tag", "Tag a lead.", {"type": "object", "properties": {}})
WITH_TOOLS = replace(PROMPT, tools=(FIND, TAG))


def asks_for(name: str, arguments: str = "{}", call_id: str = "call_1") -> Answer:
    call = {"index": 0, "id": call_id, "function": {"name": name, "arguments": arguments}}
    return stream(sse(delta(tool_calls=[call]), delta("tool_calls")))


async def test_tools_are_offered_by_names_that_the_server_allows_and_come_back_as_ours(
    server: FakeOpenAI, client: Client
) -> None:
    server.answers[CHAT] = asks_for("calendar-find_slots", '{"day": "monday"}')
    assert await ask(OpenAILLM(client), WITH_TOOLS) == [ToolCall("call_1", "calendar.find_slots", {"day": "monday"})]
    assert server.requests[0].json["tools"] == [
        {
            "type": "function",
            "function": {"name": "calendar-find_slots", "description": "Free times.", "parameters": FIND.schema},
        },
        {
            "type": "function",
            "function": {"name": "leads-tag", "description": "Tag a lead.", "parameters": TAG.schema},
        },
    ]


async def test_a_tool_that_was_never_offered_is_left_to_the_gate(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = asks_for("format-disk")
    assert await ask(OpenAILLM(client), WITH_TOOLS) == [ToolCall("call_1", "format-disk", {})]


async def test_a_whole_round_two_calls_at_once_and_then_words(server: FakeOpenAI, client: Client) -> None:
    """The fake refuses, as OpenAI does, whatever is out of order."""

    def model(request: Request) -> Answer:
        if any(message["role"] == "tool" for message in request.json["messages"]):
            return stream(sse(*words("Monday at ten?")))
        calls = [
            {"index": i, "id": f"id{i}", "function": {"name": name, "arguments": "{}"}}
            for i, name in enumerate(("calendar-find_slots", "leads-tag"))
        ]
        return stream(sse(delta(content="One moment."), delta(tool_calls=calls), delta("tool_calls")))

    server.answers[CHAT] = model
    llm = OpenAILLM(client)
    first = await ask(llm, WITH_TOOLS)
    results = tuple(Message("tool", '{"ok": true}', item) for item in first if isinstance(item, ToolCall))
    assert [message.call.name for message in results if message.call] == ["calendar.find_slots", "leads.tag"]
    said = (*PROMPT.messages, Message("agent", "One moment."), *results)
    assert await ask(llm, replace(WITH_TOOLS, messages=said, tools=())) == [Token("Monday at ten?")]
    assert "tools" not in server.requests[1].json
    assert [m["role"] for m in server.requests[1].json["messages"]] == [
        "system", "user", "assistant", "tool", "assistant", "tool"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "param", "message"),
    [
        (400, None, "registry.example/gemma3:4b does not support tools"),
        (400, None, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (422, "tools", "extra fields not permitted"),
        (400, "tools[1].function.parameters", "Invalid schema for function"),
    ],
)
async def test_a_server_that_refuses_tools_is_a_model_that_talks_and_one_warning(
    server: FakeOpenAI,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    status: int,
    param: str | None,
    message: str,
) -> None:
    def simple(request: Request) -> Answer:
        if "tools" in request.json or any(m["role"] == "tool" for m in request.json["messages"]):
            return refusal(status, "", param, message)
        return stream(WELCOME)

    server.answers[CHAT] = simple
    llm = OpenAILLM(client, "gemma3:4b")
    assert len(await ask(llm, WITH_TOOLS)) == 3
    assert len(await ask(llm, WITH_TOOLS)) == 3
    done = Message("tool", '{"slots": ["Monday"]}', ToolCall("x", "calendar.find_slots", {}))  # by another model
    assert len(await ask(llm, replace(WITH_TOOLS, messages=(*PROMPT.messages, done)))) == 3
    assert ["tools" in request.json for request in server.requests] == [True, False, False, False]
    assert (
        server.requests[-1]
        .json["messages"][-1]["content"]
        .endswith('[tool] calendar.find_slots: {"slots": ["Monday"]}')
    )
    assert [record.getMessage() for record in caplog.records if record.name == "agentd.openai"] == [
        "openai:gemma3:4b refuses tools: left out from now on"
    ]


# --- refusals and faults


@pytest.mark.parametrize(
    ("answer", "retryable", "says"),
    [
        (refusal(429, "rate_limit_exceeded", retry_after="20"), True, "rate_limit_exceeded.*after 20 s"),
        (refusal(429, "insufficient_quota"), False, "insufficient_quota"),
        (refusal(500), True, "500"),
        (refusal(503), True, "503"),
        (refusal(408), True, "408"),
        (refusal(400, "context_length_exceeded"), False, "context_length_exceeded"),
        (refusal(401, "invalid_api_key"), False, "OPENAI_API_KEY"),
        (refusal(403), False, "403"),
        (refusal(404, "model_not_found"), False, "model_not_found.*no such model"),
        (Answer([b"<html>Bad gateway</html>"], 502, "text/html"), True, "502"),
    ],
)
async def test_a_refusal_says_why_and_whether_to_ask_again_and_nothing_that_was_said(
    server: FakeOpenAI, client: Client, answer: Answer, retryable: bool, says: str
) -> None:
    server.answers[CHAT] = answer
    error = await failure_of(OpenAILLM(client))
    assert error.retryable is retryable
    assert re.search(says, str(error))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        stream(b"data: {nonsense\n\n"),
        stream(b'data: "a string"\n\n'),
        stream(b"data: [1, 2]\n\n"),
        stream(b'data: {"choices": "none"}\n\n'),
        stream(b"data: " + b"[" * 90_000 + b"\n\n"),
        stream(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'),
        stream(b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": "x"}]}}]}\n\n', sse()),
        stream(b"data: \xff\xfe\xff\n\n"),
        stream(b"\x00\x01\x02" * 999),
        stream(sse()),
        stream(sse(delta(content="Half a"))),
        stream(sse(*words("Half a")[:2], done=False), Misdeed.CUT),
        stream(sse({"error": {"message": "sk-secret", "code": "server_error"}})),
        Answer([b"<html>Welcome to the hotel's network</html>"], kind="text/html"),
        Answer([b'{"choices": []}']),
        Answer([Misdeed.CUT]),
    ],
    ids=range(16),
)
async def test_garbage_and_cut_streams_are_errors_that_another_try_may_mend(
    server: FakeOpenAI, client: Client, answer: Answer
) -> None:
    server.answers[CHAT] = answer
    assert (await failure_of(OpenAILLM(client))).retryable


async def test_a_cut_stream_has_handed_on_what_came(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(sse(*words("One. ", "Two")[:3], done=False), 0.05, Misdeed.CUT)
    got: list[Token | ToolCall] = []

    async def read() -> None:
        async with OpenAILLM(client).reply(PROMPT) as items:
            async for item in items:
                got.append(item)  # noqa: PERF401 - what came before the failure

    with pytest.raises(EngineError, match="the connection broke"):
        await read()
    assert got == [Token("One. "), Token("Two")]


async def test_a_filter_that_stops_the_reply_is_an_error_for_the_next_model(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(sse(delta(content="You"), delta("content_filter")))
    assert not (await failure_of(OpenAILLM(client))).retryable


async def test_a_flood_is_stopped(server: FakeOpenAI, client: Client) -> None:
    flood = sse(delta(content="and so on " * 40), done=False)[0]
    server.answers[CHAT] = stream([flood] * 5000)
    error = await failure_of(OpenAILLM(client))
    assert "does not end" in str(error)
    await server.closed(server.requests[0])


async def test_a_server_that_is_not_there_is_an_error_that_may_pass(nowhere: Client) -> None:
    error = await failure_of(OpenAILLM(nowhere))
    assert error.retryable
    assert "connection failed" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(after_s=math.inf),
        stream(Misdeed.STALL),
        stream(sse(*words("Hello")[:2], done=False), Misdeed.STALL),
        stream(*(part for step in WELCOME * 99 for part in (step, 0.01))),
    ],
    ids=["before the answer", "before the first word", "in mid-stream", "while it streams"],
)
async def test_a_cancel_closes_the_connection(server: FakeOpenAI, client: Client, answer: Answer) -> None:
    server.answers[CHAT] = answer

    async def read() -> None:
        async with OpenAILLM(client).reply(PROMPT) as items:
            async for _ in items:
                pass
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        request = await server.arrived()
        await trio.sleep(0.05)  # some of the answer, if any
        nursery.cancel_scope.cancel()
    await server.closed(request)
    gc.collect()  # what is left half-way of a stream would warn here


async def test_leaving_early_closes_the_connection(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(sse(*words("Hello")[:2], done=False), Misdeed.STALL)
    async with OpenAILLM(client).reply(PROMPT) as items:
        assert await items.receive() == Token("Hello")
    await server.closed(server.requests[0])
    gc.collect()


async def test_a_reader_who_stops_reading_and_leaves_closes_the_connection(server: FakeOpenAI, client: Client) -> None:
    server.answers[CHAT] = stream(sse(*(delta(content="word ") for _ in range(200)), done=False), Misdeed.STALL)
    async with OpenAILLM(client).reply(PROMPT) as items:
        await items.receive()
        await trio.sleep(0.1)  # the buffer is full, the engine waits for us
    await server.closed(server.requests[0])
    gc.collect()
