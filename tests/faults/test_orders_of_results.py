"""Partial, final and end of utterance in every order, through a whole call: offsets decide, a late final corrects, and
nothing is heard twice (SPEC 2.6, 2.9).

The caller speaks from 1.0 to 2.4 s, which is called an utterance at about 2.85 s; the reply is heard 0.6 s after its
words were taken. Those who speak again do so from 8.4 to 9.8 s, or as the row says.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import pytest
import trio
from trio.abc import ReceiveChannel

from agentd.audio.mulaw import decode
from agentd.engines import AudioFormat, Heard, Transcript
from agentd.events import AgentSaid, Turn
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.sounds import voice
from agentd.testing.stage import PLAYBOOK, Stage, stage

ONE, TWO = (1000, 2400), (8400, 9800)
TABLE, CABLE, MORE = "I want a table", "I want a cable", "for two tonight"


class Timed(ScriptedSTT):
    """Results at their times, whatever is heard."""

    def __init__(self, results: Sequence[tuple[int, Transcript]]) -> None:
        super().__init__()
        self._results = list(results)

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        async for heard in audio:
            while self._results and self._results[0][0] <= heard.until_ms:
                yield self._results.pop(0)[1]


def P(at_ms: int, text: str, span: tuple[int, int | None] = ONE) -> tuple[int, Transcript]:
    return at_ms, Transcript(text, False, span[1], span[0])


def F(at_ms: int, text: str, span: tuple[int, int | None] = ONE) -> tuple[int, Transcript]:
    return at_ms, Transcript(text, True, span[1], span[0])


@dataclass(frozen=True)
class Row:
    name: str
    results: Sequence[tuple[int, Transcript]]
    heard: Sequence[str]  # what the history says that the caller said
    answered: Sequence[str]  # the texts that were answered, as far as the caller could hear it
    again_after_s: float | None = None  # the caller speaks again so long after the first utterance
    asked: int = 0  # how often they were asked to repeat


# fmt: off
ROWS = [
    Row("partial, final, EOU", [P(2500, TABLE), F(2700, TABLE)], [TABLE], [TABLE]),
    Row("partial, EOU, the same final", [P(2500, TABLE), F(3000, TABLE + ".")], [TABLE], [TABLE]),
    Row("partial, EOU, the same final while we speak", [P(2500, TABLE), F(4000, TABLE)], [TABLE], [TABLE]),
    Row("partial, EOU, another final before we are heard", [P(2500, CABLE), F(3000, TABLE)], [TABLE], [TABLE]),
    Row("partial, EOU, another final while we speak", [P(2500, CABLE), F(4000, TABLE)], [TABLE], [CABLE]),
    Row("partial, EOU, another final after our reply", [P(2500, CABLE), F(8000, TABLE)], [TABLE], [CABLE]),
    Row("EOU, partial, final", [P(3100, CABLE), F(3300, TABLE)], [TABLE], [TABLE]),
    Row("EOU, final", [F(3300, TABLE)], [TABLE], [TABLE]),
    Row("the final twice", [P(2500, TABLE), F(2600, TABLE), F(3600, TABLE)], [TABLE], [TABLE]),
    Row("an older partial after the final", [F(2500, TABLE), P(2600, CABLE)], [TABLE], [TABLE]),
    Row("an older partial after the reply began", [F(2500, TABLE), P(4000, CABLE)], [TABLE], [TABLE]),
    Row("two finals, the second one first",
        [F(2500, "a table", (1700, 2400)), F(2600, "I want", (1000, 1700))], [TABLE], [TABLE]),
    Row("a partial of the rest, then the final of the beginning",
        [P(2500, "a table", (1700, 2400)), F(2600, "I want", (1000, 1700))], [TABLE], [TABLE]),
    Row("a final that ends a little after the voice", [P(2500, TABLE), F(3000, TABLE, (1000, 2580))], [TABLE], [TABLE]),
    Row("EOU, our question, the final", [F(4000, TABLE)], [TABLE], [TABLE], asked=1),
    Row("EOU, our question is over, the final", [F(7000, TABLE)], [TABLE], [TABLE], asked=1),
    Row("EOU, our question, the caller begins again, the final of before",
        [F(4700, CABLE), P(5900, TABLE, (4400, 5800)), F(6300, TABLE, (4400, 5800))],
        [TABLE], [TABLE], again_after_s=2.0, asked=1),
    Row("EOU, our question, the caller has said it again, the final of before",
        [P(9900, TABLE, TWO), F(10100, TABLE, TWO), F(12000, CABLE)], [TABLE], [TABLE], again_after_s=6.0, asked=1),
    Row("two utterances", [P(2500, TABLE), F(2700, TABLE), P(9900, MORE, TWO), F(10100, MORE, TWO)],
        [TABLE, MORE], [TABLE, MORE], again_after_s=6.0),
    Row("the final of the first while the second is spoken",
        [P(2500, CABLE), F(9000, TABLE), P(9900, MORE, TWO), F(10100, MORE, TWO)],
        [TABLE, MORE], [CABLE, MORE], again_after_s=6.0),
    Row("one final for both, before the second is taken",
        [P(2500, TABLE), P(9900, MORE, TWO), F(10000, f"{TABLE} {MORE}", (1000, 9800))],
        [TABLE, MORE], [TABLE, MORE], again_after_s=6.0),
    Row("one final for both, after the second was taken",
        [P(2500, TABLE), P(9900, MORE, TWO), F(11500, f"{TABLE} {MORE}", (1000, 9800))],
        [TABLE, MORE], [TABLE, MORE], again_after_s=6.0),
    Row("a partial that grows over both",
        [P(2500, TABLE), P(9900, f"{TABLE} {MORE}", (1000, 9800))], [TABLE, MORE], [TABLE, MORE], again_after_s=6.0),
    Row("no offsets, EOU, the same final",
        [P(2500, TABLE, (0, None)), F(3300, TABLE, (0, None)), P(9900, MORE, TWO)],
        [TABLE, MORE], [TABLE, MORE], again_after_s=6.0),
    Row("no offsets, EOU, another final before we are heard",
        [P(2500, CABLE, (0, None)), F(3000, TABLE, (0, None))], [TABLE], [TABLE]),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_was_said_is_heard_once_and_answered_once(row: Row) -> None:
    async def scene() -> Stage:
        async with stage(stt=Timed(row.results), llm=ScriptedLLM(0.5), tts=ScriptedTTS(0.1)) as s:
            await s.caller.silence(1.0)
            await s.caller.says(decode(voice(1.4)))
            if row.again_after_s is not None:
                await s.caller.silence(row.again_after_s)
                await s.caller.says(decode(voice(1.4)))
            await s.caller.silence(8.0)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.crash is None
    history = s.call.brain.floor.history.messages()
    assert [m.text.rstrip(".") for m in history if m.role == "caller"] == list(row.heard)
    said = [e.text.text for e in s.events(AgentSaid)]
    asked = [text for text in said if any(q.startswith(text) for q in PLAYBOOK.phrases["again"])]
    assert [text for text in said if text not in asked] == [
        f"You said: {text}. Anything else?" for text in row.answered
    ]
    assert len(asked) == row.asked
    for turn in s.events(Turn):
        assert turn.eou_wait_ms is None or 0 <= turn.eou_wait_ms <= (turn.total_latency_ms or turn.eou_wait_ms)
