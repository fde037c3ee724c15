"""From the state of a dialogue to the agent's next line: one thought, one question, few words."""

from __future__ import annotations

from agentd.core.playbook import Slot
from agentd.core.slots.english import ENGLISH
from agentd.core.slots.readers import Found
from agentd.core.slots.readers.when import When
from agentd.core.slots.replay import Dialogue
from agentd_local.rules.sentences import Sentences
from agentd_local.rules.sentences_en import ENGLISH as IN_ENGLISH
from agentd_local.rules.sentences_he import HEBREW as IN_HEBREW

SUMMARY_WORDS = 40  # SPEC 6.3: a read-back may be longer than a reply
READ_BACK = ("choice", "area", "money", "timing", "name", "phone", "date")


def reply(dialogue: Dialogue, max_words: int) -> str:
    """What to say now. At most `max_words`, or `SUMMARY_WORDS` for the closing."""
    if dialogue.lines == 0:
        return dialogue.playbook.greeting or _question(dialogue, dialogue.open)
    sentences = _sentences(dialogue)
    if dialogue.said == "repeat" and ("?" in dialogue.heard or dialogue.playbook.closing in dialogue.heard):
        return dialogue.heard
    if dialogue.said == "goodbye" or (dialogue.closed and dialogue.said in ("thanks", "greeting")):
        return dialogue.playbook.phrase("goodbye", dialogue.lines)
    if dialogue.said == "wait":
        return _turn(sentences.small_talk["wait"], dialogue)
    if dialogue.closed and dialogue.said != "corrected":
        talk = sentences.small_talk.get(dialogue.said, ())
        return _join(_turn(talk, dialogue), "" if talk else _turn(sentences.anything_else, dialogue), max_words)
    if dialogue.doubt is not None:
        confirm = _turn(dialogue.speech.confirm, dialogue).format(value=dialogue.doubt[1].value)
        return _join(_turn(sentences.small_talk.get(dialogue.said, ()), dialogue), confirm, max_words)
    if (slot := dialogue.open) is None:
        return _close(dialogue, max_words)
    if dialogue.said == "denied":
        return _turn(sentences.change_what, dialogue)
    part = dialogue.parts.get(slot.name)
    if part is not None and slot.name in dialogue.news:
        return _ask_the_rest(dialogue, slot, part)
    return _join(_note(dialogue), _question(dialogue, slot), max_words)


def _sentences(dialogue: Dialogue) -> Sentences:
    return IN_ENGLISH if dialogue.speech is ENGLISH else IN_HEBREW


def _note(dialogue: Dialogue) -> str:
    """A word about what the caller just said."""
    sentences = _sentences(dialogue)
    if dialogue.said == "corrected":
        return _turn(sentences.noted, dialogue).format(value=dialogue.values[dialogue.last].value)
    if dialogue.said == "skipped":
        return _turn(sentences.skip, dialogue)
    if dialogue.said in sentences.small_talk:
        return _turn(sentences.small_talk[dialogue.said], dialogue)
    names = [name for name in dialogue.news if _type(dialogue, name) == "name" and name in dialogue.values]
    if names:
        return _turn(sentences.thanks_name, dialogue).format(value=dialogue.values[names[-1]].value)
    return _turn(sentences.acks, dialogue)


def _question(dialogue: Dialogue, slot: Slot | None) -> str:
    if slot is None:
        return ""
    if dialogue.misses == 0:
        return slot.question
    sentences = _sentences(dialogue)
    listed = ", ".join(slot.choices[:-1]) + sentences.one_of + slot.choices[-1] if slot.choices else ""
    variants = sentences.otherwise[slot.type]
    return variants[(dialogue.misses - 1) % len(variants)].format(question=slot.question, choices=listed)


def _ask_the_rest(dialogue: Dialogue, slot: Slot, part: Found) -> str:
    sentences = _sentences(dialogue)
    if slot.type == "phone":
        return _turn(sentences.more_digits, dialogue).format(digits=part.value)
    said = part.value[:1].upper() + part.value[1:]
    if isinstance(part.known, When) and part.known.day is None:
        return _turn(sentences.which_day, dialogue).format(time=said)
    return _turn(sentences.what_time, dialogue).format(day=said)


def _close(dialogue: Dialogue, max_words: int) -> str:
    """The read-back of what matters, then the closing. What is too long leaves out what was confirmed already."""
    values = [
        (slot, dialogue.values[slot.name].value) for slot in dialogue.playbook.slots if slot.name in dialogue.values
    ]
    limit = max(max_words, SUMMARY_WORDS)
    for left_out in ((), ("phone",), ("phone", "timing", "choice")):
        known = [value for slot, value in values if slot.type in READ_BACK and slot.type not in left_out]
        summary = _sentences(dialogue).summary.format(items=", ".join(known)) if known else ""
        if len(f"{summary} {dialogue.playbook.closing}".split()) <= limit:
            break
    return _join(summary.replace("..", "."), dialogue.playbook.closing, limit)


def _join(note: str, rest: str, max_words: int) -> str:
    """Both, or the second alone when they are too long together."""
    both = f"{note} {rest}".strip()
    return both if len(both.split()) <= max_words or not rest else rest


def _turn(variants: tuple[str, ...], dialogue: Dialogue) -> str:
    """The variant whose turn it is, and never the words that the caller heard last."""
    if not variants:
        return ""
    first = variants[dialogue.lines % len(variants)]
    return first if first not in dialogue.heard else variants[(dialogue.lines + 1) % len(variants)]


def _type(dialogue: Dialogue, name: str) -> str:
    return next(slot.type for slot in dialogue.playbook.slots if slot.name == name)
