"""The record of one simulated call: written while it runs, read as a `CallResult` when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from agentd.audio import mulaw
from agentd.audio.wav import write_stereo
from agentd.errors import PeerError
from agentd.simulator.line import Warned
from agentd.simulator.track import Track


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened, `at_s` since the call was placed. who: "caller", "agent", "line", "webhook"."""

    at_s: float
    who: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WebhookSeen:
    """One webhook that was posted. status 0: no answer."""

    at_s: float
    url: str
    status: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class CallResult:
    """A call that is over. Times are seconds since it was placed; speech is (begin, end) of what could be heard.

    `ended_by`: "caller", "agent" (closed the socket, and TwiML said nothing more), "twiml" (a verb such as Dial
    took over), "lost" (the socket went without a close), "refused" (no stream came about), "limit",
    "rest" (completed by the REST API).
    `answer_waits_s`: from the end of each stretch of the caller's to the agent's first sound, where the agent was
    silent at that end and answered before the caller spoke again. `barge_in_stops_s`: where the caller began while the
    agent spoke, how long the agent stayed audible. `greeting_s`: from the stream's start to the agent's first sound,
    None if the caller spoke before it. `marks`: (when, name) of those that agentd sent. `clears`: (when, seconds of
    audio thrown away). `messages`: what agentd sent, by kind.
    """

    call_sid: str
    ended_by: str
    duration_s: float
    streams: int
    caller_speech: list[tuple[float, float]]
    agent_speech: list[tuple[float, float]]
    greeting_s: float | None
    answer_waits_s: list[float]
    barge_in_stops_s: list[float]
    warnings: list[Warned]
    marks: list[tuple[float, str]]
    clears: list[tuple[float, float]]
    messages: Counter[str]
    webhooks: list[WebhookSeen]
    verbs: list[str]
    close_code: int | None
    close_reason: str
    caller_mulaw: bytes = field(repr=False)
    agent_mulaw: bytes = field(repr=False)

    @property
    def codes(self) -> list[int]:
        """Twilio's error codes, in the order in which they came."""
        return [w.code for w in self.warnings]

    def write_wav(self, path: Path | str) -> None:
        """The call in stereo at 8 kHz: caller left, agent right. Raises OSError."""
        write_stereo(path, mulaw.decode(self.caller_mulaw), mulaw.decode(self.agent_mulaw))


class CallLog:
    """Everything about one call, on its own clock: seconds since this object was made."""

    def __init__(self, call_sid: str, on_event: Callable[[CallEvent], None] | None = None) -> None:
        self._origin = trio.current_time()
        self._on_event = on_event
        self.call_sid = call_sid
        self.caller, self.agent = Track(), Track()
        self.stream_starts_s: list[float] = []
        self.warnings: list[Warned] = []
        self.marks: list[tuple[float, str]] = []
        self.cleared: list[tuple[float, bytes]] = []
        self.messages: Counter[str] = Counter()
        self.webhooks: list[WebhookSeen] = []
        self.verbs: list[str] = []
        self.ended_by = ""
        self.close_code: int | None = None
        self.close_reason = ""

    def now(self) -> float:
        return trio.current_time() - self._origin

    def emit(self, who: str, what: str, detail: str = "", at_s: float | None = None) -> None:
        if self._on_event is not None:
            self._on_event(CallEvent(self.now() if at_s is None else at_s, who, what, detail))

    def warn(self, code: int, why: str) -> None:
        """An entry in Twilio's debugger; each code once for a reason."""
        if all((w.code, w.why) != (code, why) for w in self.warnings):
            self.warnings.append(Warned(self.now(), code, why))
            self.emit("line", f"error {code}", why)

    def blame(self, e: PeerError) -> None:
        """The same, for an error that carries Twilio's number as its code."""
        self.warn(int(e.code), str(e).removeprefix(f"{e.code}: "))

    def result(self) -> CallResult:
        end_s = self.now()
        caller, agent = self.caller.sounds(), self.agent.sounds(until_s=end_s)
        return CallResult(
            call_sid=self.call_sid,
            ended_by=self.ended_by,
            duration_s=end_s,
            streams=len(self.stream_starts_s),
            caller_speech=caller,
            agent_speech=agent,
            greeting_s=_greeting(self.stream_starts_s, caller, agent),
            answer_waits_s=answer_waits(caller, agent),
            barge_in_stops_s=barge_in_stops(caller, agent),
            warnings=list(self.warnings),
            marks=list(self.marks),
            clears=[(at_s, len(audio) / 8000) for at_s, audio in self.cleared],
            messages=Counter(self.messages),
            webhooks=list(self.webhooks),
            verbs=list(self.verbs),
            close_code=self.close_code,
            close_reason=self.close_reason,
            caller_mulaw=self.caller.between(0, end_s),
            agent_mulaw=self.agent.between(0, end_s),
        )


def answer_waits(caller: list[tuple[float, float]], agent: list[tuple[float, float]]) -> list[float]:
    """How long the caller waited for each answer; see `CallResult.answer_waits_s`."""
    waits = []
    for index, (_, end_s) in enumerate(caller):
        next_s = caller[index + 1][0] if index + 1 < len(caller) else float("inf")
        answer_s = next((begin for begin, stop in agent if stop > end_s), None)
        if answer_s is not None and end_s <= answer_s < next_s:
            waits.append(answer_s - end_s)
    return waits


def barge_in_stops(caller: list[tuple[float, float]], agent: list[tuple[float, float]]) -> list[float]:
    """For each time the caller began while the agent spoke: how long the agent stayed audible after that."""
    return [stop - begin for begin, _ in caller for start, stop in agent if start < begin < stop]


def _greeting(starts: list[float], caller: list[tuple[float, float]], agent: list[tuple[float, float]]) -> float | None:
    if not starts or not agent or (caller and caller[0][0] < agent[0][0]):
        return None
    return agent[0][0] - starts[0]
