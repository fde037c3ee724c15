"""What a call knows of its caller, turn by turn. Today is Monday, 23 November 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.agents.playbook_file import load_playbook
from agentd.core.playbook import Playbook, Slot
from agentd.core.slots import NOTE, Known, Tracker, note_offer
from agentd.core.speech import Message, ToolCall
from agentd.core.windows import Wish

TODAY = date(2026, 11, 23)
ENGLISH = load_playbook("receptionist-en", "")
HEBREW = load_playbook("receptionist-he", "")
ESTATE = load_playbook("realestate-he", "")
ESTATE_EN = load_playbook("realestate-en", "")


def lines(playbook: Playbook, *said: str) -> list[Message]:
    """The greeting, then caller and agent in turn."""
    roles = ("caller", "agent")
    return [Message("agent", playbook.greeting), *(Message(roles[n % 2], text) for n, text in enumerate(said))]


def known(playbook: Playbook, *said: str) -> Known:
    return Tracker(playbook, TODAY).understand(lines(playbook, *said))


def asked(playbook: Playbook, slot: str) -> str:
    return next(each.question for each in playbook.slots if each.name == slot)


TALK = (
    "I'd like to book an appointment",
    asked(ENGLISH, "name"),
    "Dana Levi",
    asked(ENGLISH, "phone"),
    "two one two, five five five, zero one two three",
    "I have 2 1 2, 5 5 5, 0 1 2 3, is that right?",
    "yes",
    asked(ENGLISH, "when"),
    "tomorrow at ten",
)


def test_what_is_known_grows_and_the_next_question_is_never_one_that_was_answered() -> None:
    tracker = Tracker(ENGLISH, TODAY)
    questions = [tracker.understand(lines(ENGLISH, *TALK[:end])).question for end in range(1, len(TALK) + 1, 2)]
    assert questions == [
        asked(ENGLISH, "name"),
        asked(ENGLISH, "phone"),
        "That's 2 1 2, 5 5 5, 0 1 2 3, correct?",
        asked(ENGLISH, "when"),
        "",
    ]
    last = tracker.known()
    assert last.values == {
        "reason": "I'd like to book an appointment",
        "name": "Dana Levi",
        "phone": "2125550123",
        "when": "2026-11-24 10:00",
    }
    assert last.said["when"] == "Tuesday, November 24th at 10 a.m."
    assert last.missing == ()
    assert last.wish == Wish(date(2026, 11, 24), time(10))
    assert not last.closed


def test_a_value_that_waits_for_a_yes_is_unsure_and_missing() -> None:
    before = known(ENGLISH, *TALK[:5])
    assert before.unsure == ("phone",)
    assert before.missing == ("phone", "when")
    assert known(ENGLISH, *TALK[:7]).unsure == ()


def test_two_unsure_answers_in_one_line_are_confirmed_one_after_the_other() -> None:
    slots = (replace(ENGLISH.slots[1], confirm=True), ENGLISH.slots[2])
    playbook = replace(ENGLISH, slots=slots)
    said = ["I'm calling, my name is Dana Levi, my number is 212 555 0123"]
    first = known(playbook, *said)
    assert set(first.unsure) == {"name", "phone"}
    second = known(playbook, *said, first.question, "yes")
    assert len(second.unsure) == 1
    assert second.question != first.question
    third = known(playbook, *said, first.question, "yes", second.question, "yes")
    assert third.values == {"name": "Dana Levi", "phone": "2125550123"}


def test_the_closing_ends_it() -> None:
    assert known(ENGLISH, *TALK, ENGLISH.closing, "thank you").closed


def test_a_caller_who_asks_to_wait_is_asked_nothing() -> None:
    assert known(ENGLISH, "I need an appointment", asked(ENGLISH, "name"), "hold on please").question == ""


def test_phrases_of_the_house_leave_the_question_open() -> None:
    said = ["I need an appointment", asked(ENGLISH, "name"), "hold on", ENGLISH.phrase("go-on"), "Dana"]
    assert known(ENGLISH, *said).values["name"] == "Dana"


def test_lines_that_say_nothing_are_counted_in_a_row_and_in_all() -> None:
    said = ["I need an appointment", "name?", "(unclear)", "name?", "uhm", "name?"]
    assert (known(ENGLISH, *said).in_a_row, known(ENGLISH, *said).not_understood) == (2, 2)
    after = known(ENGLISH, *said, "Dana", "phone?", "(unclear)")
    assert (after.in_a_row, after.not_understood) == (1, 3)


@pytest.mark.parametrize(
    ("playbook", "said", "asks"),
    [
        (ENGLISH, "can I speak to a person please", True),
        (ENGLISH, "I live with another person", False),
        (HEBREW, "אפשר לדבר עם נציג?", True),
        (HEBREW, "אני נציג של חברה", False),
    ],
)
def test_a_wish_for_a_person_is_heard_and_stays(playbook: Playbook, said: str, asks: bool) -> None:
    tracker = Tracker(playbook, TODAY)
    assert tracker.understand(lines(playbook, said)).asked_for_human is asks
    assert tracker.understand(lines(playbook, said, "...", "050 123 4567")).asked_for_human is asks


def test_a_model_may_ask_in_another_order() -> None:
    heard = known(ENGLISH, "I need an appointment", f"Sure. {asked(ENGLISH, 'when')}", "tomorrow at ten")
    assert heard.values["when"] == "2026-11-24 10:00"
    heard = known(ESTATE_EN, "hello", asked(ESTATE_EN, "budget"), "two and a half")
    assert heard.unsure == ("budget",)
    assert heard.values == {}


def test_a_time_to_meet_is_a_wish_where_no_slot_asks_for_one() -> None:
    heard = known(ESTATE, "אני מחפש דירה, אפשר להיפגש ביום שלישי בעשר בבוקר?")
    assert heard.wish == Wish(date(2026, 11, 24), time(10))
    assert known(ESTATE, "אני מחפש דירה בראשון לציון").wish == Wish()


# --- the history changes


def test_a_correction_of_the_last_line_is_understood_anew() -> None:
    tracker = Tracker(ENGLISH, TODAY)
    tracker.understand(lines(ENGLISH, *TALK))
    assert tracker.understand(lines(ENGLISH, *TALK[:-1], "Friday at nine")).values["when"] == "2026-11-27 09:00"


def test_a_line_taken_back_leaves_nothing() -> None:
    tracker = Tracker(ENGLISH, TODAY)
    tracker.understand(lines(ENGLISH, *TALK))
    tracker.understand(lines(ENGLISH, *TALK[:-1]))
    assert "when" not in tracker.known().values
    assert tracker.understand(lines(ENGLISH, *TALK)).values["when"] == "2026-11-24 10:00"


def test_a_history_that_lost_its_oldest_entries_is_still_known() -> None:
    tracker, whole = Tracker(ENGLISH, TODAY), lines(ENGLISH, *TALK)
    before = tracker.understand(whole)
    more = [*whole[4:], Message("agent", ENGLISH.closing), Message("caller", "thanks")]
    after = tracker.understand(more)
    assert after.values == before.values
    assert after.closed
    assert tracker.understand([*more[2:], Message("agent", "bye")]).values == before.values


SAID = st.sampled_from([
    "Dana Levi", "my name is Tom", "212 555 0123", "no, 212 555 0199", "yes", "no", "tomorrow at ten", "Friday", "uhm",
    "I need an appointment", "what are your hours?", "hold on", "I said Tuesday at nine", "goodbye", "Is that right?",
    asked(ENGLISH, "name"), asked(ENGLISH, "phone"), asked(ENGLISH, "when"), ENGLISH.closing, "Sure.",
])  # fmt: skip
HISTORY = st.lists(st.tuples(st.sampled_from(["caller", "agent"]), SAID), max_size=14)


@settings(deadline=None)  # the first time a number is looked at, its tables are loaded
@given(st.lists(HISTORY, min_size=1, max_size=5))
def test_whatever_was_understood_before_the_same_messages_are_understood_alike(
    histories: list[list[tuple[str, str]]],
) -> None:
    tracker = Tracker(ENGLISH, TODAY)
    for history in histories:
        messages = [Message("agent", ENGLISH.greeting), *(Message(role, text) for role, text in history)]
        assert tracker.understand(messages) == Tracker(ENGLISH, TODAY).understand(messages)


# --- what a model notes


def noted(playbook: Playbook, *said: str, **slots: str) -> tuple[Known, dict[str, str]]:
    tracker = Tracker(playbook, TODAY)
    tracker.understand(lines(playbook, *said))
    told = tracker.note(slots)
    return tracker.known(), told


@pytest.mark.parametrize(
    ("playbook", "slot", "text", "value"),
    [
        (ESTATE, "budget", "שני מיליון וחצי", "2500000"),
        (ESTATE, "budget", "2500000", "2500000"),
        (ESTATE, "budget", "2.5 מיליון", "2500000"),
        (ESTATE_EN, "budget", "1.8 million shekels", "1800000"),
        (ESTATE_EN, "budget", "500000 dollars", "500000 dollars"),
        (ESTATE, "budget", "flexible", "flexible"),
        (ESTATE, "area", "גבעתיים", "גבעתיים"),
        (ESTATE, "area", "גיבעתיים", "גבעתיים"),
        (ESTATE_EN, "area", "Ramat Gan, Givatayim", "Ramat Gan, Givatayim"),
        (ESTATE, "deal", "לקנות", "קנייה"),
        (ESTATE_EN, "deal", "buy", "buy"),
        (ESTATE, "timing", "3 months", "3 months"),
        (ESTATE, "timing", "בעוד שלושה חודשים", "3 months"),
        (ESTATE, "timing", "now", "now"),
        (ESTATE, "name", "דנה לוי", "דנה לוי"),
        (HEBREW, "when", "מחר בעשר", "2026-11-24 10:00"),
        (HEBREW, "when", "2026-11-24 10:00", "2026-11-24 10:00"),
        (HEBREW, "when", "2026-11-24T10:00:00", "2026-11-24 10:00"),
        (HEBREW, "when", "2026-11-24 morning", "2026-11-24 morning"),
        (HEBREW, "when", "any", "any"),
        (HEBREW, "when", "any morning", "any morning"),
        (ENGLISH, "when", "Thursday afternoon", "2026-11-26 afternoon"),
        (ENGLISH, "reason", "a question about my bill", "a question about my bill"),
    ],
)
def test_what_a_model_writes_is_normalised_like_what_a_caller_says(
    playbook: Playbook, slot: str, text: str, value: str
) -> None:
    heard, told = noted(playbook, "...", **{slot: text})
    assert heard.values[slot] == value
    assert told == {}


@pytest.mark.parametrize(
    ("slot", "text", "hint"),
    [
        ("budget", "a lot", "such as"),
        ("phone", "later", "all digits"),
        ("deal", "barter", "buy, rent, sell"),
        ("garden", "yes", "no such slot"),
        ("budget", "", "such as"),
    ],
)
def test_what_cannot_be_read_is_told_to_the_model(slot: str, text: str, hint: str) -> None:
    heard, told = noted(ESTATE_EN, "...", **{slot: text})
    assert hint in told[slot]
    assert heard.values == {}


def test_what_is_no_text_is_told_too() -> None:
    tracker = Tracker(ESTATE_EN, TODAY)
    assert "as text" in tracker.note({"budget": 2500000})["budget"]


def test_a_part_is_kept_and_its_rest_asked_for() -> None:
    heard, told = noted(HEBREW, "...", when="2026-11-24")
    assert "rest" in told["when"]
    assert heard.wish.day == date(2026, 11, 24)
    assert "when" not in heard.values


def test_an_impossible_day_is_not_noted() -> None:
    heard, told = noted(HEBREW, "...", when="2026-02-30 10:00")
    assert "when" in told
    assert "when" not in heard.values


def test_what_must_be_confirmed_waits_for_the_caller() -> None:
    tracker, said = Tracker(HEBREW, TODAY), lines(HEBREW, "המספר שלי 0501234567")
    tracker.understand(said)
    assert "read it back" in tracker.note({"phone": "050-123-4567"})["phone"]
    asking = tracker.known()
    assert asking.unsure == ("phone",)
    said += [Message("agent", asking.question), Message("caller", "כן")]
    assert tracker.understand(said).values["phone"] == "0501234567"
    assert tracker.note({"phone": "+972501234567"}) == {}, "the same number again needs no second yes"
    assert tracker.known().values["phone"] == "0501234567"


def test_a_note_corrects_what_the_readers_made_of_the_line() -> None:
    heard, told = noted(ESTATE_EN, "I want to buy, or no, well, actually let's see what there is to let", deal="rent")
    assert heard.values["deal"] == "rent"
    assert told == {}


def test_a_note_stays_with_its_line_while_the_call_goes_on() -> None:
    tracker, said = Tracker(ESTATE_EN, TODAY), lines(ESTATE_EN, "well you know, the usual two bedrooms thing")
    tracker.understand(said)
    tracker.note({"kind": "apartment"})
    said += [Message("agent", "Sure. Which area?"), Message("caller", "Holon")]
    assert tracker.understand(said).values == {"kind": "apartment", "area": "Holon"}
    said[1] = Message("caller", "Well, you know, the usual two bedrooms thing!")
    assert tracker.understand(said).values["kind"] == "apartment", "the same words"
    said[1] = Message("caller", "well you know, a house")
    assert tracker.understand(said).values["kind"] == "house", "the note was made of other words"


def test_a_note_goes_with_its_line() -> None:
    tracker, said = Tracker(ESTATE_EN, TODAY), lines(ESTATE_EN, "the usual")
    tracker.understand(said)
    tracker.note({"kind": "apartment"})
    assert tracker.understand(said[:1]).values == {}


def test_what_a_model_understood_was_no_miss() -> None:
    tracker = Tracker(ESTATE_EN, TODAY)
    said = lines(ESTATE_EN, "the thing with", asked(ESTATE_EN, "deal"), "and the", asked(ESTATE_EN, "deal"), "but the")
    assert tracker.understand(said).in_a_row == 3
    tracker.note({"deal": "buy"})
    assert tracker.known().in_a_row == 0
    assert tracker.known().values == {"deal": "buy"}


def test_the_offer_names_every_slot_and_nothing_else() -> None:
    offer = note_offer(ESTATE_EN)
    slots = offer.schema["properties"]["slots"]
    assert offer.name == NOTE == "slots.note"
    assert list(slots["properties"]) == [slot.name for slot in ESTATE_EN.slots]
    assert slots["additionalProperties"] is False
    assert "buy, rent, sell" in slots["properties"]["deal"]["description"]


# --- spelled and keyed


@pytest.mark.parametrize(
    ("playbook", "said", "name"),
    [
        (ENGLISH, "D, A, N, A", "Dana"),
        (ENGLISH, "D as in David, A as in apple, N, A", "Dana"),
        (HEBREW, "דלת נון אלף", "דנא"),
        (HEBREW, "ריש, נון", "רן"),
        (HEBREW, "קוראים לי כף הא נון", "כהן"),
        (HEBREW, "ד, נ, ה", "דנה"),
    ],
)
def test_a_name_that_is_spelled_out(playbook: Playbook, said: str, name: str) -> None:
    assert known(playbook, "I need an appointment", asked(playbook, "name"), said).values["name"] == name


def test_a_thousand_is_no_letter() -> None:
    said = ["דירה לשכירות בחולון", asked(ESTATE, "budget"), "חמשת אלפים, אולי שישה אלף"]
    assert known(ESTATE, *said).values["budget"] == "6000"


def test_keys_answer_what_they_can() -> None:
    said = ["I need an appointment", asked(ENGLISH, "name"), "Dana", asked(ENGLISH, "phone"), "2125550123"]
    assert known(ENGLISH, *said).unsure == ("phone",)
    menu = replace(ESTATE_EN, slots=(Slot("deal", "choice", "Buy, rent or sell?", choices=("buy", "rent", "sell")),))
    assert known(menu, "hi", "Buy, rent or sell?", "2").values == {"deal": "rent"}


def test_a_tools_exchange_says_nothing_of_the_caller() -> None:
    tracker, said = Tracker(ENGLISH, TODAY), lines(ENGLISH, *TALK[:3])
    call = ToolCall("1", "crm.search_customer", {"phone": "2125550199"})
    with_tool = [*said, Message("tool", '{"name": "Tom", "phone": "2125550199"}', call)]
    assert tracker.understand(with_tool) == Tracker(ENGLISH, TODAY).understand(said)
