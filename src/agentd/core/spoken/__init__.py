"""The last step before a voice: what a language model writes becomes words that are read right.

Numbers, prices, dates, hours, phone numbers, percentages, units and abbreviations become words, in Hebrew with the
gender and form that the counted noun asks for; markdown, emoji, web addresses and brackets are not read out. Pure and
deterministic; raises on no text. What it returns it leaves as it is when given it again.
"""

from __future__ import annotations

from functools import lru_cache

from agentd.core.spoken.addresses import dropped
from agentd.core.spoken.clean import cleaned
from agentd.core.spoken.english import spoken_english
from agentd.core.spoken.hebrew import spoken_hebrew
from agentd.core.spoken.markup import without_links, without_marks
from agentd.core.spoken.tidy import tidied

# Taking a mark away can bring two others together ("*(*5"): text is passed again until it rests. Prose rests at once.
_MOST_PASSES = 12


@lru_cache(maxsize=256)  # the playbook's own sentences, and a model's most frequent ones
def spoken(text: str, language: str) -> str:
    """`text` as words to speak; "" when nothing in it can be spoken (a lone emoji, a list's "1.").

    `language` is a BCP 47 tag: Hebrew (he, iw) and English (en) get words; text in any other language is cleaned of
    marks and addresses and keeps its figures, which its voice knows better than we do.
    """
    for _ in range(_MOST_PASSES):
        words = _passed(text, language)
        if words == text:
            break
        text = words
    return text


def _passed(text: str, language: str) -> str:
    text = without_links(cleaned(text))
    tongue = language[:2].lower()
    if tongue in ("he", "iw"):
        return spoken_hebrew(text)
    if tongue == "en":
        return spoken_english(text, language)
    return tidied(without_marks(dropped(text)), ",")


__all__ = ["spoken"]
