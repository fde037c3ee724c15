"""Punctuation that a voice pauses at and no other: commas for brackets, no quotes, a word for slashes."""

from __future__ import annotations

import re

_ANY = re.compile(
    r"[()\[\]{}\"'/\\–<>^=+@|~#&*`_]|\s\s|\s[,.;:!?-]|[,;:.!?-][,;:.!?]|^[\W_]|\s$|-\s|,$|[\t\n\r\x0b\x0c]"
)
_QUOTES = re.compile(r"\"(?![א-ת])|(?<![א-ת\u05B0-\u05C7])\"|(?<!\w)'(?=\w)|(?<![\wא-ת])'|(?<=[^א-ת'])'(?!\w)")
_OR_BETWEEN = re.compile(r"(?<=[^\W\d_]) ?/ ?(?=[^\W\d_])")
_DASH = re.compile(r"\s*–\s*|\s+-+\s+|-{2,}")
_SPACES = re.compile(r"\s+")
_AND_OR = re.compile(r"\band/or\b", re.IGNORECASE)
_BEFORE_STOP = re.compile(r"\s+(?=[,.;:!?])")
_WEAK = re.compile(r"[,;:]+(?=[,.;:!?])|(?<=[.!?])[,;:]+")
_STRONG = re.compile(r"([!?])[.!?]+|\.(?=[!?])|\.{4,}|(?<!\.)\.\.(?!\.)")
_ENDS = re.compile(r"^[\s,;:.!?\-–%]+|\s+$|(?<=\w)[\s-]+$")


def tidied(text: str, either: str) -> str:
    """`either`: what a slash between two words says (או, or)."""
    if not _ANY.search(text):
        return text
    text = _QUOTES.sub("", text)
    text = re.sub(r"^\s*[(\[{]|[)\]}]\s*$", "", text)
    text = re.sub(r"\s*[(\[{]\s*|\s*[)\]}]", ", ", text)
    text = _AND_OR.sub("and or", text)
    text = _OR_BETWEEN.sub(f" {either} ", text)
    text = re.sub(r"[/\\<>^=+@|~#&*`_]", " ", text)
    text = _DASH.sub(", ", text)
    text = _BEFORE_STOP.sub("", _SPACES.sub(" ", text))
    text = _WEAK.sub("", text)
    text = _STRONG.sub(lambda m: m[1] or ("..." if m[0].startswith("..") else ""), text)
    return _ENDS.sub("", text)
