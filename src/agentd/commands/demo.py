"""`agentd demo`: one whole simulated call through the real daemon over a real socket, and what came of it."""

from __future__ import annotations

from pathlib import Path

import click

NOT_HEBREW = """\
What is real here: the daemon, the socket, every frame, the turn-taking, the barge-in, the Hebrew playbook and the rules
brain, which answers in Hebrew. What is not: no Hebrew recogniser and no Hebrew voice can be installed from a package
index today, so the recogniser is told the caller's words (scripted), the caller hums them, and the agent's words are
tones. With GOOGLE_APPLICATION_CREDENTIALS and OPENAI_API_KEY the same daemon speaks Hebrew:
  agentd serve --stt google --llm openai --tts google"""


@click.command()
@click.option("--language", default="en-US", show_default=True, help="en-US, or he-IL for the Hebrew playbook.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), show_default=True)
def command(language: str, out: Path) -> None:
    """Play one whole call: the greeting, an interruption, an appointment that is booked, a goodbye.

    \b
    agentd demo                     English, offline: whisper, rules and piper on this machine
    agentd demo --language he-IL    the Hebrew playbook, with what can be done offline

    Leaves call.wav (caller left, agent right), call.jsonl (the event tape) and state/ (the store, for
    `agentd calls show`) in --out. Exit code 1 if the agent was not heard, hardly a line of the caller's recognised, or
    the call not kept; whether the booking came out right is printed.
    """
    import trio
    from rich.console import Console

    from agentd.demo.play import play_call

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140  # a log, not a window
    out.mkdir(parents=True, exist_ok=True)
    if language.startswith("he"):
        console.print(NOT_HEBREW, style="yellow")
    if not trio.run(play_call, language, out, console):
        raise SystemExit(1)
