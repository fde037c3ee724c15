"""E-mail addresses as people dictate them; web addresses as one neutral word.

Nobody can note down a URL that is read aloud, so it becomes "the link" (הקישור, taking a Hebrew prefix: בקישור), and is
left out where the sentence has just said what it is ("our site: https://...").
"""

from __future__ import annotations

import re
from collections.abc import Callable

_EMAIL = re.compile(
    r"(?:mailto:)?([A-Za-z0-9][A-Za-z0-9._+-]{0,63})@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5})(?!\w)"
)
_TLD = r"(?:com|org|net|io|ai|app|dev|info|biz|me|(?:co|org|gov|ac|net|muni|k12)\.il|co\.uk|il)"
_URL = (
    r"<?(?:(?:https?|ftp)://[^\s<>\"\)]*[^\s<>\"\).,;:!?'*_]|www\.[^\s<>\"\)]*[^\s<>\"\).,;:!?'*_]"
    rf"|(?<![\w.@-])[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+){{0,3}}\.{_TLD}\b"
    rf"(?:/[^\s<>\"\)]*[^\s<>\"\).,;:!?'*_])?)/?>?"
)
_HE_KNOWN = {
    "gmail": "ג'ימייל", "hotmail": "הוטמייל", "yahoo": "יאהו", "outlook": "אאוטלוק", "walla": "וואלה", "com": "קום",
    "net": "נט", "org": "אורג", "co": "קו", "il": "איי אל", "info": "אינפו",
}  # fmt: skip
_HE_SIGNS = {".": "נקודה", "-": "מקף", "_": "קו תחתון", "+": "פלוס"}
_EN_SIGNS = {".": "dot", "-": "dash", "_": "underscore", "+": "plus"}
_HE_URL = re.compile(
    r"(?P<said>(?:קישור|לינק|אתר|כתובת)[א-ת]*(?: שלנו| הזה)?\s?[:–-]?\s?)?(?:(?<![א-ת])(?P<prefix>[ושהכלבמ]{1,3})-?)?"
    + _URL
)
_EN_URL = re.compile(
    r"(?P<said>\b(?:link|website|site|page|address)(?: here)?(?: at| on)?\s?[:–-]?\s)?" + _URL, re.IGNORECASE
)
_MAYBE = re.compile(r"@|://|www\.|[A-Za-z0-9]\.[A-Za-z]")


def hebrew(text: str, spell: Callable[[str], str]) -> str:
    """`spell`: digits to words, for the digits inside an address."""
    if not _MAYBE.search(text):
        return text
    text = _EMAIL.sub(lambda m: _dictated(m, "שטרודל", _HE_SIGNS, _HE_KNOWN, spell), text)
    return _HE_URL.sub(_hebrew_link, text)


def english(text: str, spell: Callable[[str], str]) -> str:
    """As `hebrew`."""
    if not _MAYBE.search(text):
        return text
    text = _EMAIL.sub(lambda m: _dictated(m, "at", _EN_SIGNS, {}, spell), text)
    return _EN_URL.sub(
        lambda m: re.sub(r"(?i)\s(?:at|on)?\s?[:–-]?\s?$", "", m["said"]) if m["said"] else "the link", text
    )


def dropped(text: str) -> str:
    """Text of another language: no word of ours fits, so addresses are left out."""
    return re.sub(_URL, "", _EMAIL.sub("", text)) if _MAYBE.search(text) else text


def _hebrew_link(match: re.Match[str]) -> str:
    if match["said"]:
        return match["said"].rstrip(" :–-")
    prefix = match["prefix"] or ""
    # ל, ב and כ swallow the article; the others stand before it.
    return f"{prefix}קישור" if prefix[-1:] in ("ל", "ב", "כ", "ה") else f"{prefix}הקישור"


def _dictated(
    match: re.Match[str], at: str, signs: dict[str, str], known: dict[str, str], spell: Callable[[str], str]
) -> str:
    def words(part: str, table: dict[str, str]) -> str:
        pieces = re.findall(r"\d+|[^\W\d_]+|[._+-]", part)
        return " ".join(spell(p) if p[0].isdigit() else signs.get(p) or table.get(p.lower(), p) for p in pieces)

    return f"{words(match[1], {})} {at} {words(match[2], known)}"
