"""A conversation, replayed line by line into what is known and what the last line led to.

The messages *as heard* are all there is, so a reply that nobody heard leaves no trace, and the same messages always
lead to the same state. The agent's own lines are only looked at for what the caller has heard of them: a question, a
confirmation, the closing.

| the caller's line ...                           | and so                                                         |
|-------------------------------------------------|----------------------------------------------------------------|
| holds no word ("(unclear)", "uhm")              | a miss; after three the slot is left alone                     |
| is small talk, or asks us something             | fills what is in it beside; after three the slot is left alone |
| answers the open question, or names other slots | fills them, the surest reader first                            |
|   unsurely, or for a slot with `confirm`        | waits: yes keeps it, no drops it, another value stands in      |
| "no, I said ..."                                | fills anew what it reads best as                               |
| "I'd rather not say"                            | the slot is left alone                                         |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import fuzz

from agentd.core.asked import asked_slot
from agentd.core.playbook import Playbook, Slot
from agentd.core.slots.lines import (
    after_correction,
    intent_of,
    is_question,
    question_behind,
    sentences_of,
    without_asides,
)
from agentd.core.slots.meeting import Meeting
from agentd.core.slots.readers import ORDER, READERS, Ask, Found
from agentd.core.slots.readers.phone import ending, tail
from agentd.core.slots.readers.when import When, say
from agentd.core.slots.readers.yes_no import verdict
from agentd.core.slots.speech import Speech
from agentd.core.slots.spelling import spelled
from agentd.core.slots.twin import twin
from agentd.core.slots.words import clean, plain, words
from agentd.core.speech import Message

MISSES = 3  # times that an answer is not understood before its slot is left alone
HEARD = 85  # of 100: how much of a sentence of ours must stand in what the caller heard
SURE = ("phone", "date", "money")  # an answer even inside a question
TYPED = ("phone", "date", "choice", "number", "money", "area", "timing")  # what cannot be mistaken for anything else
GOES_ON = ("filler", "again", "go-on", "silent-1", "silent-2", "time-warning", "resume", "once-more")
"""Phrases of the house that leave our question open."""


@dataclass(slots=True)
class Dialogue:
    """`said` and `news` are what the last line of the caller has led to."""

    playbook: Playbook
    speech: Speech
    region: str
    today: date
    values: dict[str, Found] = field(default_factory=dict)
    parts: dict[str, Found] = field(default_factory=dict)  # answers that are not whole yet
    doubt: tuple[Slot, Found] | None = None  # waits for a yes
    waiting: dict[str, Found] = field(default_factory=dict)  # for one too, when the first doubt is settled
    skipped: set[str] = field(default_factory=set)
    misses: int = 0  # of the open question
    missed_in_a_row: int = 0  # lines; any other line ends the row
    missed: int = 0  # lines, in all
    asked_for_human: bool = False
    asides: int = 0  # questions, anger and the like in a row, while a question of ours is open
    lines: int = 0  # of the caller
    heard: str = ""  # the agent's last line
    asking: bool = False  # the caller has heard a question that is still open
    asked_for: str = ""  # the slot whose own question it was
    last: str = ""  # the slot that was filled last
    said: str = ""  # "", "repeat", "goodbye", "unclear", "confirmed", "denied", "corrected", "skipped", or small talk
    news: list[str] = field(default_factory=list)  # slots that the last line filled
    meeting: Meeting = field(init=False)
    closed: bool = False  # everything is known, and the caller has heard the closing

    def __post_init__(self) -> None:
        self.meeting = Meeting(self.speech, self.today)

    # --- what the agent said, and its tools

    def tool(self, message: Message) -> None:
        self.meeting.tool(message)

    def agent(self, text: str) -> None:
        self.heard = text
        if not self._goes_on(text):
            self.meeting.agent(text)
            slot = asked_slot(self.playbook, text)
            self.asked_for = slot.name if slot is not None else ""
        greeting = self.lines == 0 and self.was_heard(self.playbook.greeting)
        slot = self.open
        if ("?" in text and not greeting) or (slot is not None and self.was_heard(slot.question)):
            self.asking = True
        elif self.said != "wait" and not self._goes_on(text):
            self.asking = False
        if self.open is None and self.doubt is None and self.was_heard(self.playbook.closing):
            self.closed = True

    def _goes_on(self, text: str) -> bool:
        phrases, said = self.playbook.phrases, plain(text)
        return any(said == plain(variant) for key in GOES_ON for variant in phrases.get(key, ()))

    def was_heard(self, sentence: str) -> bool:
        """Whether the caller heard a sentence, or most of it, in the agent's last line."""
        wanted, heard = plain(sentence), plain(self.heard)
        return bool(wanted and heard) and fuzz.partial_ratio(wanted, heard) >= HEARD and len(heard) * 2 > len(wanted)

    @property
    def open(self) -> Slot | None:
        """The next slot to ask for."""
        return next((s for s in self.playbook.slots if s.name not in self.values and s.name not in self.skipped), None)

    def asked(self) -> Slot | None:
        """The slot that the caller is answering: whose own question they heard, else the next one. A greeting asks only
        for what is in it."""
        slot = self.open
        if slot is None:
            return None
        for own in self.playbook.slots:
            if self.asking and own.name == self.asked_for and own.name not in (*self.values, *self.skipped):
                return own
        if slot.type == "text" and not self.values:
            return slot
        return slot if self.asking else None

    # --- what the caller said

    def caller(self, text: str) -> None:
        text = without_asides(spelled(clean(text)), self.speech)
        self.said, self.news, missed = "", [], self.missed
        intent = intent_of(text, self.speech)
        self.asked_for_human |= intent == "human"
        if not words(text) or self.speech.hums.match(plain(text)):
            self._missed()
        elif intent == "off-topic":
            self.said = intent  # an attempt to talk to the machinery fills nothing
        elif intent in ("repeat", "goodbye", "wait"):
            self.said = intent
        elif not (self._doubted(text, intent) or self._met(text, intent) or self._corrected(text)):
            self._answered(text, intent)
        if self.news:
            self.misses = self.asides = 0
            self.last = self.news[-1]
        if self.missed == missed:
            self.missed_in_a_row = 0
        self._next_doubt()
        self._pass_by(text)
        self.lines += 1

    def _pass_by(self, text: str) -> None:
        """A time to meet that is named where no slot asks for one."""
        if self.meeting.rounds or any(slot.type == "date" for slot in self.playbook.slots):
            return
        found = self._read(Slot("when", "date", ""), text, asked=False)
        if found is not None and found.whole and isinstance(found.known, When):
            self.meeting.wish = found.known

    def _met(self, text: str, intent: str) -> bool:
        """An answer to what was offered. A name or an amount is none."""
        named = self.speech.name_cues.search(text.lower()) and not self.speech.choosing.never.search(plain(text))
        if intent in ("human", "angry") or named:
            return False
        amounts = [slot for slot in self.playbook.slots if slot.type == "money"]
        if any(self._read(slot, text, asked=False) for slot in amounts):
            return False
        self.said = self.meeting.caller(text)
        if self.said == "chosen" and (chosen := self.meeting.chosen) is not None:
            when = When(chosen.start.date(), chosen.start.time())
            for slot in self.playbook.slots:
                if slot.type == "date":
                    ask = Ask(slot, False, self.speech, self.region, self.today)
                    self.values[slot.name] = Found(say(when, ask), known=when)
        return bool(self.said)

    def _doubted(self, text: str, intent: str) -> bool:
        """A value waits for a yes: yes, no, or another value."""
        if self.doubt is None:
            return False
        slot, found = self.doubt
        self.doubt = None
        answer = verdict(text, self.speech)
        again = self._read(
            slot, after_correction(text, self.speech), asked=slot.type != "text", before=_part(slot, found)
        )
        if again is None and slot.type == "phone" and answer is False:
            again = tail(text, self.speech)
        if again is not None and not again.whole and slot.type == "phone" and answer is False:
            again = ending(found, again, self.speech)
        if again is not None and again.value != found.value and slot.type in TYPED and (again.whole or answer is False):
            self._correct(slot, again)
        elif answer:
            self._keep(slot, found)
            self.said = "confirmed"
        elif answer is False:
            self._deny(slot, text)
        else:
            self._neither(slot, found, text, intent)
        return True

    def _neither(self, slot: Slot, found: Found, text: str, intent: str) -> None:
        """No yes and no no. Who goes on with something else agrees; the rest is asked again, once."""
        misses = self.misses
        self._keep(slot, found)
        self._answered(text, intent)
        if not self.news and (intent or misses < 1):
            self.values.pop(slot.name, None)
            self.doubt, self.misses = (slot, found), misses + (not intent)

    def _deny(self, slot: Slot, text: str) -> None:
        rest = after_correction(text, self.speech)
        found = self._read(slot, rest, asked=True) if rest != text and words(rest) else None
        if found is not None and verdict(rest, self.speech) is None:
            self._correct(slot, found)
        else:
            self.said = "denied"
            self.values.pop(slot.name, None)

    def _corrected(self, text: str) -> bool:
        """ "No, I said Tuesday": what was filled before is filled anew, whatever it was."""
        rest = after_correction(text, self.speech)
        if rest == text or not self.values or not words(rest):
            return False
        asked = self.asked()
        if asked is not None and asked.type == "yes-no":
            return False
        cue = self.speech.correction.match(plain(text) + " ")
        said_so = cue is not None and bool(cue["said"])
        if not said_so and asked is not None and asked.type in TYPED:
            answer = self._read(asked, text, asked=True)
            if answer is not None and answer.sure:
                return False  # "no more than two million" answers what was asked
        filled = [s for s in self.playbook.slots if s.name in self.values and (said_so or s.type != "text")]
        filled.sort(key=lambda slot: (slot.type == "text", slot.name != self.last, ORDER.index(slot.type)))
        for slot in filled:
            before = self.values[slot.name]
            direct = slot.name == self.last or (said_so and slot.type in (*TYPED, "name"))
            found = self._read(slot, rest, asked=direct, before=_part(slot, before))
            if found is not None and slot.type == "area" and not found.sure and slot.name != self.last:
                continue  # any words could be a place
            if found is not None and found.value != before.value and (found.whole or slot.type == "date"):
                self._correct(slot, found)
                return True
        return False

    def _answered(self, text: str, intent: str) -> None:
        asked = self.asked()
        aside, sentences = "" if intent else question_behind(text, self.speech), sentences_of(text)
        answers = [sentence for sentence in sentences if not is_question(sentence, self.speech)]
        if not intent and len(answers) < len(sentences) and answers and asked is not None and asked.type != "text":
            text, aside = " ".join([*answers, *(s for s in sentences if s not in answers)]), ""
            aside = text[len(" ".join(answers)) :]
        talk = intent or ("question" if is_question(text, self.speech) and not aside else "")
        free = asked is not None and asked.type == "text" and talk in ("", "question", "angry")
        if talk == "refuse" and asked is not None:
            self._skip(asked)
            return
        rest = text.removesuffix(aside)
        for slot in sorted(self.playbook.slots, key=lambda slot: ORDER.index(slot.type)):
            if slot.name in self.values or slot.name in self.skipped:
                continue
            mine = slot is asked and (not talk or free or slot.type in SURE or talk == "angry")
            if talk == "angry" and slot.type == "name" and not mine:
                continue  # "this is ridiculous" is nobody's name
            before = self.parts.get(slot.name)
            found = self._read(slot, rest, asked=mine, before=before.known if before else None)
            if found is not None and (found.whole or before is None or found.known != before.known):
                rest = found.rest
                self._take(slot, found)
        if asked is not None and asked.name not in self.news and aside and asked.type in SURE:
            found = self._read(asked, aside, asked=True)  # "Shall we say Monday morning?"
            if found is not None:
                self._take(asked, found)
                return
        if self.news and (talk == "angry" or (aside and not free) or (talk == "question" and not free)):
            self.said = talk or "question"
        if self.news or (asked is None and not talk and self._added(text)):
            return
        if talk:
            self.said = talk
            self._stuck()
        elif self.open is None:
            self.said = "thanks" if verdict(text, self.speech) is not None else "noted"
        else:
            self._missed()

    def _added(self, text: str) -> bool:
        """All is known, and the caller names another day, time or number for what came last."""
        slot = next((s for s in self.playbook.slots if s.name == self.last and s.type in ("date", "phone")), None)
        before = self.values.get(self.last)
        if slot is None or before is None:
            return False
        found = self._read(slot, text, asked=True, before=_part(slot, before))
        if found is None or found.value == before.value or not found.whole:
            return False
        self._correct(slot, found)
        return True

    def _stuck(self) -> None:
        """The caller talks past a question: after a while it is left alone."""
        self.asides += 1
        slot = self.open
        if self.asides > MISSES and slot is not None and self.asking:
            self._skip(slot)

    def _missed(self) -> None:
        self.misses += 1
        self.missed_in_a_row += 1
        self.missed += 1
        self.said = "unclear"
        slot = self.open
        if self.misses >= MISSES and slot is not None:
            self._skip(slot)

    def _skip(self, slot: Slot) -> None:
        self.skipped.add(slot.name)
        self.misses, self.asides, self.said = 0, 0, "skipped"

    def _read(self, slot: Slot, text: str, *, asked: bool, before: object = None) -> Found | None:
        ask = Ask(slot, asked, self.speech, self.region, self.today, before)
        return READERS[slot.type](text, ask) if words(text) else None

    def _take(self, slot: Slot, found: Found) -> None:
        """A new value: kept, half kept, or held until the caller says yes."""
        self.news.append(slot.name)
        self.last, self.closed = slot.name, False
        if isinstance(found.known, When):
            self.meeting.wish = found.known
        if not found.whole:
            self.parts[slot.name] = found
            self.values.pop(slot.name, None)
        elif slot.confirm or not found.sure:
            if self.doubt is not None and self.doubt[0] is not slot:
                self.waiting[self.doubt[0].name] = self.doubt[1]
            self.doubt = (slot, found)
            self.values.pop(slot.name, None)
        else:
            self._keep(slot, found)

    def _next_doubt(self) -> None:
        """When nothing waits for a yes any more, what was put off for it does, unless it has been settled since."""
        while self.doubt is None and self.waiting:
            name, found = self.waiting.popitem()
            slot = next(slot for slot in self.playbook.slots if slot.name == name)
            if name not in self.values and name not in self.skipped:
                self.doubt = (slot, found)

    def _correct(self, slot: Slot, found: Found) -> None:
        self._take(slot, found)
        self.said = "corrected" if slot.name in self.values else ""

    def _keep(self, slot: Slot, found: Found) -> None:
        self.values[slot.name] = found
        self.parts.pop(slot.name, None)
        self.waiting.pop(slot.name, None)
        self.misses = 0

    # --- what a model understood

    def noted(self, slot: Slot, found: Found) -> None:
        """A model's own account of a slot, read by our readers: it counts like a line of the caller's. What a model has
        understood was no miss."""
        self.missed_in_a_row = 0
        before = self.values.get(slot.name)
        if before is not None and (before.value == found.value or before.known == found.known is not None):
            return
        if self.doubt is not None and self.doubt[0] is slot:
            if self.doubt[1].value == found.value and slot.confirm:
                return
            self.doubt = None
        self.skipped.discard(slot.name)
        self._take(slot, found)

    def copy(self) -> Dialogue:
        """As it is now; going on from one leaves the other alone."""
        other = twin(self)
        other.values, other.parts, other.waiting = dict(self.values), dict(self.parts), dict(self.waiting)
        other.skipped, other.news, other.meeting = set(self.skipped), list(self.news), twin(self.meeting)
        return other


def _part(slot: Slot, found: Found) -> object:
    """What a new answer is added to: another time on the same day, but never digits to a whole phone number."""
    return found.known if slot.type == "date" else None
