"""Signs of money, percent and measure, rewritten as the nouns that the counting rules then count.

"120 ₪" -> "120 שקלים", "₪1.2 מיליון" -> "1.2 מיליון שקלים", "85 מ\"ר" -> "85 מטר רבוע", "10%" -> "10 אחוזים". Two
decimals of money are coins and become words here. Measures and percents stand in the singular from eleven on, as speech
has it (עשרים אחוז); shekels stay plural.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agentd.core.spoken import numbers_en, numbers_he
from agentd.core.spoken.counts_he import counted
from agentd.core.spoken.figures import NUMBER, SIGNED, Figure, figure, said
from agentd.core.spoken.nouns_he import BY_FORM, Noun

_RANGE = rf"(?P<number>{SIGNED})(?P<to> ?- ?{NUMBER})?"
_MAGNITUDE = r"(?P<magnitude> ?(?:מיליון|מיליארד|אלף|million|billion|thousand|[KkMB])(?![\w\"]))?"
_PER = r"(?P<per> ?/ ?(?=\w))?"
_MAGNITUDES_HE = {
    "K": " אלף",
    "k": " אלף",
    "M": " מיליון",
    "B": " מיליארד",
    "million": " מיליון",
    "billion": " מיליארד",
}
_MAGNITUDES_EN = {"K": " thousand", "k": " thousand", "M": " million", "B": " billion"}


class _Unit(NamedTuple):
    """`few` for 2-10 and fractions, `many` from 11 on (and for a range)."""

    one: str
    few: str
    many: str


_SHEKEL = _Unit("שקל", "שקלים", "שקלים")
_HE_MONEY = {
    "₪": (_SHEKEL, "אגורה"), "$": (_Unit("דולר", "דולרים", "דולר"), "סנט"), "€": (_Unit("יורו", "יורו", "יורו"), "סנט"),
    "£": (_Unit("לירה שטרלינג", "לירות שטרלינג", "לירות שטרלינג"), ""),
}  # fmt: skip
_MONEY_NAMES = {'ש"ח': "₪", "שח": "₪", "NIS": "₪", "ILS": "₪", "USD": "$", "EUR": "€", "GBP": "£"}
_SIGN = r"(?:[₪$€£]|ש\"ח|שח(?![א-ת])|(?:NIS|ILS|USD|EUR|GBP)\b)"
_MONEY_AFTER = re.compile(rf"{_RANGE}{_MAGNITUDE} ?(?P<sign>{_SIGN}){_PER}")
_MONEY_BEFORE = re.compile(rf"(?P<minus>(?<![\w)-])-)?(?P<sign>{_SIGN}) ?{_RANGE}{_MAGNITUDE}{_PER}")

# "₪100-₪120", "10%-15%": the sign once is enough.
_TWICE_BEFORE = re.compile(rf"({_SIGN}) ?({NUMBER}) ?- ?\1 ?(?=\d)")
_TWICE_AFTER = re.compile(rf"({NUMBER}) ?({_SIGN}|%) ?- ?(?={NUMBER} ?\2)")


def _unit(one: str, few: str) -> _Unit:
    return _Unit(one, few, one)


_HE_UNITS = {
    "%": _unit("אחוז", "אחוזים"), "מ\"ר": _unit("מטר רבוע", "מטרים רבועים"), "ק\"מ": _unit("קילומטר", "קילומטרים"),
    "ק\"ג": _unit("קילו", "קילו"), "ס\"מ": _unit("סנטימטר", "סנטימטרים"), "מ\"מ": _unit("מילימטר", "מילימטרים"),
    "מ\"ק": _unit("מטר מעוקב", "מטרים מעוקבים"), "קמ\"ש": _unit("קילומטר לשעה", "קילומטר לשעה"),
    "מ'": _unit("מטר", "מטרים"), "גר'": _unit("גרם", "גרם"), "דק'": _Unit("דקה", "דקות", "דקות"),
    "שנ'": _Unit("שנייה", "שניות", "שניות"), "שע'": _Unit("שעה", "שעות", "שעות"), "חד'": _Unit("חדר", "חדרים", "חדרים"),
    "אג'": _Unit("אגורה", "אגורות", "אגורות"), "יח'": _Unit("יחידה", "יחידות", "יחידות"),
    "נק'": _Unit("נקודה", "נקודות", "נקודות"),
    "°C": _Unit("מעלה", "מעלות", "מעלות"), "°": _Unit("מעלה", "מעלות", "מעלות"),
    "GB": _unit("גיגה", "גיגה"), "MB": _unit("מגה", "מגה"), "MIN": _Unit("דקה", "דקות", "דקות"),
}  # fmt: skip
_HE_ALIASES = {
    "km": "ק\"מ", "kg": "ק\"ג", "cm": "ס\"מ", "mm": "מ\"מ", "sqm": "מ\"ר", "m²": "מ\"ר", "מ²": "מ\"ר", "sq m": "מ\"ר",
    "m2": "מ\"ר", "m³": "מ\"ק", "מ³": "מ\"ק", "km/h": "קמ\"ש", "m": "מ'", "min": "MIN", "mins": "MIN",
}  # fmt: skip
_EN_UNITS = {
    "%": ("percent", "percent"), "km/h": ("kilometer per hour", "kilometers per hour"),
    "km": ("kilometer", "kilometers"),
    "kg": ("kilogram", "kilograms"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"), "g": ("gram", "grams"), "sqm": ("square meter", "square meters"),
    "sq m": ("square meter", "square meters"), "sq. m": ("square meter", "square meters"),
    "m²": ("square meter", "square meters"), "m2": ("square meter", "square meters"),
    "sq ft": ("square foot", "square feet"), "sq. ft": ("square foot", "square feet"),
    "sqft": ("square foot", "square feet"),
    "ft": ("foot", "feet"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "mi": ("mile", "miles"),
    "mph": ("mile per hour", "miles per hour"), "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "sec": ("second", "seconds"), "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree", "degrees"),
    "°": ("degree", "degrees"),
}  # fmt: skip
_EN_MONEY = {
    "$": ("dollar", "dollars", "cent"), "€": ("euro", "euros", "cent"), "₪": ("shekel", "shekels", "agora"),
    "£": ("pound", "pounds", "penny"),
}  # fmt: skip
_COINS_EN = {"cent": "cents", "agora": "agorot", "penny": "pence"}


def _names(*tables: dict[str, object]) -> str:
    return "|".join(re.escape(name) for name in sorted({n for t in tables for n in t}, key=len, reverse=True))


_HE_UNIT = re.compile(rf"{_RANGE} ?(?P<unit>{_names({**_HE_UNITS}, {**_HE_ALIASES})})(?![\w\"]){_PER}")
_EN_UNIT = re.compile(rf"{_RANGE}[ -]?(?P<unit>{_names({**_EN_UNITS})})(?!\w){_PER}")


def hebrew(text: str) -> str:
    """Signs of Hebrew text to Hebrew nouns."""
    text = _TWICE_BEFORE.sub(r"\1\2-", _TWICE_AFTER.sub(r"\1-", text))
    text = _MONEY_BEFORE.sub(_hebrew_money, _MONEY_AFTER.sub(_hebrew_money, text))
    return _HE_UNIT.sub(_hebrew_unit, text)


def english(text: str) -> str:
    """Signs of English text to English nouns."""
    text = _TWICE_BEFORE.sub(r"\1\2-", _TWICE_AFTER.sub(r"\1-", text))
    text = _MONEY_BEFORE.sub(_english_money, _MONEY_AFTER.sub(_english_money, text))
    return _EN_UNIT.sub(_english_unit, text)


def _amount(match: re.Match[str]) -> tuple[str, Figure, bool]:
    """The figures as written, the number that decides the form (a range's last), and whether it is one number."""
    minus = "-" if match.groupdict().get("minus") else ""
    written = minus + match["number"] + (match["to"] or "")
    return written, figure(match["to"].strip(" -") if match["to"] else match["number"]), not match["to"]


def _form(number: Figure, single: bool, unit: _Unit) -> str:
    if single and ((number.whole == "1" and number.is_integer) or (number.whole == "0" and number.fraction == "5")):
        return unit.one
    return unit.few if len(number.whole) < 2 or number.whole == "10" else unit.many


def _hebrew_money(match: re.Match[str]) -> str:
    unit, coin = _HE_MONEY[_MONEY_NAMES.get(match["sign"], match["sign"])]
    written, number, single = _amount(match)
    magnitude = match["magnitude"] or ""
    per = " ל" if match["per"] else ""
    if magnitude:
        return f"{written}{_MAGNITUDES_HE.get(magnitude.strip(), magnitude)} {unit.many}{per}"
    if coin and single and len(number.fraction) == 2 and not number.is_long:
        return said(_with_coins(number, unit, BY_FORM[coin])) + per
    return f"{written} {_form(number, single, unit)}{per}"


def _with_coins(number: Figure, unit: _Unit, coin: Noun) -> str:
    noun = BY_FORM[unit.one]
    coins = counted(int(number.fraction), coin) if int(number.fraction) else ""
    if number.value > 10:
        whole = f"{numbers_he.cardinal(number.value, noun.masculine)} {unit.many}"
    else:
        whole = counted(number.value, noun) if number.value or not coins else ""
    return ("מינוס " if number.negative else "") + " ו".join(part for part in (whole, coins) if part)


def _hebrew_unit(match: re.Match[str]) -> str:
    unit = _HE_UNITS[_HE_ALIASES.get(match["unit"], match["unit"])]
    written, number, single = _amount(match)
    return f"{written} {_form(number, single, unit)}" + (" ל" if match["per"] else "")


def _english_money(match: re.Match[str]) -> str:
    one, many, coin = _EN_MONEY[_MONEY_NAMES.get(match["sign"], match["sign"])]
    written, number, single = _amount(match)
    magnitude = match["magnitude"] or ""
    per = " per " if match["per"] else ""
    if magnitude:
        return f"{written}{_MAGNITUDES_EN.get(magnitude.strip(), magnitude)} {many}{per}"
    if single and len(number.fraction) == 2 and not number.is_long:
        cents = int(number.fraction)
        parts = (
            [f"{numbers_en.cardinal(number.value)} {one if number.value == 1 else many}"]
            if number.value or not cents
            else []
        )
        parts += [f"{numbers_en.cardinal(cents)} {coin if cents == 1 else _COINS_EN[coin]}"] if cents else []
        return said(("minus " if number.negative else "") + " and ".join(parts)) + per
    return f"{written} {one if single and match['number'] == '1' else many}{per}"


def _english_unit(match: re.Match[str]) -> str:
    one, many = _EN_UNITS[match["unit"]]
    written, _, single = _amount(match)
    return f"{written} {one if single and match['number'] == '1' else many}" + (" per " if match["per"] else "")
