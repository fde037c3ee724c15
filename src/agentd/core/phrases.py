"""From a stream of tokens to phrases that can be spoken: whole sentences, the first one as early as sounds natural.

A sentence ends at . ? ! … (or a line break) followed by white space, so that "3.5" and "agentd.dev" stay whole; "?"
and "!" need nothing after them. The *first* phrase may also end at a comma, colon or dash once it has four words: the
caller hears us a second earlier, and a voice pauses there anyway. A sentence over 200 characters is split at its last
comma or space.
"""

from __future__ import annotations

import re

FIRST_WORDS = 4  # fewer before a comma sound chopped ("Well," "Yes,")
MAX_CHARS = 200  # about 13 s of speech; also what bounds one TTS request

_ENDS = re.compile(r"[?!…]+[\"'”׳״)]*(?=\s|\w|$)|\.+[\"'”׳״)]*(?=\s)|\n+")
_CLAUSE = re.compile(r"[,;:–—](?=\s)|\s-(?=\s)")
_MARKS = frozenset("?!…\"'”׳״).\n,;:–—-")  # an end is one of these, or hangs on what follows one
_ABBREVIATION = re.compile(r"(?:^|\s)(?:Mr|Mrs|Ms|Dr|St|No|vs|e\.g|i\.e|a\.m|p\.m|[A-Zא-ת])\.$", re.IGNORECASE)


class Phrases:
    """Feed tokens, get phrases. `rest` at the end of a complete reply; a cut reply's rest is not spoken."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def feed(self, token: str) -> list[str]:
        """The phrases that this token completes, stripped, never empty."""
        before, self._text = self._text[-1:], self._text + token
        if _MARKS.isdisjoint(token) and before not in _MARKS and len(self._text) <= MAX_CHARS:
            return []  # nothing ended before, and nothing can have ended since
        phrases = []
        while (end := self._end()) is not None:
            phrase, self._text = self._text[:end].strip(), self._text[end:].lstrip()
            if _speakable(phrase):
                phrases.append(phrase)
                self._first = False
        return phrases

    def rest(self) -> list[str]:
        """What is left when the reply is complete: nothing, or one phrase."""
        phrase, self._text = self._text.strip(), ""
        return [phrase] if _speakable(phrase) else []

    @property
    def pending(self) -> str:
        """What was fed and is no whole phrase yet."""
        return self._text

    def _end(self) -> int | None:
        for match in _ENDS.finditer(self._text):
            if not _ABBREVIATION.search(self._text[: match.end()]):
                return match.end()
        if self._first:
            for match in _CLAUSE.finditer(self._text):
                if len(self._text[: match.start()].split()) >= FIRST_WORDS:
                    return match.end()
        if len(self._text) > MAX_CHARS:
            head = self._text[:MAX_CHARS]
            clauses = [m.end() for m in _CLAUSE.finditer(head)]
            return clauses[-1] if clauses else (head.rfind(" ") + 1 or MAX_CHARS)
        return None


def _speakable(phrase: str) -> bool:
    return any(c.isalnum() for c in phrase)
