"""The demo's call for the eye: a line as each thing happens, then a table of the turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import trio
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentd.events import AgentSaid, BargeIn, CallerSaid, EndOfUtterance, Recorded, StateChange, Turn
from agentd.simulator.call_log import CallEvent


@dataclass
class Told:
    """One turn, as it becomes known."""

    kind: str = ""
    recognised: str = ""
    heard: str = ""
    cut: bool = False
    times: Turn | None = None


@dataclass
class Show:
    """A subscriber of the tape, and the simulator's `on_event`."""

    console: Console
    name: str = "demo"
    began: float = 0.0
    turns: dict[int, Told] = field(default_factory=dict)

    def begin(self) -> None:
        self.began = trio.current_time()

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            self._tell(recorded)

    def line(self, event: CallEvent) -> None:
        """What the simulated Twilio saw."""
        if event.who != "webhook":
            self._print(event.at_s, event.who, event.what, event.detail, dim=True)

    def _tell(self, recorded: Recorded) -> None:
        event, now = recorded.event, trio.current_time() - self.began
        match event:
            case CallerSaid():
                self._turn(event.turn).recognised = event.text.text
                self._print(now, "caller", f"“{event.text.text}”", "recognised")
            case EndOfUtterance():
                self._print(now, "agentd", "end of utterance", f"{event.reason}, after {event.silence_ms} ms", dim=True)
            case StateChange(cause="speech"):
                self._print(now, "agentd", "speaking", "", dim=True)
            case BargeIn():
                words = {"hold": "barge-in: held", "take": "barge-in: caller has the floor", "release": "goes on"}
                self._print(now, "agentd", words[event.phase], f"by {event.why}")
            case AgentSaid():
                told = self._turn(event.turn)
                told.heard, told.cut = event.text.text, event.cut
                self._print(now, "agent", f"“{event.text.text}{'—' if event.cut else ''}”", "as heard")
            case Turn():
                told = self._turn(event.turn)
                told.kind, told.times = event.kind, event
            case _:
                pass

    def table(self, spoken: Sequence[str]) -> Table:
        """`spoken`: what the caller's recordings say, to hold what was recognised against."""
        table = Table(title="Turns", title_justify="left", show_lines=True)
        for column in ("#", "kind", "recognised from the caller", "heard of the agent", "end of turn", "answer", ""):
            table.add_column(column, overflow="fold")
        for number, told in sorted(self.turns.items()):
            times = told.times
            table.add_row(
                str(number),
                told.kind,
                Text(told.recognised),
                Text(told.heard + (" —" if told.cut else "")),
                _ms(times.eou_wait_ms if times else None),
                _ms(times.total_latency_ms if times else None),
                _notes(times),
            )
        return table

    def _turn(self, number: int) -> Told:
        return self.turns.setdefault(number, Told())

    def _print(self, at_s: float, who: str, what: str, detail: str = "", *, dim: bool = False) -> None:
        style = {"caller": "cyan", "agent": "green", "agentd": "magenta", "line": "yellow"}.get(who, "")
        text = Text(f"{at_s:7.2f} s  ")
        text.append(f"{who:<8}", style=style)
        text.append(what, style="dim" if dim else style)
        if detail:
            text.append(f"  ({detail})", style="dim")
        self.console.print(text, soft_wrap=True)


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value} ms"


def _notes(times: Turn | None) -> str:
    if times is None:
        return ""
    notes = [("interrupted", times.barge_in_hit), ("speculated", times.speculative), ("filler", times.filler)]
    return ", ".join(name for name, there in notes if there)
