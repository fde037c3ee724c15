"""From the state of a dialogue to the agent's next line: one thought, one question, few words."""

from __future__ import annotations

from collections.abc import Collection

from agentd.core.playbook import Slot
from agentd.core.slots.readers import Found
from agentd.core.slots.readers.when import When
from agentd.core.slots.replay import Dialogue
from agentd_local.rules.booking import Step, next_step
from agentd_local.rules.wording import join, sentences_of, turn


def reply(dialogue: Dialogue, max_words: int, tools: Collection[str] = ()) -> Step:
    """What to say now, in at most `max_words` but for a read-back, and what to ask of `tools`, which are on offer."""
    if dialogue.lines and _to_be_closed(dialogue):
        return next_step(dialogue, tools)
    return Step(_line(dialogue, max_words))


def _to_be_closed(dialogue: Dialogue) -> bool:
    """All is known, or left alone; and the caller neither takes leave nor wants anything said again."""
    if dialogue.open is not None or dialogue.doubt is not None or dialogue.said in ("goodbye", "wait"):
        return False
    if dialogue.said == "repeat" and ("?" in dialogue.heard or dialogue.playbook.closing in dialogue.heard):
        return False
    return not dialogue.closed or dialogue.said == "corrected"


def _line(dialogue: Dialogue, max_words: int) -> str:
    if dialogue.lines == 0:
        return dialogue.playbook.greeting or _question(dialogue, dialogue.open)
    sentences = sentences_of(dialogue)
    if dialogue.said == "repeat" and ("?" in dialogue.heard or dialogue.playbook.closing in dialogue.heard):
        return dialogue.heard
    if dialogue.said == "goodbye" or (dialogue.closed and dialogue.said in ("thanks", "greeting")):
        return dialogue.playbook.phrase("goodbye", dialogue.lines)
    if dialogue.said == "wait":
        return turn(sentences.small_talk["wait"], dialogue)
    if dialogue.closed and dialogue.said != "corrected":
        talk = sentences.small_talk.get(dialogue.said, ())
        return join(turn(talk, dialogue), "" if talk else turn(sentences.anything_else, dialogue), max_words)
    if dialogue.doubt is not None:
        confirm = turn(dialogue.speech.confirm, dialogue).format(value=dialogue.doubt[1].value)
        return join(turn(sentences.small_talk.get(dialogue.said, ()), dialogue), confirm, max_words)
    if (slot := dialogue.open) is None:
        return dialogue.playbook.closing
    if dialogue.said == "denied":
        return turn(sentences.change_what, dialogue)
    part = dialogue.parts.get(slot.name)
    if part is not None and slot.name in dialogue.news:
        return _ask_the_rest(dialogue, slot, part)
    return join(_note(dialogue), _question(dialogue, slot), max_words)


def _note(dialogue: Dialogue) -> str:
    """A word about what the caller just said."""
    sentences = sentences_of(dialogue)
    if dialogue.said == "corrected":
        return turn(sentences.noted, dialogue).format(value=dialogue.values[dialogue.last].value)
    if dialogue.said == "skipped":
        return turn(sentences.skip, dialogue)
    if dialogue.said in sentences.small_talk:
        return turn(sentences.small_talk[dialogue.said], dialogue)
    names = [name for name in dialogue.news if _type(dialogue, name) == "name" and name in dialogue.values]
    if names:
        return turn(sentences.thanks_name, dialogue).format(value=dialogue.values[names[-1]].value)
    return turn(sentences.acks, dialogue)


def _question(dialogue: Dialogue, slot: Slot | None) -> str:
    if slot is None:
        return ""
    if dialogue.misses == 0:
        return slot.question
    sentences = sentences_of(dialogue)
    listed = ", ".join(slot.choices[:-1]) + sentences.one_of + slot.choices[-1] if slot.choices else ""
    variants = sentences.otherwise[slot.type]
    return variants[(dialogue.misses - 1) % len(variants)].format(question=slot.question, choices=listed)


def _ask_the_rest(dialogue: Dialogue, slot: Slot, part: Found) -> str:
    sentences = sentences_of(dialogue)
    if slot.type == "phone":
        return turn(sentences.more_digits, dialogue).format(digits=part.value)
    said = part.value[:1].upper() + part.value[1:]
    if isinstance(part.known, When) and part.known.day is None:
        return turn(sentences.which_day, dialogue).format(time=said)
    return turn(sentences.what_time, dialogue).format(day=said)


def _type(dialogue: Dialogue, name: str) -> str:
    return next(slot.type for slot in dialogue.playbook.slots if slot.name == name)
