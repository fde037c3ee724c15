"""A phone number: figures, digits dictated as words, in one go or in parts."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from itertools import chain

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.speech import Speech
from agentd.core.slots.words import Number, numbers, words

LEAST = 7  # digits of a local number
VOLUNTEERED = 9  # digits that nobody asked for and that must be a phone number
PART = 2  # digits that begin a number which is dictated in parts
LONGEST = 15  # E.164


class How(Enum):
    """How well a number must be known: its digits are allotted, or only as many as they should be."""

    VALID = "valid"
    POSSIBLE = "possible"


def read(text: str, ask: Ask) -> Found | None:
    spoken = words(text)
    runs = _runs(numbers(spoken, ask.speech.numerals), [word.text for word in spoken], ask.speech.phone_glue)
    runs = [run for run in runs if all(number.value < 1_000_000 or number.digits in text for number in run)]
    if not runs:  # "three million two hundred" is an amount
        return None
    every = list(chain.from_iterable(runs))
    if ask.asked and len(runs) > 1 and _national(_digits(every), ask.region, How.VALID):
        runs = [every]  # whatever was said between the parts
    run = max((_best(run, ask.region) for run in runs), key=lambda run: len(_digits(run)))
    digits = _digits(run)
    rest = without(text, spoken[run[0].first].start, spoken[run[-1].last - 1].end)
    before = ask.before if isinstance(ask.before, str) else ""
    together = before + digits
    for candidate in dict.fromkeys((digits, together)):
        if national := _national(candidate, ask.region, How.VALID):
            return Found(ask.speech.say_digits(national), rest, known=national)
    national = _national(together, ask.region, How.POSSIBLE)
    if len(national) >= (LEAST if ask.asked else VOLUNTEERED):
        return Found(ask.speech.say_digits(national), rest, sure=False, known=national)
    if ask.asked and PART <= len(together) < VOLUNTEERED:
        return Found(ask.speech.say_digits(together), rest, whole=False, known=together)
    return None


def ending(whole: Found, part: Found, speech: Speech) -> Found:
    """ "No, 0124 at the end": the number with other last digits; the part alone if it begins the number anew."""
    known, digits = str(whole.known), str(part.known)
    if known.startswith(digits):
        return part
    fixed = known[: -len(digits)] + digits
    return Found(speech.say_digits(fixed), part.rest, sure=False, known=fixed)


def tail(text: str, speech: Speech) -> Found | None:
    """The one digit of "no, at the end it's a five"."""
    found = numbers(words(text), speech.numerals)
    if len(found) != 1 or len(found[0].digits) >= PART:
        return None
    return Found(found[0].digits, whole=False, known=found[0].digits)


def _runs(found: list[Number], spoken: list[str], glue: frozenset[str]) -> list[list[Number]]:
    """Numbers with nothing but glue between them belong together."""
    runs: list[list[Number]] = []
    for number in found:
        if runs and all(word in glue for word in spoken[runs[-1][-1].last : number.first]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _best(run: list[Number], region: str) -> list[Number]:
    """The longest stretch that is a number which exists, or all of it: "at ten, 212 555 0123" holds an hour too."""
    if _national(_digits(run), region, How.POSSIBLE):
        return run
    for size in range(len(run) - 1, 0, -1):
        for at in range(len(run) - size + 1):
            if _national(_digits(run[at : at + size]), region, How.VALID):
                return run[at : at + size]
    return run


def _digits(run: list[Number]) -> str:
    return "".join(number.digits for number in run)


@lru_cache(maxsize=256)  # a line of digits is tried in every stretch, and read by several rules
def _national(digits: str, region: str, how: How) -> str:
    """The digits as they are dialled in `region` (a foreign number with its country code); "" if there is none."""
    if not LEAST <= len(digits) <= LONGEST:
        return ""
    import phonenumbers  # megabytes: only once somebody says a number

    good = phonenumbers.is_valid_number if how is How.VALID else phonenumbers.is_possible_number
    for text, where in ((digits, region), ("+" + digits, None)):
        try:
            number = phonenumbers.parse(text, where)
        except phonenumbers.NumberParseException:
            continue
        if good(number):
            home = number.country_code == phonenumbers.country_code_for_region(region)
            known = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            return "".join(filter(str.isdigit, known)) if home else digits
    return ""
