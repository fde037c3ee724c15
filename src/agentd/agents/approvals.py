"""Where a tool call waits for a person.

    gate: decide -> row "pending" -> waits ... -> row "used" -> the tool runs
                                      ^
    person: answer (HTTP, command line) -> row "approved" or "denied"

The row in the ledger is all that the two sides share, so that a decision made by another process, or on another
machine, holds as well; it is looked for twice a second. One made through this process's desk is noticed at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal

import msgspec
import trio

from agentd.core import approvals as core
from agentd.core.approvals import ApprovalRefused, Decision, State
from agentd.events import ApprovalAsked, ApprovalOver, Event, Private
from agentd.ledger import ApprovalRow, Ledger
from agentd.storage import StoreError

Outcome = Literal["approved", "denied", "expired", "void"]

LOOK_S: Final = 0.5  # how late a decision made elsewhere is noticed
VOID_S: Final = 4.0  # a verb of the store ends within 3 s, however the database is


def new_id() -> str:
    """Short enough to be typed; 48 random bits, so that no two meet."""
    return f"ap-{secrets.token_hex(6)}"


async def answer(
    ledger: Ledger, id: str, decision: Decision, digest: str, by: str, now_ms: Callable[[], int]
) -> ApprovalRow:
    """A person's decision, written if it is the first one. `digest`: of what they saw. Returns the row as it is then.
    Raises `ApprovalRefused`, which says what holds instead, and `StoreError`."""
    while True:
        before = await ledger.approval(id)
        if before is None:
            raise ApprovalRefused("unknown", f"there is no approval {id}")
        after = core.decide(before, decision, digest, by, now_ms())
        if await ledger.change(before, after):
            return after
        # Somebody was first: the row has a newer version, and what it says now is what the person is told.


async def listed(ledger: Ledger, state: str, limit: int, now_ms: int) -> list[ApprovalRow]:
    """Those that are in this state now ("": all), the newest first. What has expired need not say so in the ledger."""
    written = (State.EXPIRED, State.PENDING, State.APPROVED) if state == State.EXPIRED else (state,)
    rows = [row for each in written for row in await ledger.approvals(state=each, limit=limit)]
    found = [row for row in rows if state in ("", core.state_at(row, now_ms))]
    return sorted(found, key=lambda row: row.asked_ms, reverse=True)[:limit]


def as_data(row: ApprovalRow, now_ms: int) -> dict[str, Any]:
    """For JSON, to those who may decide: the arguments in clear, and the state as it holds now."""
    fields = {name: getattr(row, name) for name in row.__slots__}
    return fields | {
        "state": core.state_at(row, now_ms).value,
        "arguments": msgspec.json.decode(row.arguments.text),
    }


class ApprovalDesk:
    """One for the house. `now_ms`: the time of day, which rows are stamped with."""

    def __init__(self, ledger: Ledger, timeout_s: float, now_ms: Callable[[], int]) -> None:
        self.ledger, self._timeout_s, self.now_ms = ledger, timeout_s, now_ms
        self._waiting: dict[str, trio.Event] = {}

    async def decide(
        self,
        id: str,
        *,
        tool: str,
        agent: str,
        call_sid: str,
        arguments: str,
        why: str,
        emit: Callable[[Event], None],
    ) -> Outcome:
        """Ask a person whether `tool` may run with these arguments (JSON), and wait for them, `timeout_s` at most.

        "approved": the row says "used", and the tool must run now. Everything else, and whatever is raised, means that
        it must not: "denied", "expired" (nobody answered in time, or the ledger could not be read), "void" (the row
        was ended by somebody else). `id`: from `new_id`. Raises `StoreError` when the question could not be written.

        Cancel (the call ended): the row is void before this returns, in a shield of 4 s.
        """
        now_ms = self.now_ms()
        row = ApprovalRow(
            id=id,
            call_sid=call_sid,
            agent=agent,
            tool=tool,
            arguments=Private(core.canonical(arguments)),
            digest=core.digest_of(tool, arguments),
            why=why,
            state=State.PENDING.value,
            version=1,
            asked_ms=now_ms,
            expires_ms=now_ms + round(self._timeout_s * 1000),
        )
        asked, over = False, "void"
        self._waiting[id] = trio.Event()
        try:
            await self.ledger.ask(row)
            emit(ApprovalAsked(approval=id, tool=tool))
            asked = True
            outcome = await self._outcome(row)
            over = "used" if outcome == "approved" else outcome
            return outcome
        except trio.Cancelled:
            with trio.CancelScope(shield=True, relative_deadline=VOID_S):
                await self._void(id)
            raise
        finally:
            del self._waiting[id]
            if asked:
                emit(ApprovalOver(approval=id, tool=tool, state=over))

    async def answer(self, id: str, decision: Decision, digest: str, by: str) -> ApprovalRow:
        """A person's decision; see the function `answer`. Whoever waits for it in this process goes on at once."""
        row = await answer(self.ledger, id, decision, digest, by, self.now_ms)
        if (waiting := self._waiting.get(id)) is not None:
            waiting.set()
        return row

    async def _outcome(self, row: ApprovalRow) -> Outcome:
        deadline = trio.current_time() + self._timeout_s
        while True:
            with trio.move_on_at(min(deadline, trio.current_time() + LOOK_S)):
                await self._waiting[row.id].wait()
            self._waiting[row.id] = trio.Event()
            time_is_up = trio.current_time() >= deadline
            outcome = await self._look(row, time_is_up)
            if outcome is not None:
                return outcome
            if time_is_up:
                return "expired"

    async def _look(self, asked: ApprovalRow, time_is_up: bool) -> Outcome | None:
        """What the ledger says; None: nothing yet, or it cannot be read now. In this step an approval is used up, and a
        question whose time is up is ended: a decision that comes later finds it so."""
        try:
            while (row := await self.ledger.approval(asked.id)) is not None:
                outcome: Outcome
                match row.state:
                    case State.PENDING if not time_is_up:
                        return None
                    case State.PENDING:
                        after, outcome = core.expire(row), "expired"
                    case State.APPROVED if core.state_at(row, self.now_ms()) is State.EXPIRED:
                        after, outcome = core.expire(row), "expired"
                    case State.APPROVED:
                        after = core.use(row, asked.tool, asked.arguments.text, self.now_ms())
                        outcome = "approved"
                    case State.DENIED:
                        return "denied"
                    case State.EXPIRED:
                        return "expired"
                    case _:
                        return "void"
                if await self.ledger.change(row, after):
                    return outcome
        except StoreError:
            return None
        except ApprovalRefused:  # the row is not the one that was written
            return "void"
        return "void"

    async def _void(self, id: str) -> None:
        """End the row, unless it has ended. If the ledger cannot be reached it ends by the clock: nobody is left who
        would use it."""
        with suppress(StoreError, ApprovalRefused):
            while (row := await self.ledger.approval(id)) is not None:
                if await self.ledger.change(row, core.void(row)):
                    return
