"""One of several: said about right, in other words that the playbook lists, or by its place in the list."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

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


def matches(spoken: list[Word], ask: Ask, least: float) -> list[Match]:
    """Every stretch of words that is a choice, or another word for it; what the caller rules out is none."""
    found: list[Match] = []
    for choice in ask.slot.choices:
        for phrase in (choice, *ask.slot.also.get(choice, ())):
            found += _stretches(spoken, choice, plain(phrase), ask, least)
    return [match for match in found if not _ruled_out(spoken, match, ask)]


def best(found: list[Match]) -> list[Match]:
    """The matches that no longer or closer one overlaps, in the order in which they were said."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: (-match.size, -match.score, match.first)):
        if all(match.last <= other.first or match.first >= other.last for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


def _stretches(spoken: list[Word], choice: str, phrase: str, ask: Ask, least: float) -> list[Match]:
    size = len(phrase.split())
    found = []
    for width in {size, size + 1, max(1, size - 1)} if least < SURE else {size}:
        for at in range(len(spoken) - width + 1):
            stretch = [word.text for word in spoken[at : at + width]]
            forms = {" ".join(stretch)}
            if ask.speech.numerals.prefixed:
                forms |= {" ".join([form, *stretch[1:]]) for form in unprefixed(stretch[0])}
            score = max(_alike(form, phrase) for form in forms)
            if score == 100 or (score >= least and len(phrase) > BENDS):
                found.append(Match(choice, score, at, at + width))
    return found


def _alike(said: str, phrase: str) -> float:
    """Of 100. Every word must be like its own: "room apartment" is no "roof apartment"."""
    whole = fuzz.ratio(said, phrase)
    pairs = list(zip(said.split(), phrase.split(), strict=False))
    if len(pairs) > 1 and len(said.split()) == len(phrase.split()):
        return whole if min(fuzz.ratio(one, other) for one, other in pairs) >= LIKELY else 0
    return whole


def _ruled_out(spoken: list[Word], match: Match, ask: Ask) -> bool:
    """ "not an office", "לא בית"."""
    before = [word.text for word in spoken[max(0, match.first - 2) : match.first]]
    articles = ask.speech.articles
    return any(
        word in ask.speech.nots and all(w in articles for w in before[at + 1 :]) for at, word in enumerate(before)
    )
