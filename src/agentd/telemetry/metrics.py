"""Prometheus metrics from the tapes: what switched and failed, how calls ended, how long answers took."""

from __future__ import annotations

from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from agentd.events import AsrErr, BargeIn, CallEnded, EngineSwitch, LlmErr, Recorded, TtsErr, Turn

SECONDS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)  # SPEC 13: 2 s at the median, 3 s at the 95th percentile
STAGE = {AsrErr: "stt", LlmErr: "llm", TtsErr: "tts"}


class Metrics:
    """A subscriber of every tape. `exposition` may be asked for at any time."""

    name = "metrics"

    def __init__(self) -> None:
        r = self._registry = CollectorRegistry()
        self._switches = Counter("agentd_engine_switches", "What a call gets came from another engine", ["stage", "to"],
                                 registry=r)  # fmt: skip
        self._errors = Counter("agentd_engine_errors", "Failures of engines", ["stage"], registry=r)
        self._calls = Counter("agentd_calls", "Streams that ended", ["reason"], registry=r)
        self._barge_ins = Counter("agentd_barge_ins", "Interruptions, by what became of them", ["phase"], registry=r)
        self._answers = Histogram("agentd_answer_seconds", "From the caller's last voice to our first reply frame",
                                  registry=r, buckets=SECONDS)  # fmt: skip

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            match recorded.event:
                case EngineSwitch(stage=stage, new=new):
                    self._switches.labels(stage, new).inc()
                case AsrErr() | LlmErr() | TtsErr() as failure:
                    self._errors.labels(STAGE[type(failure)]).inc()
                case CallEnded(reason=reason):
                    self._calls.labels(reason).inc()
                case BargeIn(phase=phase):
                    self._barge_ins.labels(phase).inc()
                case Turn(total_latency_ms=int(total_ms)):
                    self._answers.observe(total_ms / 1000)
                case _:
                    pass

    def exposition(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
