"""A line of the caller's, taken apart before it is read: what it is meant for, what it asks, what it corrects."""

from __future__ import annotations

import re

from agentd.core.handover import asks_for_a_person
from agentd.core.slots.speech import Speech
from agentd.core.slots.words import plain, words

SHORT = 6  # words of a line that may be small talk as a whole
LONGER = {
    "robot": 30,
    "refuse": 30,
    "repeat": 12,
    "angry": 40,
    "off-topic": 60,
}  # what is meant even inside a longer one


def intent_of(text: str, speech: Speech) -> str:
    """What a line is meant for, when that is no answer; "" for nothing of the kind."""
    said = plain(text)
    filler = speech.fillers.match(text)
    bare = plain(text[filler.end() :]) if filler else said
    if asks_for_a_person(said):
        return "human"
    for name, pattern in speech.intents.items():
        if len(said.split()) <= LONGER.get(name, SHORT) and (pattern.search(said) or (bare and pattern.search(bare))):
            return name
    return ""


def without_asides(text: str, speech: Speech) -> str:
    """Without the sentences that are not for us, when others are: "Lovely weather! I'm calling ..."."""
    aside = speech.intents["off-topic"]
    kept = [sentence for sentence in sentences_of(text) if not aside.search(plain(sentence))]
    return " ".join(kept) if any(len(words(sentence)) > 1 for sentence in kept) else text


def sentences_of(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text)


def is_question(text: str, speech: Speech) -> bool:
    return bool(speech.questions.match(plain(text))) or text.endswith("?")


def question_behind(text: str, speech: Speech) -> str:
    """The question that an answer goes on with: "Dana Levi, and what are your hours?". What begins as one has none."""
    if speech.questions.match(plain(text)):
        return ""
    inside = speech.ask_inside.search(text.lower(), 1)
    return text[inside.start() :] if inside and words(text[: inside.start()]) else ""


def after_correction(text: str, speech: Speech) -> str:
    """The text behind "no, I said"; the text itself when there is nothing of the kind."""
    said = plain(text)
    cue = speech.correction.match(said + " ")
    if cue is None or not cue.end():
        return text
    skip = f"{said} "[: cue.end()].count(" ")  # a letter that is written onto the next word is part of that word
    spoken = words(text)
    return text[spoken[skip].start :] if skip < len(spoken) else ""
