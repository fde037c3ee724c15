"""`agentd call`: a simulated call to any agentd, from a WAV file."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    import trio

    from agentd.simulator.script import Step

_WEBHOOK = "/webhook/incoming_call"


@click.command()
@click.option(
    "--wav",
    "wavs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    required=True,
    help="What the caller says: any WAV, mono or stereo, any rate. Several: one after each answer.",
)
@click.option("--to", help="The incoming-call webhook (http, https) or a media WebSocket (ws, wss). "
              "Default: the agentd of this machine on $PORT.")  # fmt: skip
@click.option(
    "--interrupt-after",
    type=click.FloatRange(min=0),
    help="Talk over the first answer after it has been audible for so many seconds, with the next WAV (or the same).",
)
@click.option(
    "--hang-up-after",
    type=click.FloatRange(min=0),
    help="Hang up so many seconds after the last WAV. Default: when the agent has answered and been silent for 2 s.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the call: caller left, agent right."
)
@click.option("--from", "caller", default="+972501234567", show_default=True, help="The caller's number, or anonymous.")
@click.option("--called", default="+97237654321", show_default=True, help="The number that is called.")
@click.option(
    "--auth-token", envvar="TWILIO_AUTH_TOKEN", show_envvar=True, help="Sign as Twilio does. Unsigned without one."
)
@click.option("--account-sid", envvar="TWILIO_ACCOUNT_SID", show_envvar=True, default="", help="Twilio account.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A stream parameter, for ws(s) URLs.")
@click.option(
    "--limit", "limit_s", type=click.FloatRange(min=1), default=900, show_default=True, help="Longest call, s."
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout, and nothing else.")
def command(
    wavs: tuple[Path, ...],
    to: str | None,
    interrupt_after: float | None,
    hang_up_after: float | None,
    out: Path | None,
    caller: str,
    called: str,
    auth_token: str | None,
    account_sid: str,
    params: tuple[str, ...],
    limit_s: float,
    as_json: bool,
) -> None:
    """Place a simulated call to an agentd: speak a WAV file in real time, and see who spoke when.

    \b
    agentd call --wav hello.wav                                      to this machine
    agentd call --wav hello.wav --to https://voice.example.com      signed, through its webhook
    agentd call --wav question.wav --wav thanks.wav --out call.wav
    agentd call --wav hello.wav --interrupt-after 1.5                talk over the answer
    agentd call --wav hello.wav --to ws://127.0.0.1:8080/ws/twilio-media --param token=...
    agentd call --wav hello.wav --json | jq .answer_waits_s

    Twilio is simulated whole: the signed webhook, TwiML, the stream with Twilio's own play-out buffer, marks, `clear`,
    callbacks and error codes. Ctrl-C hangs up; a second one stops at once. Exit code 0: the agent was heard; 1: it was
    not; 2: the command line is wrong.
    """
    import json

    import trio
    from rich.console import Console

    from agentd.simulator import timeline
    from agentd.simulator.call_log import CallResult
    from agentd.simulator.phone import Network, place_call

    script = steps([_speech(path) for path in wavs], interrupt_after, hang_up_after)
    if out is not None:
        _check_writable(out)
    network = Network(
        caller=caller,
        called=called,
        auth_token=auth_token or None,
        account_sid=account_sid,
        parameters=dict(_pair(each) for each in params),
        limit_s=limit_s,
    )
    live = None if as_json else timeline.Timeline(Console(highlight=False))

    async def run() -> CallResult:
        hang_up = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_hang_up_on_interrupt, hang_up)
            result = await place_call(webhook(to), script, network=network, on_event=live, hang_up=hang_up)
            nursery.cancel_scope.cancel()
        return result

    result = None
    with contextlib.suppress(KeyboardInterrupt):
        result = trio.run(run)
    if result is None:
        raise click.Abort
    if out is not None:
        try:
            result.write_wav(out)
        except OSError as error:
            raise click.ClickException(f"--out {out}: {error.strerror or error}") from error
    if live is None:
        click.echo(json.dumps(timeline.as_json(result), ensure_ascii=False, indent=2))
    else:
        live.finish(result)
    if not result.agent_speech:
        raise SystemExit(1)


def steps(speech: Sequence[bytes], interrupt_after: float | None, hang_up_after: float | None) -> list[Step]:
    """The script of this command: greeting, the first WAV, each further one after (or over) an answer, the end."""
    from agentd.simulator.script import HangUp, Interrupt, Say, Silence, WaitForAgent

    first, *rest = speech
    script: list[Step] = [WaitForAgent(within_s=4.0, quiet_s=0.8), Say(first)]
    if interrupt_after is not None:
        script.append(Interrupt(rest.pop(0) if rest else first, after_s=interrupt_after))
    for pcm in rest:
        script += [WaitForAgent(), Say(pcm)]
    if hang_up_after is None:
        script.append(WaitForAgent(quiet_s=2.0))
    else:
        script.append(Silence(hang_up_after))
    return [*script, HangUp()]


def webhook(to: str | None) -> str:
    """The URL to call: the one given, its webhook if it is an origin alone, this machine's without one."""
    if to is None:
        return f"http://127.0.0.1:{os.environ.get('PORT', '8080')}{_WEBHOOK}"
    parts = urlsplit(to)
    return to.rstrip("/") + _WEBHOOK if parts.scheme in ("http", "https") and parts.path in ("", "/") else to


async def _hang_up_on_interrupt(hang_up: trio.Event) -> None:
    """The first Ctrl-C; the next one finds Python's own handler again."""
    import trio

    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async for _ in signals:
            hang_up.set()
            return


def _speech(path: Path) -> bytes:
    from agentd.audio.wav import WavError, read_wav

    try:
        pcm = read_wav(path)
    except WavError as error:
        raise click.BadParameter(str(error), param_hint="--wav") from error
    if not pcm:
        raise click.BadParameter(f"{path}: no sound in the file", param_hint="--wav")
    return pcm


def _check_writable(path: Path) -> None:
    """Before the call, which may be long. Leaves what is there as it is, and nothing where nothing was."""
    new = not path.exists()
    try:
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror or error}", param_hint="--out") from error


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--param")
    return name, value
