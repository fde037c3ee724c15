"""A phone number: figures, digits dictated as words, in one go or in parts."""

from __future__ import annotations

import phonenumbers

from agentd_local.rules.slots.base import Ask, Found, without
from agentd_local.rules.words import Number, numbers, words

LEAST = 7  # digits of a local number
VOLUNTEERED = 9  # digits that nobody asked for and that must be a phone number
PART = 2  # digits that begin a number which is dictated in parts
LONGEST = 15  # E.164


def read(text: str, ask: Ask) -> Found | None:
    spoken = words(text)
    runs = _runs(numbers(spoken, ask.speech.numerals), [word.text for word in spoken], ask.speech.phone_glue)
    if not runs:
        return None
    run = max(runs, key=lambda run: len(_digits(run)))
    digits = _digits(run)
    rest = without(text, spoken[run[0].first].start, spoken[run[-1].last - 1].end)
    before = ask.before if isinstance(ask.before, str) else ""
    for candidate in (digits, before + digits if before else digits):
        national = _valid(candidate, ask.region)
        if national:
            return Found(ask.speech.say_digits(national), rest, known=national)
    together = before + digits
    number = _parse(together, ask.region)
    least = LEAST if ask.asked else VOLUNTEERED
    if number is not None and least <= len(together) <= LONGEST and phonenumbers.is_possible_number(number):
        return Found(ask.speech.say_digits(together), rest, sure=False, known=together)
    if ask.asked and PART <= len(together) < VOLUNTEERED:
        return Found(ask.speech.say_digits(together), rest, whole=False, known=together)
    return None


def _runs(found: list[Number], spoken: list[str], glue: frozenset[str]) -> list[list[Number]]:
    """Numbers with nothing but glue between them belong together."""
    runs: list[list[Number]] = []
    for number in found:
        if runs and all(word in glue for word in spoken[runs[-1][-1].last : number.first]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _digits(run: list[Number]) -> str:
    return "".join(number.digits for number in run)


def _valid(digits: str, region: str) -> str:
    """National digits of a number that exists, "" otherwise."""
    if not LEAST <= len(digits) <= LONGEST:
        return ""
    for text, where in ((digits, region), ("+" + digits, None)):
        number = _parse(text, where)
        if number is not None and phonenumbers.is_valid_number(number):
            known = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            home = phonenumbers.region_code_for_number(number) == region
            return "".join(filter(str.isdigit, known)) if home else digits
    return ""


def _parse(digits: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
