"""The rules of a reply, kept while it streams (SPEC 6.3): tokens in, phrases that may be spoken out.

The governor has the splitter (`Phrases`) inside and feeds it word by word, so that what is said does not hang on how a
model cuts its tokens. A phrase is judged when it is complete and leaves at once: nothing is held back but the sentence
that is not whole yet, and of the first sentence not even that (its first clause leaves at a comma).

| a sentence ...                            | and so                                                                   |
|-------------------------------------------|--------------------------------------------------------------------------|
| fits                                      | is said                                                                  |
| ends with "?"                             | is said, and is the last                                                 |
| is the third, or would pass a limit       | is not said, nor what follows; the reply was cut at a sentence end       |
| comes first and passes a limit            | is said up to its last clause that fits, which is made its end           |
|   ... and has no such clause              | is refused                                                               |
| states what no fact bears out             | is refused: the playbook's safe words stand in for it, once, if they fit |
| makes the reply equal to the one before   | gets other words, or a lead-in ("Once more:"), unless the caller asked   |

Sentences of up to three words ("Sure.", "Is that right?") do not count as sentences. A statement after the first is
said only within the soft limit, and while room is left for the question that would be appended. When the model asked
nothing, the next slot's question is appended, if there is room for it: the hard limit holds for everything that is
heard. A clause that left early keeps its comma; the rest of its sentence may still be refused.

A sentence alone over the limit: cut at a sentence end, it would be nothing at all; said whole, it is a lecture. A
clause that closes with a full stop sounds whole, and half a clause never is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agentd.core.governor_claims import days_named
from agentd.core.governor_facts import Facts
from agentd.core.hearing import normal
from agentd.core.phrases import MAX_CHARS, Phrases

HARD_WORDS = 24  # SPEC 6.3
READ_BACK_WORDS = 40
WINDOWS_WORDS = 30
SOFT_BELOW_HARD = 4  # the soft limit: 20 of 24
SENTENCES = 2
SHORT_SENTENCE = 3  # words; an interjection, not a sentence that a listener has to follow
READ_BACK_DIGITS = 6  # said one by one
READ_BACK_CLAIMS = 3  # known ones in one sentence; "Tuesday at ten" is two, and an ordinary reply
LEAST_CLAUSE = 4  # words; as `Phrases` has it for the first phrase

_END = re.compile(r"[.?!…]+[\"'”׳״)]*$")
_QUESTION = re.compile(r"\?[!?…]*[\"'”׳״)]*$")
_CLAUSE = re.compile(r"[,;:–—](?=\s)|\s-(?=\s)")
_PIECE = re.compile(r"[^\s?!…]*[\s?!…]")  # the governor's tokens: a word and what ends it


class Kind(StrEnum):
    """What a reply is; the later ones may be longer. From `GOODBYE` on there is no limit but the characters, and no
    question is appended."""

    REPLY = "reply"
    WINDOWS = "windows"
    READ_BACK = "read-back"
    GOODBYE = "goodbye"
    HANDOVER = "handover"
    CONSENT = "consent"
    VOICEMAIL = "voicemail"
    REPEAT = "repeat"


_RANK = {kind: n for n, kind in enumerate(Kind)}
_LIMITS = {Kind.WINDOWS: WINDOWS_WORDS, Kind.READ_BACK: READ_BACK_WORDS}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing the governor did. what: "cut", "appended", "refused", "varied"; why: "words", "sentences", "chars",
    "no-question", "same-reply", or the kind of claim that was refused."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one reply.

    `next_question`: asked when the model asks nothing; "" for none. `safe`: stands in for what is refused; "" drops it.
    `own`: the playbook's sentences, by `normal` words, with the kind of reply that each makes. `last`: what the caller
    heard from us last; `asked_again`: they want to hear it once more. `variants`: other words for sentences of ours;
    `lead_in`: said before words that have no variant. `kind`: what the reply is, when that is known beforehand; a
    read-back, windows, a repeat and the playbook's own texts are recognised.
    """

    facts: Facts = field(default_factory=Facts)
    hard_words: int = HARD_WORDS
    max_chars: int = 420
    next_question: str = ""
    safe: str = ""
    own: Mapping[tuple[str, ...], Kind] = field(default_factory=dict)
    last: str = ""
    asked_again: bool = False
    variants: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    lead_in: str = ""
    kind: Kind = Kind.REPLY


class Governor:
    """One reply. `feed` tokens; once `done`, nothing more is accepted and the model may stop. `finish` when the model
    has said all; a reply that breaks off is not finished. `said`: the phrases so far."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._kind = rules, rules.kind
        self._phrases = Phrases()
        self._last = normal(rules.last)
        self._word = ""  # fed and not complete
        self._words = self._chars = self._sentences = 0
        self._in_sentence = 0  # words of the sentence that is being said
        self._skipping = False  # the rest of a refused sentence
        self._asked = self._ended = False
        self.said: list[str] = []
        self.acts: list[Act] = []
        self.fell_back = False
        """Safe words were said, or would have been: two replies of this in a row are a reason to hand over."""

    @property
    def kind(self) -> Kind:
        """What the reply has turned out to be."""
        return self._kind

    @property
    def done(self) -> bool:
        return self._ended

    @property
    def asked(self) -> bool:
        """The caller was asked something: it is their turn."""
        return self._asked

    def feed(self, token: str) -> list[str]:
        """The phrases that may be spoken now."""
        out: list[str] = []
        text, at = self._word + token, 0
        while not self._ended and (piece := _next_piece(text, at)):
            at += len(piece)
            phrases = self._phrases.feed(piece)
            for i, phrase in enumerate(phrases):
                last = i == len(phrases) - 1
                out += self._judge(phrase, ends=bool(_END.search(phrase)) or (last and piece.endswith("\n")))
        self._word = text[at:]
        return out

    def pause(self) -> list[str]:
        """The model has stopped for now (it asks a tool): what is left of its words."""
        out: list[str] = []
        word, self._word = self._word, ""
        if not self._ended:
            for phrase in [*self._phrases.feed(word), *self._phrases.rest()]:
                out += self._judge(phrase, ends=True)
        return out

    def finish(self, next_question: str | None = None) -> list[str]:
        """The model has said all: what is left, and the next question if nothing was asked. `next_question`: in place
        of the rules' own, when more is known by now than when the reply began."""
        out = self.pause()
        if next_question is not None:
            self._rules = replace(self._rules, next_question=next_question)
        return out + self._ask()

    # --- one phrase

    def _judge(self, phrase: str, *, ends: bool) -> list[str]:
        if self._ended or self._skipping:
            self._skipping = self._skipping and not ends
            return []
        own = self._rules.own.get(normal(phrase))
        claim = None if own is not None else self._rules.facts.unknown(phrase)
        if claim is None:
            self._recognise(phrase, own or Kind.REPLY)
        question = bool(_QUESTION.search(phrase))
        why = self._over(phrase, ends=ends, question=question)
        if why and (claim is None or (self._sentences and not self._in_sentence)):
            return self._too_long(phrase, why)
        if claim is not None:
            self._skipping = not ends
            return self._refuse(claim.kind)
        return self._say(phrase, ends=ends, question=question)

    def _recognise(self, phrase: str, kind: Kind) -> None:
        """What kind of reply this turns out to be; it only ever gets longer."""
        words = normal(phrase)
        if self._rules.asked_again and self._heard_before(words):
            kind = Kind.REPEAT
        elif kind is Kind.REPLY:
            known = self._rules.facts.known(phrase)
            times = sum(claim.kind == "time" for claim in known)
            if times > 1:
                kind = Kind.WINDOWS
            elif (
                len(known) >= READ_BACK_CLAIMS or sum(w.isdecimal() and len(w) == 1 for w in words) >= READ_BACK_DIGITS
            ):
                kind = Kind.READ_BACK
            elif times and days_named(phrase) > 1:  # the same time on several days
                kind = Kind.WINDOWS
        if _RANK[kind] > _RANK[self._kind]:
            self._kind = kind

    def _heard_before(self, words: tuple[str, ...]) -> bool:
        """A sentence of the reply before; "Thank you." alone tells nothing."""
        if len(words) <= SHORT_SENTENCE:
            return bool(words) and words == self._last
        return f" {' '.join(words)} " in f" {' '.join(self._last)} "

    def _over(self, phrase: str, *, ends: bool, question: bool) -> str:
        """Which limit this phrase would pass, "" for none."""
        if self._chars + len(phrase) > self._rules.max_chars:
            return "chars"
        if _RANK[self._kind] >= _RANK[Kind.GOODBYE]:
            return ""
        words, hard = _count(phrase), _LIMITS.get(self._kind, self._rules.hard_words)
        if self._words + words > hard:
            return "words"
        if self._kind is not Kind.REPLY:
            return ""
        long = self._in_sentence + words > SHORT_SENTENCE
        if long and self._sentences >= SENTENCES:
            return "sentences"
        if self._sentences and ends and long and not question:
            soft = hard - SOFT_BELOW_HARD
            if self._words + words > min(soft, hard - _count(self._rules.next_question)):
                return "words"
        return ""

    def _too_long(self, phrase: str, why: str) -> list[str]:
        """A later sentence is left out; the first, or one that has begun, is closed at a clause; or else refused."""
        if self._sentences and not self._in_sentence:
            return self._cut(why)
        if head := self._fitting(phrase):
            return self._say(head, ends=True, question=False) + self._cut(why)
        if self._in_sentence:
            return self._cut(why)  # its first clause was said, and stands
        out = self._refuse(why)
        self._ended = True
        return out

    def _fitting(self, phrase: str) -> str:
        """The clauses of a phrase that fit, with a full stop."""
        hard = _LIMITS.get(self._kind, self._rules.hard_words) - self._words
        most = self._rules.max_chars - self._chars
        if _RANK[self._kind] >= _RANK[Kind.GOODBYE]:
            hard = most
        ends = [m.start() for m in _CLAUSE.finditer(phrase)]
        fits = [end for end in ends if LEAST_CLAUSE <= _count(phrase[:end]) <= hard and end < most]
        return phrase[: fits[-1]].rstrip() + "." if fits else ""

    # --- what is done about it

    def _say(self, phrase: str, *, ends: bool, question: bool) -> list[str]:
        out = [phrase]
        whole = question or (ends and not self._rules.next_question)
        if whole and self._same(phrase):
            out = self._varied(phrase)
        words = sum(_count(each) for each in out)
        self._words += words
        self._in_sentence += words
        if ends:
            self._sentences += self._in_sentence > SHORT_SENTENCE
            self._in_sentence = 0
        self._chars += sum(len(each) for each in out)
        self.said += out
        if question:
            self._asked = self._ended = True
        return out

    def _same(self, phrase: str) -> bool:
        said = [word for each in [*self.said, phrase] for word in normal(each)]
        return bool(said) and tuple(said) == self._last and not self._rules.asked_again

    def _varied(self, phrase: str) -> list[str]:
        """Other words for the phrase that would make this reply the one before."""
        other = self._rules.variants.get(normal(phrase), "")
        if not other and not self._rules.lead_in:
            return [phrase]
        self.acts.append(Act("varied", "same-reply"))
        return [other] if other else [self._rules.lead_in, phrase]

    def _refuse(self, why: str) -> list[str]:
        self.acts.append(Act("refused", why))
        safe, again, self.fell_back = self._rules.safe, self.fell_back, True
        self._in_sentence = 0
        if again or not safe or (self.said and self._words + _count(safe) > self._rules.hard_words):
            return []
        self._words += _count(safe)
        self._sentences += 1
        self._chars += len(safe)
        self.said.append(safe)
        if _QUESTION.search(safe):
            self._asked = self._ended = True
        return [safe]

    def _cut(self, why: str) -> list[str]:
        self.acts.append(Act("cut", why))
        self._ended = True
        return []

    def _ask(self) -> list[str]:
        """The next question, unless one was asked or there is no room."""
        self._ended = True
        question = self._rules.next_question
        if self._asked or not question or _RANK[self._kind] >= _RANK[Kind.GOODBYE]:
            return []
        hard = max(_LIMITS.get(self._kind, 0), self._rules.hard_words)
        if self.said and self._words + _count(question) > hard:
            return []
        self.acts.append(Act("appended", "no-question"))
        return self._say(question, ends=True, question=True)


def _next_piece(text: str, at: int) -> str:
    """The next word of the stream with what ends it; "" when it is not complete. A word without end comes in pieces."""
    match = _PIECE.match(text, at)
    if match is None or len(match[0]) > MAX_CHARS:
        return text[at : at + MAX_CHARS] if len(text) - at >= MAX_CHARS else ""
    return match[0]


def _count(text: str) -> int:
    """Words as they are spoken: what has a letter or a digit in it."""
    return sum(any(c.isalnum() for c in word) for word in text.split())
