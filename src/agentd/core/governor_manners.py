"""How an agent may speak in one call: from its playbook and what was said so far to the `Rules` of the next reply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from agentd.core.governor import HARD_WORDS, SHORT_SENTENCE, Kind, Rules
from agentd.core.governor_facts import joined, open_hours, returned, told
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.hearing import normal
from agentd.core.phrases import Phrases
from agentd.core.playbook import Playbook
from agentd.core.speech import Message

_KINDS = {kind.value: kind for kind in (Kind.GOODBYE, Kind.HANDOVER, Kind.CONSENT, Kind.VOICEMAIL)}  # phrase keys too
_AGAIN = re.compile(
    r"\b(?:what did you say|what was that|come again|pardon|say (?:that|it) again|once more|one more time"
    r"|what'?s the question|repeat (?:that|it|please)|(?:can|could|would) you (?:please )?repeat|"
    r"(?:didn'?t|did not|couldn'?t|can'?t) (?:catch|hear|get|understand)"
    r"|excuse me\?)|^\W*(?:(?:sorry|what|again|please|huh)\W*)+$"
    r"|(?<![א-ת])(?:מה אמרת|מה אמרתם|עוד פעם|לא שמעתי|לא הבנתי|לחזור על|"
    r"תחזרי|תחזור|תגידי שוב|תגיד שוב|מה השאלה)(?![א-ת])"
    r"|^\W*(?:(?:סליחה|מה|שוב|בבקשה)(?![א-ת])\W*)+$",
    re.IGNORECASE,
)


class Manners:
    """The part that stays the same is worked out once. `today`: the caller's date when the call began."""

    def __init__(self, playbook: Playbook, *, first_words: int, max_chars: int, today: date) -> None:
        self._playbook, self._first_words, self._max_chars, self._today = playbook, first_words, max_chars, today
        texts = [playbook.business, playbook.goal, playbook.greeting, playbook.closing]
        texts += [slot.question for slot in playbook.slots] + [c for slot in playbook.slots for c in slot.choices]
        texts += [text for variants in playbook.phrases.values() for text in variants]
        self._facts = joined(told(text, today) for text in texts if text) | open_hours(playbook.hours)
        self._own: dict[tuple[str, ...], Kind] = {}
        self._variants: dict[tuple[str, ...], str] = {}
        for key, variants in playbook.phrases.items():
            for text, other in zip(variants, (*variants[1:], *variants[:1]), strict=True):
                self._add(text, _KINDS.get(key, Kind.REPLY))
                if other != text:
                    self._variants[normal(text)] = other
        self._add(playbook.closing, Kind.GOODBYE)

    def most_words(self, messages: Sequence[Message]) -> int:
        """Of the reply to these messages, when it is an ordinary one."""
        return self._first_words if [m.role for m in messages].count("caller") <= 1 else HARD_WORDS

    def rules(self, messages: Sequence[Message], nth: int, so_far: SaidSoFar, *, next_question: str = "") -> Rules:
        """For the reply to `messages`: to the caller's last words, or to what a tool has just returned. `nth` chooses
        among variants; `so_far`: the call's own; `next_question`: of the slot that comes next, "" for none."""
        callers = tuple([m.text for m in messages if m.role == "caller"])
        results = [m.text for m in messages if m.role == "tool"]
        facts = [self._facts, so_far(callers, self._today), *[returned(text, self._today) for text in results]]
        return Rules(
            facts=joined(facts),
            hard_words=self.most_words(messages),
            max_chars=self._max_chars,
            next_question=next_question,
            safe=self._playbook.phrase("not-known", nth),
            own=self._own,
            last=next((m.text for m in reversed(messages) if m.role == "agent"), ""),
            asked_again=bool(callers) and _AGAIN.search(callers[-1]) is not None,
            variants=self._variants,
            lead_in=self._playbook.phrase("once-more", nth),
        )

    def _add(self, text: str, kind: Kind) -> None:
        """Its sentences, as they come alone and as the first of a reply. A short one before others ("Thank you.") is
        everybody's, and marks no kind."""
        for whole in (_phrases([text]), _phrases(re.findall(r"\S+\s*", text))):
            for i, sentence in enumerate(whole):
                words = normal(sentence)
                if words and (len(words) > SHORT_SENTENCE or i == len(whole) - 1):
                    self._own[words] = kind


class MannersOf:
    """The manners of a playbook, worked out once a day and shared by its calls: they are 30 kB and milliseconds."""

    MOST = 4  # playbooks in use at once; more are worked out again

    def __init__(self, *, first_words: int, max_chars: int) -> None:
        self._first_words, self._max_chars = first_words, max_chars
        self._known: list[tuple[Playbook, date, Manners]] = []

    def __call__(self, playbook: Playbook, today: date) -> Manners:
        for known, day, manners in self._known:
            if known is playbook and day == today:
                return manners
        manners = Manners(playbook, first_words=self._first_words, max_chars=self._max_chars, today=today)
        self._known = [*self._known[1 - self.MOST :], (playbook, today, manners)]
        return manners


def _phrases(tokens: list[str]) -> list[str]:
    splitter = Phrases()
    return [phrase for token in tokens for phrase in splitter.feed(token)] + splitter.rest()
