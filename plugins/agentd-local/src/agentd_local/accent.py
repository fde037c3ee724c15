"""Hebrew from a voice that was never taught it: an English piper voice, with an accent.

Left to itself, such a voice reads "Hebrew letter shin, Hebrew letter lamed". Piper brings a Hebrew reader (vowel
points by Nakdimon, then phonemes); its few sounds that English lacks are replaced by the nearest ones, and figures
are written out first, which that reader would drop. Understandable, not beautiful; `agentd check` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentd.core.slots.hebrew import DIGITS, TEENS, TENS

_NEAREST = {"ʁ": "ɹ", "χ": "h", "x": "h", "r": "ɹ"}
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_CLAUSE = re.compile(r"[^,;:]+")


class HebrewReader:
    """Loads the model of vowel points (some 50 ms). `sentences` is safe in several threads."""

    def __init__(self) -> None:
        from piper.phonemize_hebrew import HebrewPhonemizer

        self._reader = HebrewPhonemizer()

    def sentences(self, text: str) -> Iterator[list[str]]:
        """The phonemes of each sentence."""
        for sentence in _SENTENCE.findall(spell_figures(text)):
            clauses = [self._clause(clause) for clause in _CLAUSE.findall(sentence)]
            spoken = [clause for clause in clauses if clause]
            if spoken:
                end = "?" if "?" in sentence else "."
                yield [sound for clause in spoken[:-1] for sound in (*clause, ",", " ")] + [*spoken[-1], end]

    def _clause(self, clause: str) -> list[str]:
        return [_NEAREST.get(sound, sound) for part in self._reader.phonemize(clause) for sound in part]


def spell_figures(text: str) -> str:
    """Figures up to 99 as Hebrew words, longer ones digit by digit."""
    return re.sub(r"\d+", lambda figures: f" {_spell(figures.group())} ", text)


def _spell(figures: str) -> str:
    value = int(figures)
    if len(figures) > 2 or figures[0] == "0" or value < 10:
        return " ".join(DIGITS[int(digit)] for digit in figures)
    if value < 20:
        return TEENS[value - 10]
    ten, unit = divmod(value, 10)
    return TENS[ten - 2] + (f" ו{DIGITS[unit]}" if unit else "")
