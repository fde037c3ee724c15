"""One of several: said about right, in other words that the playbook lists, or by its place in the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.words import Word, plain, unprefixed, words

SURE, LIKELY = 88, 76  # of 100; between them the agent asks back. Recognisers bend words by a letter or two
BENDS = 4  # letters from which a word may be bent at all: "by" is not "buy"


@dataclass(frozen=True, slots=True)
class Match:
    """`choice` was said as the words `first` to `last` (exclusive), `score` of 100 alike."""

    choice: str
    score: float
    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first


def read(text: str, ask: Ask) -> Found | None:
    spoken = words(text)
    found = best(matches(spoken, ask, SURE))
    if len(found) > 1:
        between = plain(text[spoken[found[-2].last - 1].end : spoken[found[-1].first].start])
        found = found[-1:] if ask.speech.instead.search(between) else found
    if found:
        said = found[0]
        rest = without(text, spoken[said.first].start, spoken[said.last - 1].end)
        return Found(said.choice, rest, sure=len({match.choice for match in found}) == 1)
    if not ask.asked:
        return None
    for word in spoken:
        keyed = int(word.text) if len(spoken) == 1 and word.text.isdecimal() else None
        place = ask.speech.ordinals.get(word.text, keyed)
        if place and place <= len(ask.slot.choices):
            return Found(ask.slot.choices[place - 1 if place > 0 else place])
    likely = best(matches(spoken, ask, LIKELY))
    return Found(likely[0].choice, sure=False) if len({match.choice for match in likely}) == 1 else None


def matches(spoken: Sequence[Word], ask: Ask, least: float) -> list[Match]:
    """Every stretch of words that is a choice, or another word for it; what the caller rules out is none."""
    found: list[Match] = []
    stretches = _Stretches(spoken, prefixed=ask.speech.numerals.prefixed)
    for choice in ask.slot.choices:
        for phrase in (choice, *ask.slot.also.get(choice, ())):
            found += _like(stretches, choice, plain(phrase), least)
    return [match for match in found if not _ruled_out(spoken, match, ask)]


def best(found: list[Match]) -> list[Match]:
    """The matches that no longer or closer one overlaps, in the order in which they were said."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: (-match.size, -match.score, match.first)):
        if all(match.last <= other.first or match.first >= other.last for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


class _Stretches:
    """So many words of a line in a row, in every form that may be meant. Made once for all phrases."""

    def __init__(self, spoken: Sequence[Word], *, prefixed: bool) -> None:
        self._words, self._prefixed = [word.text for word in spoken], prefixed
        self._forms: dict[int, tuple[list[str], list[int]]] = {}

    def of(self, width: int) -> tuple[list[str], list[int]]:
        """The forms, and for each the place of its first word."""
        if width not in self._forms:
            every = [(form, at) for at in range(len(self._words) - width + 1) for form in self._at(at, width)]
            self._forms[width] = [form for form, _ in every], [at for _, at in every]
        return self._forms[width]

    def _at(self, at: int, width: int) -> set[str]:
        stretch = self._words[at : at + width]
        forms = {" ".join(stretch)}
        if self._prefixed:
            forms |= {" ".join([form, *stretch[1:]]) for form in unprefixed(stretch[0])}
        return forms


def _like(stretches: _Stretches, choice: str, phrase: str, least: float) -> list[Match]:
    """Where the line says a phrase, or nearly; a short one only as it is."""
    size = len(phrase.split())
    enough = least if len(phrase) > BENDS else 100
    found = []
    for width in {size, size + 1, max(1, size - 1)} if least < SURE else {size}:
        forms, places = stretches.of(width)
        scores: dict[int, float] = {}
        near = process.extract(phrase, forms, scorer=fuzz.ratio, limit=None, score_cutoff=enough - 1)
        for form, score, n in near:  # in C for all forms at once: nearly always there are none
            if score >= enough and _word_by_word(form, phrase):
                scores[places[n]] = max(score, scores.get(places[n], 0))
        found += [Match(choice, score, at, at + width) for at, score in sorted(scores.items())]
    return found


def _word_by_word(said: str, phrase: str) -> bool:
    """Every word must be like its own: "room apartment" is no "roof apartment"."""
    ours, theirs = said.split(), phrase.split()
    return len(ours) != len(theirs) or len(ours) < 2 or min(map(fuzz.ratio, ours, theirs)) >= LIKELY


def _ruled_out(spoken: Sequence[Word], match: Match, ask: Ask) -> bool:
    """ "not an office", "לא בית"."""
    before = [word.text for word in spoken[max(0, match.first - 2) : match.first]]
    articles = ask.speech.articles
    return any(
        word in ask.speech.nots and all(w in articles for w in before[at + 1 :]) for at, word in enumerate(before)
    )
