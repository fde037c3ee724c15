"""The demo's call: engines loaded, a caller's lines recorded, the daemon up on a free port, the call placed, and the
work after it done."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import trio
from rich.console import Console

from agentd.commands._one_call import show as show_call
from agentd.config import Settings
from agentd.daemon import Daemon
from agentd.demo.kept import kept
from agentd.demo.script import lines, recordings, steps
from agentd.demo.show import Show
from agentd.plugins import Plugins
from agentd.simulator.call_log import CallResult
from agentd.simulator.phone import Network, place_call
from agentd.telemetry.tape_file import TapeFile


async def play_call(language: str, out: Path, console: Console) -> bool:
    """The whole demo, into the folder `out`. True if the caller was understood, the agent heard, and the call kept."""
    hebrew = language.startswith("he")
    tape = TapeFile(out / "call.jsonl", show_private=True)  # nobody's private words: a made-up caller
    show = Show(console)
    state = out / "state"
    shutil.rmtree(state, ignore_errors=True)  # of the demo before
    settings = Settings.of(
        language_code=language,
        port=0,
        state_dir=state,
        stt_engine=("scripted",) if hebrew else ("local",),
        llm_engine=("rules",),
        tts_engine=("scripted",) if hebrew else ("local",),
    )

    def progress(text: str) -> None:
        console.print(f"· {text}", style="dim")

    progress("Loading the engines")
    plugins = Plugins.load(settings)
    daemon = Daemon(settings, plugins, subscribers=[tape, show], progress=progress)
    said = lines(daemon.playbook, date.today())
    if hebrew:
        for line in said:
            plugins.stt("scripted").expect(line.text)  # type: ignore[attr-defined]
    progress(f"Recording the caller's {len(said)} lines")
    voices = await recordings(None if hebrew else plugins.tts("local"), said)
    async with trio.open_nursery() as nursery:
        address = await nursery.start(daemon.run)
        progress(f"agentd answers on {address}; placing a call")
        show.begin()
        webhook = f"http://{address}/webhook/incoming_call"
        result = await place_call(webhook, steps(said, voices), network=Network(seed=1), on_event=show.line)
        daemon.drain()
    result.write_wav(out / "call.wav")
    console.print()
    console.print(show.table([line.text for line in said]))
    progress("The work after the call, as `agentd jobs` does it")
    left = await kept(settings, result.call_sid)
    if left is not None:
        show_call(left.call, left.dealings)
    lost = ["the call"] if left is None else left.missing(language)
    console.print("The booking is what the caller said." if not lost else f"Missing of the booking: {', '.join(lost)}.")
    console.print(_summary(result, out))
    recognised = sum(bool(told.recognised) for told in show.turns.values())
    return bool(result.agent_speech) and recognised >= len(said) - 2 and left is not None


def _summary(result: CallResult, out: Path) -> str:
    waits = sorted(result.answer_waits_s)
    wait = f"{waits[len(waits) // 2] * 1000:.0f} ms" if waits else "never"
    stops = ", ".join(f"{s * 1000:.0f} ms" for s in result.barge_in_stops_s) or "none"
    return (
        f"{result.duration_s:.0f} s, ended by the {result.ended_by}. Median wait for an answer, as the caller heard "
        f"it: {wait}. Interrupted: silent after {stops}.\n"
        f"Twilio's complaints: {', '.join(map(str, result.codes)) or 'none'}. "
        f"Hear it: {out / 'call.wav'} (caller left, agent right). Every event: {out / 'call.jsonl'}\n"
        f"All of it: AGENTD_STATE={out / 'state'} agentd calls show {result.call_sid}"
    )
