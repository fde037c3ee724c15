"""The facts of one conversation of one agent, as the policy is given them.

| fact                         | from                                                                              |
|------------------------------|-----------------------------------------------------------------------------------|
| who calls or writes          | the network                                                                       |
| what they said and keyed     | the conversation; of the back office: the call's transcript                       |
| when they meet us            | of the back office: the calendar                                                  |
| what tools allow             | their typed results, in the conversation and in the ledger (a call may have been  |
|                              | cut off and resumed; the back office comes after it)                              |
| what was done so far         | the ledger, then memory                                                           |
| what the business says       | the playbook                                                                      |

Our own words, and what people wrote into notes, names, titles and messages, are no source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

import msgspec

from agentd.core.governor_facts import Facts, joined, returned, said, told
from agentd.core.phone_number import digits_said, e164
from agentd.core.playbook import Playbook
from agentd.core.policy import Agent, Effect, Grants, Known
from agentd.core.policy_text import links, numbers, own_texts
from agentd.core.speech import Message, ToolCall
from agentd.core.window_words import in_words
from agentd.core.windows import horizon
from agentd.ledger import Ledger, ToolCallRow
from agentd.office import Meeting, Office, Span
from agentd.tools import Tool

MOST_LINES = 200  # of a transcript; as many as a call's history has
FAILED = '{"error":'  # how a result begins that is none


class ToolFacts:
    """`caller`: the number as the network gives it. `tools`: all there are; `allowed`: those of the agent. `scope`: the
    record of the conversation is kept under it: the CallSid, or what stands for it where there is no call."""

    def __init__(
        self,
        agent: Agent,
        call_sid: str,
        scope: str,
        caller: str,
        playbook: Playbook,
        tools: Mapping[str, Tool],
        allowed: Iterable[str],
        recordings: Iterable[str] = (),
    ) -> None:
        self.agent, self.call_sid, self.scope = agent, call_sid, scope
        self.caller, self.playbook = e164(caller), playbook
        self._tools, self.allowed, self._recordings = tools, tuple(allowed), frozenset(recordings)
        self._loaded = False
        self._results: list[Message] = []  # from the ledger, and of this desk
        self._lines: list[str] = []
        self._meetings: list[str] = []
        self._effects: dict[str, set[str]] = {}  # idempotency keys of what was let through, by tool
        self._calls: dict[str, int] = {}

    async def load(self, ledger: Ledger, office: Office, now: datetime) -> None:
        """What went before, once. Raises `StoreError` and `OfficeError`; then it may be tried again."""
        if self._loaded:
            return
        rows = await ledger.tool_calls(self.scope)
        if self.call_sid and self.agent is Agent.BACK_OFFICE:
            lines = await office.files.transcript(self.call_sid, MOST_LINES)
            meetings = await office.calendar.meetings(Span(*horizon(self.playbook, now)))
            self._lines = [text for who, text in lines if who == "caller"]
            self._meetings = [
                self._meeting(m) for m in meetings if self.caller and e164(m.with_phone.text) == self.caller
            ]
        for row in rows:
            self.note(row)
            if row.outcome == "ok":
                self.came(row.tool, row.result.text)
        self._loaded = True

    def _meeting(self, meeting: Meeting) -> str:
        start = datetime.fromtimestamp(meeting.span.from_ms / 1000, ZoneInfo(self.playbook.timezone))
        return in_words(start, self.playbook.language)

    def note(self, row: ToolCallRow) -> None:
        """A call was judged."""
        self._calls[row.tool] = self._calls.get(row.tool, 0) + 1
        if row.ruling != "deny" and row.effect != Effect.READ:
            self._effects.setdefault(row.tool, set()).add(row.key)

    def came(self, tool: str, result: str) -> None:
        """A tool has returned."""
        self._results.append(Message("tool", result, ToolCall("", tool, {})))

    def again(self, tool: str, key: str) -> bool:
        """This very call was let through before."""
        return key in self._effects.get(tool, ())

    def known(self, tool: str, effect: Effect | None, so_far: Sequence[Message], today: date, sent_today: int) -> Known:
        """`so_far`: the conversation. What only a text is held against is worked out for tools that send one."""
        words = [*self._lines, *(m.text for m in so_far if m.role == "caller")]
        results = (self._grants(m) for m in (*self._results, *so_far) if m.role == "tool")
        grants = reduce(or_, results, Grants(facts="\n".join(self._meetings)))
        own = own_texts(self.playbook) if effect is Effect.OUTSIDE else []
        return Known(
            tools=frozenset(self.allowed),
            caller=self.caller,
            call_sid=self.call_sid,
            digits=digits_said(words),
            grants=grants,
            may_say=_true(own, words, grants.facts, today) if own else Facts(),
            links=frozenset(link for text in own for link in links(text)),
            numbers=" ".join(e164(digits) or digits for text in own for digits in numbers(text)),
            templates=frozenset(w.template for w in self.playbook.workflows if w.template),
            recordings=self._recordings,
            used={name: len(keys) for name, keys in self._effects.items()},
            calls=self._calls.get(tool, 0),
            sent_today=sent_today,
        )

    def _grants(self, message: Message) -> Grants:
        tool = self._tools.get(message.call.name) if message.call is not None else None
        return Grants() if tool is None else grants_of(tool, message.text)


def grants_of(tool: Tool, result: str) -> Grants:
    """What a result (JSON) allows. A struct that does not say (`grants`) states nothing but facts."""
    if result.startswith(FAILED):
        return Grants()
    try:
        decoded = msgspec.json.decode(result, type=tool.result)
        grants = decoded.grants() if hasattr(decoded, "grants") else Grants(facts=result)
    except Exception:  # boundary: a plugin's struct; what cannot be read allows nothing
        return Grants()
    return grants if isinstance(grants, Grants) else Grants()


def _true(own: Iterable[str], words: Iterable[str], facts: str, today: date) -> Facts:
    return joined(
        [
            *(told(text, today) for text in own if text),
            *(said(text, today) for text in words),
            *(returned(text, today) for text in facts.splitlines()),
        ]
    )
