"""An amount of money as people say it: "two and a half million", "שני מיליון וחצי", "6.5K".

Of a range the upper end counts. A small number without its thousands or millions ("two and a half") is completed by
what is likely, and confirmed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.words import look

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:['’׳״\"][^\W\d_]+)*['׳]?|[₪$€£]")
MILLION, THOUSAND = 1_000_000, 1_000
VOLUNTEERED = 1_000  # a smaller amount that nobody asked for is something else: rooms, an hour
HOME = {"IL": "shekels", "US": "dollars", "GB": "pounds"}


@dataclass(slots=True)
class _Amount:
    """A number under way. `part` waits for its scale; `scale` is the last one heard, 0 before the first."""

    total: float = 0
    part: float = 0
    scale: int = 0
    first: int = -1
    last: int = -1  # exclusive

    def value(self) -> float:
        """What the words come to. After a million the thousands go unsaid: "a million eight hundred"."""
        if self.scale == MILLION and 0 < self.part < THOUSAND:
            return self.total + self.part * (100 * THOUSAND if self.part < 10 else THOUSAND)
        return self.total + self.part


def read(text: str, ask: Ask) -> Found | None:
    tokens = [(m.group().lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    spoken = [token for token, _, _ in tokens]
    amounts = _amounts(spoken, ask)
    how = ask.speech.money
    named = [how.currencies[word] for word in spoken if word in how.currencies]
    currency = named[-1] if named else HOME.get(ask.region, "shekels")
    cue = bool(named) or any(word in how.cues for word in spoken)
    if not ask.asked:
        amounts = [a for a in amounts if a.value() >= VOLUNTEERED and (a.scale or cue)]
    if amounts:
        amount = amounts[-1]
        before = amounts[-2] if len(amounts) > 1 else None
        value, sure = amount.value(), True
        if before is not None and before.scale and not amount.scale and amount.last == len(spoken):
            again = value * before.scale  # "eight thousand, or even ten"
            value, sure = (again, True) if before.value() / 2 <= again <= before.value() * 2 else (value, sure)
        if before is not None and amount.last - before.first <= 6 and before.value() > value and not cue:
            amount, value = before, before.value()  # "three million, four rooms"
        if value < VOLUNTEERED and not named:
            value, sure = _completed(value), False
        start, end = tokens[amount.first][1], tokens[amount.last - 1][2]
        if value > 0:
            whole = round(value)
            said = how.say(whole, currency)
            known = str(whole) if currency == HOME.get(ask.region, "shekels") else f"{whole} {currency}"
            return Found(said, without(text, start, end), sure=sure, known=known)
    if ask.asked and (flexible := ask.speech.flexible.search(text.lower())):
        return Found(flexible.group().strip(), "", known="flexible")
    return None


def _completed(value: float) -> float:
    """Thousands or millions that went unsaid: under four it is a price, from four on a rent, hundreds are thousands."""
    return value * (MILLION if value < 4 else THOUSAND)


def _amounts(spoken: list[str], ask: Ask) -> list[_Amount]:
    found: list[_Amount] = []
    at = 0
    while at < len(spoken):
        amount = _one(spoken, at, ask)
        if amount.last > at:
            found.append(amount)
        at = max(amount.last, at + 1)
    return found


def _one(spoken: list[str], at: int, ask: Ask) -> _Amount:
    how, numerals = ask.speech.money, ask.speech.numerals
    amount = _Amount(first=at)
    now = at
    while now < len(spoken):
        word = spoken[now]
        number = float(word) if word[0].isdigit() else look(word, numerals.units, numerals)
        if number is None:
            number = look(word, numerals.tens, numerals)
        scale = look(word, how.scales, numerals)
        if word in how.point and amount.part and now + 1 < len(spoken):
            tenth = look(spoken[now + 1], numerals.units, numerals)
            if tenth is None and not spoken[now + 1].isdecimal():
                break
            amount.part += float(f"0.{spoken[now + 1] if tenth is None else tenth}")
            now += 1
        elif word in how.halves and (amount.part or amount.scale or _scale_follows(spoken, now, ask)):
            _fraction(amount, how.halves[word])
        elif scale == 100:
            amount.part = amount.part // 1000 * 1000 + (amount.part % 1000 or 1) * 100
        elif scale is not None:
            if amount.scale and scale >= amount.scale:
                break  # another amount: "two million or three million"
            amount.total += (amount.part or 1) * scale
            amount.part, amount.scale = 0, scale
        elif number is not None and (amount.last < 0 or _joins(amount.part, number)):
            amount.part += 10 if amount.part and word in numerals.teen else number
        elif word in how.inside and amount.last > 0:
            now += 1
            continue
        else:
            break
        now += 1
        amount.last = now
    return amount


def _joins(part: float, number: float) -> bool:
    """Whether a number goes on with this one: hundreds, tens, units, each once. 2 then 3 are two numbers."""
    if part == 0:
        return True
    if number == 10 and 0 < part % 100 < 10:
        return True  # "שלוש עשרה"
    return part == int(part) and number < 100 and part % (100 if number >= 10 else 10) == 0


def _fraction(amount: _Amount, fraction: float) -> None:
    if amount.scale and not amount.part:
        amount.total += amount.scale * fraction
    else:
        amount.part += fraction


def _scale_follows(spoken: list[str], at: int, ask: Ask) -> bool:
    """ "half a million": the half comes first."""
    how = ask.speech.money
    rest = [word for word in spoken[at + 1 : at + 4] if word not in how.inside]
    return bool(rest) and (look(rest[0], how.scales, ask.speech.numerals) or 0) >= THOUSAND
