"""Markdown and HTML lose their marks and keep their words.

Bullets, list numbers, heading marks, rules and fences go; bold, code and strike-through marks go; a link keeps its
text; a table's cells become a list with commas; a line break is a short pause. A "1." alone is a list number that a
phrase splitter left behind, and says nothing.
"""

from __future__ import annotations

import re

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[A-Za-z][^<>\n@:]*>")
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|[|:\- \t]*\|[|:\- \t]*)$", re.MULTILINE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>+[ \t]?|[-+*–•·][ \t]+|\d{1,2}[.)](?:[ \t]+|\Z))+", re.MULTILINE)
_CELLS_END = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
_BOX = re.compile(r"\[[ xX]?\](?=\s)")
_TIMES = re.compile(r"(?<=\d) ?\* ?(?=\d)")
_MARKS = re.compile(r"[*`~]{2,}|[*`]|(?<!\w)_+|_+(?!\w)")
_ANY = re.compile(r"[*`_|#<>\[\]~\n\r]|^\s*(?:[-+–•·]\s|\d{1,2}[.)](?:\s|$))")
_BREAK = re.compile(r"[ \t]*[\r\n]+\s*")


def without_links(text: str) -> str:
    """Link and image marks to their words; tags away. Runs before addresses are looked for."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    return _TAG.sub(" ", text) if "<" in text else text


def without_marks(text: str) -> str:
    """Every other mark."""
    if not _ANY.search(text):
        return text
    for pattern in (_FENCE, _RULE, _LINE_MARK, _BOX):
        text = pattern.sub("", text)
    text = _MARKS.sub("", _TIMES.sub("×", text))
    text = _CELLS_END.sub("", text)
    text = re.sub(r"[ \t]*\|[ \t]*", ", ", text).replace("_", " ")
    return _BREAK.sub(_pause, text.strip())


def _pause(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1 : match.start()]
    return ", " if before.isalnum() or before in {")", '"', "'", "%", "₪", "$", "€"} else " "
