"""The metrics, read as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterable

import trio
from prometheus_client.parser import text_string_to_metric_families

from agentd.events import (
    ApprovalAsked,
    ApprovalOver,
    AsrErr,
    BargeIn,
    CallEnded,
    CallerSaid,
    EngineSwitch,
    Event,
    Private,
    Recorded,
    ToolAsked,
    ToolOver,
    Turn,
    Watchdog,
    WsStart,
)
from agentd.telemetry import metrics as module
from agentd.telemetry.metrics import Few, Figures, Metrics


async def fed(metrics: Metrics, events: Iterable[Event | Recorded]) -> None:
    send, receive = trio.open_memory_channel[Recorded](10_000)
    for seq, event in enumerate(events):
        send.send_nowait(event if isinstance(event, Recorded) else Recorded("CA1", 1, seq, 0, 60, event))
    send.close()
    await metrics.run(receive)


def samples(metrics: Metrics) -> dict[str, float]:
    """name{label=value,...} -> value, of what is not 0."""
    found = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            if sample.value and not sample.name.endswith("_created"):
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def values(*events: Event | Recorded) -> dict[str, float]:
    metrics = Metrics()
    await fed(metrics, events)
    return samples(metrics)


def turn(**fields: int | None) -> Turn:
    return Turn(turn=2, kind="reply", **fields)


def ended(reason: str = "stop", call_sid: str = "CA1") -> CallEnded:
    return CallEnded(call_sid=call_sid, reason=reason, duration_s=42.0, turns=5)


async def test_a_turn_is_measured_from_the_end_of_the_utterance_and_from_the_last_voice() -> None:
    found = await values(
        turn(stt_first_partial_ms=300, stt_final_ms=690, eou_wait_ms=450, total_latency_ms=850),
        turn(stt_final_ms=100, total_latency_ms=700),
        turn(),
    )
    assert found["agentd_turn_seconds_sum"] == 0.4
    assert found["agentd_turn_seconds_count"] == 1
    assert found["agentd_answer_seconds_count"] == 2
    assert found["agentd_asr_first_seconds_sum"] == 0.3
    assert found["agentd_asr_text_seconds_sum"] == 0.24
    assert found["agentd_asr_text_seconds_bucket{le=0.24}"] == 1


async def test_a_text_that_was_there_before_the_end_of_its_utterance_took_no_time() -> None:
    found = await values(turn(stt_final_ms=250, eou_wait_ms=450, total_latency_ms=460))
    assert found["agentd_asr_text_seconds_bucket{le=0.1}"] == 1
    assert found["agentd_turn_seconds_sum"] == 0.01


async def test_an_interruption_counts_as_halt_result_and_phase() -> None:
    found = await values(
        BargeIn(phase="hold", turn=3, why="voice", onset_ms=1020),
        BargeIn(phase="take", turn=3, why="words", onset_ms=1020),
        CallerSaid(turn=4, from_ms=0, until_ms=9, text=Private("no")),
        BargeIn(phase="hold", turn=4, why="voice", onset_ms=1000),
        BargeIn(phase="release", turn=4, why="voice", onset_ms=1000),
    )
    assert found["agentd_interrupt_halt_seconds_sum"] == 0.18 + 0.2
    assert found["agentd_interrupt_halt_seconds_bucket{le=0.2}"] == 2
    assert found["agentd_interruptions_total{result=ok}"] == 1
    assert found["agentd_false_barge_ins_total"] == 1
    assert found["agentd_barge_ins_total{phase=hold}"] == 2


async def test_calls_are_measured_apart_and_end_in_one_outcome_each() -> None:
    def of(call_sid: str, event: Event, generation: int = 1) -> Recorded:
        return Recorded(call_sid, generation, 0, 0, 60, event)

    booked = ToolOver(turn=6, tool="calendar.create", outcome="ok", ms=40)
    found = await values(
        of("CA1", booked), of("CA2", Turn(turn=1, kind="reply")), of("", ended("stop", "CA2")), of("", ended())
    )
    assert found["agentd_turns_to_close_sum{outcome=meeting}"] == 6
    assert found["agentd_turns_to_close_sum{outcome=open}"] == 5
    assert found["agentd_stream_seconds_count{reason=stop}"] == 2
    assert found["agentd_stream_seconds_bucket{le=60.0,reason=stop}"] == 2
    assert found["agentd_calls_total{reason=stop}"] == 2


async def test_tools_and_approvals_count_by_what_became_of_them() -> None:
    found = await values(
        ToolAsked(turn=1, tool="crm.update", agent="voice", ruling="ask", rule="field"),
        ApprovalAsked(approval="ap-1", tool="crm.update"),
        ApprovalAsked(approval="ap-2", tool="crm.update"),
        ApprovalOver(approval="ap-1", tool="crm.update", state="used"),
        ToolOver(turn=1, tool="crm.update", outcome="ok", ms=3500),
    )
    assert found["agentd_tool_verdicts_total{rule=field,ruling=ask,tool=crm.update}"] == 1
    assert found["agentd_tool_calls_total{outcome=ok,tool=crm.update}"] == 1
    assert found["agentd_tool_seconds_bucket{le=5.0}"] == 1
    assert found["agentd_approvals_total{state=used}"] == 1
    assert found["agentd_approvals_waiting"] == 1


async def test_engines_and_watchdogs_count() -> None:
    found = await values(
        AsrErr(error="gone"),
        EngineSwitch(stage="stt", old="google", new="openai-whisper", why="gone"),
        Watchdog(what="loop-stall", action="120 ms: x"),
    )
    assert found["agentd_engine_errors_total{stage=stt}"] == 1
    assert found["agentd_engine_switches_total{stage=stt,to=openai-whisper}"] == 1
    assert found["agentd_watchdog_total{what=loop-stall}"] == 1


async def test_the_house_is_asked_when_the_metrics_are_read() -> None:
    metrics, live = Metrics(), [3]
    metrics.watch(Figures(lambda: live[0], lambda: 4, lambda: 5, lambda: 6))
    metrics.loop.observe(0.004)
    live[0] = 2
    found = samples(metrics)
    assert found["agentd_live_calls"] == 2
    assert (found["agentd_store_pending"], found["agentd_store_lost_total"]) == (4, 5)
    assert found["agentd_events_lost_total"] == 6
    assert found["agentd_loop_lag_seconds_bucket{le=0.005}"] == 1


async def test_nothing_of_a_person_becomes_a_metric() -> None:
    metrics = Metrics()
    phone = "+972501234567"
    await fed(
        metrics,
        [
            WsStart(stream_sid="MZ1", mode="AI", caller=Private(phone), called="+97231234567"),
            ToolAsked(turn=1, tool=f"call.{phone}", agent="voice", ruling="deny", rule="unknown-tool"),
            ToolOver(turn=1, tool="שלום דנה", outcome="denied", ms=0),
            ended(f"caller 0501234567 said bye {phone}"),
        ],
    )
    text = metrics.exposition().decode()
    for secret in ("972501234567", "0501234567", "97231234567", "דנה", "CA1", "MZ1"):
        assert secret not in text
    assert samples(metrics)["agentd_calls_total{reason=other}"] == 1


def test_a_label_takes_few_values_whatever_a_plugin_or_a_model_makes_up() -> None:
    few = Few()
    assert few("stop") == "stop"
    assert {few(f"invented-{n}") for n in range(1000)} >= {"other"}
    assert few("stop") == "stop"
    assert few("late-comer") == "other"
    assert len({few(f"invented-{n}") for n in range(1000)}) == 50  # 49 of them, and "other"


async def test_streams_whose_end_was_lost_do_not_pile_up(monkeypatch) -> None:
    monkeypatch.setattr(module, "STREAMS", 3)
    metrics = Metrics()
    await fed(metrics, (Recorded(f"CA{n}", 1, 0, 0, 0, turn()) for n in range(9)))
    assert len(metrics._calls) == 3
    await fed(metrics, (Recorded("", 0, 0, 0, 0, ended(call_sid=f"CA{n}")) for n in range(9)))
    assert len(metrics._calls) == 0
