"""A call goes to a person: when, what the caller hears, and what is decided before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentd.call.handover import Handover
from agentd.core.handover import Plan, To, Why
from agentd.core.history import History
from agentd.core.playbook import Playbook, Slot
from agentd.events import AgentSaid, Event, Governed, Private, WsDone
from agentd.events_beside import HandedOver
from agentd.facts import CallFacts
from agentd.hookspecs import CallView
from agentd.testing.play import play
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT
from agentd.testing.stage import PLAYBOOK, Stage, stage

OFFICE = replace(PLAYBOOK, phrases=PLAYBOOK.phrases | {"handover": ("I will put you through.", "One second.")})
PERSON, VOICEMAIL = Plan(To.PERSON, "+97231234567"), Plan(To.VOICEMAIL, note="closed")
LONG = "This is a rather long sentence of ours. And here is another one, which is long too. And a third one follows."


class Desk:
    """A house that decides, and notes what it was asked, with how much we had said by then."""

    def __init__(self, plan: Plan = PERSON) -> None:
        self.plan = plan
        self.asked: list[str] = []

    def __call__(self, facts: CallFacts, playbook: Playbook, summary: Private) -> Plan:
        self.asked.append(summary.text)
        return self.plan


def handed(s: Stage) -> list[tuple[str, str]]:
    return [(e.why, e.to) for e in s.events(HandedOver)]


def test_who_asks_for_a_person_is_put_through_after_the_phrase() -> None:
    desk = Desk()

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, hand_over=desk, hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a flat in Haifa")
            await s.caller.hears_end(within_s=5)
            await s.caller.says("I want to talk to a real person")
            await s.caller.silence(6)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "handover"
    assert handed(s) == [("asked", "person")]
    assert desk.asked == ["a flat in Haifa I want to talk to a real person"]
    assert s.answered()[-1] == "I will put you through."
    assert len(s.answered()) == 2  # the answer that was being prepared was never said
    names = [type(r.event) for r in s.tape.recorded]
    assert names.index(HandedOver) < len(names) - 1 - names[::-1].index(AgentSaid)
    assert s.twilio.close_code == 1000


def test_the_decision_is_made_before_a_word_of_the_phrase() -> None:
    class Late(Desk):
        def __call__(self, facts: CallFacts, playbook: Playbook, summary: Private) -> Plan:
            said.append(scene_of[0].answered().copy())
            return super().__call__(facts, playbook, summary)

    said: list[list[str]] = []
    scene_of: list[Stage] = []

    async def scene() -> None:
        async with stage(playbook=OFFICE, hand_over=Late(), hang_up=False) as s:
            scene_of.append(s)
            await s.caller.silence(1.0)
            await s.caller.says("operator")
            await s.caller.silence(5)

    play(scene)
    assert said == [[]]


def test_a_voicemail_speaks_for_itself() -> None:
    async def scene() -> Stage:
        async with stage(playbook=OFFICE, hand_over=Desk(VOICEMAIL), hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.says("can I speak to a human")
            await s.caller.silence(3)
        return s

    s = play(scene)
    assert (s.record.reason, s.answered(), handed(s)) == ("handover", [], [("asked", "voicemail")])


def test_three_times_not_understood_goes_to_a_person() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(playbook=OFFICE, stt=stt, hand_over=Desk(), hang_up=False) as s:
            await s.caller.silence(1.0)
            for _ in range(3):
                await s.caller.says("", for_s=1.0)
                await s.caller.silence(5)
        return s

    s = play(scene)
    assert handed(s) == [("not-understood", "person")]
    assert s.answered() == ["Sorry, I did not hear you.", "Could you say that again?", "I will put you through."]


def test_words_between_start_the_count_anew() -> None:
    async def scene() -> Stage:
        stt = ScriptedSTT()
        async with stage(playbook=OFFICE, stt=stt, hand_over=Desk()) as s:
            await s.caller.silence(1.0)
            for words in ("", "", "a flat in Haifa", "", ""):
                await s.caller.says(words, for_s=1.0)
                await s.caller.silence(6)
        return s

    assert handed(play(scene)) == []


def test_when_every_model_fails_the_caller_gets_a_person() -> None:
    async def scene() -> Stage:
        llm = ScriptedLLM(fail=Fault("connect"))
        async with stage(playbook=OFFICE, llm=llm, hand_over=Desk(), hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a flat in Haifa")
            await s.caller.silence(15)
        return s

    s = play(scene)
    assert handed(s) == [("no-model", "person")]
    assert s.answered()[-1] == "I will put you through."
    assert s.record.reason == "handover"


def test_two_refused_replies_in_a_row_go_to_a_person() -> None:
    prices = "It costs 990 shekels a month. Shall I book it?"

    async def scene() -> Stage:
        llm = ScriptedLLM(replies=[prices, prices, prices])
        async with stage(playbook=OFFICE, llm=llm, hand_over=Desk(), hang_up=False) as s:
            await s.caller.silence(1.0)
            for words in ("what does it cost", "how much is it then"):
                await s.caller.says(words)
                await s.caller.silence(8)
            await s.caller.silence(5)
        return s

    s = play(scene)
    assert s.events(Governed)
    assert handed(s) == [("governor", "person")]


def test_a_wish_over_our_speech_is_granted_at_once() -> None:
    async def scene() -> Stage:
        async with stage(playbook=OFFICE, llm=ScriptedLLM(replies=[LONG]), hand_over=Desk(), hang_up=False) as s:
            await s.caller.silence(1.0)
            await s.caller.says("tell me everything")
            await s.caller.interrupts(0.8, "let me speak with a human")
            await s.caller.silence(6)
        return s

    s = play(scene)
    assert handed(s) == [("asked", "person")]
    assert s.events(AgentSaid)[0].cut
    assert s.answered()[-1] == "I will put you through."


def test_a_caller_who_hangs_up_in_the_phrase_is_simply_gone() -> None:
    async def scene() -> Stage:
        async with stage(playbook=OFFICE, hand_over=Desk()) as s:
            await s.caller.silence(1.0)
            await s.caller.says("operator")
            await s.caller.hears(within_s=4)
        return s

    assert play(scene).record.reason == "stop"


def test_a_house_that_hands_nothing_over_answers_as_ever() -> None:
    async def scene() -> Stage:
        async with stage(playbook=OFFICE) as s:
            await s.caller.silence(1.0)
            await s.caller.says("operator")
            await s.caller.hears_end(within_s=5)
            assert not s.call.hand_over()
        return s

    s = play(scene)
    assert (handed(s), len(s.answered())) == ([], 1)


def test_a_guard_may_hand_a_call_over_once() -> None:
    told: list[bool] = []

    async def guard(call: CallView) -> None:
        told.extend((call.hand_over(), call.hand_over()))

    async def scene() -> Stage:
        async with stage(playbook=OFFICE, hand_over=Desk(), guards=(guard,), hang_up=False) as s:
            await s.caller.silence(8)
        return s

    s = play(scene)
    assert told == [True, False]
    assert handed(s) == [("operator", "person")]
    assert s.events(WsDone)[0].reason == "handover"


@pytest.mark.parametrize(("language", "word"), [("he-IL", "מעבירה"), ("en-US", "through"), ("fr-FR", "through")])
def test_a_playbook_without_the_phrase_has_one(language: str, word: str) -> None:
    class Ways:
        said = ""

        def interrupt(self) -> None:
            raise AssertionError("a guard's wish waits for a gap")

        def finish(self, reason: str, goodbye: str) -> None:
            self.said = goodbye

    events: list[Event] = []
    playbook, ways = replace(PLAYBOOK, language=language), Ways()
    facts = CallFacts("CA1", "MZ1", "AC1", Private("+972500000000"), "+97231234567")
    history = History()
    for turn in range(30):
        history.caller(turn, "a very long wish " * 5)
    desk = Desk()
    assert Handover(facts, playbook, history, desk, ways, events.append).begin(Why.OPERATOR)
    assert word in ways.said
    assert len(desk.asked[0]) <= 300
    assert "wish" not in repr(events)


def test_answers_that_nobody_can_read_go_to_a_person() -> None:
    budget = Slot("budget", "money", "What is your budget?")
    playbook = replace(OFFICE, slots=(budget,), closing="Thank you.")

    async def scene() -> Stage:
        llm = ScriptedLLM(replies=["What is your budget?"] * 9)
        async with stage(playbook=playbook, llm=llm, hand_over=Desk(), hang_up=False) as s:
            await s.caller.silence(1.0)
            for words in ("bananas are yellow", "my dog likes grass", "trees grow slowly", "rain falls down"):
                await s.caller.says(words)
                await s.caller.silence(5)
        return s

    s = play(scene)
    assert handed(s) == [("not-understood", "person")]
    assert s.answered()[-1] == "I will put you through."
