"""From all that is known to a meeting: find, offer, book, read back, send, keep, close (SPEC 6.4).

| the meeting is ...           | what is said                           | which tools are called             |
|------------------------------|----------------------------------------|------------------------------------|
| not looked for yet, or anew  |                                        | calendar.find_slots, with the wish |
| offered                      | the windows, one question              |                                    |
| declined, and nothing named  | when else it would suit                |                                    |
| chosen                       |                                        | calendar.create, leads.upsert      |
| booked, and not told yet     | a read-back, a confirmation is offered |                                    |
|   a confirmation is wanted   |                                        | whatsapp.send                      |
| over: none free, failed, ... | why, a read-back, the closing          | leads.upsert, before that          |

Tools that are not offered are left out: without a calendar it is the read-back and the closing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from agentd.core.phone_number import e164
from agentd.core.slots.choosing import Offer
from agentd.core.slots.meeting import CREATE, FIND, SEND, UPSERT
from agentd.core.slots.readers.base import canonical
from agentd.core.slots.readers.when import ANY
from agentd.core.slots.replay import Dialogue
from agentd.core.speech import ToolCall
from agentd_local.rules.wording import join, phrase, read_back, sentences_of, turn

WINDOWS_WORDS = 30  # SPEC 6.3
NEAR_DAYS = 7  # a weekday alone says which one
ABOUT_CHARS = 120


@dataclass(frozen=True, slots=True)
class Step:
    """What is said, and then asked of tools. `calls`: names and arguments."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, object]], ...] = ()

    def tool_calls(self, before: int) -> tuple[ToolCall, ...]:
        """`before`: messages of the conversation so far; ids are told apart by it."""
        return tuple(ToolCall(f"rules-{before}-{n}", name, args) for n, (name, args) in enumerate(self.calls))


def next_step(dialogue: Dialogue, tools: Collection[str]) -> Step:
    """What comes next, all slots being known or left alone."""
    meeting = dialogue.meeting
    if meeting.booked is not None:
        return _booked(dialogue, meeting.booked, tools)
    if meeting.over:
        return _closing(dialogue, _why_not(dialogue), tools)
    if meeting.chosen is not None and CREATE in tools:
        return Step(calls=(_create(dialogue, meeting.chosen), *_lead(dialogue, tools)))
    if meeting.asking:
        return Step(join(_talk(dialogue), turn(sentences_of(dialogue).other_time, dialogue), WINDOWS_WORDS))
    if meeting.offered and meeting.chosen is None:
        return Step(_offer(dialogue))
    if {FIND, CREATE} <= set(tools):
        return Step(calls=(_find(dialogue),))
    return _closing(dialogue, "", tools)


# --- what is said


def _offer(dialogue: Dialogue) -> str:
    meeting, sentences = dialogue.meeting, sentences_of(dialogue)
    before = _talk(dialogue)
    wished = meeting.wish.day is not None and meeting.wish.at is not None
    if not before and not meeting.heard:
        if meeting.taken:
            before = turn(sentences.taken, dialogue)
        elif wished and not meeting.exact:
            before = turn(sentences.not_free, dialogue)
        elif meeting.rounds == 1 and not meeting.exact:
            before = phrase("offer", dialogue)
    if len(meeting.offered) == 1:
        window = _window(dialogue, meeting.offered[0])
        if not turn(sentences.window, dialogue).startswith("{"):
            window = window[:1].lower() + window[1:] if window.startswith("To") else window
        text = turn(sentences.window, dialogue).format(window=window)
    else:
        text = turn(sentences.windows, dialogue).format(windows=_windows(dialogue, meeting.offered))
    return join(before, text.replace("..", "."), WINDOWS_WORDS)


def _windows(dialogue: Dialogue, offered: tuple[Offer, ...]) -> str:
    """ "Tuesday at 10 a.m., at noon or at 2 p.m.", "Tuesday at 10 a.m. or at noon, or Wednesday at 10 a.m."."""
    either = sentences_of(dialogue).one_of
    days = []
    for day, of_day in groupby(offered, key=lambda offer: offer.start.date()):
        *others, last = (dialogue.speech.say_time(offer.start.time()) for offer in of_day)
        times = f"{', '.join(others)}{either}{last}" if others else last
        days.append(f"{_day(dialogue, day)} {times}")
    return f",{either}".join(days)


def _window(dialogue: Dialogue, offer: Offer) -> str:
    said = f"{_day(dialogue, offer.start.date())} {dialogue.speech.say_time(offer.start.time())}"
    return said[:1].upper() + said[1:]


def _day(dialogue: Dialogue, day: date) -> str:
    sentences, ahead = sentences_of(dialogue), (day - dialogue.today).days
    if ahead in (0, 1):
        return (sentences.today, sentences.tomorrow)[ahead]
    whole = dialogue.speech.say_day(day)
    return sentences.on + (whole.partition(",")[0] if 0 < ahead < NEAR_DAYS else whole)


def _talk(dialogue: Dialogue) -> str:
    """A word about what the caller just said, when it was beside the point or put something right."""
    if dialogue.said == "corrected":
        return turn(sentences_of(dialogue).noted, dialogue).format(value=dialogue.values[dialogue.last].value)
    return turn(sentences_of(dialogue).small_talk.get(dialogue.said, ()), dialogue)


def _why_not(dialogue: Dialogue) -> str:
    match dialogue.meeting.over:
        case "none-free":
            return phrase("no-time", dialogue)
        case "failed":
            return dialogue.meeting.sorry or turn(sentences_of(dialogue).cannot_book, dialogue)
        case _:
            return ""


def _booked(dialogue: Dialogue, booked: Offer, tools: Collection[str]) -> Step:
    meeting, sentences = dialogue.meeting, sentences_of(dialogue)
    if meeting.whatsapp == "yes" and SEND in tools:
        return Step(calls=(_message(dialogue, booked), *_lead(dialogue, tools)))
    if not meeting.told:
        when = f"{dialogue.speech.say_day(booked.start.date())} {dialogue.speech.say_time(booked.start.time())}"
        behind = phrase("whatsapp-offer", dialogue) if SEND in tools else dialogue.playbook.closing
        return Step(read_back(dialogue, phrase("booked", dialogue), behind, when))
    moved = dialogue.said == "corrected" and any(
        slot.type == "date" and slot.name == dialogue.last for slot in dialogue.playbook.slots
    )
    before = {"sent": sentences.sent, "failed": sentences.not_sent}.get(meeting.whatsapp, ())
    if dialogue.said != "whatsapp":
        before = sentences.cannot_move if moved else ()
    return _closing(dialogue, turn(before, dialogue) or _talk(dialogue), tools)


def _closing(dialogue: Dialogue, before: str, tools: Collection[str]) -> Step:
    """The lead is kept, then the closing is said: behind `before`, or behind what is known, unless it was read back."""
    if lead := _lead(dialogue, tools):
        return Step(calls=lead)
    closing = dialogue.playbook.closing
    if before or dialogue.meeting.told:
        return Step(f"{before} {closing}".strip())
    return Step(read_back(dialogue, "", closing))


# --- what is asked of tools


def _find(dialogue: Dialogue) -> tuple[str, dict[str, object]]:
    wish = dialogue.meeting.wish
    return FIND, {
        "wish_day": wish.day.isoformat() if wish.day is not None else "",
        "wish_time": f"{wish.at:%H:%M}" if wish.at is not None else "",
        "part_of_day": "" if wish.part == ANY else wish.part,
    }


def _create(dialogue: Dialogue, chosen: Offer) -> tuple[str, dict[str, object]]:
    start = chosen.start.isoformat(timespec="minutes")
    return CREATE, {"start": start, "name": _name(dialogue), "phone": _phone(dialogue), "about": _about(dialogue)}


def _lead(dialogue: Dialogue, tools: Collection[str]) -> tuple[tuple[str, dict[str, object]], ...]:
    """What was found out, unless just that was kept before."""
    slots = {name: canonical(found)[:200] for name, found in dialogue.values.items()}
    if UPSERT not in tools or not slots or (dialogue.meeting.kept or {}).get("slots") == slots:
        return ()
    return ((UPSERT, {"phone": _phone(dialogue), "name": _name(dialogue), "slots": slots}),)


def _message(dialogue: Dialogue, booked: Offer) -> tuple[str, dict[str, object]]:
    sentences, place = sentences_of(dialogue), dialogue.meeting.place
    text = sentences.message_at if place else sentences.message
    return SEND, {"to": _phone(dialogue), "text": text.format(meeting=booked.say, place=place)}


def _name(dialogue: Dialogue) -> str:
    return next((dialogue.values[n].value[:80] for n in _of_type(dialogue, "name")), "")


def _phone(dialogue: Dialogue) -> str:
    """The number that the caller gave; "" for the one that they call from."""
    found = next((canonical(dialogue.values[n]) for n in _of_type(dialogue, "phone")), "")
    return found if e164(found) else ""


def _about(dialogue: Dialogue) -> str:
    names = [*_of_type(dialogue, "text")[:1]] or [*_of_type(dialogue, "choice"), *_of_type(dialogue, "area")]
    return ", ".join(dialogue.values[name].value for name in names)[:ABOUT_CHARS]


def _of_type(dialogue: Dialogue, kind: str) -> list[str]:
    """The slots of that type that are known."""
    return [slot.name for slot in dialogue.playbook.slots if slot.type == kind and slot.name in dialogue.values]
