"""What was said, folded from the tapes of plays in virtual time, is what the call itself remembers."""

from __future__ import annotations

from agentd.core.speech import Message
from agentd.events import CallEnded, CallerSaid, Event, Private, Recorded, RecordingKnown, SlotsKnown, WsStart
from agentd.storage import CallBegan, CallOver, Change, LineRow, LineTakenBack, RecordingRow, SlotsRow, TurnRow
from agentd.store.fold import MAX_STREAMS, Fold
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM
from agentd.testing.stage import Stage, stage


def folded(recorded: list[Recorded]) -> list[Change]:
    fold = Fold()
    changes = [fold.read(each, 1000 + each.at_ms) for each in recorded]
    return [change for change in changes if change is not None]


def lines(changes: list[Change]) -> list[LineRow]:
    kept: dict[tuple[str, int, int], LineRow] = {}
    for change in changes:
        if isinstance(change, LineRow):
            kept[change.call_sid, change.generation, change.seq] = change
        elif isinstance(change, LineTakenBack):
            del kept[change.call_sid, change.generation, change.seq]
    return sorted(kept.values(), key=lambda line: (line.generation, line.seq))


def heard(scene: Stage) -> list[Message]:
    return [
        Message(line.who, line.text.text + (" —" if line.cut else "")) for line in lines(folded(scene.tape.recorded))
    ]


def on_tape(*events: Event, generation: int = 1) -> list[Recorded]:
    return [Recorded("CA1", generation, n, n * 100, n * 5, event) for n, event in enumerate(events, 1)]


def test_a_call_with_a_barge_in_is_remembered_as_it_was_heard() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=2)
            await s.caller.silence(1.0)
            await s.caller.says("no wait for three")
            await s.caller.hears_end(within_s=10)
            await s.caller.silence(0.5)
        return s

    s = play(scene)
    assert heard(s) == list(s.call.brain.floor.history.messages())
    assert [line.cut for line in lines(folded(s.tape.recorded)) if line.who == "agent"] == [True, False]


def test_words_that_the_caller_went_on_from_are_kept_once() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(1.0)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("I would like")
            await s.caller.silence(0.7)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=10)
        return s

    s = play(scene)
    changes = folded(s.tape.recorded)
    assert any(isinstance(change, LineTakenBack) for change in changes)
    assert heard(s) == list(s.call.brain.floor.history.messages())
    assert [line.text.text for line in lines(changes) if line.who == "caller"] == ["I would like a table for two"]


def test_words_that_a_late_final_corrects_are_kept_as_they_were_meant() -> None:
    said = [
        WsStart(stream_sid="MZ1", mode="AI", caller=Private("+972501234567"), called="+97237654321"),
        CallerSaid(turn=1, from_ms=0, until_ms=900, text=Private("a fat in Haifa")),
        CallerSaid(turn=1, from_ms=0, until_ms=900, text=Private("a flat in Haifa"), late=True),
        CallerSaid(turn=2, from_ms=0, until_ms=900, text=Private("a flat in Haifa please"), late=True),
    ]
    [line] = lines(folded(on_tape(*said)))
    assert (line.seq, line.turn, line.text.text) == (2, 1, "a flat in Haifa please")


def test_a_late_final_of_a_stream_before_is_a_line_of_its_own() -> None:
    event = CallerSaid(turn=3, from_ms=0, until_ms=900, text=Private("a flat"), late=True)
    [line] = lines(folded(on_tape(event, generation=2)))
    assert (line.generation, line.text.text) == (2, "a flat")


def test_a_call_has_a_beginning_turns_and_an_end_with_its_stream() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=10)
        return s

    s = play(scene)
    sid = s.call.facts.call_sid
    end = Recorded("", 0, 1, 0, 0, CallEnded(call_sid=sid, reason="stop", duration_s=9, turns=1, generation=1))
    changes = folded([*s.tape.recorded, end])
    assert isinstance(changes[0], CallBegan)
    assert changes[0].caller == s.call.facts.caller
    assert [change.kind for change in changes if isinstance(change, TurnRow)] == ["reply"]
    assert changes[-1] == CallOver(sid, 1, "stop", None, 1000)


def test_a_recording_is_a_row_of_its_call() -> None:
    known = RecordingKnown(call_sid="CA7", recording_sid="RE1", status="completed", duration_s=31)
    assert folded(on_tape(known)) == [RecordingRow("RE1", "CA7", "completed", 31, 1100)]


def test_what_has_been_found_out_is_a_row_of_the_call_that_knows_its_place() -> None:
    known = [SlotsKnown(turn=turn, filled=turn, missing=2 - turn, values=Private(f'{{"n":{turn}}}')) for turn in (1, 2)]
    assert folded(on_tape(*known, generation=2)) == [
        SlotsRow("CA1", 2, 1, 1100, 1, 1, Private('{"n":1}')),
        SlotsRow("CA1", 2, 2, 1200, 2, 0, Private('{"n":2}')),
    ]


def test_calls_whose_end_never_came_do_not_fill_the_memory() -> None:
    fold, said = Fold(), CallerSaid(turn=1, from_ms=0, until_ms=900, text=Private("hello"))
    for number in range(MAX_STREAMS + 50):
        fold.read(Recorded(f"CA{number}", 1, 1, 0, 0, said), 0)
    assert len(fold._streams) == MAX_STREAMS
