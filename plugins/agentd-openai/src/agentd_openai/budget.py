"""What a chat model is shown: the rules, the last turns word for word, and what came before them in one line.

Pure and deterministic: the same prompt gives the same messages, so that a server's prompt cache, and a guess that is
committed later, see the same request.

| part             | how much                                                                     |
|------------------|------------------------------------------------------------------------------|
| system           | whole, always: it holds the rules                                            |
| last 6 turns     | word for word, as long as the budget lasts; the newest always                |
| older ones       | a running summary: the beginnings of what each side said, newest kept longest |

A tool call and its result are one message to us: what is left out or shortened leaves no half of it. The tools that are
offered come on top of the budget: they are the same in every request, and a turn's last request does without them.

The summary has the caller's role, not the system's: words of a caller never become instructions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agentd.engines import Message, Prompt
from agentd_openai.lines import ChatMessage, arguments_of, as_chat, text_of
from agentd_openai.offers import wire_name

BUDGET_TOKENS = 2000  # SPEC 4.1
VERBATIM_TURNS = 6  # SPEC 4.1; a turn is what the caller said with all that followed it
CONVERSATION_TOKENS = 500  # at least, even under a system text that takes all of the budget
SUMMARY_TOKENS = 300  # at most
ASCII_CHARS_A_TOKEN, CHARS_A_TOKEN = 3.5, 1.8  # English has about 4, Hebrew about 2.2 in OpenAI's newer vocabularies
LINE_TOKENS = 4  # what a message costs beside its text, by OpenAI's counting
ID_TOKENS = 12  # of the id of a tool call, 40 characters; it stands there twice
LEAST_TOKENS = 12  # of its text, or a line is not worth showing
CALLER_WORDS, AGENT_WORDS, RESULT_CHARS = 12, 8, 80  # of a line in the summary

OPENING = "[The caller is on the line and waits for you to speak.]"
_EARLIER = "[Earlier in this call: {}]"
_CUT = "… "

Turn = list[Message]


def tokens(text: str) -> int:
    """An estimate on the safe side, without a tokeniser."""
    plain = len(text.encode("ascii", "ignore"))
    return math.ceil(plain / ASCII_CHARS_A_TOKEN + (len(text) - plain) / CHARS_A_TOKEN)


def fit(prompt: Prompt, budget: int = BUDGET_TOKENS, *, calls: bool = True) -> list[ChatMessage]:
    """Messages for a chat model, `budget` tokens at most, as `as_chat` makes them; the first is the caller's or ours,
    the last one the caller's or a tool's. `calls`: the server knows tools."""
    turns = _turns(prompt.messages)
    room = max(budget - tokens(prompt.system) - LINE_TOKENS, CONVERSATION_TOKENS)
    recent, left = _recent(turns, room)
    said = [message for turn in recent for message in turn]
    if older := turns[: len(turns) - len(recent)]:
        said.insert(0, Message("caller", _summary(older, min(left - LINE_TOKENS, SUMMARY_TOKENS))))
    if not said or said[0].role == "tool":
        said.insert(0, Message("caller", OPENING))
    if said[-1].role == "agent":
        said.append(Message("caller", OPENING))
    return [{"role": "system", "content": prompt.system}] * bool(prompt.system) + as_chat(said, calls=calls)


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
    openings = 2 * (tokens(OPENING) + LINE_TOKENS)  # before a tool, after words of ours
    left = room - openings
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
    return sum(_frame(message) + _body(message) for message in turn)


def _frame(message: Message) -> int:
    """What a message costs, however short its text."""
    if message.call is None:
        return LINE_TOKENS + tokens("[tool] ") * (message.role == "tool")
    return 2 * (LINE_TOKENS + ID_TOKENS) + tokens(wire_name(message.call.name))


def _body(message: Message) -> int:
    if message.call is None:
        return tokens(text_of(message))
    return tokens(message.text) + tokens(arguments_of(message.call))


def _shortened(turn: Turn, room: int) -> Turn:
    """A turn that is too long for everything: of each of its lines as much as there is room for. Of more lines than
    that, the first (the caller's) and the last."""
    kept = list(turn)
    while len(kept) > 1 and sum(_frame(m) + LEAST_TOKENS for m in kept) > room:
        del kept[1 if len(kept) > 2 else 0]
    each = max(1, (room - sum(map(_frame, kept))) // len(kept) - tokens(_CUT))
    return [_short(message, each) for message in kept]


def _short(message: Message, most: int) -> Message:
    """Of words the end, which is what wants an answer; of a tool's result the beginning, where the best stands."""
    if message.call is None:
        return replace(message, text=_end(message.text, most))
    call, asked = message.call, tokens(arguments_of(message.call))
    if asked > most // 2:
        call, asked = replace(call, arguments={}), 1
    return Message("tool", _start(message.text, most - asked), call)


def _end(text: str, most: int) -> str:
    """The last characters of `text` that are at most `most` tokens, in whatever language."""
    if tokens(text) <= most:
        return text
    return _CUT + text[len(text) - int(most * CHARS_A_TOKEN) :]


def _start(text: str, most: int) -> str:
    if tokens(text) <= most:
        return text
    return text[: int(most * CHARS_A_TOKEN)] + " …"


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
    if message.role == "tool":
        cut = " …" * (len(message.text) > RESULT_CHARS)
        return text_of(replace(message, text=message.text[:RESULT_CHARS] + cut))
    return f"{message.role}: " + _beginning(message.text, CALLER_WORDS)


def _beginning(text: str, most_words: int) -> str:
    words = text.split()
    return " ".join(words[:most_words]) + (" …" if len(words) > most_words else "")
