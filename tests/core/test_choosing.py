"""Which of the offered times a caller means. Today is Wednesday, 25 November 2026; offered are Thursday at ten,
Thursday at half past two and Sunday at ten."""

from __future__ import annotations

import json
from datetime import date, datetime, time

import pytest

from agentd.core.slots.choosing import Offer, agrees, choose
from agentd.core.slots.english import ENGLISH
from agentd.core.slots.hebrew import HEBREW
from agentd.core.slots.meeting import CREATE, FIND, SEND, UPSERT, Meeting
from agentd.core.slots.readers.when import When
from agentd.core.slots.speech import Speech
from agentd.core.speech import Message, ToolCall

TODAY = date(2026, 11, 25)
OFFERED = (
    Offer(datetime(2026, 11, 26, 10), "Thursday at ten"),
    Offer(datetime(2026, 11, 26, 14, 30), "Thursday at half past two"),
    Offer(datetime(2026, 11, 29, 10), "Sunday at ten"),
)


@pytest.mark.parametrize(
    ("speech", "said", "left"),
    [
        (ENGLISH, "the first one please", [0]),
        (ENGLISH, "the second", [1]),
        (ENGLISH, "The last one is good.", [2]),
        (ENGLISH, "option two", [1]),
        (ENGLISH, "number 3", [2]),
        (ENGLISH, "half past two", [1]),
        (ENGLISH, "Two thirty works for me", [1]),
        (ENGLISH, "Sunday", [2]),
        (ENGLISH, "Sunday at ten please", [2]),
        (ENGLISH, "tomorrow", [0, 1]),
        (ENGLISH, "ten", [0, 2]),
        (ENGLISH, "Thursday at ten", [0]),
        (ENGLISH, "Thursday morning", [0]),
        (ENGLISH, "in the afternoon", [1]),
        (ENGLISH, "the earlier one", [0]),
        (ENGLISH, "the latest", [2]),
        (ENGLISH, "either is fine", [0]),
        (ENGLISH, "I can't do Thursday, but Sunday is fine", [2]),
        (ENGLISH, "not the first, the second", [1]),
        (ENGLISH, "yes, the first", [0]),
        (HEBREW, "הראשון", [0]),
        (HEBREW, "השני בבקשה", [1]),
        (HEBREW, "האחרון", [2]),
        (HEBREW, "אפשרות שתיים", [1]),
        (HEBREW, "בשתיים וחצי", [1]),
        (HEBREW, "יום ראשון", [2]),
        (HEBREW, "ביום ראשון בעשר", [2]),
        (HEBREW, "מחר", [0, 1]),
        (HEBREW, "חמישי בעשר", [0]),
        (HEBREW, "אחר הצהריים", [1]),
        (HEBREW, "המוקדם", [0]),
        (HEBREW, "לא משנה לי", [0]),
        (HEBREW, "חמישי לא מתאים לי, אבל ראשון כן", [2]),
        (HEBREW, "כן, הראשון", [0]),
        (HEBREW, "בשבוע הבא", [2]),
    ],
)
def test_one_is_named_or_some_are_left(speech: Speech, said: str, left: list[int]) -> None:
    choice = choose(said, OFFERED, speech, TODAY)
    assert choice is not None
    assert choice.left == tuple(OFFERED[at] for at in left)


@pytest.mark.parametrize(
    ("speech", "said", "wish"),
    [
        (ENGLISH, "what about Monday", When(date(2026, 11, 30))),
        (ENGLISH, "I'd prefer nine o'clock", When(None, time(9))),
        (ENGLISH, "do you have something on Sunday at noon", When(date(2026, 11, 29), time(12))),
        (ENGLISH, "maybe next week", When(date(2026, 11, 30))),
        (ENGLISH, "Thursday doesn't work, can we do Friday morning", When(date(2026, 11, 27), None, "morning")),
        (HEBREW, "אולי ביום שני", When(date(2026, 11, 30))),
        (HEBREW, "אפשר בשתים עשרה?", When(None, time(12))),
        (HEBREW, "לא, יום שלישי בבוקר", When(date(2026, 12, 1), None, "morning")),
    ],
)
def test_another_time_is_a_wish(speech: Speech, said: str, wish: When) -> None:
    choice = choose(said, OFFERED, speech, TODAY)
    assert choice is not None
    assert choice.wish == wish


@pytest.mark.parametrize(
    ("speech", "said"),
    [
        (ENGLISH, "neither"), (ENGLISH, "none of those work for me"), (ENGLISH, "No."), (ENGLISH, "no, thank you"),
        (ENGLISH, "Thursday doesn't work"), (ENGLISH, "do you have anything later?"),
        (HEBREW, "אף אחד"), (HEBREW, "לא"), (HEBREW, "לא מתאים לי"), (HEBREW, "יש משהו מאוחר יותר?"),
        (HEBREW, "לא, תודה"),
    ],
)  # fmt: skip
def test_none_of_them_is_no_choice(speech: Speech, said: str) -> None:
    choice = choose(said, OFFERED, speech, TODAY)
    assert choice is not None
    assert choice.declined
    assert not choice.never


@pytest.mark.parametrize(
    ("speech", "said"),
    [
        (ENGLISH, "I don't need a meeting"), (ENGLISH, "just call me back"), (ENGLISH, "no need"),
        (HEBREW, "לא צריך פגישה"), (HEBREW, "פשוט שיחזרו אליי"), (HEBREW, "אני לא רוצה להיפגש"),
    ],
)  # fmt: skip
def test_who_wants_no_meeting_is_not_asked_for_another_time(speech: Speech, said: str) -> None:
    choice = choose(said, OFFERED, speech, TODAY)
    assert choice is not None
    assert choice.never


@pytest.mark.parametrize(("speech", "said"), [(ENGLISH, "yes please"), (ENGLISH, "sounds good"), (HEBREW, "כן, מעולה")])
def test_a_yes_takes_the_only_one_and_asks_which_of_several(speech: Speech, said: str) -> None:
    only, several = (choose(said, offered, speech, TODAY) for offered in (OFFERED[:1], OFFERED))
    assert only is not None
    assert only.left == OFFERED[:1]
    assert several is not None
    assert several.which


@pytest.mark.parametrize(
    ("speech", "said"),
    [
        (ENGLISH, "how much does it cost"), (ENGLISH, "my number is 050 123 4567"), (ENGLISH, "is there parking?"),
        (HEBREW, "כמה זה עולה"), (HEBREW, "הטלפון שלי 0501234567"), (HEBREW, "לא, השם הוא דן"),
    ],
)  # fmt: skip
def test_other_words_are_about_something_else(speech: Speech, said: str) -> None:
    assert choose(said, OFFERED, speech, TODAY) is None


@pytest.mark.parametrize(
    ("speech", "said", "answer"),
    [
        (ENGLISH, "yes", True), (ENGLISH, "fine", True), (ENGLISH, "no thanks", False), (ENGLISH, "no need", False),
        (ENGLISH, "what?", None), (HEBREW, "כן בבקשה", True), (HEBREW, "אשמח", True), (HEBREW, "אין צורך", False),
        (HEBREW, "מה?", None),
    ],
)  # fmt: skip
def test_a_plain_yes_or_no(speech: Speech, said: str, answer: bool | None) -> None:
    assert agrees(said, speech) is answer


# --- a meeting on its way


def returned(tool: str, result: object, **arguments: object) -> Message:
    return Message("tool", json.dumps(result), ToolCall("1", tool, arguments))


FOUND = {
    "windows": [{"start": f"{each.start:%Y-%m-%dT%H:%M}", "minutes": 30, "say": each.say} for each in OFFERED],
    "exact": False,
}


def offered(**changes: object) -> Meeting:
    meeting = Meeting(ENGLISH, TODAY)
    meeting.tool(returned(FIND, FOUND | changes))
    meeting.agent("I have Thursday at 10 or at 2:30, or Sunday at 10. Which suits you?")
    return meeting


def test_an_offer_that_was_not_heard_is_not_answered() -> None:
    meeting = Meeting(ENGLISH, TODAY)
    meeting.tool(returned(FIND, FOUND))
    assert meeting.offered == OFFERED
    assert meeting.caller("the first") == ""
    assert meeting.chosen is None


def test_from_an_offer_to_a_booking_with_a_confirmation() -> None:
    meeting = offered()
    assert meeting.caller("tomorrow") == "narrowed"
    assert meeting.caller("the second") == "chosen"
    assert meeting.chosen == OFFERED[1]
    meeting.tool(returned(CREATE, {"start": "2026-11-26T14:30", "say": "Thursday at 14:30", "place": "Herzl 1"}))
    meeting.tool(returned(UPSERT, {"lead_id": "1"}, name="Dana"))
    assert meeting.booked == Offer(datetime(2026, 11, 26, 14, 30), "Thursday at 14:30")
    assert (meeting.place, meeting.kept, meeting.told) == ("Herzl 1", {"name": "Dana"}, False)
    meeting.agent("It's booked: Thursday at 2:30. Shall I send you a confirmation on WhatsApp?")
    assert meeting.told
    assert meeting.caller("yes please") == "whatsapp"
    assert meeting.whatsapp == "yes"
    meeting.tool(returned(SEND, {"message_id": "1", "status": "queued"}))
    assert meeting.whatsapp == "sent"


def test_the_exact_wish_is_the_only_offer() -> None:
    meeting = offered(exact=True)
    assert meeting.offered == OFFERED[:1]
    assert meeting.caller("yes") == "chosen"


def test_another_wish_keeps_what_is_not_said_anew() -> None:
    meeting = offered()
    meeting.wish = When(date(2026, 11, 26), time(10))
    assert meeting.caller("what about Monday?") == "wish"
    assert meeting.wish == When(date(2026, 11, 30), time(10))
    assert meeting.offered == ()


def test_who_declines_is_asked_and_who_declines_again_is_left_alone() -> None:
    meeting = offered()
    assert meeting.caller("neither") == "asking"
    assert meeting.caller("Monday morning") == "wish"
    assert meeting.wish == When(date(2026, 11, 30), None, "morning")
    meeting = offered()
    meeting.caller("neither")
    assert meeting.caller("no") == "declined"
    assert meeting.over == "declined"
    meeting = offered()
    meeting.caller("neither")
    assert [meeting.caller("the thing is"), meeting.caller("with my boss")] == ["", "declined"]


def test_a_time_that_was_taken_is_looked_for_anew_once() -> None:
    meeting, taken = offered(), {"error": "That time was taken a moment ago. Find slots again, and offer others."}
    meeting.caller("the first")
    meeting.tool(returned(CREATE, taken))
    assert (meeting.taken, meeting.over, meeting.offered) == (True, "", ())
    meeting.tool(returned(FIND, FOUND))
    meeting.tool(returned(CREATE, taken))
    assert meeting.over == "failed"


@pytest.mark.parametrize("name", [FIND, CREATE])
@pytest.mark.parametrize("result", [{"error": "no", "say": "Not today."}, ["?"], "x"])
def test_a_tool_that_fails_ends_it_and_may_have_words_for_the_caller(name: str, result: object) -> None:
    meeting = offered()
    meeting.tool(returned(name, result))
    assert meeting.over == "failed"
    assert meeting.sorry == (result["say"] if isinstance(result, dict) else "")


@pytest.mark.parametrize("windows", [[], None, [{}], [{"start": "soon"}], ["x"], [{"start": None}]])
def test_no_window_that_can_be_read_is_none(windows: object) -> None:
    meeting = Meeting(ENGLISH, TODAY)
    meeting.tool(returned(FIND, {"windows": windows}))
    assert meeting.over == "none-free"


def test_a_message_that_was_not_sent() -> None:
    meeting = Meeting(ENGLISH, TODAY)
    meeting.tool(returned(SEND, {"error": "outside the 24 hours"}))
    assert meeting.whatsapp == "failed"
