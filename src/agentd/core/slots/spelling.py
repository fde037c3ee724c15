"""Names that are spelled out: "דלת נון אלף" is "דנא", "D as in David" is "D". Single letters are read as they are."""

from __future__ import annotations

import re

_LETTERS = {
    "אלף": "א", "בית": "ב", "גימל": "ג", "דלת": "ד", "הא": "ה", "וו": "ו", "ואו": "ו", "זין": "ז", "חית": "ח",
    "טית": "ט", "יוד": "י", "כף": "כ", "למד": "ל", "מם": "מ", "נון": "נ", "סמך": "ס", "עין": "ע", "פא": "פ", "צדי": "צ",
    "קוף": "ק", "ריש": "ר", "שין": "ש", "תו": "ת", "תיו": "ת",
}  # fmt: skip
_FINAL = {"כ": "ך", "מ": "ם", "נ": "ן", "פ": "ף", "צ": "ץ"}
_NAME = rf"(?:{'|'.join(sorted(_LETTERS, key=len, reverse=True))}|[א-ת](?!['׳\"״]))"
_RUN = re.compile(rf"(?<![^\W_]){_NAME}(?:[\s,.-]+{_NAME})+(?![^\W_])")
_AS_IN = re.compile(r"\b([a-z])(?:,? as in|,? for),? \1\w*", re.IGNORECASE)
LEAST, ALONE = 3, 2  # names of letters in a row, and as a whole answer; fewer are words: a door, an eye, a thousand


def spelled(text: str) -> str:
    """The text with what was spelled in it as words."""
    return _RUN.sub(_joined, _AS_IN.sub(r"\1", text))


def _joined(run: re.Match[str]) -> str:
    names = re.split(r"[\s,.-]+", run.group())
    alone = run.group() == run.string.strip(" ,.!?")
    if sum(name in _LETTERS for name in names) < (ALONE if alone else LEAST):
        return run.group()
    word = "".join(_LETTERS.get(name, name) for name in names)
    return word[:-1] + _FINAL.get(word[-1], word[-1])
