"""Results as a model reads them: JSON text of bounded length, and failures in sentences."""

from __future__ import annotations

from typing import Any

import msgspec

from agentd.office import NotAllowed, OfficeError, Taken, Unknown

MOST_CHARS = 4000  # about 1300 tokens: two of these fit a prompt beside the conversation
LEAST_STRING = 200  # shorter ones are left whole

_SENTENCES: dict[type[OfficeError], str] = {
    Taken: "That time was taken a moment ago. Find slots again, and offer others.",
    Unknown: "There is no such customer, lead or meeting.",
    NotAllowed: "That is not possible here, and trying again is of no use.",
}


def capped(result: msgspec.Struct, most: int = MOST_CHARS) -> str:
    """The result as JSON of at most `most` characters, still of its own type: the longest text is cut, or the longest
    list loses its end, until it fits. Raises `TypeError` for what is no JSON, `ValueError` for what cannot be cut."""
    text = msgspec.json.encode(result).decode()
    if len(text) <= most:
        return text
    data = msgspec.to_builtins(result)
    while len(text := msgspec.json.encode(data).decode()) > most:
        if not _cut(data):
            raise ValueError("a result is too long and has nothing that can be cut")
    return text


def failure(why: str, say: str = "") -> str:
    """`say`: what the caller should be told, if anything in particular."""
    return msgspec.json.encode({"error": why} | ({"say": say} if say else {})).decode()


def office_failure(error: OfficeError) -> str:
    """By its kind: what an office's server wrote is for nobody here."""
    kinds = (sentence for kind, sentence in _SENTENCES.items() if isinstance(error, kind))
    return failure(next(kinds, "The business's records cannot be reached now. Go on without them."))


def _cut(data: Any) -> bool:
    """Halve the longest string, or shorten the longest list by one."""
    strings: list[tuple[int, Any, Any]] = []
    lists: list[list[Any]] = []
    _walk(data, strings, lists)
    if strings:
        length, holder, key = max(strings, key=lambda found: found[0])
        if length > LEAST_STRING:
            holder[key] = holder[key][: length // 2] + "…"
            return True
    if longest_list := max(lists, key=len, default=None):
        longest_list.pop()
        return True
    return False


def _walk(data: Any, strings: list[tuple[int, Any, Any]], lists: list[list[Any]]) -> None:
    if isinstance(data, list):
        lists.append(data)
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if isinstance(value, str):
            strings.append((len(value), data, key))
        else:
            _walk(value, strings, lists)
