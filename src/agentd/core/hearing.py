"""From a recogniser's results to the words of one turn, by audio offsets alone (SPEC 2.6, 2.9).

Results arrive late, twice, corrected and across our turn boundaries. What orders them is the audio they rest on:

    media time  ------|==== taken: this turn's text ====|==== open: the next turn's words ====|--->
                                                   `taken_ms`

| a result that ends        | and is           | means                                                       |
|---------------------------|------------------|-------------------------------------------------------------|
| beyond `taken_ms` + slack | partial          | replaces the open partial; nothing, if all of it is final   |
|                           | final            | closes its span, and no other: what was said after it stays |
| at or before it           | partial          | nothing: it was taken                                       |
|                           | final, the same  | nothing: a duplicate                                        |
|                           | final, different | a late correction of the turn that was taken                |
|                           | the first words  | found: the turn was taken for empty                         |

A result that straddles a boundary loses the words that the turn before it took.

**Overlong utterances** (SPEC 2.5) are split at their last dip: the words up to there stand, whatever becomes of a
recogniser that can hold no more than so many seconds; what follows is added to them, and all of it is one turn's.

| a result after the split       | means                                                              |
|--------------------------------|--------------------------------------------------------------------|
| begins with those words        | what it says after them is added                                   |
| begins later                   | it is added, but for words at its start that those before end with |
| other words for the same audio | takes their place: the recogniser has changed its mind             |
| a final of the whole           | takes their place                                                  |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from agentd.core.speech import Transcript

SLACK_MS = 200  # recognisers round their offsets; SPEC 2.6 allows the same
ASSUMED_LAG_MS = 400  # for engines without offsets: how far behind the microphone their text is (a guess)

_WORD = re.compile(r"\w+(?:['’״\"׳-]\w+)*")


def normal(text: str) -> tuple[str, ...]:
    """The words of a text, for comparing meaning: no case, no punctuation."""
    return tuple(_WORD.findall(text.casefold()))


class News(Enum):
    """What a result meant."""

    NOTHING = "nothing"
    WORDS = "words"
    CORRECTION = "correction"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    from_ms: int
    until_ms: int


class Hearing:
    def __init__(self) -> None:
        self._finals: list[_Piece] = []
        self._partial: _Piece | None = None
        self._to_dip: _Piece | None = None  # the partial that rested on the audio up to the last dip
        self._split: _Piece | None = None  # the first part of an overlong utterance; one of `_finals`
        self._taken: list[_Piece] = []
        self._before = ""  # the words of the turn before the one that was taken last
        self.taken_ms = 0
        self.complete = False  # the engine says that the sentence is over

    def hear(self, t: Transcript, now_ms: int, voice_ms: int | None = None, dip_ms: int = 0) -> News:
        """One result, at media time `now_ms` (for engines without offsets: or soon after the voice ended). `voice_ms`:
        until when voice was heard; with none since the last `take`, whatever comes is about what was taken. `dip_ms`:
        the last dip of the voice."""
        until_ms = t.until_ms if t.until_ms is not None else max(0, now_ms - ASSUMED_LAG_MS)
        piece = _Piece(t.text.strip(), t.from_ms, until_ms)
        heard_ms = until_ms if voice_ms is None else min(until_ms, voice_ms)
        if heard_ms <= self.taken_ms + SLACK_MS and self._taken:
            return self._late(piece) if t.final else News.NOTHING
        if piece.from_ms < self.taken_ms:
            piece = _Piece(_beyond(self.taken_text, piece.text), self.taken_ms, until_ms)
        if self._split is not None:
            piece = self._after_split(self._split, piece, whole=t.final)
        if not t.final:
            if any(f.until_ms >= until_ms for f in self._finals):
                return News.NOTHING
            if self._partial is not None and self._partial.until_ms <= dip_ms + SLACK_MS < until_ms:
                self._to_dip = self._partial
            self._partial, self.complete = piece, t.complete
            return News.WORDS
        if any(f.from_ms <= piece.from_ms and f.until_ms > until_ms + SLACK_MS for f in self._finals):
            return News.NOTHING  # a part of what is final as a whole
        if self._partial is None or not _follows(self._partial, piece):
            self._partial, self.complete = None, t.complete
        if piece.text:
            apart = [f for f in self._finals if _follows(piece, f) or _follows(f, piece)]
            self._finals = sorted([*apart, piece], key=lambda f: f.from_ms)
        return News.WORDS

    @property
    def text(self) -> str:
        """The open words: all that was said since the last `take`."""
        pieces = list(self._finals)
        if self._partial is not None:
            pieces = [f for f in pieces if f.until_ms <= self._partial.from_ms + SLACK_MS]
            pieces.append(self._partial)
        return " ".join(p.text for p in pieces if p.text)

    @property
    def until_ms(self) -> int:
        """How much audio the open words rest on; `taken_ms` when there are none."""
        last = self._partial or (self._finals[-1] if self._finals else None)
        return last.until_ms if last is not None else self.taken_ms

    def split(self) -> None:
        """The utterance is overlong: its words up to the last dip stand; all there are, when none are known to."""
        part, self._to_dip = self._to_dip or self._partial, None
        if part is not None and part.text and not any(f.until_ms > part.from_ms + SLACK_MS for f in self._finals):
            self._finals.append(part)
            self._split = part
            if self._partial is not None:
                self._partial = self._after_split(part, self._partial, whole=False)

    def key(self, digits: str, now_ms: int) -> None:
        """Keys are words too: said now, and given back and corrected like others."""
        self._finals.append(_Piece(digits, now_ms, now_ms))

    @property
    def taken_text(self) -> str:
        return " ".join(p.text for p in self._taken if p.text)

    @property
    def taken_from_ms(self) -> int:
        return self._taken[0].from_ms if self._taken else self.taken_ms

    def take(self, until_ms: int) -> str:
        """A turn takes the open words; everything up to `until_ms` is said and done."""
        text, self._before = self.text, self.taken_text or self._before
        self._taken = self._finals + ([self._partial] if self._partial is not None else [])
        if not self._taken:
            self._taken = [_Piece("", self.taken_ms, until_ms)]
        self._finals, self._partial, self.complete = [], None, False
        self._to_dip = self._split = None
        self.taken_ms = max(self.taken_ms, until_ms)
        return text

    def give_back(self) -> None:
        """The caller went on before we spoke: what was taken is open again."""
        if self._taken:
            self._finals = [p for p in self._taken if p.text] + self._finals
            self.taken_ms = self._taken[0].from_ms
            self._taken = []

    def _after_split(self, part: _Piece, piece: _Piece, *, whole: bool) -> _Piece:
        """What `piece` adds to the first part of the utterance."""
        if _follows(piece, part) or _follows(part, piece):
            return piece
        from_the_start = piece.from_ms <= part.from_ms + SLACK_MS
        further = _beyond(part.text, piece.text) if from_the_start else _after(part.text, piece.text)
        if from_the_start and (whole or further == piece.text):
            self._finals.remove(part)
            self._split = None
            return piece
        return _Piece(further, part.until_ms, piece.until_ms)

    def _late(self, piece: _Piece) -> News:
        if piece.until_ms <= self._taken[0].from_ms or not piece.text:
            return News.NOTHING
        if piece.from_ms < self._taken[0].from_ms - SLACK_MS:
            piece = _Piece(_beyond(self._before, piece.text), self._taken[0].from_ms, piece.until_ms)
        before = normal(self.taken_text)
        apart = [p for p in self._taken if p.text and (_follows(piece, p) or _follows(p, piece))]
        self._taken = sorted([*apart, piece], key=lambda p: p.from_ms)
        if not before:
            return News.FOUND
        return News.NOTHING if normal(self.taken_text) == before else News.CORRECTION


def _follows(later: _Piece, earlier: _Piece) -> bool:
    return earlier.until_ms <= later.from_ms + SLACK_MS


def _beyond(taken: str, text: str) -> str:
    """The words of `text` after those that were taken, if it begins with about as many of the same."""
    had, words = normal(taken), text.split()
    same = sum(a == b for a, b in zip(had, normal(text), strict=False))
    return " ".join(words[len(taken.split()) :]) if had and same * 2 >= len(had) else text


def _after(before: str, text: str) -> str:
    """`text` without the words at its start with which `before` ends."""
    had, words = before.split(), text.split()
    for n in range(min(len(had), len(words)), 0, -1):
        if normal(" ".join(had[-n:])) == normal(" ".join(words[:n])):
            return " ".join(words[n:])
    return text
