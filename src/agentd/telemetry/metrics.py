"""Prometheus metrics from the tapes (SPEC 11.3). What each means, and its target line: docs/metrics.md.

Labels have few values and hold nothing of a person: what comes from a plugin, a model or a peer goes through `Few`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agentd.core.kinds import Kinds
from agentd.events import (
    ApprovalAsked,
    ApprovalOver,
    AsrErr,
    BargeIn,
    CallEnded,
    EngineSwitch,
    LlmErr,
    Recorded,
    ToolAsked,
    ToolOver,
    TtsErr,
    Turn,
    Watchdog,
)
from agentd.telemetry.metrics_call import MEASURED, CallMeasures, Closed, FalseAlarm, Halted, Interrupted

# Targets of SPEC 13 are among the bounds, so that a target line is a bucket.
SECONDS: Final = (0.25, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
HEARING: Final = (0.1, 0.2, 0.24, 0.3, 0.5, 0.7, 1.0, 1.5, 3.0)
HALT: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.7, 1.0)
LOOP: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0)
TOOL: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)
TURNS: Final = (2, 4, 6, 8, 10, 12, 15, 20, 30)
COUNTED: Final = Kinds(
    Turn, BargeIn, EngineSwitch, AsrErr, LlmErr, TtsErr, ToolAsked, ToolOver, ApprovalAsked, ApprovalOver, CallEnded,
    Watchdog,
)  # fmt: skip
LENGTH: Final = (5, 15, 30, 60, 120, 300, 600, 900, 1800)
STAGE: Final = {AsrErr: "stt", LlmErr: "llm", TtsErr: "tts"}
STREAMS: Final = 10_000  # measured at once; more than any house has: the `CallEnded` of the oldest was lost


class Few:
    """The values of one label: the first fifty, of a modest form. Every other one is "other"."""

    _FORM: Final = re.compile(r"[A-Za-z0-9_.:=,/-]{1,60}")
    _MOST: Final = 50

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._seen:
            if len(self._seen) >= self._MOST or not self._FORM.fullmatch(value) or re.search(r"\d{9}", value):
                return "other"
            self._seen.add(value)
        return value


@dataclass(frozen=True, slots=True)
class Figures(Collector):
    """What the house knows without its tapes, asked for when the metrics are read."""

    live_calls: Callable[[], int]
    store_pending: Callable[[], int]
    store_lost: Callable[[], int]
    events_lost: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("agentd_live_calls", "Calls that have a stream now", self.live_calls())
        yield GaugeMetricFamily("agentd_store_pending", "Changes not in the store yet", self.store_pending())
        yield CounterMetricFamily("agentd_store_lost", "Changes that found the queue full", self.store_lost())
        yield CounterMetricFamily("agentd_events_lost", "Events that a subscriber never saw", self.events_lost())


class Metrics:
    """A subscriber of every tape. `exposition` may be asked for at any time."""

    name = "metrics"

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._few = {label: Few() for label in ("to", "reason", "tool", "rule")}
        self._calls: OrderedDict[tuple[str, int], CallMeasures] = OrderedDict()
        count, spread = self._counter, self._histogram
        # The six measures
        self._turns = spread("agentd_turn_seconds", "From the end of utterance to our first reply frame", SECONDS)
        self._answers = spread(
            "agentd_answer_seconds", "From the caller's last voice to our first reply frame", SECONDS
        )
        self._partials = spread("agentd_asr_first_seconds", "From the caller's first voice to the first words", HEARING)
        self._texts = spread("agentd_asr_text_seconds", "From the end of utterance to its text", HEARING)
        self._halts = spread("agentd_interrupt_halt_seconds", "From the caller's onset to our silence", HALT)
        self._taken = count(
            "agentd_interruptions", "Interruptions that took the floor, by how well we gave it", "result"
        )
        self._closes = spread("agentd_turns_to_close", "Turns of ours until the call was closed", TURNS, "outcome")
        self._streams = spread("agentd_stream_seconds", "Length of streams, by why they ended", LENGTH, "reason")
        # Beside them
        self._calls_ended = count("agentd_calls", "Streams that ended", "reason")
        self._barge_ins = count("agentd_barge_ins", "Interruptions, by what became of them", "phase")
        self._false = count("agentd_false_barge_ins", "Sounds that we fell silent for and that were not meant for us")
        self._switches = count("agentd_engine_switches", "What a call gets came from another engine", "stage", "to")
        self._errors = count("agentd_engine_errors", "Failures of engines", "stage")
        self._verdicts = count("agentd_tool_verdicts", "Tool calls, by the gate's ruling", "tool", "ruling", "rule")
        self._tools = count("agentd_tool_calls", "Tool calls that are over", "tool", "outcome")
        self._tool_s = spread("agentd_tool_seconds", "How long tool calls took, waits for a person included", TOOL)
        self._approvals = count("agentd_approvals", "Tool calls that waited for a person, by what came of it", "state")
        self._waiting = Gauge("agentd_approvals_waiting", "Tool calls that wait for a person", registry=self._registry)
        self._watchdog = count("agentd_watchdog", "What the watchdogs found", "what")
        self.loop = spread("agentd_loop_lag_seconds", "The longest pass through the ready tasks in each second", LOOP)

    def watch(self, figures: Figures) -> None:
        """Ask the house for these, too. Once."""
        self._registry.register(figures)

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        """Read until the tape ends."""
        async for recorded in tape:
            kind = type(recorded.event)
            if COUNTED[kind]:
                self._count(recorded)
            if MEASURED[kind]:
                self._measure(recorded)

    def exposition(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)

    def _count(self, recorded: Recorded) -> None:
        """What one event says alone."""
        few = self._few
        match recorded.event:
            case Turn() as turn:
                self._timed(turn)
            case BargeIn(phase=phase):
                self._barge_ins.labels(phase).inc()
            case EngineSwitch(stage=stage, new=new):
                self._switches.labels(stage, few["to"](new)).inc()
            case AsrErr() | LlmErr() | TtsErr() as failure:
                self._errors.labels(STAGE[type(failure)]).inc()
            case ToolAsked(tool=tool, ruling=ruling, rule=rule):
                self._verdicts.labels(few["tool"](tool), ruling, few["rule"](rule)).inc()
            case ToolOver(tool=tool, outcome=outcome, ms=ms):
                self._tools.labels(few["tool"](tool), outcome).inc()
                self._tool_s.observe(ms / 1000)
            case ApprovalAsked():
                self._waiting.inc()
            case ApprovalOver(state=state):
                self._waiting.dec()
                self._approvals.labels(state).inc()
            case CallEnded(reason=reason, duration_s=duration_s):
                self._calls_ended.labels(few["reason"](reason)).inc()
                self._streams.labels(few["reason"](reason)).observe(duration_s)
            case Watchdog(what=what):
                self._watchdog.labels(what).inc()
            case _:
                pass

    def _timed(self, turn: Turn) -> None:
        if turn.stt_first_partial_ms is not None:
            self._partials.observe(turn.stt_first_partial_ms / 1000)
        if turn.total_latency_ms is not None:
            self._answers.observe(turn.total_latency_ms / 1000)
        if turn.eou_wait_ms is None:
            return
        for histogram, ms in ((self._texts, turn.stt_final_ms), (self._turns, turn.total_latency_ms)):
            if ms is not None:  # both count from the last voice; a text may be there before the end is
                histogram.observe(max(0, ms - turn.eou_wait_ms) / 1000)

    def _measure(self, recorded: Recorded) -> None:
        """What the events of a call say together."""
        event = recorded.event
        stream = recorded.call_sid, recorded.generation
        if isinstance(event, CallEnded):
            stream = event.call_sid, event.generation
        elif not recorded.call_sid:
            return
        measures = self._calls.get(stream)
        if measures is None:
            measures = self._calls[stream] = CallMeasures()
        for found in measures.read(recorded):
            match found:
                case Halted(ms):
                    self._halts.observe(ms / 1000)
                case Interrupted(result):
                    self._taken.labels(result).inc()
                case FalseAlarm():
                    self._false.inc()
                case Closed(outcome, turns):
                    self._closes.labels(outcome).observe(turns)
        if isinstance(event, CallEnded):
            del self._calls[stream]
        elif len(self._calls) > STREAMS:
            self._calls.popitem(last=False)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, registry=self._registry, buckets=buckets)
