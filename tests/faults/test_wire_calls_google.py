"""Every fault of Google's recogniser and voice in the first, the middle and the last turn of whole calls. The
recogniser hears tones, which survive the line; OpenAI's clients are the second engines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import trio
from agentd_google.testing import FakeGoogle, ToneEar, Trouble
from agentd_openai.fake_server import FakeOpenAI, fake_openai

from tests.faults.test_wire_google import FAULTS, STAGES
from tests.faults.wire import Door, Where, shortened
from tests.faults.wire_call import Called, Play, all_calls, hold


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with shortened(), fake_openai() as server:
        yield server


async def in_trouble(server: FakeOpenAI, where: Where, kind: str) -> Called:
    async with FakeGoogle.running() as google, trio.open_nursery() as nursery:
        google.ear = ToneEar
        async with Door(int(google.address.rpartition(":")[2])) as door:
            if kind == "connect":
                google.address = f"127.0.0.1:{door.port}"
            engine = {"stt": google.stt, "tts": google.tts}[where]()
            play = Play(server, f"google-{where}-{kind}", **{where: engine})  # type: ignore[arg-type]

            def ill(now: bool) -> None:
                google.trouble = FAULTS[kind] if now else Trouble()
                google.affliction = google.trouble if now else None
                if kind == "connect":
                    door.shut() if now else door.open(nursery)

            s = await play.questions(ill, in_tones=where == "stt")
            nursery.cancel_scope.cancel(reason="the call is over")
    return play, s


def test_trouble_at_googles_in_any_turn_leaves_no_question_unanswered(
    server: FakeOpenAI, subtests: pytest.Subtests
) -> None:
    cases = [(where, kind) for where in STAGES for kind in FAULTS]
    hold(trio.run(all_calls, cases, partial(in_trouble, server)), subtests)
