"""Places: those that the playbook knows, bent by a letter or two, several at once; others as they were said."""

from __future__ import annotations

from collections.abc import Sequence

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.readers.choice import BENDS, LIKELY, SURE, Match, best, matches
from agentd.core.slots.words import Word, words

VOLUNTEERED = 90  # of 100: alike enough for a place that nobody asked for
LONGEST = 5  # words of a place that the playbook does not know


def read(text: str, ask: Ask) -> Found | None:
    spoken = words(text)
    known = best([m for m in matches(spoken, ask, SURE if ask.asked else VOLUNTEERED) if not _is_day(spoken, m, ask)])
    if known:
        said = list(dict.fromkeys(_with_side(spoken, match, ask) for match in known))
        rest = text
        for match in reversed(known):
            rest = without(rest, spoken[match.first].start, spoken[match.last - 1].end)
        return Found(", ".join(said), rest)
    if not ask.asked:
        return None
    likely = best(matches(spoken, ask, LIKELY))
    if len({match.choice for match in likely}) == 1:
        return Found(likely[0].choice, sure=False)
    if flexible := ask.speech.flexible.search(text.lower()):
        return Found(flexible.group().strip(), "", known="flexible")
    return _as_said(text, ask)


def _with_side(spoken: Sequence[Word], match: Match, ask: Ask) -> str:
    """ "north Tel Aviv": the side of town belongs to it."""
    side = spoken[match.first - 1].text if match.first else ""
    name = ask.speech.places.sides.get(side)
    return f"{name} {match.choice}" if name else match.choice


def _is_day(spoken: Sequence[Word], match: Match, ask: Ask) -> bool:
    """ "ביום ראשון" is Sunday and no town."""
    before = spoken[match.first - 1].text if match.first else ""
    return match.size == 1 and before in ask.speech.places.not_after


def _as_said(text: str, ask: Ask) -> Found | None:
    filler = ask.speech.fillers.match(text)
    rest = text[filler.end() :] if filler else text
    lead = ask.speech.places.lead.match(rest.lower())
    rest = rest[lead.end() :] if lead else rest
    spoken = [word.text for word in words(rest)]
    if not 0 < len(spoken) <= LONGEST or any(word in ask.speech.not_names for word in spoken):
        return None
    if len("".join(spoken)) < BENDS:
        return None
    return Found(rest.strip(" ,.!?"), sure=False)
