"""What a chat model is shown: the rules, the last turns word for word, and what came before them in one line.

Pure and deterministic: the same prompt gives the same messages, so that a server's prompt cache, and a guess that is
committed later, see the same request.

| part             | how much                                                                     |
|------------------|------------------------------------------------------------------------------|
| system           | whole, always: it holds the rules                                            |
| last 6 turns     | word for word, as long as the budget lasts; the newest always                |
| older ones       | a running summary: the beginnings of what each side said, newest kept longest |

The summary has the caller's role, not the system's: words of a caller never become instructions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from agentd.engines import Message, Prompt

BUDGET_TOKENS = 2000  # SPEC 4.1
VERBATIM_TURNS = 6  # SPEC 4.1; a turn is what the caller said with all that followed it
CONVERSATION_TOKENS = 500  # at least, even under a system text that takes all of the budget
SUMMARY_TOKENS = 300  # at most
ASCII_CHARS_A_TOKEN, CHARS_A_TOKEN = 3.5, 1.8  # English has about 4, Hebrew about 2.2 in OpenAI's newer vocabularies
LINE_TOKENS = 4  # what a message costs beside its text, by OpenAI's counting
CALLER_WORDS, AGENT_WORDS = 12, 8  # of a line in the summary

OPENING = "[The caller is on the line and waits for you to speak.]"
INAUDIBLE = "[The caller said something that could not be understood.]"
_EARLIER = "[Earlier in this call: {}]"

_ROLES = {"caller": "user", "agent": "assistant", "tool": "user"}

Turn = list[Message]


def tokens(text: str) -> int:
    """An estimate on the safe side, without a tokeniser."""
    plain = len(text.encode("ascii", "ignore"))
    return math.ceil(plain / ASCII_CHARS_A_TOKEN + (len(text) - plain) / CHARS_A_TOKEN)


def fit(prompt: Prompt, budget: int = BUDGET_TOKENS) -> list[dict[str, str]]:
    """Messages for a chat model, `budget` tokens at most, never two of the same role in a row, the last one the
    caller's."""
    turns = _turns(prompt.messages)
    room = max(budget - tokens(prompt.system) - LINE_TOKENS, CONVERSATION_TOKENS)
    recent, left = _recent(turns, room)
    lines = [(_ROLES.get(message.role, "user"), _text(message)) for turn in recent for message in turn]
    if older := turns[: len(turns) - len(recent)]:
        lines.insert(0, ("user", _summary(older, min(left - LINE_TOKENS, SUMMARY_TOKENS))))
    if not lines or lines[-1][0] != "user":
        lines.append(("user", OPENING))
    return [{"role": "system", "content": prompt.system}] * bool(prompt.system) + _merged(lines)


def _turns(messages: Iterable[Message]) -> list[Turn]:
    """Each begins with a line of the caller's; only the first may begin with ours."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "caller" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _recent(turns: Sequence[Turn], room: int) -> tuple[list[Turn], int]:
    """The last turns that fit, oldest first, and the tokens that are left. When some do not, there is room left for the
    summary of those."""
    recent: list[Turn] = []
    opening = tokens(OPENING) + LINE_TOKENS
    left = room - opening
    for nth, turn in enumerate(reversed(turns[-VERBATIM_TURNS:])):
        first_of_call = nth == len(turns) - 1
        cost = _cost(turn)
        if not recent and cost > left - SUMMARY_TOKENS:
            turn = _shortened(turn, left - SUMMARY_TOKENS)
            cost = _cost(turn)
        if cost > left - (0 if first_of_call else SUMMARY_TOKENS):
            break
        recent.insert(0, turn)
        left -= cost
    return recent, left


def _cost(turn: Turn) -> int:
    return sum(tokens(_text(message)) + LINE_TOKENS for message in turn)


def _shortened(turn: Turn, room: int) -> Turn:
    """A turn that is too long for everything: the end of each of its lines, which is what wants an answer. Of more
    lines than there is room for, the first (the caller's) and the last."""
    most = max(1, room // (4 * LINE_TOKENS))
    kept = turn if len(turn) <= most else [turn[0], *turn[len(turn) - most + 1 :]]
    each = max(1, room // len(kept) - LINE_TOKENS - tokens("[tool] … "))
    return [Message(message.role, _end(message.text, each)) for message in kept]


def _end(text: str, most: int) -> str:
    """The last characters of `text` that are at most `most` tokens, in whatever language."""
    if tokens(text) <= most:
        return text
    return "… " + text[len(text) - int(most * CHARS_A_TOKEN) :]


def _text(message: Message) -> str:
    if message.role == "tool":
        return f"[tool] {message.text}"
    return message.text if message.text.strip() else INAUDIBLE


def _summary(turns: Sequence[Turn], room: int) -> str:
    """One line, as much of the newest of `turns` as there is room for, and how much was left out."""
    parts: list[str] = []
    lines = [message for turn in turns for message in turn if message.text.strip()]
    left = room - tokens(_EARLIER.format("9999 lines left out / "))
    for message in reversed(lines):
        part = _in_short(message)
        cost = tokens(part + " / ")
        if cost > left:
            break
        parts.insert(0, part)
        left -= cost
    if len(parts) < len(lines):
        parts.insert(0, f"{len(lines) - len(parts)} lines left out")
    return _EARLIER.format(" / ".join(parts) or "nothing that was understood")


def _in_short(message: Message) -> str:
    """Of the caller the beginning; of us the last sentence, which is the question that the caller then answered."""
    if message.role == "agent":
        sentences = [s for s in re.split(r"(?<=[.!?])\s+", message.text.strip()) if s]
        return "you: " + _beginning(sentences[-1], AGENT_WORDS)
    return f"{message.role}: " + _beginning(message.text, CALLER_WORDS)


def _beginning(text: str, most_words: int) -> str:
    words = text.split()
    return " ".join(words[:most_words]) + (" …" if len(words) > most_words else "")


def _merged(lines: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Some servers' templates refuse two messages of the same role in a row."""
    merged: list[dict[str, str]] = []
    for role, text in lines:
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"] += "\n" + text
        else:
            merged.append({"role": role, "content": text})
    return merged
