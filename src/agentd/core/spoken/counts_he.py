"""Counts in Hebrew: the number takes the gender and form that the counted noun asks for.

"3.5 חדרים", "1 שקל" -> שקל אחד, "2 שעות" -> שעתיים, "3 הימים" -> שלושת הימים, "3-5 ימים", "הקומה ה-3" -> השלישית.
The noun is looked for behind the number, over a range or an enumeration ("3 או 4 חדרים").
"""

from __future__ import annotations

import re

from agentd.core.spoken import numbers_he
from agentd.core.spoken.figures import NUMBER, SIGNED, figure, said
from agentd.core.spoken.nouns_he import SECOND, Noun, counts_as, gender_of_one, known

_WORD = r"[א-ת][א-ת'\"\u05B0-\u05C7]*"
_ALONE = r"(?<!\d-)(?<![\d.,:/])"
_WITH_NOUN = re.compile(
    rf"{_ALONE}(?P<number>[12]|[0-2]\.5|0\.25|1\.25)(?![\d.,:/%]\d|\d) ?(?P<noun>{_WORD})(?: (?P<second>{_WORD}))?"
)
_MILLIONS = re.compile(rf"(?P<number>{NUMBER}) ?(?P<scale>אלפי|אלף|אלפים|מיליוני|מיליון|מיליארד)(?![א-ת'\"])")
_SCALES = {"אלף": 3, "אלפי": 3, "אלפים": 3, "מיליון": 6, "מיליוני": 6, "מיליארד": 9}
_FRACTION = re.compile(
    rf"(?<![\d.,/])(?:(?P<whole>\d{{1,3}}) )?(?P<up>[1-9])/(?P<down>[2-9]|10)(?![\d/]|[.,]\d)(?: ?(?P<noun>{_WORD}))?"
)
_PARTS = {2: "חצי", 3: "שליש", 4: "רבע", 5: "חמישית", 6: "שישית", 7: "שביעית", 8: "שמינית", 9: "תשיעית", 10: "עשירית"}
_PARTS_MANY = {3: "שלישים", 4: "רבעים"}
_ORDINAL = re.compile(
    rf"(?P<noun>{_WORD}) ה-?(?P<n>[1-9]\d?)(?![\d.,:/%]\d|[\d%])(?! ?(?:[בל]?-?חודש|{_WORD}(?:ים|ות)\b))"
)
_NUMBER = re.compile(SIGNED)
# What may stand between a number and its noun: the end of a range, or the rest of a list that an "או" closes.
_NEXT = re.compile(
    rf"(?:(?: ?- ?| עד | ל-?| לבין ){NUMBER}|(?:, {NUMBER}){{0,4}},? או {NUMBER}){{0,2}}"
    rf"(?: וחצי| ורבע)?[ -]?(?P<noun>{_WORD})"
)


def spoken_counts(text: str) -> str:
    """Every remaining figure of `text` to words."""
    text = _MILLIONS.sub(_scaled, text)
    text = _FRACTION.sub(_fraction, text)
    text = _WITH_NOUN.sub(_with_noun, text)
    text = _ORDINAL.sub(_ordinal, text)
    return _NUMBER.sub(_number, text)


def one_of(noun: str, masculine: bool) -> str:
    """שקל אחד, אגורה אחת."""
    return f"{noun} {'אחד' if masculine else 'אחת'}"


def counted(n: int, noun: Noun) -> str:
    """A count with a noun of the table: שקל אחד, שני שקלים, שעתיים."""
    if n == 1:
        return one_of(noun.one, noun.masculine)
    if n == 2 and noun.dual:
        return noun.dual
    return f"{numbers_he.before_noun(n, noun.masculine)} {noun.many}"


def _scaled(match: re.Match[str]) -> str:
    """Written out in figures where that is a whole number; a half stays one: מיליון וחצי, שלושה וחצי מיליון."""
    number, zeros = figure(match["number"]), _SCALES[match["scale"]]
    name = "אלף" if zeros == 3 else match["scale"].removesuffix("י")
    if re.search(r"\d ?- ?$| עד $| או $|\d[.,:/]$", match.string[: match.start()][-5:]) or len(number.whole) > 5:
        return f"{match['number']} {name}" + (" " if match["scale"] in ("אלפי", "מיליוני") else "")
    if re.match(r" ?-? ?(?:עד |או )?\d", match.string[match.end() :]):
        return match[0]
    if zeros > 3 and number.fraction == "5":
        words = f"{name} וחצי" if number.value == 1 else f"{numbers_he.decimal(number, True)} {name}"
        return said(words)
    if len(number.fraction) > zeros:
        return match[0]
    return f"{int(number.whole + number.fraction.ljust(zeros, '0')):,}"


def _with_noun(match: re.Match[str]) -> str:
    noun = known(match["noun"])
    second = f" {match['second']}" if match["second"] else ""
    whole, _, fraction = match["number"].partition(".")
    if noun is None:
        gender = _singular(match["noun"]) if match["number"] == "1" else None
        return match[0] if gender is None else _one(match["noun"], second, gender)
    if match["number"] == "1":
        return _one(noun.one, second, noun.masculine)
    part = {"": "", "5": "חצי", "25": "רבע"}[fraction]
    if whole == "0":
        return said(f"{part} {noun.one}") + second if part else match[0]
    if whole == "1":
        own, rest = _pair(noun.one, second)
        return said(f"{own} ו{part}") + rest
    if noun.dual:
        return said(noun.dual + (f" ו{part}" if part else "")) + second
    return match[0]


def _one(noun: str, second: str, masculine: bool) -> str:
    own, rest = _pair(noun, second)
    return said(one_of(own, masculine)) + rest


def _pair(noun: str, second: str) -> tuple[str, str]:
    return (noun + second, "") if second.strip() in SECOND else (noun, second)


def _singular(word: str) -> bool | None:
    """Masculine? For "1" and a word that the table does not have: only where the ending speaks for a noun."""
    if len(word) > 3 and word[0] not in "בלמכשוה" and word[-1] in "הת" and not word.endswith("ות"):
        return False
    return None


def _fraction(match: re.Match[str]) -> str:
    up, down = int(match["up"]), int(match["down"])
    noun = f" {match['noun']}" if match["noun"] else ""
    if up >= down:
        return match[0]
    if up == 1:
        part = _PARTS[down]
    elif down in _PARTS_MANY:
        name = _PARTS_MANY[down]
        counted_noun = noun and known(noun.strip())
        part = (
            f"{numbers_he.before_noun(up, True, bool(counted_noun))} {name.removesuffix('ם') if counted_noun else name}"
        )
    else:
        part = f"{numbers_he.before_noun(up, False)} {_PARTS[down].removesuffix('ת')}ות"
    if not match["whole"]:
        return said(part) + noun
    gender = counts_as(match["noun"]) if match["noun"] else None
    whole = numbers_he.cardinal(int(match["whole"]), bool(gender and gender[0]))
    return said(f"{whole} ו{part}") + noun


def _ordinal(match: re.Match[str]) -> str:
    masculine = gender_of_one(match["noun"])
    if masculine is None:
        return match[0]
    n = int(match["n"])
    words = numbers_he.ordinal(n, masculine) if n <= 10 else numbers_he.cardinal(n, masculine)
    return f"{match['noun']} {said('ה' + words)}"


def _number(match: re.Match[str]) -> str:
    number = figure(match[0])
    if number.is_integer and (number.is_long or (len(number.whole) > 1 and number.whole[0] == "0")):
        return said(("מינוס " if number.negative else "") + numbers_he.digits(number.whole))
    after = _NEXT.match(match.string, match.end())
    gender = counts_as(after["noun"]) if after else None
    if gender is None:
        return said(numbers_he.decimal(number))
    masculine, definite = gender
    assert after is not None
    next_to_noun = after.start("noun") - match.end() <= 1
    if number.is_integer and next_to_noun and not number.negative:
        return said(numbers_he.before_noun(number.value, masculine, definite))
    return said(numbers_he.decimal(number, masculine))
