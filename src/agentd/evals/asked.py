"""What the agent has just asked for, read from its words, so that a dialogue survives other wording.

A slot's own question settles it. Else the words of a question are weighed: what people ask with for a type of slot, the
choices it offers, the words it shares with the slot's own question.
"""

from __future__ import annotations

import re

from agentd.core.playbook import Playbook, Slot
from agentd.evals.script import CLOSING, CONFIRM

_WORD = re.compile(r"[^\W_]+(?:['\"״׳’][^\W_]+)*")
_CONFIRM = {
    "he": re.compile(r"(נכון|מדויק|צודקת|זה בסדר)\s*\?\s*$"),
    "en": re.compile(r"(is that (right|correct)|correct|right|did i get (that|it) right)\s*\?\s*$", re.IGNORECASE),
}
_MORE = {"he": re.compile(r"עוד משהו"), "en": re.compile(r"anything else", re.IGNORECASE)}
_CUES = {
    "he": {
        "name": r"\bהשם\b|\bשם\b|מי מדבר",
        "phone": r"מספר|טלפון|נייד|ספרה|ההמשך|ואחר כך",
        "date": r"\bיום\b|שעה|נוח",
        "timing": r"מתי|תוך כמה|באיזה חודש|לחץ|כניסה|רלוונטי",
        "money": r"תקציב|סכום|בשקלים|כמה כסף|להשקיע|לשלם",
        "area": r"אזור|איזור|איפה|\bעיר\b|שכונה|באיזו עיר",
        "text": r"לעזור|במה מדובר|בקצרה|בנוגע למה",
        "number": r"^כמה|במספר",
    },
    "en": {
        "name": r"\bname\b|who('s| is) (calling|speaking)",
        "phone": r"\bnumber\b|phone|reach you|digit|the rest|and then\?",
        "date": r"\bday\b|\btime\b|\bwhen\b",
        "timing": r"\bwhen\b|how soon|\bmonth|timing|timeline|move in|\brush\b",
        "money": r"budget|how much|spend|price|shekels",
        "area": r"\barea\b|\bwhere\b|\btown\b|\bcity\b|neighbou?rhood",
        "text": r"\bhelp\b|what is it about|what do you need",
        "number": r"how many|the number\?",
    },
}
UNKNOWN = "?"
LEAST = 1.5  # weight below which a question is for nothing we know
CHOICES_WEIGHT = 3.0  # two choices of a slot in one question leave little doubt


def asked(reply: str, playbook: Playbook) -> str:
    """The name of a slot, "confirm", "closing", "" for a reply that asks nothing, or `UNKNOWN`."""
    language = "he" if playbook.language[:2] in ("he", "iw") else "en"
    if closes(reply, playbook) or _MORE[language].search(reply):
        return CLOSING
    for slot in playbook.slots:
        if _plain(slot.question) in _plain(reply):
            return slot.name
    if "?" not in reply:
        return ""
    question = _question(reply)
    if _CONFIRM[language].search(reply):
        return CONFIRM
    weighed = [(_weight(question, slot, _CUES[language]), -at) for at, slot in enumerate(playbook.slots)]
    best, place = max(weighed, default=(0.0, 0))
    return playbook.slots[-place].name if best >= LEAST else UNKNOWN


def closes(reply: str, playbook: Playbook) -> bool:
    """Whether the closing was said: most of its words, and no question."""
    wanted, said = set(_plain(playbook.closing).split()), set(_plain(reply).split())
    return bool(wanted) and "?" not in reply and len(wanted & said) >= 0.6 * len(wanted)


def _question(reply: str) -> str:
    upto = reply[: reply.index("?") + 1]
    return re.split(r"(?<=[.!])\s+", upto)[-1]


def _weight(question: str, slot: Slot, cues: dict[str, str]) -> float:
    weight = 0.0
    cue = cues.get(slot.type)
    if cue and re.search(cue, question, re.IGNORECASE):
        weight += 2.0
    offered = sum(choice.lower() in question.lower() for choice in slot.choices)
    weight += CHOICES_WEIGHT if offered >= 2 else 0.0
    own, said = set(_plain(slot.question).split()), set(_plain(question).split())
    return weight + 2.0 * len(own & said) / max(1, len(own))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
