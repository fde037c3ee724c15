"""The language and the region of a playbook."""

from __future__ import annotations

from agentd.core.playbook import Playbook
from agentd.core.slots.english import ENGLISH
from agentd.core.slots.hebrew import HEBREW
from agentd.core.slots.speech import Speech

_REGIONS = {"he": "IL", "iw": "IL", "en": "US"}


def language_of(playbook: Playbook) -> tuple[Speech, str]:
    """(the language's words, the region): "he-IL". A language that we have no words for is read as English."""
    language, _, region = playbook.language.partition("-")
    return HEBREW if language in ("he", "iw") else ENGLISH, region or _REGIONS.get(language, "US")
