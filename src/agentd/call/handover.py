"""The way out of a call to a person: when it is taken, and what the caller hears (SPEC 6.5).

Who takes the call is decided by the house and stored there before this says a word; then the phrase, then the end of
the stream, at which Twilio asks what is next. It happens once in a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from agentd.core.handover import Patience, Plan, To, Why, asks_for_a_person
from agentd.core.history import History
from agentd.core.playbook import Playbook
from agentd.events import Event, Private
from agentd.events_beside import HandedOver
from agentd.facts import CallFacts

REASON: Final = "handover"
# Said when the playbook has no phrase for it, by primary language.
_WORDS: Final = {"he": "רגע אחד, אני מעבירה אתכם.", "en": "One moment, I'll put you through."}
_SUMMARY_LINES: Final = 3
_SUMMARY_CHARS: Final = 300  # 20 s in the person's ear is a long whisper

Decide = Callable[[CallFacts, Playbook, Private], Plan]
"""The house's decision: who takes a call, with a summary for them. The plan is stored when it returns."""


class Ways(Protocol):
    """What the brain does for a hand-over."""

    def interrupt(self) -> None: ...
    def finish(self, reason: str, goodbye: str) -> None: ...


class Handover:
    """One per call. Every method is synchronous, and acts before it returns."""

    def __init__(
        self,
        facts: CallFacts,
        playbook: Playbook,
        history: History,
        decide: Decide | None,
        ways: Ways,
        emit: Callable[[Event], None],
    ) -> None:
        self._facts, self._playbook, self._history = facts, playbook, history
        self._decide, self._ways, self._emit = decide, ways, emit
        self._patience = Patience()
        self.plan: Plan | None = None

    def begin(self, why: Why) -> bool:
        """Hand the call over. False: it is on its way already, or this house has nobody to ask."""
        if self._decide is None or self.plan is not None:
            return False
        plan = self.plan = self._decide(self._facts, self._playbook, Private(self._summary()))
        self._emit(HandedOver(why=why, to=plan.to, note=plan.note))
        if why is Why.ASKED:
            self._ways.interrupt()  # they want no answer any more
        self._ways.finish(REASON, "" if plan.to is To.VOICEMAIL else self._phrase())  # a voicemail speaks for itself
        return True

    def heard(self, text: str) -> bool:
        """The caller's words of a turn. True: they were a wish for a person, and nobody else is to answer them."""
        self._patience.words()
        return asks_for_a_person(text) and self.begin(Why.ASKED)

    def not_understood(self) -> None:
        """The caller said something, and it was no words."""
        if (why := self._patience.no_words()) is not None:
            self.begin(why)

    def misses(self, in_a_row: int, in_call: int) -> None:
        """A turn is over; so many of the caller's lines said nothing to us."""
        if (why := self._patience.lines(in_a_row, in_call)) is not None:
            self.begin(why)

    def replied(self, fallbacks: int, scripted: bool) -> None:
        """A reply of ours is over; see `Patience.replied`."""
        if (why := self._patience.replied(fallbacks, scripted=scripted)) is not None:
            self.begin(why)

    def _phrase(self) -> str:
        language = self._playbook.language.partition("-")[0]
        return self._playbook.phrase("handover") or _WORDS.get(language, _WORDS["en"])

    def _summary(self) -> str:
        """What the caller said last, for the person who takes the call."""
        said = [entry.text for entry in self._history.entries if entry.role == "caller"][-_SUMMARY_LINES:]
        return " ".join(said)[-_SUMMARY_CHARS:]
