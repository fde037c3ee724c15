"""The rules brain books, in whole conversations: what it asks of tools, what it says to what they return, and that the
governor lets all of it through. It is Tuesday, 24 November 2026, nine in the morning in Jerusalem."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trio
from agentd_local.rules.brain import RulesLLM, next_step
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.agents.playbook_file import load_playbook
from agentd.core.governor import Governor, Kind
from agentd.core.governor_manners import Manners
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.playbook import Playbook, Slot
from agentd.core.slots import Tracker
from agentd.core.speech import ToolOffer
from agentd.core.window_words import in_words
from agentd.core.windows import Wish, from_local, local_iso, windows
from agentd.engines import Message, Prompt, Token, ToolCall

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Jerusalem"))
NAMES = ("calendar.find_slots", "calendar.create", "leads.upsert", "whatsapp.send")
FIND, CREATE, UPSERT, SEND = NAMES
ENGLISH = replace(load_playbook("receptionist-en", ""), timezone="Asia/Jerusalem", holidays=())
HEBREW = load_playbook("receptionist-he", "")
ESTATE = load_playbook("realestate-en", "")
ESTATE_HE = load_playbook("realestate-he", "")
Returns = Callable[[dict[str, Any]], dict[str, Any]]
STEPS = 4  # of one turn, as in a call


def failing(error: str, say: str = "") -> Returns:
    return lambda arguments: {"error": error} | ({"say": say} if say else {})


@dataclass
class Conversation:
    """`tools`: what they return, in place of a calendar that has nothing in it."""

    playbook: Playbook
    tools: dict[str, Returns] = field(default_factory=dict)
    names: tuple[str, ...] = NAMES
    messages: list[Message] = field(default_factory=list)
    called: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manners = Manners(self.playbook, first_words=24, max_chars=420, today=TODAY)
        self.messages.append(Message("agent", self.playbook.greeting))

    def says(self, *lines: str) -> str:
        """The agent's reply to the last of these lines of the caller's."""
        reply = ""
        for line in lines:
            self.messages.append(Message("caller", line))
            reply = self.turn()
            self.messages.append(Message("agent", reply))
        return reply

    def turn(self) -> str:
        """One reply, as in a call: tools are run between the steps, the last step is offered none."""
        prompt = self.prompt(self.names)
        for step in range(STEPS):
            text, calls = self.step(prompt if step < STEPS - 1 else replace(prompt, tools=()))
            if not calls:
                return text
            assert not text, "who speaks has asked, and who asks has not decided"
            self.messages += [Message("tool", json.dumps(self.run(call), ensure_ascii=False), call) for call in calls]
            prompt = self.prompt(self.names)
        raise AssertionError("tools without end")

    def step(self, prompt: Prompt) -> tuple[str, tuple[ToolCall, ...]]:
        found = next_step(prompt, TODAY)
        governor = Governor(self.manners.rules(prompt.messages, 0, SaidSoFar(), next_question=self.question(prompt)))
        for word in found.text.split():
            governor.feed(f"{word} ")
        governor.finish()
        if found.text:
            assert [act for act in governor.acts if act.what != "varied"] == [], found.text
            self.kinds.append(governor.kind)
        return found.text, found.tool_calls(len(prompt.messages))

    def question(self, prompt: Prompt) -> str:
        return Tracker(self.playbook, TODAY).understand(prompt.messages).question

    def prompt(self, names: tuple[str, ...]) -> Prompt:
        offers = tuple(ToolOffer(name, "", {}) for name in names)
        return Prompt("call", self.playbook, "", tuple(self.messages), tools=offers)

    def run(self, call: ToolCall) -> dict[str, Any]:
        self.called.append((call.name, call.arguments))
        return self.tools.get(call.name, getattr(self, "_" + call.name.partition(".")[2]))(call.arguments)

    def used(self) -> list[str]:
        return [name for name, _ in self.called]

    def last(self, name: str) -> dict[str, Any]:
        return next(arguments for called, arguments in reversed(self.called) if called == name)

    # --- a calendar that has nothing in it

    def _find_slots(self, arguments: dict[str, Any]) -> dict[str, Any]:
        day, at = arguments["wish_day"], arguments["wish_time"]
        wish = Wish(
            date.fromisoformat(day) if day else None, time.fromisoformat(at) if at else None, arguments["part_of_day"]
        )
        found = windows(self.playbook, NOW, [], wish)
        slots = [
            {"start": local_iso(w.start), "minutes": 30, "say": in_words(w.start, self.playbook.language)}
            for w in found
        ]
        return {"windows": slots, "exact": bool(slots) and slots[0]["start"] == f"{day}T{at}"}

    def _create(self, arguments: dict[str, Any]) -> dict[str, Any]:
        start = from_local(arguments["start"], self.playbook.timezone)
        assert start is not None
        say = in_words(start, self.playbook.language)
        return {
            "meeting_id": "m1",
            "start": arguments["start"],
            "minutes": 30,
            "say": say,
            "place": self.playbook.meetings.place,
        }

    def _upsert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"lead_id": "l1", "phone": "+972541234567"}

    def _send(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"message_id": "n1", "status": "queued"}


def known(playbook: Playbook, *, when: str = "", **tools: Returns) -> Conversation:
    """Everything is known but the meeting; the next line is the time to meet, or the yes to the phone."""
    talk = Conversation(playbook, {name.replace("_", ".", 1): returns for name, returns in tools.items()})
    hebrew = playbook.language.startswith("he")
    if playbook in (ESTATE, ESTATE_HE):
        talk.says(*(
            ("שלום, מחפשים דירה לקנייה ברמת גן עד שני מיליון וחצי, אין לחץ", "קוראים לי דנה לוי", "0541234567")
            if hebrew else
            ("We want to buy an apartment in Ramat Gan for two and a half million, no rush", "Dana Levi", "0541234567")
        ))  # fmt: skip
    else:
        talk.says(*(("אני רוצה לקבוע תור", "דנה לוי", "0541234567", "כן") if hebrew else
                    ("I'd like an appointment", "Dana Levi", "0541234567", "yes")))  # fmt: skip
    if when:
        talk.says(when)
    return talk


@pytest.mark.parametrize(
    ("playbook", "when", "says", "yes"),
    [
        (ENGLISH, "Thursday at ten", "Thursday at 10 a.m.", "yes please"),
        (HEBREW, "יום חמישי בעשר", "ביום חמישי בעשר בבוקר", "כן"),
    ],
)
def test_a_wish_that_is_free_is_the_only_one_proposed_and_booked_on_yes(
    playbook: Playbook, when: str, says: str, yes: str
) -> None:
    talk = known(playbook)
    proposal = talk.says(when)
    assert talk.called == [(FIND, {"wish_day": "2026-11-26", "wish_time": "10:00", "part_of_day": ""})]
    assert says.lower() in proposal.lower()
    assert proposal.count("?") == 1
    told = talk.says(yes)
    assert talk.used() == [FIND, CREATE, UPSERT]
    booked = talk.last(CREATE)
    assert booked["start"] == "2026-11-26T10:00"
    assert (booked["name"], booked["phone"]) == (talk.last(UPSERT)["slots"]["name"], "0541234567")
    assert talk.last(UPSERT)["slots"]["when"] == "2026-11-26 10:00"
    assert talk.kinds[-1] is Kind.READ_BACK
    assert len(told.split()) <= 40
    assert "26" in told
    assert told.endswith("?")


@pytest.mark.parametrize(("playbook", "first", "no"), [(ESTATE, "the first one", "no"), (ESTATE_HE, "הראשון", "לא")])
def test_without_a_wish_the_soonest_are_offered_in_one_question(playbook: Playbook, first: str, no: str) -> None:
    talk = known(playbook)
    offer = talk.says("כן" if playbook is ESTATE_HE else "yes")
    assert talk.called == [(FIND, {"wish_day": "", "wish_time": "", "part_of_day": ""})]
    assert talk.kinds[-1] is Kind.WINDOWS
    assert len(offer.split()) <= 30
    assert offer.count("?") == 1
    talk.says(first)
    assert talk.last(CREATE)["start"] == "2026-11-24T11:00"
    assert "Ramat Gan" in talk.last(CREATE)["about"] or "רמת גן" in talk.last(CREATE)["about"]
    assert talk.says(no).endswith(playbook.closing)
    assert SEND not in talk.used()


def test_a_confirmation_is_sent_only_after_a_yes_and_says_when_and_where() -> None:
    playbook = replace(ENGLISH, meetings=replace(ENGLISH.meetings, place="12 Herzl Street"))
    talk = known(playbook, when="Thursday at ten")
    assert "WhatsApp" in talk.says("yes")
    assert SEND not in talk.used()
    closing = talk.says("yes please")
    assert (
        talk.last(SEND)["text"]
        == "Your meeting is booked: Thursday, November 26 at 10:00, 12 Herzl Street. See you there!"
    )
    assert talk.last(SEND)["to"] == "0541234567"
    assert closing.endswith(playbook.closing)
    assert "bye" in talk.says("thank you, bye").lower()
    assert talk.used() == [FIND, CREATE, UPSERT, SEND]


@pytest.mark.parametrize(
    ("answer", "day"),
    [("what about Wednesday?", "2026-11-25"), ("I can't do Thursday, but Sunday is fine", "2026-11-29")],
)
def test_another_wish_is_looked_for(answer: str, day: str) -> None:
    talk = known(ENGLISH, when="Thursday at ten")
    talk.says(answer)
    assert talk.last(FIND) == {"wish_day": day, "wish_time": "10:00", "part_of_day": ""}
    assert CREATE not in talk.used()


def test_a_wish_that_is_not_free_is_said_to_be_so() -> None:
    offer = known(ENGLISH).says("Saturday at ten")
    assert offer.startswith(("That time isn't free.", "Nothing is free right then."))


def test_neither_is_answered_with_the_question_when() -> None:
    talk = known(ENGLISH, when="any time")
    asks = talk.says("none of those work for me")
    assert asks.endswith("?")
    assert talk.used() == [FIND]
    talk.says("Friday morning")
    assert talk.last(FIND) == {"wish_day": "2026-11-27", "wish_time": "", "part_of_day": "morning"}


def test_yes_to_several_is_asked_which_in_other_words() -> None:
    talk = known(ENGLISH)
    first = talk.says("Thursday")  # a day only: the hour is asked for
    offer = talk.says("in the morning")
    again = talk.says("yes")
    assert first != offer != again
    assert again.endswith("?")
    assert CREATE not in talk.used()


def test_a_question_in_between_is_answered_and_the_times_are_offered_again() -> None:
    talk = known(ENGLISH, when="Thursday morning")
    reply = talk.says("and how much does it cost?")
    assert "call you" in reply
    assert "9 a.m." in reply
    assert talk.used() == [FIND]


def test_who_wants_no_meeting_is_not_pressed() -> None:
    talk = known(ESTATE)
    talk.says("yes")
    reply = talk.says("I don't need a meeting, just call me back")
    assert reply.endswith(ESTATE.closing)
    assert "Ramat Gan" in reply, "what is known is read back"
    assert talk.used() == [FIND, UPSERT]


def test_a_time_that_was_taken_meanwhile_is_made_good_with_others() -> None:
    talk = known(
        ENGLISH, when="Thursday at ten", calendar_create=failing("That time was taken a moment ago. Find slots again.")
    )
    offer = talk.says("yes")
    assert talk.used() == [FIND, CREATE, UPSERT, FIND]
    assert "taken" in offer
    closing = talk.says("yes")
    assert talk.used().count(FIND) == 2, "no third time"
    assert closing.endswith(ENGLISH.closing)


@pytest.mark.parametrize("name", [FIND, CREATE])
@pytest.mark.parametrize(("say", "hears"), [("", "call you"), ("That needs a colleague.", "That needs a colleague.")])
def test_a_tool_that_fails_or_is_refused_is_told_and_the_call_goes_on(name: str, say: str, hears: str) -> None:
    talk = known(ENGLISH, **{name.replace(".", "_", 1): failing("denied", say)})
    reply = talk.says("Thursday at ten")
    if name == CREATE:
        reply = talk.says("yes")
    assert hears in reply
    assert reply.endswith(ENGLISH.closing)
    assert "booked" not in reply
    assert UPSERT in talk.used()


def test_no_free_time_is_told_and_the_lead_is_kept() -> None:
    talk = known(HEBREW, calendar_find_slots=lambda arguments: {"windows": [], "exact": False})
    reply = talk.says("יום חמישי בעשר")
    assert any(phrase in reply for phrase in HEBREW.phrases["no-time"])
    assert talk.used() == [FIND, UPSERT]


def test_a_message_that_cannot_be_sent_is_told() -> None:
    talk = known(ENGLISH, when="Thursday at ten", whatsapp_send=failing("no WhatsApp account"))
    talk.says("yes")
    assert "couldn't send" in talk.says("yes")


@pytest.mark.parametrize("names", [(), (UPSERT,), (FIND,), (CREATE, SEND)])
def test_without_a_calendar_it_reads_back_and_closes(names: tuple[str, ...]) -> None:
    talk = Conversation(ENGLISH, names=names)
    closing = talk.says("I'd like an appointment", "Dana Levi", "0541234567", "yes", "Thursday at ten")
    assert closing.endswith(ENGLISH.closing)
    assert "Dana Levi" in closing
    assert talk.used() == [name for name in names if name == UPSERT]


def test_without_whatsapp_nothing_is_offered_that_cannot_be_done() -> None:
    talk = known(ENGLISH, when="Thursday at ten")
    talk.names = (FIND, CREATE)
    assert talk.says("yes").endswith(ENGLISH.closing)


def test_what_is_corrected_after_the_booking_is_kept_and_a_new_time_is_passed_on() -> None:
    talk = known(ENGLISH, when="Thursday at ten")
    talk.says("yes", "no")
    assert "Donna" in talk.says("Sorry, my name is Donna")
    assert talk.last(UPSERT)["slots"]["name"] == "Donna"
    assert "another time" in talk.says("No, I said Friday at eleven")
    assert talk.used().count(CREATE) == 1, "nothing is booked twice"


def test_a_playbook_without_phrases_of_its_own_books_all_the_same() -> None:
    bare = {
        key: variants for key, variants in ENGLISH.phrases.items() if key not in ("offer", "booked", "whatsapp-offer")
    }
    talk = known(replace(ENGLISH, phrases=bare), when="Thursday at ten")
    assert "WhatsApp" in talk.says("yes")


def test_what_nobody_heard_is_said_again() -> None:
    """The caller spoke before they heard that it is booked."""
    talk = known(ENGLISH, when="Thursday at ten")
    talk.says("yes")
    del talk.messages[-1]
    assert "November 26th" in talk.says("hello?")
    assert talk.used() == [FIND, CREATE, UPSERT]


@pytest.mark.parametrize("said", ["uhm", "what does it cost?"])
def test_the_same_time_on_three_days_may_be_offered_again_in_full(said: str) -> None:
    talk = known(ENGLISH)
    reply = talk.says("Thursday morning", "no", "the first one", said)  # `step` asserts that nothing is cut
    assert reply.endswith("I have today at 1 p.m., or tomorrow at 1 p.m., or Thursday at 1 p.m. Which suits you best?")


SAID = st.sampled_from([
    "yes", "no", "the first one", "the second", "ten", "Thursday", "Wednesday at three", "neither", "either", "uhm",
    "what does it cost?", "say that again", "hold on", "my name is Tom", "No, I said Friday at eleven", "not now",
    "0541234568", "I don't need a meeting", "can I talk to a person?", "thank you", "this is ridiculous",
])  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(st.lists(SAID, min_size=1, max_size=8))
def test_whatever_is_said_to_an_offer_keeps_the_rules_and_books_only_what_was_offered(said: list[str]) -> None:
    talk = known(ENGLISH)
    talk.says("Thursday morning", *said)
    offered = {
        slot["start"]
        for message in talk.messages
        if message.call is not None and message.call.name == FIND
        for slot in json.loads(message.text)["windows"]
    }
    starts = [arguments["start"] for name, arguments in talk.called if name == CREATE]
    assert len(starts) <= 1
    assert set(starts) <= offered
    assert talk.used().count(SEND) <= 1


async def test_the_brain_speaks_first_and_calls_after() -> None:
    talk = known(ENGLISH)
    talk.messages.append(Message("caller", "Thursday at ten"))
    brain, items = RulesLLM(clock=lambda: datetime(2026, 11, 24, 9)), []
    for _ in range(2):  # a guess, and the answer
        async with brain.reply(talk.prompt(NAMES)) as stream:
            items.append([item async for item in stream])
    assert items[0] == items[1]
    [call] = items[0]
    assert isinstance(call, ToolCall)
    assert call.name == FIND
    async with brain.reply(talk.prompt(())) as stream:
        assert all(isinstance(item, Token) for item in [item async for item in stream])
    await trio.lowlevel.checkpoint()


def test_optional_slots_are_asked_for_before_times_are_offered() -> None:
    more = (*ENGLISH.slots, Slot("parking", "yes-no", "Do you need parking?", required=False))
    talk = known(replace(ENGLISH, slots=more))
    assert talk.says("Thursday at ten").endswith("Do you need parking?")
    assert "Thursday" in talk.says("no")
