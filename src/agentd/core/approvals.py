"""An approval, as a state machine over `ApprovalRow`: who may do what to it when, and what it is bound to.

| state    | approve        | deny    | expire   | void | use                                  |
|----------|----------------|---------|----------|------|--------------------------------------|
| pending  | approved (1)   | denied  | expired  | void | -                                    |
| approved | -              | -       | expired  | void | used (2)                             |
| denied, expired, void, used: nothing more                                                |

(1) before `expires_ms`, and by whoever saw these arguments: the digest is theirs to show.
(2) within `USE_WITHIN_MS` of the decision, and by the tool and with the arguments that were asked for.

Everything else raises `ApprovalRefused`. Nothing here is written: the ledger's compare-and-set makes a change hold, so
that of two decisions the first one counts. Time-out, silence and doubt are all a no.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from agentd.errors import AgentdError, Fault

if TYPE_CHECKING:
    from agentd.ledger import ApprovalRow  # a port, one floor up: its rows are only copied here

USE_WITHIN_MS: Final = 10_000
"""A yes is for one run now. The tool that waits for it notices within half a second; a store that stumbles is asked
again a few times; whoever comes later has died meanwhile and been started again."""


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"  # the call ended
    USED = "used"  # the tool has begun


class Decision(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


class ApprovalRefused(AgentdError):
    """This cannot be done to this approval any more. `code`: "decided" (somebody was first, or its call is over),
    "expired", "undecided", "digest" (these are other arguments), or "unknown" (there is no such approval)."""

    fault = Fault.PEER

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def canonical(arguments: str) -> str:
    """JSON text in its one form: keys sorted, no blanks; of a key that comes twice the last. What is run is decoded
    from this text. Raises `msgspec.DecodeError` for what is no JSON."""
    return msgspec.json.encode(msgspec.json.decode(arguments), order="sorted").decode()


def digest_of(tool: str, arguments: str) -> str:
    """SHA-256 over the tool's name and the canonical arguments, in hex. A name holds no line break, so that no other
    pair gives the same text."""
    return sha256(f"{tool}\n{canonical(arguments)}".encode()).hexdigest()


def state_at(row: ApprovalRow, now_ms: int) -> State:
    """The state as it holds now: what nobody answered or used in time has expired, even where nobody has written so
    (its process died)."""
    state = State(row.state)
    if state is State.PENDING and now_ms >= row.expires_ms:
        return State.EXPIRED
    if state is State.APPROVED and now_ms >= (row.decided_ms or 0) + USE_WITHIN_MS:
        return State.EXPIRED
    return state


def decide(row: ApprovalRow, decision: Decision, digest: str, by: str, now_ms: int) -> ApprovalRow:
    """A person has decided, having seen what `digest` stands for. `by` names them for the record."""
    state = state_at(row, now_ms)
    if state is not State.PENDING:
        _refuse(row, state)
    if not compare_digest(digest.encode(), row.digest.encode()):
        raise ApprovalRefused("digest", f"{row.id} is for other arguments than those that were seen")
    after = State.APPROVED if decision is Decision.APPROVE else State.DENIED
    return _changed(row, after, decided_ms=now_ms, decided_by=by)


def use(row: ApprovalRow, tool: str, arguments: str, now_ms: int) -> ApprovalRow:
    """The tool is about to run."""
    state = state_at(row, now_ms)
    if state is State.PENDING:
        raise ApprovalRefused("undecided", f"{row.id} has not been decided")
    if state is not State.APPROVED:
        _refuse(row, state)
    if not compare_digest(digest_of(tool, arguments), row.digest):
        raise ApprovalRefused("digest", f"{row.id} was given for another tool or other arguments")
    return _changed(row, State.USED)


def expire(row: ApprovalRow) -> ApprovalRow:
    """Whoever waited has given up. It is their clock that counts, so none is asked here."""
    return _ended(row, State.EXPIRED)


def void(row: ApprovalRow) -> ApprovalRow:
    """The call is over."""
    return _ended(row, State.VOID)


def _ended(row: ApprovalRow, after: State) -> ApprovalRow:
    state = State(row.state)
    if state not in (State.PENDING, State.APPROVED):
        _refuse(row, state)
    return _changed(row, after)


def _changed(row: ApprovalRow, state: State, **fields: object) -> ApprovalRow:
    return replace(row, state=str(state), version=row.version + 1, **fields)  # type: ignore[arg-type]


def _refuse(row: ApprovalRow, state: State) -> NoReturn:
    match state:
        case State.EXPIRED:
            raise ApprovalRefused("expired", f"{row.id} has expired: nothing was done")
        case State.VOID:
            raise ApprovalRefused("decided", f"{row.id} ended with its call: nothing was done")
        case State.DENIED:
            raise ApprovalRefused("decided", f"{row.id} was denied by {row.decided_by}")
        case _:
            raise ApprovalRefused("decided", f"{row.id} was approved by {row.decided_by}")
