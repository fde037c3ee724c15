"""A person's name: after a cue ("my name is"), or a short answer that holds nothing but a name."""

from __future__ import annotations

import re
from dataclasses import replace

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.words import Word, words

LONGEST = 3  # words


def read(text: str, ask: Ask) -> Found | None:
    speech = ask.speech
    cues = list(speech.name_cues.finditer(text.lower()))
    if cues:
        cue = cues[-1]  # "this is about my son, my name is Dana"
        found = _take(text, cue.end(), ask, bare=False)
        if found is not None:
            return replace(found, rest=found.rest.replace(text[cue.start() : cue.end()].strip(), "", 1).strip(" ,"))
    if not ask.asked:
        return None
    start = 0
    if filler := speech.fillers.match(text):
        start = filler.end()
    if weak := speech.weak_name_cues.search(text.lower(), max(start - 1, 0)):
        start = max(start, weak.end())
    if len(words(text[start:])) <= LONGEST + 3 and (found := _take(text, start, ask, bare=True)):
        return found
    clause = re.match(r"[^,.!?;:]+(?=[,.!?;:])", text[start:])  # "It's Frank Miller, I told you already"
    if clause is None or len(words(clause.group())) > LONGEST:
        return None
    return _take(text[: start + clause.end()], start, ask, bare=True)


def _take(text: str, start: int, ask: Ask, *, bare: bool) -> Found | None:
    """The name that begins at `start`: it ends at a comma, a full stop, or a word that is no name. A `bare` answer
    that goes on with just any word was no name: "mumble the thing"."""
    taken: list[Word] = []
    for word in words(text):
        if word.start < start:
            continue
        gap = text[taken[-1].end : word.start] if taken else ""
        spelled = len(word.text) == 1 and all(len(before.text) == 1 for before in taken)
        no_name = word.text in ask.speech.not_names and not (spelled and taken)
        if taken and re.match(r"\s*(?:[,.!?;:]|$)", text[word.end :]) and word.text in ask.speech.also_names:
            no_name = False
        if taken and bare and word.text in ask.speech.name_joins and _joins_names(text, word, ask):
            taken.append(word)
            continue
        if re.search(r"[,.!?;:]", gap) and not spelled:
            break
        if no_name or word.text[0].isdigit():
            if bare and word.text not in ask.speech.after_names:
                return None
            break
        taken.append(word)
        if len(taken) >= LONGEST and not spelled:
            break
    if not taken:
        return None
    if len(taken) > 2 and all(len(word.text) == 1 for word in taken):
        name = "".join(word.text for word in taken)
    else:
        name = text[taken[0].start : taken[-1].end]
    return Found(_titled(name), without(text, start, taken[-1].end), sure=len(name) > 1)


def _joins_names(text: str, word: Word, ask: Ask) -> bool:
    """Whether behind "and" comes one more name and nothing else."""
    behind = words(text[word.end :])
    return len(behind) == 1 and behind[0].text not in ask.speech.not_names | ask.speech.after_names


def _titled(name: str) -> str:
    return " ".join(part if part[:1].isupper() or part == "and" else part.capitalize() for part in name.split())
