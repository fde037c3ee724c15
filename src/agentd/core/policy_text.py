"""What a text that leaves the house must not carry: links and telephone numbers that are not the business's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from agentd.core.governor_figures import figures
from agentd.core.playbook import Playbook

_SCHEME = re.compile(r"\b[a-z][a-z0-9+]{1,15}://([^\s/?#\"'<>]*)|\b(?:mailto|tel|sms|javascript|data|intent):([^\s]+)")
_BARE = re.compile(
    r"(?<![\w.@-])(?:[\w-]{1,63}(?:@[\w-]{1,63})?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]+|קום|ישראל)(?![\w-]|\.\w)"
    r"|[\w.+-]+@[\w.-]+|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
)
_WHEN = re.compile(
    r"(?<!\d)(?:\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})(?:[ T]\d{1,2}:\d\d)?(?!\d)|(?<!\d)\d{1,2}:\d\d(?!\d)"
)
_NUMBER = re.compile(r"\+\d(?:[\s().-]{0,2}\d){7,}|\d(?:[\s().-]{0,2}\d){8,}")  # a budget has fewer digits


def links(text: str) -> Iterator[str]:
    """The host (or address) of everything in `text` that a telephone would make tappable, without "www."."""
    plain = _plain(text).casefold()
    for match in _SCHEME.finditer(plain):
        yield (match[1] or match[2] or "?").rpartition("@")[2].rstrip(".,;:!)]}").removeprefix("www.")
    for match in _BARE.finditer(_SCHEME.sub(" ", plain)):
        yield match[0].removeprefix("www.")


def numbers(text: str) -> Iterator[str]:
    """The digits of everything in `text` that could be dialled, in figures or in words."""
    plain = _WHEN.sub(" ; ", _plain(text))
    found = (re.sub(r"\D", "", match[0]) for form in (plain, figures(plain)) for match in _NUMBER.finditer(form))
    yield from dict.fromkeys(found)


def own_texts(playbook: Playbook) -> list[str]:
    """What the business itself has written."""
    return [
        playbook.business,
        playbook.goal,
        playbook.greeting,
        playbook.closing,
        playbook.meetings.title,
        playbook.meetings.place,
        playbook.transfer_to,
        *(text for variants in playbook.phrases.values() for text in variants),
        *(workflow.text for workflow in playbook.workflows),
        *(slot.question for slot in playbook.slots),
        *(choice for slot in playbook.slots for choice in slot.choices),
    ]


def _plain(text: str) -> str:
    """As it is read: full-width and circled letters made plain, what is invisible or only decorates taken out."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ".")
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn", "Me"))
