"""Text as the rules see it: words in lower case, with their places in the original, and number words as digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

_WORD = re.compile(r"\d+(?:[:.]\d\d)?(?!\d)|[^\W\d_]+(?:['’׳״\"][^\W\d_]+)*['׳]?")
_PREFIXES = "ובלהמש"  # and, in/at, to, the, from, that: written as one word with what follows

REMEMBERED: Final = 512
"""Texts. Every reader looks at the words of a line again, and every line of ours is compared with those of the
playbook; a line of twenty words takes 3 kB."""


class Word(NamedTuple):
    """`text` in lower case; it stands at `start:end` of the original."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Numerals:
    """The number words of a language. `joins`: words that may stand inside a number ("and")."""

    units: Mapping[str, int]  # of one word: 0 to 19, "מאתיים"
    tens: Mapping[str, int]
    scales: Mapping[str, int]  # 100, 1000, ...: multiplies what stands before it
    teen: frozenset[str] = frozenset()  # "עשרה" after a unit
    joins: frozenset[str] = frozenset()
    repeats: Mapping[str, int] = field(default_factory=dict)  # "double five"
    prefixed: bool = False  # a number word may carry a prefix letter


@dataclass(frozen=True, slots=True)
class Number:
    """A number in the text: its value, the digits as dictated, and the words `first` to `last` (exclusive)."""

    value: int
    digits: str
    first: int
    last: int


@lru_cache(maxsize=REMEMBERED)
def words(text: str) -> tuple[Word, ...]:
    return tuple([Word(m.group().lower().replace("’", "'"), m.start(), m.end()) for m in _WORD.finditer(text)])


@lru_cache(maxsize=REMEMBERED)
def plain(text: str) -> str:
    """For comparing: the words, a space between."""
    return " ".join([word.text for word in words(text)])


def clean(text: str) -> str:
    """Spellings that would mislead: "a.m." is one word, a comma inside a figure is none, and a note of the recogniser
    such as "(unclear)" is nothing that was said."""
    text = re.sub(r"[(\[<][^)\]>]*[)\]>]", " ", text).strip()
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)


def numbers(text: Sequence[Word], how: Numerals, *, dictated: bool = True) -> list[Number]:
    """Every number, spelled or in figures, in order. `dictated`: as in a phone number, where "two hundred five" is
    200 and 5; otherwise it is 205."""
    read = _dictated if dictated else _amount
    found: list[Number] = []
    at = 0
    while at < len(text):
        number = read(text, at, how)
        if number is None:
            at += 1
        else:
            found.append(number)
            at = number.last
    return found


def unprefixed(word: str) -> list[str]:
    """A Hebrew word without the one or two letters that may be written onto it: "ובגבעתיים"."""
    return [word[n:] for n in (1, 2) if len(word) > n + 2 and all(letter in _PREFIXES for letter in word[:n])]


def look(word: str, table: Mapping[str, int], how: Numerals) -> int | None:
    value = table.get(word)
    if value is None and how.prefixed and len(word) > 2 and word[0] in _PREFIXES:
        value = table.get(word[1:])
    return value


def _dictated(text: Sequence[Word], at: int, how: Numerals) -> Number | None:
    word = text[at].text
    if word.isdecimal():
        return Number(int(word), word, at, at + 1)
    times = how.repeats.get(word)
    if times and at + 1 < len(text):
        inner = _dictated(text, at + 1, how)
        if inner is not None and inner.value < 10:
            return Number(inner.value, inner.digits * times, at, inner.last)
    value, last = _small(text, at, how)
    if last == at:
        return None
    if last < len(text) and (scale := look(text[last].text, how.scales, how)) and 0 < value < 10:
        value, last = value * scale, last + 1
    return Number(value, str(value), at, last)


def _amount(text: Sequence[Word], at: int, how: Numerals) -> Number | None:
    total = part = 0
    now = last = at
    while now < len(text):
        word = text[now].text
        small, end = (int(word), now + 1) if word.isdecimal() and now == at else _small(text, now, how)
        if end > now:
            if part % 100 or (part and now == at):
                break
            part += small
        elif scale := look(word, how.scales, how):
            if scale == 100:
                part = (part or 1) * 100
            else:
                total, part = total + (part or 1) * scale, 0
            end = now + 1
        elif word in how.joins and now > at:
            now += 1
            continue
        else:
            break
        now = last = end
    value = total + part
    return Number(value, str(value), at, last) if last > at else None


def _small(text: Sequence[Word], at: int, how: Numerals) -> tuple[int, int]:
    """(a number of one word, or tens and unit, that begins at `at`; where it ends)."""
    unit = look(text[at].text, how.units, how)
    if unit is not None:
        if 0 < unit < 10 and at + 1 < len(text) and text[at + 1].text in how.teen:
            return unit + 10, at + 2
        return unit, at + 1
    ten = look(text[at].text, how.tens, how)
    if ten is None:
        return 0, at
    if at + 1 < len(text):
        word = text[at + 1].text
        joined = word[1:] if how.prefixed and word[0] == "ו" else "" if how.prefixed else word
        unit = how.units.get(joined)
        if unit is not None and 0 < unit < 10:
            return ten + unit, at + 2
    return ten, at + 1
