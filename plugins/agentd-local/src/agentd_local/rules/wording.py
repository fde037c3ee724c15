"""Sentences put together: variants in turn, what fits into so many words, what is read back."""

from __future__ import annotations

from agentd.core.slots.english import ENGLISH
from agentd.core.slots.replay import Dialogue
from agentd_local.rules.sentences import Sentences
from agentd_local.rules.sentences_en import ENGLISH as IN_ENGLISH
from agentd_local.rules.sentences_he import HEBREW as IN_HEBREW

SUMMARY_WORDS = 40  # SPEC 6.3: a read-back may be longer than a reply
READ_BACK = ("choice", "area", "money", "timing", "name", "phone", "date")


def sentences_of(dialogue: Dialogue) -> Sentences:
    return IN_ENGLISH if dialogue.speech is ENGLISH else IN_HEBREW


def turn(variants: tuple[str, ...], dialogue: Dialogue) -> str:
    """The variant whose turn it is, and never the words that the caller heard last."""
    if not variants:
        return ""
    first = variants[dialogue.lines % len(variants)]
    return first if first not in dialogue.heard else variants[(dialogue.lines + 1) % len(variants)]


def phrase(key: str, dialogue: Dialogue) -> str:
    """The playbook's phrase, or ours for one that has none."""
    return turn(dialogue.playbook.phrases.get(key) or sentences_of(dialogue).phrases.get(key, ()), dialogue)


def join(note: str, rest: str, max_words: int) -> str:
    """Both, or the second alone when they are too long together."""
    both = f"{note} {rest}".strip()
    return both if len(both.split()) <= max_words or not rest else rest


def read_back(dialogue: Dialogue, before: str, behind: str, meeting: str = "") -> str:
    """`before`, what is known in one sentence, `behind`; what is too long leaves out what was confirmed already.
    `meeting`: stands for the day and the time."""
    slots = dialogue.playbook.slots
    values = [(slot, dialogue.values[slot.name].value) for slot in slots if slot.name in dialogue.values]
    text = behind
    kinds: tuple[tuple[str, ...], ...] = ((), ("phone",), ("phone", "timing", "choice"), READ_BACK)
    for left_out in (tuple((*kind, "date") if meeting else kind) for kind in kinds):
        known = [value for slot, value in values if slot.type in READ_BACK and slot.type not in left_out]
        known += [meeting] if meeting else []
        summary = sentences_of(dialogue).summary.format(items=", ".join(known)) if known else ""
        text = " ".join(part for part in (before, summary.replace("..", "."), behind) if part)
        if len(text.split()) <= SUMMARY_WORDS:
            break
    return text
