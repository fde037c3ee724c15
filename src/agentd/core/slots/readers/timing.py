"""Roughly when: "as soon as possible", "in three months", "in January", "no rush"."""

from __future__ import annotations

import re

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.words import numbers, words

LONGEST = 8  # words of an answer that is taken as it is


def read(text: str, ask: Ask) -> Found | None:
    how = ask.speech.timing
    low = text.lower()
    for pattern, known in how.fixed:
        if match := pattern.search(low):
            return Found(_as_said(text, match), without(text, match.start(), match.end()), known=known)
    if span := how.span.search(low):
        return Found(_as_said(text, span), without(text, span.start(), span.end()), known=_span(span, ask))
    if month := how.month.search(low):
        number = ask.speech.calendar.months[month["month"]]
        return Found(_as_said(text, month), without(text, month.start(), month.end()), known=f"month {number}")
    if not ask.asked:
        return None
    if flexible := ask.speech.flexible.search(low):
        return Found(flexible.group().strip(), "", known="flexible")
    filler = ask.speech.fillers.match(text)
    rest = text[filler.end() :] if filler else text
    spoken = [word.text for word in words(rest)]
    if not spoken or len(spoken) > LONGEST or not any(word in how.hints for word in spoken):
        return None
    return Found(rest.strip(" ,.!"))


def _as_said(text: str, match: re.Match[str]) -> str:
    return text[match.start() : match.end()].strip(" ,.")


def _span(span: re.Match[str], ask: Ask) -> str:
    """ "3 months". Hebrew has words for two of a kind."""
    how = ask.speech.timing
    unit = span["unit"]
    if unit in how.units:
        kind, count = how.units[unit]
        if count:
            return f"{count} {kind}s" if count > 1 else f"1 {kind}"
        said = span["count"] or ""
        if any(half in said for half in how.half):
            return "6 months" if kind == "year" else f"half a {kind}"
        found = numbers(words(said), ask.speech.numerals, dictated=False)
        many = found[-1].value if found else 1
        return f"{many} {kind}s" if many > 1 else f"1 {kind}"
    return span.group().strip()
