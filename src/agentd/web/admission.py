"""Which calls get a stream, and which stream may speak for a call: tokens, generations, limits, resumes.

Pure but for the token's randomness, which comes through one argument; time is an argument. One record per CallSid,
kept for a while after the call, because Twilio's requests are retried and come in any order.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from math import inf

from agentd.config import Settings
from agentd.core.media_stream import Start
from agentd.errors import PeerError
from agentd.events import Private
from agentd.facts import CallFacts, Incoming

_REAL_NUMBER = re.compile(r"\+\d{7,15}")
# SPEC 1.4 and 1.13.
_RESUMES = 2
_REDIRECTS = 2  # the first to resume, the second to the fallback
# A repeated question about the same stream within this is a retry, not a second loss.
_RETRY_S = 2.0
# Twilio gives up retrying long before; a call that vanished without a word is forgotten after this.
_FORGET_S = 900.0
_SWEEP_S = 30.0


class Refusal(StrEnum):
    """Why a call gets no stream."""

    DRAINING = "draining"
    FULL = "max-calls"
    CALLER = "max-calls-per-caller"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to open one stream for one call, to be written into its TwiML."""

    call_sid: str
    token: str = field(repr=False)
    caller: Private
    called: str

    def parameters(self) -> dict[str, str]:
        return {"call_sid": self.call_sid, "from": self.caller.text, "to": self.called, "token": self.token}


class After(StrEnum):
    """What becomes of a call whose stream has ended. DECIDED: a document was stored for it."""

    OVER = "over"
    DECIDED = "decided"
    RESUME = "resume"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Next:
    """The answer to "the stream has ended": `document` with DECIDED, `ticket` with RESUME."""

    what: After
    document: bytes = b""
    ticket: Ticket | None = None


@dataclass(slots=True)
class _Call:
    incoming: Incoming
    touched: float
    generation: int = 0
    live: bool = False
    over: bool = False
    token: str = ""
    token_until: float = 0.0
    token_resumes: bool = False
    start_by: float = inf
    resumes: int = 0
    redirects: int = 0
    decision: bytes | None = None
    told: bool = False  # the decision has been handed to Twilio
    memory: object = None
    served_before: bool = False  # by an earlier process: what it knew is not here
    asked_generation: int = field(default=-1)
    asked_at: float = -inf

    def waits(self, now: float) -> bool:
        return bool(self.token) and now < self.token_until


class Admissions:
    """All calls that this process knows of. Every method is synchronous; `now` is the monotonic clock in seconds.

    The life of a call: `invite` at the webhook, `admit` at `start`, then exactly one of `ended` (a `stop`, or we close
    on purpose: say so *before* closing) or `lost`; `after_stream` when Twilio asks what comes next.
    """

    def __init__(self, settings: Settings, random: Callable[[int], str] = secrets.token_hex) -> None:
        self._max_calls = settings.max_calls
        self._per_caller = settings.max_calls_per_caller
        self._ttl_s = settings.stream_token_ttl
        self._start_s = settings.watchdog_start_sec
        self._account_sid = settings.twilio_account_sid
        self._tokens_needed = settings.signatures
        self._random = random
        self._calls: dict[str, _Call] = {}
        self._swept_at = -inf
        self.draining = False

    def live_count(self) -> int:
        """Streams that speak for their call now."""
        return sum(call.live for call in self._calls.values())

    # --- before the stream

    def invite(self, incoming: Incoming, now: float, *, verbs_s: float = 0.0) -> Ticket | Refusal:
        """A call at the door. Counts against the limits until its token runs out, so that no stream is promised that
        cannot be served. Asked again for the same call: a new token, the unused one is void."""
        self._sweep(now)
        call = self._calls.get(incoming.call_sid)
        if call is None:
            refusal = self._refusal(incoming, now)
            if refusal is not None:
                return refusal
            call = self._calls[incoming.call_sid] = _Call(incoming, now)
        if call.generation:  # a late duplicate: Twilio has long acted on the first answer, and nothing may change
            return Ticket(incoming.call_sid, self._random(16), incoming.caller, incoming.called)
        return self._issue(call, now, verbs_s, resumes=False)

    def resume_ticket(self, call_sid: str, now: float, *, verbs_s: float = 0.0) -> Ticket | None:
        """A ticket that may replace a stream which we still take to be alive; None if the call is over."""
        call = self._calls.get(call_sid)
        if call is None or call.over:
            return None
        return self._issue(call, now, verbs_s, resumes=True)

    def _refusal(self, incoming: Incoming, now: float) -> Refusal | None:
        if self.draining:
            return Refusal.DRAINING
        active = [call for call in self._calls.values() if not call.over and (call.live or call.waits(now))]
        if len(active) >= self._max_calls:
            return Refusal.FULL
        number = incoming.caller.text
        if _REAL_NUMBER.fullmatch(number):
            same = sum(call.incoming.caller.text == number for call in active)
            if same >= self._per_caller:
                return Refusal.CALLER
        return None

    def _issue(self, call: _Call, now: float, verbs_s: float, *, resumes: bool) -> Ticket:
        call.touched = now
        call.token, call.token_resumes = self._random(16), resumes
        call.token_until = now + verbs_s + self._ttl_s
        call.start_by = now + verbs_s + self._start_s
        return self._ticket(call)

    @staticmethod
    def _ticket(call: _Call) -> Ticket:
        return Ticket(call.incoming.call_sid, call.token, call.incoming.caller, call.incoming.called)

    # --- the stream

    def admit(self, start: Start, now: float) -> CallFacts:
        """Let a stream speak for its call. The caller must end an older stream of the same CallSid, if one lives.

        `PeerError.code`: "account" (not ours), "token" (missing, wrong, used, late, or of another call),
        "live" (the call has a stream already), "over" (the call has ended), "draining", "max-calls",
        "max-calls-per-caller" (only for a stream without a ticket, which only development allows).
        """
        if self._account_sid and start.account_sid != self._account_sid:
            raise PeerError("account")
        given = start.parameters.get("token", "")
        call = self._calls.get(start.call_sid)
        if not given and not self._tokens_needed:
            call = self._without_ticket(start, call, now)
        elif call is None or not call.token or not compare_digest(call.token.encode(), given.encode()):
            raise PeerError("token")
        elif not call.waits(now):
            raise PeerError("token", "too late")
        elif call.live and not call.token_resumes:
            raise PeerError("live")
        if call.over:
            raise PeerError("over")
        call.token, call.start_by = "", inf
        call.live = True
        call.generation += 1
        call.touched = now
        return CallFacts(
            call_sid=start.call_sid,
            stream_sid=start.stream_sid,
            account_sid=start.account_sid,
            caller=call.incoming.caller,
            called=call.incoming.called,
            generation=call.generation,
            resumed=call.generation > 1 or call.served_before,
            parameters={name: value for name, value in start.parameters.items() if name != "token"},
        )

    def _without_ticket(self, start: Start, call: _Call | None, now: float) -> _Call:
        if call is not None and call.live:
            raise PeerError("live")
        if call is not None:
            return call
        caller = Private(start.parameters.get("from", "anonymous"))
        incoming = Incoming(start.call_sid, caller, start.parameters.get("to", ""))
        refusal = self._refusal(incoming, now)
        if refusal is not None:
            raise PeerError(refusal.value)
        self._sweep(now)
        self._calls[start.call_sid] = call = _Call(incoming, now)
        return call

    def is_current(self, facts: CallFacts) -> bool:
        """Whether this stream is still the one that speaks for its call."""
        call = self._calls.get(facts.call_sid)
        return call is not None and call.live and call.generation == facts.generation

    def remember(self, facts: CallFacts, memory: object) -> None:
        """Keep something (the history) for a stream that may have to take over. The newest stream's stands."""
        call = self._calls.get(facts.call_sid)
        if call is not None and call.generation == facts.generation:
            call.memory = memory

    def memory(self, call_sid: str) -> object:
        """What the stream before this one left, or None."""
        call = self._calls.get(call_sid)
        return call.memory if call else None

    def ended(self, facts: CallFacts, now: float) -> None:
        """The call is over on purpose: the caller hung up, or we close. A stale stream ends nothing."""
        if self.is_current(facts):
            self._finish(self._calls[facts.call_sid], now)

    def lost(self, facts: CallFacts, now: float) -> None:
        """The stream is gone without our close, a `stop` or a final status: it may be resumed."""
        if self.is_current(facts):
            call = self._calls[facts.call_sid]
            call.live, call.touched = False, now

    # --- the call, told by Twilio or by us

    def final(self, call_sid: str, now: float) -> None:
        """Twilio says that the call has ended."""
        call = self._calls.get(call_sid)
        if call is not None:
            self._finish(call, now)

    def decide(self, call_sid: str, document: bytes) -> bool:
        """Store what happens when the stream ends (a transfer), before anything is done about it. False when that
        document is the stored one already, or the call is unknown."""
        call = self._calls.get(call_sid)
        if call is None or call.decision == document:
            return False
        call.decision, call.told = document, False
        return True

    def told(self, call_sid: str) -> bool:
        """Whether Twilio has been given what was decided."""
        call = self._calls.get(call_sid)
        return call is not None and call.told

    def is_live(self, call_sid: str) -> bool:
        """Whether a stream speaks for this call."""
        call = self._calls.get(call_sid)
        return call is not None and call.live

    def after_stream(self, incoming: Incoming, now: float, *, status: str = "", verbs_s: float = 0.0) -> Next:
        """Twilio asks what comes after the stream. A retry gets the same answer.

        A call that we do not know is one that an earlier process served: it is resumed.
        """
        self._sweep(now)
        call = self._calls.get(incoming.call_sid)
        if call is None:
            call = self._calls[incoming.call_sid] = _Call(incoming, now, served_before=True)
        call.touched = now
        if call.decision is not None:
            call.told = True
            return Next(After.DECIDED, document=call.decision)
        if status in FINAL_STATUSES:
            self._finish(call, now)
        if call.over:
            return Next(After.OVER)
        retried = call.asked_generation == call.generation and now - call.asked_at < _RETRY_S
        if retried and call.waits(now):
            return Next(After.RESUME, ticket=self._ticket(call))
        if not retried:
            call.asked_generation, call.asked_at = call.generation, now
            call.resumes += 1
        if call.resumes > _RESUMES:
            return Next(After.FALLBACK)
        return Next(After.RESUME, ticket=self._issue(call, now, verbs_s, resumes=True))

    # --- the watchdog

    def overdue(self, now: float) -> Iterator[tuple[str, int]]:
        """Calls whose stream did not start in time, each once, with how often they were redirected before."""
        for call_sid, call in self._calls.items():
            if call.start_by <= now and not call.over:
                call.start_by = inf
                attempt = self._redirect(call)
                if attempt is not None:
                    yield call_sid, attempt

    def silent(self, facts: CallFacts) -> int | None:
        """The stream is open, but no media comes. How often the call was redirected before; None: leave it alone."""
        return self._redirect(self._calls[facts.call_sid]) if self.is_current(facts) else None

    @staticmethod
    def _redirect(call: _Call) -> int | None:
        if call.redirects >= _REDIRECTS:
            return None
        call.redirects += 1
        return call.redirects - 1

    def next_deadline(self) -> float:
        """When `overdue` may have something to say, or infinity."""
        return min((call.start_by for call in self._calls.values() if not call.over), default=inf)

    # --- housekeeping

    @staticmethod
    def _finish(call: _Call, now: float) -> None:
        call.over, call.live, call.token, call.start_by = True, False, "", inf
        call.memory = None
        call.touched = now

    def _sweep(self, now: float) -> None:
        if now - self._swept_at < _SWEEP_S:
            return
        self._swept_at = now
        for call_sid in [sid for sid, call in self._calls.items() if not call.live and now - call.touched > _FORGET_S]:
            del self._calls[call_sid]


FINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
