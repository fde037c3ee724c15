"""Every stage x fault x turn of a call, with a healthy second engine and without one.

What holds for all of them: the caller is never left in silence for more than 3 s that nobody explains, no engine
changes without an event, the first engine is back when it works again, and the call ends as calls do.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from agentd.events import Turn, WsDone
from agentd.testing.play import play
from agentd.testing.stage import Stage
from tests.faults.faulty import KINDS, Kind, Scene

MOST_S = 3.0

Ill = tuple[bool, ...]
ILL: dict[str, Ill] = {
    "first and last": (True, False, False, True),
    "middle": (False, True, False),
}
STAGES = ("stt", "llm", "tts")
# A reply that ends too early without an error looks whole; a recogniser that dies after each result still gives some.
NO_SWITCH = {("llm", "cut"), ("stt", "break")}


def holds(scene: Scene) -> Stage:
    s = play(scene.play)
    assert s.record is not None
    assert (s.record.reason, s.record.crash) == ("stop", None)
    assert len(s.events(WsDone)) == 1
    assert s.twilio.warnings == []
    longest = [max(waits) for waits in scene.waits]
    assert max(longest) <= MOST_S, scene.waits
    return s


@pytest.mark.parametrize("ill", ILL.values(), ids=ILL)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", STAGES)
def test_with_a_second_engine_every_question_is_answered(where: str, kind: Kind, ill: Ill) -> None:
    scene = Scene(where, kind, ill, spare=True)
    s = holds(scene)
    assert scene.answered == [True] * len(ill)
    assert scene.asked == [1] * len(ill)
    switches = scene.switches(s)
    if (where, kind) not in NO_SWITCH:
        assert all(before[1] == after[0] for before, after in pairwise(switches))
        until = scene.switched[-1] if ill[-1] else len(switches)
        assert switches[0] == ("a", "b")
        assert switches[until - 1] == ("b", "a")
        if ill[-1]:
            assert switches[until] == ("a", "b")


@pytest.mark.parametrize("ill", ILL.values(), ids=ILL)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", STAGES)
def test_alone_an_engine_that_fails_leaves_the_caller_told_and_later_answered(where: str, kind: Kind, ill: Ill) -> None:
    scene = Scene(where, kind, ill, spare=False)
    s = holds(scene)
    assert scene.switches(s) == []
    assert [answered for n, answered in enumerate(scene.answered) if not ill[n]] == [True] * 2
    assert all(waits for waits in scene.waits)
    assert len(s.events(Turn)) >= len(ill)
