"""Whole conversations with the rules brain, as plays: the caller's lines and what must be in the answers.

Today is Monday, 23 November 2026.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from agentd_local.rules.brain import RulesLLM, answer
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.agents.playbook_file import load_playbook
from agentd.core.playbook import Playbook, Slot
from agentd.engines import Message, Prompt, Token

TODAY = date(2026, 11, 23)
ENGLISH = load_playbook("receptionist-en", "en-US")
HEBREW = load_playbook("receptionist-he", "he-IL")
ESTATE = replace(
    ENGLISH,
    slots=(
        Slot(
            "kind", "choice", "Is it about an apartment, an office or a shop?", choices=("apartment", "office", "shop")
        ),
        Slot("rooms", "number", "How many rooms do you need?"),
        Slot("parking", "yes-no", "Do you need parking?", required=False),
        Slot("name", "name", "What's your name?"),
    ),
    greeting="Hello, this is the office. Is it about an apartment, an office or a shop?",
)


def prompt(playbook: Playbook, lines: list[str]) -> Prompt:
    return Prompt(
        "call", playbook, "", tuple(Message("agent" if i % 2 == 0 else "caller", x) for i, x in enumerate(lines))
    )


def talk(playbook: Playbook, *caller: str) -> list[str]:
    """The agent's replies to the caller's lines, one after another."""
    lines = [playbook.greeting]
    for line in caller:
        lines.append(line)
        lines.append(answer(prompt(playbook, lines), TODAY))
    return lines[2::2]


DIALOGUES: list[tuple[str, Playbook, list[tuple[str, str]]]] = [
    ("all slots in order", ENGLISH, [
        ("Hi, I'd like to book an appointment.", "your name, please?"),
        ("My name is Dana Levi.", "Dana Levi. What's the best phone number"),
        ("Two one two, five five five, zero one two three.", "2 1 2, 5 5 5, 0 1 2 3"),
        ("Yes, that's right.", "What day and time"),
        ("Tomorrow at ten.", "Tuesday, November 24th at 10 a.m. " + ENGLISH.closing),
        ("Thank you, bye.", "bye"),
    ]),
    ("everything at once", ENGLISH, [
        ("Hi, this is Rachel Green, I want to come next Monday at 3 pm, it's 917-555-0142", "9 1 7, 5 5 5, 0 1 4 2"),
        ("yes", "So, Rachel Green, 9 1 7, 5 5 5, 0 1 4 2, Monday, November 30th at 3 p.m. " + ENGLISH.closing),
    ]),
    ("small talk first", ENGLISH, [
        ("Hello.", "How can I help you today?"),
        ("How are you?", "thank you. How can I help you today?"),
        ("Are you a robot?", "automatic assistant"),
        ("I need to cancel a booking", "your name"),
    ]),
    ("a repeat is the same words again", ENGLISH, [
        ("I'd like an appointment", "Thank you. May I have your name, please?"),
        ("Sorry, what?", "Thank you. May I have your name, please?"),
        ("Can you repeat that, please?", "Thank you. May I have your name, please?"),
        ("Dana", "Dana. What's the best phone number"),
    ]),
    ("not understood is asked in other words, then left alone", ENGLISH, [
        ("I have a question about my bill", "May I have your name, please?"),
        ("the thing with the other", "What name shall I put down?"),
        ("but it was on the", "say your first name?"),
        ("and the and the", "phone number"),
    ]),
    ("a wrong phone number is corrected before it is confirmed", ENGLISH, [
        ("I need an appointment", "name"),
        ("John", "phone"),
        ("212 555 0123", "0 1 2 3"),
        ("No, 212 555 0199", "2 1 2, 5 5 5, 0 1 9 9"),
        ("Correct", "What day and time"),
    ]),
    ("no without a value asks for the right one", ENGLISH, [
        ("I need an appointment", "name"),
        ("John", "phone"),
        ("212 555 0123", "0 1 2 3"),
        ("No, that's wrong", "?"),
        ("212 555 0177", "0 1 7 7"),
        ("yes", "What day and time"),
    ]),
    ("a phone number in two parts", ENGLISH, [
        ("I need an appointment", "name"),
        ("John", "phone"),
        ("Two one two", "2 1 2"),
        ("five five five oh one two three", "2 1 2, 5 5 5, 0 1 2 3"),
    ]),
    ("a correction after the end", ENGLISH, [
        ("Book me in, my name is Ann Lee, tomorrow at ten, 212 555 0123", "0 1 2 3"),
        ("Yes", "Tuesday, November 24th at 10 a.m."),
        ("No, I said Thursday at eleven", "Thursday, November 26th at 11 a.m."),
    ]),
    ("a correction of the name", ENGLISH, [
        ("I need an appointment", "name"),
        ("My name is Dina", "Dina"),
        ("No, it's Dana", "Dana"),
        ("212 555 0123", "0 1 2 3"),
        ("yes", "day"),
        ("Friday morning", "So, Dana, 2 1 2"),
    ]),
    ("half of a date asks for the other half", ENGLISH, [
        ("I'm Bob and I need an appointment", "name"),
        ("Bob", "phone"),
        ("212 555 0123", "0 1 2 3"),
        ("yes", "day and time"),
        ("Tuesday", "Tuesday, November 24th"),
        ("half past three", "Tuesday, November 24th at 3:30 p.m."),
    ]),
    ("time first, then the day", ENGLISH, [
        ("Hello, my name is Bob and 212 555 0123 is my number", "0 1 2 3"),
        ("yes", "How can I help"),
        ("I need an appointment", "day and time"),
        ("at ten in the morning", "day?"),
        ("Wednesday", "Wednesday, November 25th at 10 a.m."),
    ]),
    ("a refusal is accepted", ENGLISH, [
        ("I need an appointment", "name"),
        ("Dana", "phone"),
        ("I'd rather not say", "day and time"),
    ]),
    ("who wants a person is told so", ENGLISH, [
        ("Can I speak to a human?", "call you back. How can I help"),
    ]),
    ("a question that it cannot answer", ENGLISH, [
        ("I need an appointment", "name"),
        ("How much does it cost?", "your name, please?"),
        ("Dana", "phone"),
    ]),
    ("wait means wait", ENGLISH, [
        ("I need an appointment", "name"),
        ("Hold on", "take your time"),
        ("Dana", "phone"),
    ]),
    ("goodbye at any time", ENGLISH, [
        ("Sorry, wrong number, bye", "bye"),
    ]),
    ("choice, number and yes or no", ESTATE, [
        ("An office.", "How many rooms"),
        ("Three", "Do you need parking?"),
        ("Yes please", "What's your name?"),
        ("Dana Levi", "So, office, Dana Levi. " + ESTATE.closing),
    ]),
    ("an unsure choice is confirmed", ESTATE, [
        ("I think an apart mint", "apartment"),
        ("Yes", "How many rooms"),
    ]),
    ("an unclear choice lists them", ESTATE, [
        ("something nice with a view", "apartment, office or shop?"),
    ]),
    ("a correction of a number", ESTATE, [
        ("A shop", "rooms"),
        ("Two", "parking"),
        ("No", "name"),
        ("Sorry, I meant three rooms", "3"),
    ]),
    ("hebrew, all slots in order", HEBREW, [
        ("שלום, אני רוצה לקבוע פגישה", "מה השם, בבקשה?"),
        ("דנה לוי", "דנה לוי. באיזה מספר"),
        ("אפס חמש אפס, שבע שש חמש, ארבע שלוש שתיים אחת", "0 5 0, 7 6 5, 4 3 2 1"),
        ("כן", "באיזה יום"),
        ("מחר בעשר וחצי", "יום שלישי, 24 בנובמבר בעשר וחצי בבוקר. " + HEBREW.closing),
        ("תודה, להתראות", "להתראות"),
    ]),
    ("hebrew, everything at once", HEBREW, [
        ("היי, מדברת מיכל כהן, רציתי לשנות את התור למחר בבוקר, הטלפון שלי 0507654321", "0 5 0, 7 6 5"),
        ("נכון", "אז מיכל כהן, 0 5 0, 7 6 5, 4 3 2 1, יום שלישי, 24 בנובמבר בבוקר. " + HEBREW.closing),
    ]),
    ("hebrew, small talk and a repeat", HEBREW, [
        ("הלו", "איך אפשר לעזור?"),
        ("מה נשמע?", "הכול טוב, תודה. איך אפשר לעזור?"),
        ("יש לי שאלה על החשבון", "מה השם, בבקשה?"),
        ("מה? לא שמעתי", "מה השם, בבקשה?"),
        ("קוראים לי יוסי", "יוסי"),
    ]),
    ("hebrew, corrections", HEBREW, [
        ("אני צריך תור", "מה השם"),
        ("אבי", "אבי"),
        ("0507654321", "4 3 2 1"),
        ("לא, 0507654322", "4 3 2 2"),
        ("נכון", "באיזה יום"),
        ("מחר בעשר", "יום שלישי"),
        ("לא, אמרתי ביום חמישי בשעה שלוש", "יום חמישי, 26 בנובמבר בשלוש אחר הצהריים"),
    ]),
    ("only the end of a number was wrong", ENGLISH, [
        ("Hello? Can you hear me?", "How can I help"),
        ("I need an appointment", "name"),
        ("Jane", "phone"),
        ("212 555 0123", "0 1 2 3"),
        ("No, zero one two four at the end", "2 1 2, 5 5 5, 0 1 2 4"),
        ("no, two one two", "2 1 2"),
        ("five five five oh one two five", "2 1 2, 5 5 5, 0 1 2 5"),
    ]),
    ("hebrew, only the end of a number was wrong", HEBREW, [
        ("הלו? שומעים אותי?", "איך אפשר לעזור?"),
        ("יש לי נזילה בבית", "מה השם"),
        ("משה", "באיזה מספר"),
        ("0545551234", "1 2 3 4"),
        ("לא, אחת שתיים שלוש חמש בסוף", "0 5 4, 5 5 5, 1 2 3 5"),
        ("נכון", "באיזה יום"),
    ]),
    ("hebrew, in parts", HEBREW, [
        ("רציתי לקבוע תור", "מה השם"),
        ("השם שלי רונית", "רונית"),
        ("אפס חמישים", "0 5 0"),
        ("שבע שש חמש ארבע שלוש שתיים אחת", "0 5 0, 7 6 5, 4 3 2 1"),
        ("בדיוק", "באיזה יום"),
        ("אחר הצהריים", "יום?"),
        ("ביום שני", "יום שני, 30 בנובמבר אחר הצהריים"),
    ]),
    ("hebrew, a question, a person, a wait", HEBREW, [
        ("אני רוצה לקבוע תור", "מה השם"),
        ("כמה זה עולה?", "מה השם"),
        ("אפשר לדבר עם נציג?", "מה השם"),
        ("רגע", "מחכה"),
        ("דנה", "באיזה מספר"),
        ("אין לי טלפון", "באיזה יום"),
    ]),
    ("hebrew, not understood", HEBREW, [
        ("אני רוצה לקבוע תור", "מה השם"),
        ("אבל כדי על עם", "איזה שם לרשום?"),
        ("לא יודע מה", "השם הפרטי?"),
        ("על עם כדי", "באיזה מספר"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("playbook", "lines"), [d[1:] for d in DIALOGUES], ids=[d[0] for d in DIALOGUES])
def test_dialogue(playbook: Playbook, lines: list[tuple[str, str]]) -> None:
    replies = talk(playbook, *(caller for caller, _ in lines))
    for reply, (caller, wanted) in zip(replies, lines, strict=True):
        assert wanted in reply, f"after {caller!r}"


@pytest.mark.parametrize(("playbook", "lines"), [d[1:] for d in DIALOGUES], ids=[d[0] for d in DIALOGUES])
def test_every_reply_is_short_with_one_question_at_most(playbook: Playbook, lines: list[tuple[str, str]]) -> None:
    for reply in talk(playbook, *(caller for caller, _ in lines)):
        assert reply
        limit = 40 if playbook.closing in reply else 24
        assert len(reply.split()) <= limit
        assert reply.count("?") <= 1


@pytest.mark.parametrize(("playbook", "lines"), [d[1:] for d in DIALOGUES], ids=[d[0] for d in DIALOGUES])
def test_a_filled_slot_is_never_asked_again(playbook: Playbook, lines: list[tuple[str, str]]) -> None:
    replies = talk(playbook, *(caller for caller, _ in lines))
    for slot in playbook.slots:
        asked = [slot.question in reply for reply in replies]
        answered = [at for at in range(1, len(asked)) if asked[at - 1] and not asked[at]]
        if answered and slot.type != "text":
            assert not any(asked[answered[0] :])


def test_the_agent_opens_with_the_greeting() -> None:
    assert answer(prompt(HEBREW, []), TODAY) == HEBREW.greeting


def test_a_turn_that_nobody_heard_never_happened() -> None:
    heard = [ENGLISH.greeting, "I need an appointment", "Thank you. May I", "sorry I was saying, it's urgent"]
    assert "name" in answer(prompt(ENGLISH, heard), TODAY)


def test_a_repeat_of_a_question_that_was_cut_off_asks_it() -> None:
    heard = [ENGLISH.greeting, "I need an appointment", "Thank you. May I have your name, please?", "Dana Levi."]
    heard += ["Thanks, Dana Levi.", "Sorry, one moment, please. What did you say?"]
    assert ENGLISH.slots[2].question in answer(prompt(ENGLISH, heard), TODAY)


def test_a_closing_that_was_cut_off_is_said_again() -> None:
    lines = [ENGLISH.greeting, "Book me in, my name is Ann Lee, tomorrow at ten, 212 555 0123"]
    lines += [answer(prompt(ENGLISH, lines), TODAY), "Yes", "So, Ann Lee,", "uh huh"]
    assert ENGLISH.closing in answer(prompt(ENGLISH, lines), TODAY)


async def test_the_reply_comes_word_by_word_and_twice_the_same() -> None:
    brain = RulesLLM(clock=lambda: datetime(2026, 11, 23, 9))
    ask = prompt(ENGLISH, [ENGLISH.greeting, "Hi, I'd like to book an appointment."])
    got: list[list[str]] = []
    for _ in range(2):
        async with brain.reply(ask) as tokens:
            got.append([token.text async for token in tokens if isinstance(token, Token)])
    assert got[0] == got[1]
    assert len(got[0]) > 3
    assert "".join(got[0]) == answer(ask, TODAY)


WORDS = """
yes no hello bye what my name is dana levi tuesday at ten half past quarter to three pm a.m. next week march 5th
twenty first 212 555 0123 oh double five hundred 31 24:00 10:75 99 the an office please sorry i said actually , . ?
כן לא שלום מה שמי דנה יום שלישי בעשר וחצי רבע לחמש ב' 054 אפס חמישים ושתיים עשרה בבוקר סליחה אמרתי ' - \u200f 😀
"""
SAID = st.sampled_from(WORDS.split())
LINES = st.lists(st.lists(SAID, max_size=9).map(" ".join), min_size=1, max_size=8)


@settings(deadline=None)  # the first time a number is looked at, its tables are loaded
@given(st.sampled_from([ENGLISH, HEBREW, ESTATE]), LINES)
def test_whatever_is_said_gets_one_short_answer_with_one_question_at_most(playbook: Playbook, said: list[str]) -> None:
    for reply in talk(playbook, *said):
        assert reply.strip()
        assert len(reply.split()) <= 40
        assert reply.count("?") <= 1
