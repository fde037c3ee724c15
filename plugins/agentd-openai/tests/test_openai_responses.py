"""The other API by the real client against a server on a real socket: replies, tools, and all the ways they fail."""

from __future__ import annotations

import gc
import math
from contextlib import aclosing
from dataclasses import replace

import pytest
import trio
from agentd_openai import models
from agentd_openai.client import Client
from agentd_openai.fake_responses import began, call, events, reply, words
from agentd_openai.fake_rules import responses_problem
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, Request, refusal, stream
from agentd_openai.responses import OpenAIResponsesLLM
from openai.types.responses import ResponseFunctionCallArgumentsDoneEvent, ResponseTextDeltaEvent

from agentd.core.playbook import Playbook
from agentd.engines import Message, Prompt, Token, ToolCall, ToolOffer
from agentd.errors import EngineError

PLAYBOOK = Playbook("test", "en-US", "", "")
PROMPT = Prompt("CA1", PLAYBOOK, "You answer the phone.", (Message("caller", "Hello."),))
RESPONSES = "/responses"
WELCOME = reply(words("Hello", ", how can", " I help?"))
FIND = ToolOffer("calendar.find_slots", "Free times.", {"type": "object", "properties": {"day": {"type": "string"}}})
WITH_TOOLS = replace(PROMPT, tools=(FIND,))


async def ask(llm: OpenAIResponsesLLM, prompt: Prompt = PROMPT) -> list[Token | ToolCall]:
    with trio.fail_after(10):
        async with llm.reply(prompt) as items:
            return [item async for item in items]


async def failure_of(llm: OpenAIResponsesLLM) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await ask(llm)
    assert "sk-secret" not in str(caught.value)
    assert "0501234567" not in str(caught.value)
    return caught.value


async def test_a_reply_comes_word_by_word(server: FakeOpenAI, client: Client) -> None:
    server.answers[RESPONSES] = stream(WELCOME)
    assert await ask(OpenAIResponsesLLM(client)) == [Token("Hello"), Token(", how can"), Token(" I help?")]
    assert server.requests[0].json == {
        "model": models.CHAT,
        "instructions": "You answer the phone.",
        "input": [{"role": "user", "content": "Hello."}],
        "stream": True,
        "store": False,
        "reasoning": {"effort": "none"},
        "max_output_tokens": 292,
    }


async def test_models_that_do_not_think_are_given_a_temperature(server: FakeOpenAI, client: Client) -> None:
    server.answers[RESPONSES] = stream(WELCOME)
    await ask(OpenAIResponsesLLM(client, "gpt-4o-mini"))
    sent = server.requests[0].json
    assert (sent["temperature"], sent["max_output_tokens"], "reasoning" in sent) == (0.4, 292, False)


async def test_a_parameter_that_is_refused_is_left_out_from_then_on(server: FakeOpenAI, client: Client) -> None:
    def picky(request: Request) -> Answer:
        if "reasoning" in request.json:
            return refusal(400, "unsupported_parameter", "reasoning.effort")
        return stream(WELCOME)

    server.answers[RESPONSES] = picky
    llm = OpenAIResponsesLLM(client)
    assert len(await ask(llm)) == len(await ask(llm)) == 3
    assert ["reasoning" in request.json for request in server.requests] == [True, False, False]


async def test_a_prompt_without_rules_has_no_instructions(server: FakeOpenAI, client: Client) -> None:
    server.answers[RESPONSES] = stream(WELCOME)
    await ask(OpenAIResponsesLLM(client), replace(PROMPT, system=""))
    assert "instructions" not in server.requests[0].json


async def test_the_error_names_the_engine_as_the_chain_does(server: FakeOpenAI, client: Client) -> None:
    server.answers[RESPONSES] = refusal(500)
    assert (await failure_of(OpenAIResponsesLLM(client))).engine == "openai-responses"
    assert (await failure_of(OpenAIResponsesLLM(client, "gpt-x"))).engine == "openai-responses:gpt-x"


async def test_a_stream_split_anywhere_is_the_same_stream(server: FakeOpenAI, client: Client) -> None:
    whole = b"".join(step for step in reply(words("שלום", ", במה ", "אפשר לעזור?")) if isinstance(step, bytes))
    server.answers[RESPONSES] = stream([whole[at : at + 7] for at in range(0, len(whole), 7)])
    said = await ask(OpenAIResponsesLLM(client))
    assert "".join(item.text for item in said if isinstance(item, Token)) == "שלום, במה אפשר לעזור?"


async def test_a_server_that_does_not_end_its_stream_ends_the_reply_with_its_last_word(
    server: FakeOpenAI, client: Client
) -> None:
    server.answers[RESPONSES] = stream(WELCOME, Misdeed.STALL)
    assert len(await ask(OpenAIResponsesLLM(client))) == 3
    await server.closed(server.requests[0])


async def test_events_that_nobody_has_heard_of_are_passed_over(server: FakeOpenAI, client: Client) -> None:
    news = events({"type": "response.reasoning_summary_text.delta", "delta": "Hm."}, {"type": "response.queued"})
    server.answers[RESPONSES] = stream(news, WELCOME)
    assert len(await ask(OpenAIResponsesLLM(client))) == 3


# --- tools


async def test_a_whole_round_two_calls_at_once_and_then_words(server: FakeOpenAI, client: Client) -> None:
    """The fake refuses, as OpenAI does, whatever is out of order."""

    def model(request: Request) -> Answer:
        if any(item.get("type") == "function_call_output" for item in request.json["input"]):
            return stream(reply(words("Monday at ten?")))
        first = call("id0", "calendar-find_slots", '{"da', 'y": "mon', 'day"}', index=1)
        return stream(reply(words("One moment."), first, call("id1", "leads-tag", index=2)))

    server.answers[RESPONSES] = model
    llm = OpenAIResponsesLLM(client)
    first = await ask(llm, WITH_TOOLS)
    assert first == [
        Token("One moment."),
        ToolCall("id0", "calendar.find_slots", {"day": "monday"}),
        ToolCall("id1", "leads-tag", {}),
    ]
    assert server.requests[0].json["tools"] == [
        {
            "type": "function",
            "name": "calendar-find_slots",
            "description": "Free times.",
            "parameters": FIND.schema,
            "strict": False,
        }
    ]
    results = tuple(Message("tool", '{"ok": true}', item) for item in first if isinstance(item, ToolCall))
    said = (*PROMPT.messages, Message("agent", "One moment."), *results)
    assert await ask(llm, replace(WITH_TOOLS, messages=said, tools=())) == [Token("Monday at ten?")]
    assert server.requests[1].json["input"] == [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "One moment."},
        {"type": "function_call", "call_id": "id0", "name": "calendar-find_slots", "arguments": '{"day": "monday"}'},
        {"type": "function_call_output", "call_id": "id0", "output": '{"ok": true}'},
        {"type": "function_call", "call_id": "id1", "name": "leads-tag", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "id1", "output": '{"ok": true}'},
    ]


async def test_a_call_that_never_came_in_pieces_is_taken_whole(server: FakeOpenAI, client: Client) -> None:
    whole = call("a", "leads-tag", '{"n": 1}')[-1:]
    server.answers[RESPONSES] = stream(reply(whole))
    assert await ask(OpenAIResponsesLLM(client)) == [ToolCall("a", "leads-tag", {"n": 1})]


async def test_a_server_that_refuses_tools_is_a_model_that_talks(server: FakeOpenAI, client: Client) -> None:
    def simple(request: Request) -> Answer:
        return refusal(400, "", "tools") if "tools" in request.json else stream(WELCOME)

    server.answers[RESPONSES] = simple
    llm = OpenAIResponsesLLM(client)
    for _ in range(2):
        assert len(await ask(llm, WITH_TOOLS)) == 3
    assert ["tools" in request.json for request in server.requests] == [True, False, False]


@pytest.mark.parametrize(
    "answer",
    [
        stream(reply(call("a", "x", '{"day": "mon'))),
        stream(reply(call("a", "x", "[]"))),
        stream(reply(call("a", "", "{}"))),
        stream(
            reply(
                call("a", "x", '{"day": "mon'), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
            )
        ),
        stream(reply(call("a", "x", "{}")[1:-1])),
        stream(events(*began(), *call("a", "x", "{}")), Misdeed.CUT),
        stream(events(*began(), *call("a", "x", "{}"))),
    ],
    ids=range(7),
)
async def test_half_a_tool_call_or_a_bad_one_is_an_error_and_no_call(
    server: FakeOpenAI, client: Client, answer: Answer
) -> None:
    server.answers[RESPONSES] = answer
    assert (await failure_of(OpenAIResponsesLLM(client))).retryable


# --- ends and faults


async def test_a_reply_that_was_too_long_is_what_came(server: FakeOpenAI, client: Client) -> None:
    too_long = {"reason": "max_output_tokens"}
    server.answers[RESPONSES] = stream(reply(words("Hello"), status="incomplete", incomplete_details=too_long))
    assert await ask(OpenAIResponsesLLM(client)) == [Token("Hello")]


async def test_a_filter_that_stops_the_reply_is_an_error_for_the_next_model(server: FakeOpenAI, client: Client) -> None:
    filtered = {"reason": "content_filter"}
    server.answers[RESPONSES] = stream(reply(words("You"), status="incomplete", incomplete_details=filtered))
    assert not (await failure_of(OpenAIResponsesLLM(client))).retryable


@pytest.mark.parametrize(
    ("answer", "retryable", "says"),
    [
        (refusal(429, "rate_limit_exceeded", retry_after="20"), True, "rate_limit_exceeded"),
        (refusal(429, "insufficient_quota"), False, "insufficient_quota"),
        (refusal(503), True, "503"),
        (refusal(401, "invalid_api_key"), False, "OPENAI_API_KEY"),
        (refusal(404), False, "OPENAI_BASE_URL"),
        (stream(reply(status="failed", error={"code": "server_error", "message": "sk-secret"})), True, "server_error"),
        (stream(events({"type": "error", "code": "rate_limit", "message": "0501234567"})), True, "rate_limit"),
        (stream(reply(status="failed")), True, "mid-stream"),
        (stream(b"data: {nonsense\n\n"), True, "garbage"),
        (stream(b'data: "a string"\n\n'), True, "garbage"),
        (stream(b'data: {"delta": "x"}\n\n'), True, "garbage"),
        (stream(events({"type": "response.output_text.delta", "delta": 7})), True, "garbage"),
        (stream(events({"type": "response.function_call_arguments.delta", "output_index": [1]})), True, "garbage"),
        (stream(b"data: \xff\xfe\xff\n\n"), True, "garbage"),
        (stream(events(*began())), True, "cut off"),
        (stream(events(*began(), *words("Half a"))), True, "cut off"),
        (stream(events(*began(), *words("Half a")), Misdeed.CUT), True, "broke"),
        (Answer([b"<html>Welcome to the hotel's network</html>"], kind="text/html"), True, "cut off"),
    ],
    ids=range(18),
)
async def test_whatever_the_server_does_is_an_engine_error(
    server: FakeOpenAI, client: Client, answer: Answer, retryable: bool, says: str
) -> None:
    server.answers[RESPONSES] = answer
    error = await failure_of(OpenAIResponsesLLM(client))
    assert error.retryable is retryable
    assert says in str(error)
    assert len(server.requests) == 1


async def test_a_flood_is_stopped(server: FakeOpenAI, client: Client) -> None:
    flood = events({"type": "response.output_text.delta", "delta": "and so on " * 40})[0]
    server.answers[RESPONSES] = stream([flood] * 5000)
    assert "does not end" in str(await failure_of(OpenAIResponsesLLM(client)))
    await server.closed(server.requests[0])


async def test_a_flood_of_arguments_is_stopped(server: FakeOpenAI, client: Client) -> None:
    first, piece = events(*call("a", "x", "1234567890" * 100)[:2])
    server.answers[RESPONSES] = stream(first, [piece] * 5000, Misdeed.STALL)
    assert "tool call" in str(await failure_of(OpenAIResponsesLLM(client)))
    await server.closed(server.requests[0])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(after_s=math.inf),
        stream(Misdeed.STALL),
        stream(events(*began(), *words("Hello")), Misdeed.STALL),
        stream(*(part for step in WELCOME[:-1] * 99 for part in (step, 0.01))),
    ],
    ids=["before the answer", "before the first word", "in mid-stream", "while it streams"],
)
async def test_a_cancel_closes_the_connection(server: FakeOpenAI, client: Client, answer: Answer) -> None:
    server.answers[RESPONSES] = answer

    async def read() -> None:
        async with OpenAIResponsesLLM(client).reply(PROMPT) as items:
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


# --- the fake's own rules


async def test_the_clients_own_reader_understands_the_fakes_events(server: FakeOpenAI, client: Client) -> None:
    parts = words("Hello", " there"), call("a", "x", '{"n":', " 1}", index=1)
    server.answers[RESPONSES] = stream(reply(*parts))
    texts, arguments, kinds = [], [], []
    stream_of = await client.get().responses.create(model="m", input=[{"role": "user", "content": "Hi"}], stream=True)
    async with stream_of, aclosing(stream_of.__aiter__()) as told:
        async for event in told:
            kinds.append(event.type)
            match event:
                case ResponseTextDeltaEvent():
                    texts.append(event.delta)
                case ResponseFunctionCallArgumentsDoneEvent():
                    arguments.append(event.arguments)
    assert (texts, arguments) == (["Hello", " there"], ['{"n": 1}'])
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


USER = {"role": "user", "content": "When?"}
CALL = {"type": "function_call", "call_id": "a", "name": "x", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "{}"}


@pytest.mark.parametrize("items", [[USER], [USER, CALL, OUTPUT], [CALL, USER, OUTPUT, USER]])
def test_what_is_legal(items: list[dict[str, object]]) -> None:
    assert responses_problem({"input": items}) is None


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"role": "tool", "content": "x"}],
        [USER, CALL],
        [USER, OUTPUT],
        [USER, OUTPUT, CALL],
        [USER, CALL, OUTPUT, OUTPUT],
        [USER, CALL, CALL, OUTPUT],
        [USER, CALL | {"name": "a.b"}, OUTPUT],
        [USER, {"type": "tool_call"}],
    ],
)
def test_what_is_not(items: list[dict[str, object]]) -> None:
    assert responses_problem({"input": items}) is not None
