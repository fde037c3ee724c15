"""English numbers in words, as an American voice says them (no "and" inside a number)."""

from __future__ import annotations

from agentd.core.spoken.figures import Figure, groups

_UNDER_TWENTY = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_ONES = _UNDER_TWENTY.split()
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = [(10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")]
_ORDINAL_ENDS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def cardinal(n: int) -> str:
    """0 <= n < 10**15."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10] + (f"-{_ONES[n % 10]}" if n % 10 else "")
    for scale, name in _SCALES:
        many, rest = divmod(n, scale)
        if many:
            return f"{cardinal(many)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError  # the last scale is 100


def ordinal(n: int) -> str:
    """21 -> twenty-first."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    return words[:cut] + _ORDINAL_ENDS.get(last, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(n: int) -> str:
    """2026 -> twenty twenty-six, 2005 -> two thousand five, 1900 -> nineteen hundred."""
    century, rest = divmod(n, 100)
    if not 10 <= century <= 99 or (century % 10 == 0 and rest < 10):
        return cardinal(n)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decimal(number: Figure) -> str:
    """3.5 -> three point five."""
    sign = "minus " if number.negative else ""
    whole = digits(number.whole) if number.is_long else cardinal(number.value)
    return f"{sign}{whole}" + (f" point {plain_digits(number.fraction)}" if number.fraction else "")


def plain_digits(run: str) -> str:
    """Digit by digit, without pauses."""
    return " ".join(_ONES[int(digit)] for digit in run)


def digits(run: str) -> str:
    """Digit by digit with the pauses of dictation."""
    return ", ".join(plain_digits(group) for group in groups(run))
