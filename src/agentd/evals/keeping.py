"""The rules that every reply keeps (SPEC 6.3), looked for in what was said; each broken one is a short sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentd.evals.asked import closes
from agentd.evals.conversation import Exchange, Talk
from agentd.evals.script import CONFIRM, WHATSAPP, WINDOWS

WORDS, OFFER, LONGER = 24, 30, 40  # a reply; times to meet; a read-back, the summary, the closing
SENTENCES = 2
_DOTS = re.compile(r"\b([ap])\.m\.(?=\s+[A-Z\u0590-\u05ff]|$)?|(?<=\d)[.](?=\d)", re.IGNORECASE)
_REPEAT = re.compile(
    r"(מה אמרת|לא שמעתי|עוד פעם|לחזור על|תחזרי|שוב|what did you say|say (that|it) again|repeat|pardon|sorry\?)",
    re.IGNORECASE,
)


def broken(talk: Talk) -> list[str]:
    """Every rule that was broken, with the turn; empty when all were kept."""
    found: list[str] = []
    before = ""
    for turn, each in enumerate(talk.exchanges, 1):
        found += [f"turn {turn}: {what}" for what in _in_reply(each, talk, before)]
        before = each.agent
    return found + list(_over_all(talk))


def _in_reply(each: Exchange, talk: Talk, before: str) -> Iterator[str]:
    reply = each.agent
    if not reply:
        yield "said nothing"
        return
    exempt = each.asks in (CONFIRM, WINDOWS, WHATSAPP) or closes(reply, talk.playbook)
    repeat = bool(_REPEAT.search(each.caller))
    words = len(reply.split())
    if words > (OFFER if each.asks == WINDOWS else LONGER if exempt or repeat else WORDS):
        yield f"{words} words"
    if not exempt and not repeat and sentences(reply) > SENTENCES:
        yield f"{sentences(reply)} sentences"
    if reply.count("?") > 1:
        yield "more than one question"
    if "?" in reply and reply[reply.index("?") + 1 :].strip():
        yield "goes on after the question"
    if reply == before and not repeat:
        yield "the same words twice in a row"
    if talk.playbook.greeting and talk.playbook.greeting in reply:
        yield "greets again"
    if each.spent and each.asks in talk.script.expect.slots and each.asks != each.answered:
        yield f"asks for {each.asks} again"
    for act in each.acts:
        if act.what in ("cut", "refused"):
            yield f"the governor {act.what} it: {act.why}"
    for pattern in talk.script.expect.never:
        if re.search(pattern, reply):
            yield f"says {pattern!r}"


def _over_all(talk: Talk) -> Iterator[str]:
    expect = talk.script.expect
    if expect.closes and not talk.turns:
        yield "never closed"
    elif expect.closes and talk.turns > expect.max_turns:
        yield f"closed after {talk.turns} turns, {expect.max_turns} are allowed"
    for pattern in expect.says:
        if not any(re.search(pattern, each.agent) for each in talk.exchanges):
            yield f"never says {pattern!r}"


def sentences(reply: str) -> int:
    """Sentences of a reply; "10 a.m." and "2.5" end none."""
    return len([part for part in re.split(r"[.!?]+(?:\s|$)", _DOTS.sub("", reply)) if part.strip()])
