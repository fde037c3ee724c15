"""The gate: every tool call of every agent goes through here, and nowhere else (SPEC 7.3).

    decode -> judge -> record -> (a person) -> run -> record
      |         |         |          |          |
      +---------+---------+----------+----------+--> an answer for the model, always

| what                                  | becomes                                                                    |
|---------------------------------------|----------------------------------------------------------------------------|
| arguments that do not fit             | an error that names the field and the cure                                 |
| the ledger cannot record the verdict  | READ tools run; nothing that has an effect does                            |
| a cancel (barge-in, hang-up)          | ends a READ tool and a wait for a person; an effect is finished, recorded  |
| the deadline                          | an error; an effect may have happened, and asking again makes it once      |
| a tool that raises, or returns what   | `PLUGIN_FAILED` with its name, and an error                                |
| it may not                            |                                                                            |
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import msgspec
import trio

from agentd.agents.approvals import ApprovalDesk, new_id
from agentd.agents.tool_facts import ToolFacts
from agentd.agents.tool_result import capped, failure, office_failure
from agentd.call.contain import contain
from agentd.core.policy import Asked, Effect, Policy, Ruling, Verdict
from agentd.core.policy_rules import SEND
from agentd.core.speech import Message, ToolCall, ToolOffer
from agentd.errors import PluginFailed
from agentd.events import Event, PluginFailure, Private, ToolAsked, ToolOver
from agentd.ledger import Ledger, ToolCallRow
from agentd.office import Office, OfficeError
from agentd.storage import StoreError
from agentd.tools import Tool, ToolAnswer, ToolError, ToolRun

if TYPE_CHECKING:
    from agentd.agents.tool_names import KnownTools

RECORD_S = 4.0  # a verb of the store ends within 3 s, however the database is
DAY_MS = 24 * 60 * 60 * 1000
_NO_LOCK = nullcontext()
_NO_RECORD = Verdict(Ruling.DENY, "no-record", "This cannot be done now, as it cannot be recorded.")
_CANCELLED = ToolAnswer(failure("The conversation is over. It was not done."), ok=False)


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for. `arguments` is None when they are none of the tool's, or there is no tool; `canonical`: their
    one JSON form, defaults filled in; `wrong`: what is wrong with them, for the model."""

    name: str
    tool: Tool | None
    arguments: msgspec.Struct | None
    canonical: str
    wrong: str

    @property
    def effect(self) -> Effect | None:
        return self.tool.effect if self.tool is not None else None


class ToolHouse(Protocol):
    """What all toolboxes of a process share; `toolboxes.Toolboxes` is it. `sending` is held while a message is judged:
    two conversations must not both take the last one of the day. (In two processes on one database they may.)"""

    tools: KnownTools
    policy: Policy
    office: Office
    ledger: Ledger
    approvals: ApprovalDesk
    sending: trio.Lock
    clock: Callable[[], float]


class Toolbox:
    """The tools of one conversation and one agent: a `ToolDesk`."""

    def __init__(self, house: ToolHouse, facts: ToolFacts, emit: Callable[[Event], None]) -> None:
        self._house, self._facts, self._emit = house, facts, emit
        self._judging = trio.Lock()  # of two calls at once, the second knows of the first
        self._waiting: set[trio.CancelScope] = set()
        self._zone = ZoneInfo(facts.playbook.timezone)

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        if not self._house.policy.house.enabled:
            return ()
        return self._house.tools.offers(self._facts.allowed)

    def effect(self, name: str) -> Effect:
        tool = self._house.tools.by_name.get(name)
        return tool.effect if tool is not None else Effect.READ

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        began = trio.current_time()
        order = _order(self._house.tools.by_name.get(call.name), call)
        async with self._judging, self._house.sending if call.name == SEND else _NO_LOCK:
            row, verdict, recorded = await self._judged(order, said, turn)
        self._emit(ToolAsked(turn=turn, tool=row.tool, agent=row.agent, ruling=verdict.ruling, rule=verdict.rule))
        outcome, answer = "cancelled", _CANCELLED
        try:
            outcome, answer = await self._follow(verdict, row, order)
        finally:
            ms = round((trio.current_time() - began) * 1000)
            self._emit(ToolOver(turn=turn, tool=row.tool, outcome=outcome, ms=ms))
            if recorded:
                with trio.CancelScope(shield=True, relative_deadline=RECORD_S), suppress(StoreError):
                    await self._house.ledger.tool_over(row.id, outcome, Private(answer.result), ms)
        if outcome == "ok":
            self._facts.came(call.name, answer.result)
        return answer

    async def aclose(self) -> None:
        for scope in self._waiting:
            scope.cancel(reason="the conversation is over")

    # --- the verdict

    async def _judged(self, order: _Order, said: Sequence[Message], turn: int) -> tuple[ToolCallRow, Verdict, bool]:
        """The verdict, and whether it is recorded. Nothing runs on one that is not, but for what only reads."""
        now_ms, ledger = round(self._house.clock() * 1000), self._house.ledger
        key = sha256(f"{self._facts.scope}\n{order.name}\n{order.canonical}".encode()).hexdigest()
        at_hand, sent_today = True, 0
        try:
            await self._facts.load(ledger, self._house.office, self._now())
            if order.name == SEND:
                sent_today = await ledger.calls_with_tool_since(SEND, now_ms - DAY_MS)
        except (StoreError, OfficeError):
            at_hand = False
        verdict = self._verdict(order, key, said, sent_today)
        if not at_hand and order.effect is not Effect.READ and verdict.ruling is not Ruling.DENY:
            verdict = _NO_RECORD
        row = ToolCallRow(
            id=f"tc-{secrets.token_hex(8)}",
            key=key,
            call_sid=self._facts.scope,
            turn=turn,
            agent=self._facts.agent.value,
            tool=self._house.tools.printable(order.name),
            effect=order.effect.value if order.effect is not None else "",
            arguments=Private(order.canonical),
            ruling=verdict.ruling.value,
            rule=verdict.rule,
            at_ms=now_ms,
            approval=new_id() if verdict.ruling is Ruling.ASK else "",
        )
        try:
            await ledger.tool_judged(row)
        except StoreError:
            if order.effect is not Effect.READ and verdict.ruling is not Ruling.DENY:
                return row, _NO_RECORD, False
            recorded = False
        else:
            recorded = True
        self._facts.note(row)
        return row, verdict, recorded

    def _verdict(self, order: _Order, key: str, said: Sequence[Message], sent_today: int) -> Verdict:
        facts = self._facts
        known = facts.known(order.name, order.effect, said, self._now().date(), sent_today)
        plain = msgspec.to_builtins(order.arguments) if order.arguments is not None else {}
        again = facts.again(order.name, key)
        return self._house.policy.judge(Asked(facts.agent, order.name, order.effect, plain, order.wrong, again), known)

    # --- what follows from it

    async def _follow(self, verdict: Verdict, row: ToolCallRow, order: _Order) -> tuple[str, ToolAnswer]:
        """(outcome, answer). A checkpoint before the tool runs is one where it can still be stopped."""
        if verdict.ruling is Ruling.DENY:
            return "denied", ToolAnswer(failure(verdict.why), ok=False)
        if verdict.ruling is Ruling.ASK and (refused := await self._refused(row, verdict)) is not None:
            return refused
        assert order.tool is not None
        assert order.arguments is not None
        return await self._perform(order.tool, order.arguments, row.key)

    async def _refused(self, row: ToolCallRow, verdict: Verdict) -> tuple[str, ToolAnswer] | None:
        """Ask a person. None: they have approved it, and the tool must run now."""
        decided = "void"
        with trio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                decided = await self._house.approvals.decide(
                    row.approval,
                    tool=row.tool,
                    agent=row.agent,
                    call_sid=row.call_sid,
                    arguments=row.arguments.text,
                    why=verdict.why,
                    emit=self._emit,
                )
            except StoreError:
                decided = "expired"
            finally:
                self._waiting.discard(scope)
        match decided:
            case "approved":
                return None
            case "expired":
                why = "A person has to decide this, and has not yet. It was not done: say that somebody will see to it."
                say = self._facts.playbook.phrase("not-known")
                return "denied", ToolAnswer(failure(why, say), ok=False, pending=True)
            case "denied":
                why = "A person has decided against it. It was not done."
                return "denied", ToolAnswer(failure(why), ok=False)
            case _:
                return "cancelled", _CANCELLED

    async def _perform(self, tool: Tool, arguments: msgspec.Struct, key: str) -> tuple[str, ToolAnswer]:
        facts = self._facts
        run = ToolRun(
            agent=facts.agent,
            key=key,
            call_sid=facts.call_sid,
            caller=Private(facts.caller),
            playbook=facts.playbook,
            office=self._house.office,
            now=self._now,
        )
        came: list[tuple[str, ToolAnswer]] = []

        async def go() -> None:
            try:
                result = await tool.run(arguments, run)
            except ToolError as error:
                came.append(("error", ToolAnswer(failure(str(error)), ok=False)))
            except OfficeError as error:
                came.append(("error", ToolAnswer(office_failure(error), ok=False)))
            else:
                if not isinstance(result, tool.result):
                    raise TypeError(f"returned a {type(result).__name__}")
                came.append(("ok", ToolAnswer(capped(result), ok=True)))

        try:
            with trio.CancelScope(shield=tool.effect is not Effect.READ, relative_deadline=tool.deadline_s):
                await contain(tool.name, go)
        except PluginFailed as failed:
            # The type only: the message may hold what a caller said.
            kind = type(failed.cause).__name__
            self._emit(PluginFailure(plugin=self._house.tools.source[tool.name], error=f"{tool.name}: {kind}"))
            return "error", ToolAnswer(failure("It did not work. Go on without it."), ok=False)
        if came:
            return came[0]
        late = "It took too long."
        if tool.effect is not Effect.READ:
            late += " It may have been done: ask again with the same arguments to know; it is done only once."
        return "timeout", ToolAnswer(failure(late), ok=False)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._house.clock(), self._zone)


def _order(tool: Tool | None, call: ToolCall) -> _Order:
    arguments, wrong = None, ""
    given: object = call.arguments
    if tool is not None:
        try:
            given = arguments = msgspec.convert(call.arguments, tool.arguments, strict=True)
        except msgspec.ValidationError as error:
            fields = ", ".join(tool.arguments.__struct_fields__)
            wrong = f"{error}. The arguments are: {fields}. Correct them and ask again."
    try:
        canonical = msgspec.json.encode(given, order="sorted").decode()
    except (TypeError, ValueError, RecursionError):  # no JSON at all: nothing of it is kept, and none of it runs
        canonical, arguments, wrong = "{}", None, wrong or "The arguments are no text. Correct them and ask again."
    return _Order(call.name, tool, arguments, canonical, wrong)
