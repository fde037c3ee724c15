"""The port of the store: what is kept of calls and people, and the verbs for it. No behaviour. What agents do with it
goes through `office.py` and `ledger.py`.

Times are milliseconds since 1970 (UTC). A row is frozen; a field that holds what a person said or their number is
`Private`. Errors of a database never cross the port: `StoreError` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentd.errors import AgentdError, Fault
from agentd.events import NOTHING, Private
from agentd.ledger import ApprovalRow, ToolCallRow
from agentd.office import Customer, Lead, Meeting, Note


class StoreError(AgentdError):
    """The store cannot do it now: full, locked, gone. The same request may work later."""

    code = "store"
    fault = Fault.OPERATOR


# --- what happened, as the writer is told


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A stream of a call is live. A call that is resumed begins again, with the next generation."""

    call_sid: str
    generation: int
    caller: Private
    called: str
    mode: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CallOver:
    """That stream is over. Counts for the call unless a newer one has begun."""

    call_sid: str
    generation: int
    reason: str
    crash: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn of ours, with the measures of the event `TURN`. Milliseconds; None where a thing did not happen."""

    call_sid: str
    generation: int
    turn: int
    at_ms: int
    kind: str
    stt_first_partial_ms: int | None = None
    stt_final_ms: int | None = None
    eou_wait_ms: int | None = None
    tts_ready_ms: int | None = None
    total_latency_ms: int | None = None
    barge_in_hit: bool = False
    eou_reason: str | None = None
    speculative: bool = False
    filler: bool = False


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of the conversation as it was heard. `seq` is its place on the call's tape. Written again under the
    same key, it is corrected. Its text is redacted when it is written."""

    call_sid: str
    generation: int
    seq: int
    turn: int
    at_ms: int
    who: str  # "caller" or "agent"
    text: Private
    cut: bool = False  # the caller did not hear the end of it


@dataclass(frozen=True, slots=True)
class LineTakenBack:
    """The caller went on before they were answered: these words come again, in a longer line."""

    call_sid: str
    generation: int
    seq: int


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording at Twilio, by what Twilio last said of it."""

    recording_sid: str
    call_sid: str
    status: str
    duration_s: int | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class SlotsRow:
    """What a call has found out so far, as `seq` on its tape has it; the latest one is kept. `known`: JSON, {slot:
    normalised value}. `missing`: how many required ones are not known."""

    call_sid: str
    generation: int
    seq: int
    at_ms: int
    filled: int
    missing: int
    known: Private


Change = CallBegan | CallOver | TurnRow | LineRow | LineTakenBack | RecordingRow | SlotsRow


# --- what is read


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call. `ended_ms` and `reason` are None while it is live (or when the process died in it). `streams`: how many
    it took. `turns`: of ours. `name`: of the customer with that number, if it is known."""

    call_sid: str
    caller: Private
    called: str
    mode: str
    streams: int
    began_ms: int
    ended_ms: int | None
    reason: str | None
    crash: str | None
    turns: int
    name: Private = NOTHING


@dataclass(frozen=True, slots=True)
class CallNote:
    """A note that an agent added to a call's log."""

    id: str
    call_sid: str
    at_ms: int
    text: Private


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that is kept of one call. `slots` is None when nothing was found out."""

    call: CallRow
    lines: tuple[LineRow, ...]
    turns: tuple[TurnRow, ...]
    recordings: tuple[RecordingRow, ...]
    slots: SlotsRow | None = None
    tool_calls: tuple[ToolCallRow, ...] = ()
    approvals: tuple[ApprovalRow, ...] = ()
    notes: tuple[CallNote, ...] = ()
    summary: Private = NOTHING


@dataclass(frozen=True, slots=True)
class Dealings:
    """What the business has with one number, or from one call: oldest first."""

    leads: tuple[Lead, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    messages: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """Somebody with a number (E.164). `first_ms`, `last_ms`: of their calls, or of their first lead."""

    record: Customer
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Person:
    """All that is kept of the person with one number; `customer` is None for a number that is not known."""

    customer: CustomerRow | None
    calls: tuple[Conversation, ...]
    dealings: Dealings = Dealings()

    @property
    def nobody(self) -> bool:
        """Nothing at all is kept."""
        return self.customer is None and not self.calls and self.dealings == Dealings()


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the audit trail. `hash` covers the entry and `before`, the hash of the one before it. It holds no
    personal data: it outlives the person's."""

    number: int
    at_ms: int
    actor: str
    action: str
    detail: str  # JSON, keys in order
    before: str
    hash: str


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days each class is kept; 0: for ever. What belongs to a call goes with it at the latest; meetings go
    as leads do."""

    transcripts: int
    calls: int
    recordings: int
    customers: int
    leads: int = 0
    messages: int = 0


Counts = dict[str, int]
"""Rows by table, of those that were removed."""


class Store(Protocol):
    """Every verb runs in a thread and raises `StoreError`. A cancel is noticed when the thread is done: after 3 s at
    the latest, when the database is locked or silent; what it did is then done."""

    async def open(self, *, create: bool = True) -> None:
        """Connect, and bring the schema up to date. Raises `ConfigError` when that cannot be done, with the cure.
        `create=False`: a SQLite file that is not there is an error too."""

    async def aclose(self) -> None: ...

    async def write(self, changes: Sequence[Change]) -> int:
        """All of them in one transaction, in any number and as often as you like: the second time changes nothing.
        Returns how many were left out because no database could hold them."""

    async def calls(self, *, limit: int = 50, since_ms: int = 0) -> list[CallRow]:
        """The newest first."""

    async def conversation(self, call_sid: str) -> Conversation | None: ...

    async def person(self, phone: Private) -> Person: ...

    async def dealings(self, phone: Private) -> Dealings:
        """All with one number (E.164); none with "anonymous" and the like."""

    async def dealings_of(self, call: CallRow) -> Dealings:
        """What came of a call: leads of the caller or made in it, meetings booked in it, messages with the caller from
        its beginning to a day after it."""

    async def slots(self, call_sid: str) -> SlotsRow | None: ...

    async def calls_over_without_job(self, *, before_ms: int, limit: int = 50) -> list[str]:
        """CallSids of calls that ended before that time and whose work has not begun, those that ended first first.
        (One that broke off is resumed within seconds, and is then not over.)"""

    async def job_begun(self, call_sid: str) -> None:
        """The work after this call is in safe hands: it is not asked for again."""

    async def forget(self, phone: Private, actor: str) -> Counts:
        """Remove all that is kept of a person, from the disk too, and say so in the audit trail."""

    async def sweep(self, keep: Keep, now_ms: int) -> Counts:
        """Remove what is past its time, in small transactions; audited when there was any."""

    async def audit(self, actor: str, action: str, detail: dict[str, str | int], now_ms: int) -> AuditRow: ...

    async def trail(self) -> list[AuditRow]:
        """The whole audit trail, oldest first."""
