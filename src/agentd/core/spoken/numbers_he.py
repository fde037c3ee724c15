"""Hebrew numbers in words: gender, the construct, and the ו that joins the last element.

Gender is the counted noun's: masculine nouns take שלושה, feminine ones שלוש; a number that counts nothing is feminine.
The ו stands before the last element (אלף מאתיים וחמישים) except between bare hundreds and a round ten, where speech
leaves it out (מאה עשרים, שלוש מאות חמישים).
"""

from __future__ import annotations

from agentd.core.spoken.figures import Figure, groups

_FEMININE = ["אפס", "אחת", "שתיים", "שלוש", "ארבע", "חמש", "שש", "שבע", "שמונה", "תשע", "עשר"]
_MASCULINE = ["אפס", "אחד", "שניים", "שלושה", "ארבעה", "חמישה", "שישה", "שבעה", "שמונה", "תשעה", "עשרה"]
_CONSTRUCT = ["", "", "שני", "שלושת", "ארבעת", "חמשת", "ששת", "שבעת", "שמונת", "תשעת", "עשרת"]
_TENS = ["", "", "עשרים", "שלושים", "ארבעים", "חמישים", "שישים", "שבעים", "שמונים", "תשעים"]
_HUNDREDS = ["", "מאה", "מאתיים", *(f"{word} מאות" for word in _FEMININE[3:10])]
_SCALES = [(10**12, "טריליון"), (10**9, "מיליארד"), (10**6, "מיליון")]
_ORDINALS = [
    ("ראשון", "ראשונה"), ("שני", "שנייה"), ("שלישי", "שלישית"), ("רביעי", "רביעית"), ("חמישי", "חמישית"),
    ("שישי", "שישית"), ("שביעי", "שביעית"), ("שמיני", "שמינית"), ("תשיעי", "תשיעית"), ("עשירי", "עשירית"),
]  # fmt: skip


def cardinal(n: int, masculine: bool = False) -> str:
    """0 <= n < 10**15, as counted alone: שתיים, שלושה, עשרים ואחת, שלושת אלפים."""
    found: list[tuple[list[str], str]] = []  # elements, and what follows them
    for scale, name in _SCALES:
        many, n = divmod(n, scale)
        if many == 1:
            found.append(([name], ""))
        elif many == 2:
            found.append((["שני"], f" {name}"))
        elif many:
            found.append((_elements(many, masculine=True), f" {name}"))
    thousands, n = divmod(n, 1000)
    if thousands == 1:
        found.append((["אלף"], ""))
    elif thousands == 2:
        found.append((["אלפיים"], ""))
    elif 3 <= thousands <= 10:
        found.append(([f"{_CONSTRUCT[thousands]} אלפים"], ""))
    elif thousands:
        found.append((_elements(thousands, masculine=True), " אלף"))
    if n or not found:
        found.append((_elements(n, masculine), ""))
    *first, (last, after) = found
    if not first:
        return _joined(last, bare_ten=True) + after
    words = [_joined(elements, bare_ten=True) + follows for elements, follows in first]
    words.append(f"ו{last[0]}{after}" if len(last) == 1 else _joined(last, bare_ten=False) + after)
    return " ".join(words)


def before_noun(n: int, masculine: bool, definite: bool = False) -> str:
    """As counted before its noun: שני ימים, שתי פגישות, שלושה ימים; `definite`: שלושת הימים."""
    if n == 2:
        return "שני" if masculine else "שתי"
    if definite and masculine and 3 <= n <= 10:
        return _CONSTRUCT[n]
    return cardinal(n, masculine)


def ordinal(n: int, masculine: bool) -> str:
    """1 <= n <= 10: שלישי, שלישית. Hebrew has no more of them; above it the cardinal serves."""
    return _ORDINALS[n - 1][0 if masculine else 1]


def decimal(number: Figure, masculine: bool = False) -> str:
    """With its fraction: שלוש וחצי, שתיים ורבע, ארבע נקודה שלושים וחמש, אפס נקודה אפס חמש."""
    sign = "מינוס " if number.negative else ""
    if number.is_long:
        return sign + " נקודה ".join(digits(part) for part in (number.whole, number.fraction) if part)
    whole = cardinal(number.value, masculine)
    fraction = number.fraction
    if not fraction:
        return sign + whole
    if fraction in ("5", "25"):
        part = "חצי" if fraction == "5" else "רבע"
        return sign + (f"{whole} ו{part}" if number.value else part)
    if fraction.startswith("0") or len(fraction) > 2:
        return f"{sign}{whole} נקודה {plain_digits(fraction)}"
    return f"{sign}{whole} נקודה {cardinal(int(fraction), masculine)}"


def plain_digits(run: str) -> str:
    """Digit by digit, feminine, without pauses."""
    return " ".join(_FEMININE[int(digit)] for digit in run)


def digits(run: str) -> str:
    """Digit by digit with the pauses of dictation."""
    return ", ".join(plain_digits(group) for group in groups(run))


def _elements(n: int, masculine: bool) -> list[str]:
    """0 <= n < 1000 as the words that a ו may join."""
    hundreds, rest = divmod(n, 100)
    found = [_HUNDREDS[hundreds]] if hundreds else []
    if rest > 19:
        found.append(_TENS[rest // 10])
        rest %= 10
    if rest > 10:
        found.append(_teen(rest, masculine))
    elif rest or not found:
        found.append((_MASCULINE if masculine else _FEMININE)[rest])
    return found


def _teen(n: int, masculine: bool) -> str:
    if n == 12:
        return "שנים עשר" if masculine else "שתים עשרה"
    return f"{_MASCULINE[n - 10]} עשר" if masculine else f"{_FEMININE[n - 10]} עשרה"


def _joined(elements: list[str], bare_ten: bool) -> str:
    *first, last = elements
    if not first:
        return last
    bare = bare_ten and len(elements) == 2 and last in _TENS
    return f"{' '.join(first)}{' ' if bare else ' ו'}{last}"
