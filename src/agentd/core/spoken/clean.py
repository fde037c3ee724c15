"""One alphabet of characters for all later rules: no emoji, no invisible marks, one kind of quote, dash and space.

Niqqud stays (an author may have pointed a name for the voice's sake); cantillation goes. Digits of any script become
0-9. What has no sound (symbols, private use, surrogates, control) goes.
"""

from __future__ import annotations

import re
import unicodedata

_MAP: dict[int, str | None] = {
    **dict.fromkeys([0x00AD, 0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]),
    **dict.fromkeys([*range(0x0591, 0x05B0), *range(0xFE00, 0xFE10)]),
    **dict.fromkeys([0x00A0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys(map(ord, "״“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "׳’‘‚‛´"), "'"),
    **dict.fromkeys(map(ord, "־‐‑−"), "-"),
    **dict.fromkeys(map(ord, "—―"), "–"),
    ord("…"): "...",
    ord("№"): "#",
}
# Hebrew letters in one piece with their points (U+FB1D-FB4F) become a letter and its points again.
_MAP.update({code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB1D, 0xFB50) if code != 0xFB29})

_FOREIGN = re.compile(r"[^\x00-\x7Fא-ת]")
_ODD = re.compile(r"[^\w\s!-~\u05B0-\u05C7₪€£°×÷²³½¼¾⅓⅔–]|[\x00-\x08\x0E-\x1F\x7F]")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_FACE = re.compile(r"(?<!\S)[:;=]'?-?[)(DP](?!\S)")
# A long dash that joins figures or lettered days is the hyphen of a range; any other is a pause (see `tidy`).
_RANGE_DASH = re.compile(r"(?<=[\d₪$€%]) ?– ?(?=[\d₪$€])|(?<=[ap]m) ?– ?(?=\d)|(?<=[א-ו]')–(?=[א-ו]')")
_BLANKS = re.compile(r"\s\s+")
_SILENT = frozenset({"So", "Sk", "Sm", "Cs", "Co", "Cn", "Cc", "Cf", "Me"})


def cleaned(text: str) -> str:
    """The text in the alphabet above. Letters of every script are kept."""
    if _FOREIGN.search(text):
        text = _KEYCAP.sub(" ", text).translate(_MAP)
        text = _FOREIGN_DIGIT.sub(lambda m: str(unicodedata.decimal(m[0])), text)
    if _ODD.search(text):
        text = _ODD.sub(lambda m: " " if unicodedata.category(m[0]) in _SILENT else m[0], text)
    text = _BLANKS.sub(lambda m: "\n" if "\n" in m[0] else " ", text)
    if "–" in text:
        text = _RANGE_DASH.sub("-", text)
    return _FACE.sub("", text)
