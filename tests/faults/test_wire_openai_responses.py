"""The faults of a model's stream again, by OpenAI's other API; the second engine of the chain speaks the older one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio
from agentd_openai.fake_responses import began, ended, events, reply, words
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, fake_openai, refusal, stream
from agentd_openai.responses import OpenAIResponsesLLM

from agentd.resilience.attempt import Named
from tests.faults.wire import (
    ALPHA,
    GUARD_S,
    SLOW_S,
    Case,
    Door,
    Place,
    Result,
    Tape,
    Where,
    all_at_once,
    chains,
    course,
    reply_of,
    shortened,
    spare,
    tape_of,
)

HEALTHY = stream(reply(words(*reply_of(ALPHA))))
BEGUN = events(*began(), *words(*reply_of(ALPHA)[:2])[:4])  # its first sentence, and no more

FAULTS = {
    "denied": refusal(401, "invalid_api_key"),
    "broken": refusal(503),
    "failed": stream(events(*began(), *ended("failed", error={"code": "server_error"}))),
    "slow": stream(SLOW_S, reply(words(*reply_of(ALPHA)))),
    "stall": stream(BEGUN, Misdeed.STALL),
    "cut": stream(BEGUN, Misdeed.CUT),
    "garbage": stream(b"data: {{{\n\n"),
    "empty": stream(reply(words())),
}
KINDS = ("connect", *FAULTS)


@pytest.fixture(scope="module")
def played() -> Iterator[dict[Case, Result]]:
    with shortened(), fake_openai() as server:

        async def case(where: Where, kind: str) -> Tape:
            return await _case(server, kind)

        yield trio.run(all_at_once, [("llm", kind) for kind in KINDS], case)


async def _case(server: FakeOpenAI, kind: str) -> Tape:
    name, port = f"responses-{kind}", int(server.url.rpartition(":")[2].partition("/")[0])
    async with Door(port) as door, trio.open_nursery() as nursery:
        place = Place(server, name, f"http://127.0.0.1:{door.port}/v1" if kind == "connect" else "")

        def answers(answer: Answer) -> None:
            server.answers[f"/{name}/responses"] = answer

        def heal() -> None:
            answers(HEALTHY)
            if kind == "connect":
                door.open(nursery)

        answers(HEALTHY if kind == "connect" else FAULTS[kind])
        first = Named("a", OpenAIResponsesLLM(place.client))
        tape = await course("llm", chains("llm", first, spare(server)), heal)
        nursery.cancel_scope.cancel(reason="the case is played")
    return tape


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_engine_answers_and_the_first_is_back_when_its_server_is(
    played: dict[Case, Result], kind: str
) -> None:
    tape = tape_of(played["llm", kind])
    tape.judge()
    assert tape.took_s < GUARD_S
