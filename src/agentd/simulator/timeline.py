"""A simulated call for the eye: a line for each thing as it happens, two lanes and a table when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentd.simulator.call_log import CallEvent, CallResult

_STYLE: Final = {"caller": "cyan", "agent": "green", "line": "yellow", "webhook": "dim"}
_VOICE: Final = "█"


class Timeline:
    """Pass it as `on_event`; call `finish` with the result. It writes to `console` only."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: CallEvent) -> None:
        style = _STYLE.get(event.who, "")
        line = Text(f"{event.at_s:7.2f} s  ")
        line.append(f"{event.who:<8}", style=style)
        line.append(event.what, style="bold red" if event.what.startswith("error") else style)
        if event.detail:
            line.append(f"  {event.detail}", style="dim")
        self._console.print(line, soft_wrap=True)

    def finish(self, result: CallResult) -> None:
        """The two lanes, then the summary."""
        width = max(20, min(self._console.width, 110) - 10)
        self._console.print()
        for who, spoke in (("caller", result.caller_speech), ("agent", result.agent_speech)):
            self._console.print(Text(f"{who:<8} {lane(spoke, result.duration_s, width)}", style=_STYLE[who]))
        self._console.print(Text(f"{'':<8} 0{f'{result.duration_s:.1f} s':>{width - 1}}", style="dim"))
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in summary(result):
            table.add_row(Text(name, style="dim"), Text(value))
        self._console.print(table)


def lane(spoke: Iterable[tuple[float, float]], duration_s: float, width: int) -> str:
    """Who spoke when, in `width` characters; a stretch is never thinner than one."""
    cells = ["·"] * width
    for begin_s, end_s in spoke:
        first = min(width - 1, int(begin_s / max(duration_s, 1e-3) * width))
        last = min(width - 1, int(end_s / max(duration_s, 1e-3) * width))
        cells[first : last + 1] = _VOICE * (last + 1 - first)
    return "".join(cells)


def summary(result: CallResult) -> list[tuple[str, str]]:
    """Rows of (what, value) for people."""

    def stretches(spoke: list[tuple[float, float]]) -> str:
        return ", ".join(f"{begin:.2f}-{end:.2f}" for begin, end in spoke) or "never"

    def seconds(values: list[float]) -> str:
        return ", ".join(f"{value:.2f} s" for value in values) or "-"

    warnings = "; ".join(f"{w.code} at {w.at_s:.2f} s ({w.why})" for w in result.warnings)
    slowest = max((w.took_ms for w in result.webhooks), default=0)
    return [
        ("call", result.call_sid),
        ("ended by", f"{result.ended_by} after {result.duration_s:.1f} s, {result.streams} stream(s)"),
        ("caller spoke", stretches(result.caller_speech)),
        ("agent spoke", stretches(result.agent_speech)),
        ("first word", "-" if result.greeting_s is None else f"{result.greeting_s:.2f} s after the stream began"),
        ("answers after", seconds(result.answer_waits_s)),
        ("stopped after", f"{seconds(result.barge_in_stops_s)} of being talked over"),
        ("marks", f"{len(result.marks)}, clears {len(result.clears)}, media {result.messages['media']}"),
        ("webhooks", f"{len(result.webhooks)}, the slowest {slowest} ms" if result.webhooks else "none"),
        ("errors", warnings or "none"),
    ]


def as_json(result: CallResult) -> dict[str, Any]:
    """The whole result without its audio, for machines. Times in seconds."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 3)
        return [rounded(each) for each in value] if isinstance(value, list | tuple) else value

    plain = "call_sid ended_by duration_s streams caller_speech agent_speech greeting_s answer_waits_s barge_in_stops_s"
    plain += " marks clears verbs close_code close_reason"
    return {name: rounded(getattr(result, name)) for name in plain.split()} | {
        "messages": dict(result.messages),
        "warnings": [{"at_s": rounded(w.at_s), "code": w.code, "why": w.why} for w in result.warnings],
        "webhooks": [
            {"at_s": rounded(w.at_s), "url": w.url, "status": w.status, "took_ms": w.took_ms} for w in result.webhooks
        ],
    }
