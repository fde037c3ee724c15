"""Every stage and fault of OpenAI's clients in the first, the middle and the last turn of whole calls; and hang-ups."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import trio
from agentd_openai.fake_server import FakeOpenAI, fake_openai

from agentd.testing.stage import Stage
from tests.faults.test_wire_openai import FAULTS, KINDS
from tests.faults.wire import ALPHA, STAGES, Door, Place, Where, healthy, shortened
from tests.faults.wire_call import Called, Play, all_calls, hold


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with shortened(), fake_openai() as server:
        yield server


async def in_trouble(server: FakeOpenAI, where: Where, kind: str) -> Called:
    if kind == "connect":
        return await behind_a_door(server, where)
    play = Play(server, f"{where}-{kind}")
    return play, await play.questions(
        lambda ill: play.place.answers(where, FAULTS[kind][where] if ill else healthy(where, ALPHA))
    )


async def behind_a_door(server: FakeOpenAI, where: Where) -> Called:
    """The stage's first engine is reached through a door that is shut in the turns of trouble."""
    scheme, _, host, *path = server.url.split("/")
    async with Door(int(host.rpartition(":")[2])) as door, trio.open_nursery() as nursery:
        behind = Place(server, f"{where}-behind", "/".join([scheme, "", f"127.0.0.1:{door.port}", *path]))
        behind.answers(where, healthy(where, ALPHA))
        engine = dict(zip(STAGES, behind.engines(), strict=True))[where]
        play = Play(server, f"{where}-connect", **{where: engine})  # type: ignore[arg-type]
        s = await play.questions(lambda ill: door.shut() if ill else door.open(nursery))
        nursery.cancel_scope.cancel(reason="the call is over")
    return play, s


def test_trouble_at_openais_in_any_turn_leaves_no_question_unanswered(
    server: FakeOpenAI, subtests: pytest.Subtests
) -> None:
    cases = [(where, kind) for where in STAGES for kind in KINDS]
    hold(trio.run(all_calls, cases, partial(in_trouble, server)), subtests)


def test_a_caller_who_hangs_up_leaves_no_request_open(server: FakeOpenAI) -> None:
    closed: dict[str, tuple[Stage, float]] = {}

    async def hang_up(where: Where) -> None:
        closed[where] = await Play(server, f"hang-up-{where}").hang_up(where)

    async def all_three() -> None:
        async with trio.open_nursery() as nursery:
            for where in STAGES:
                nursery.start_soon(hang_up, where)

    trio.run(all_three)
    took_ms = {where: round(1000 * seconds, 1) for where, (_, seconds) in closed.items()}
    print(f"a call's requests closed after (ms) {took_ms}")
    assert set(took_ms) == set(STAGES)
    for s, _ in closed.values():
        assert s.record is not None
        assert (s.record.reason, s.record.crash) == ("stop", None), took_ms
