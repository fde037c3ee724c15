"""The rules of a reply in a call: what the caller hears, what the tape says, and a rules brain that passes unharmed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from agentd_local.rules.brain import RulesLLM, answer

from agentd.agents.playbook_file import load_playbook
from agentd.core.governor import Governor
from agentd.core.governor_manners import Manners
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.hearing import normal
from agentd.core.playbook import Playbook
from agentd.engines import LLM, Message, Prompt
from agentd.events import Governed, LlmStart, SlotsKnown
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM
from agentd.testing.stage import Stage, stage

ENGLISH = load_playbook("receptionist-en", "en-US")
HEBREW = load_playbook("receptionist-he", "he-IL")
PLAIN = replace(ENGLISH, slots=())  # nothing to ask for
TODAY = date(2026, 11, 23)


def call(llm: LLM, lines: Sequence[str], playbook: Playbook) -> Stage:
    async def scene() -> Stage:
        async with stage(llm=llm, playbook=playbook) as s:
            await s.caller.hears_end(within_s=15)  # the greeting
            for line in lines:
                await s.caller.silence(0.5)
                await s.caller.says(line, for_s=2.0)
                await s.caller.hears_end(within_s=30)
            await s.caller.silence(1.0)
        return s

    return play(scene)


def acts(s: Stage) -> list[tuple[str, str]]:
    return [(e.what, e.why) for e in s.events(Governed)]


def test_nothing_after_the_question_is_heard_and_the_tape_says_nothing_of_it() -> None:
    s = call(ScriptedLLM(replies=["Of course. When would suit you? I am here all day."]), ["I need a table"], ENGLISH)
    assert s.answered()[1:] == ["Of course. When would suit you?"]
    assert acts(s) == []


def test_an_invented_price_is_not_heard_and_two_in_a_row_are_counted() -> None:
    lies = ["It costs two hundred dollars.", "The fee is 90 dollars.", "Gladly."]
    s = call(ScriptedLLM(replies=lies), ["what does it cost", "so what is the price", "thank you very much"], PLAIN)
    safe = ENGLISH.phrases["not-known"]
    assert all(text in safe for text in s.answered()[1:3])
    assert s.answered()[3] == "Gladly."
    assert acts(s) == [("refused", "price"), ("refused", "price")]
    assert s.call.brain.floor.fallbacks == 0

    s = call(ScriptedLLM(replies=lies), ["what does it cost", "so what is the price"], PLAIN)
    assert s.call.brain.floor.fallbacks == 2


def test_a_reply_without_a_question_asks_for_what_is_not_known_yet() -> None:
    replies = ["We are near the station.", "Nice to meet you."]
    s = call(ScriptedLLM(replies=replies), ["I need a visit, where are you", "My name is Dana Levi"], ENGLISH)
    assert s.answered()[1:] == [
        "We are near the station. May I have your name, please?",
        "Nice to meet you. What's the best phone number to reach you?",
    ]
    assert acts(s) == [("appended", "no-question")] * 2
    known = [json.loads(e.values.text) for e in s.events(SlotsKnown)]
    assert known[-1]["name"] == "Dana Levi"
    assert s.events(SlotsKnown)[-1].missing == 2


def test_a_guess_that_is_dropped_leaves_nothing_on_the_tape() -> None:
    s = call(ScriptedLLM(0.05, replies=["It costs two hundred dollars."]), ["what does it cost"], PLAIN)
    assert len(acts(s)) == len(s.events(LlmStart)) == 1


def test_the_same_reply_twice_is_varied_unless_the_caller_asks_for_it() -> None:
    reply = "We are open every day of the week."
    s = call(ScriptedLLM(replies=[reply]), ["when are you open", "and when exactly", "sorry what did you say"], PLAIN)
    first, second, third = s.answered()[1:]
    assert first == third == reply or second.endswith(reply)
    assert second in [f"{lead} {reply}" for lead in ENGLISH.phrases["once-more"]]
    assert acts(s)[0] == ("varied", "same-reply")


@pytest.mark.parametrize(
    ("playbook", "lines"),
    [
        (ENGLISH, ["I'd like an appointment", "My name is Dana Levi", "Two one two, five five five, zero one two three",
                   "Sorry, what did you say?", "Yes that's right", "Tomorrow at ten", "Thank you, bye"]),
        (HEBREW, ["שלום, אני רוצה לקבוע פגישה", "דנה לוי", "אפס חמש אפס, שבע שש חמש, ארבע שלוש שתיים אחת", "כן",
                  "מחר בעשר וחצי", "תודה, להתראות"]),
    ],
    ids=["en", "he"],
)  # fmt: skip
def test_a_whole_booking_by_the_rules_brain_is_heard_as_it_was_written(playbook: Playbook, lines: list[str]) -> None:
    now = datetime.now()
    s = call(RulesLLM(clock=lambda: now), lines, playbook)
    assert s.said() == lines
    history = [m for m in s.call.brain.floor.history.messages() if m.role in ("agent", "caller")]
    replies = [m.text for m in history[2::2]]
    assert replies == written(playbook, lines, now.date())
    assert any(playbook.closing in reply for reply in replies)
    assert [what for what, _ in acts(s) if what in ("cut", "refused")] == []


def written(playbook: Playbook, lines: Sequence[str], today: date) -> list[str]:
    said = [Message("agent", playbook.greeting)]
    for line in lines:
        said.append(Message("caller", line))
        said.append(Message("agent", answer(Prompt("call", playbook, "", tuple(said)), today)))
    return [m.text for m in said[2::2]]


DIALOGUES = [
    (ENGLISH, ["Hi, this is Rachel Green, I want to come next Monday at 3 pm, it's 917-555-0142", "yes"]),
    (
        ENGLISH,
        ["Book me in, my name is Ann Lee, tomorrow at ten, 212 555 0123", "Yes", "No, I said Thursday at eleven"],
    ),
    (ENGLISH, ["I need an appointment", "Bob", "212 555 0123", "yes", "Tuesday", "half past three"]),
    (ENGLISH, ["My name is Bob and 212 555 0123 is my number", "yes", "a visit", "at ten in the morning", "Wednesday"]),
    (ENGLISH, ["Hello.", "How are you?", "Are you a robot?", "How much does it cost?", "Can I speak to a human?"]),
    (ENGLISH, ["I need a visit", "Ann", "212 555 0123", "yes", "the 24th at quarter to nine"]),
    (HEBREW, ["היי, מדברת מיכל כהן, רציתי לשנות את התור למחר בבוקר, הטלפון שלי 0507654321", "נכון"]),
    (HEBREW, ["אני צריך תור", "אבי", "0507654321", "נכון", "מחר בעשר", "לא, אמרתי ביום חמישי בשעה שלוש"]),
    (HEBREW, ["רציתי לקבוע תור", "רונית", "0507654321", "בדיוק", "אחר הצהריים", "ביום שני"]),
    (HEBREW, ["אני רוצה תור", "דנה", "0507654321", "כן", "ביום שלישי ברבע לחמש"]),
]


@pytest.mark.parametrize("ahead", [0, 3, 5, 38])
@pytest.mark.parametrize(("playbook", "lines"), DIALOGUES)
def test_read_backs_of_what_the_caller_said_are_not_refused_or_cut(
    playbook: Playbook, lines: list[str], ahead: int
) -> None:
    today = TODAY + timedelta(ahead)
    manners = Manners(playbook, first_words=24, max_chars=420, today=today)
    said = [Message("agent", playbook.greeting)]
    for line in lines:
        said.append(Message("caller", line))
        reply = answer(Prompt("call", playbook, "", tuple(said)), today)
        governor = Governor(manners.rules(said, len(said), SaidSoFar()))
        out = governor.feed(reply) + governor.finish()
        assert normal(" ".join(out)) == normal(reply), governor.acts
        said.append(Message("agent", reply))
