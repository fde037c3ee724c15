"""`agentd call` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import trio
from click.testing import CliRunner, Result
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from agentd.audio import mulaw
from agentd.audio.wav import parse, write_stereo, write_wav
from agentd.commands.call import command, steps, webhook
from agentd.core.media_stream import Writer
from agentd.simulator.call_log import answer_waits, barge_in_stops
from agentd.simulator.script import HangUp, Interrupt, Say, Silence, WaitForAgent
from agentd.simulator.timeline import lane
from agentd.testing import sounds

VOICE = mulaw.decode(sounds.voice(0.3))


@contextmanager
def talking_agent(seen: list[dict], on_frame: Callable[[int], None] = lambda number: None) -> Iterator[str]:
    """An agent that says one thing half a second into the stream; yields its URL. Runs in a thread of its own."""
    ready, url, tokens = threading.Event(), [], []

    async def on_stream(request: WebSocketRequest) -> None:
        connection = await request.accept()
        try:
            while True:
                seen.append(msgspec.json.decode(await connection.get_message()))
                on_frame(len(seen))
                if len(seen) == 25:
                    writer = Writer(seen[1]["streamSid"])
                    await connection.send_message(writer.media(sounds.voice(0.4)).decode())
        except ConnectionClosed:
            pass

    async def main() -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        scope = trio.CancelScope()
        url.append(scope)
        with scope:
            async with trio.open_nursery() as nursery:
                server = await nursery.start(partial(serve_websocket, on_stream, "127.0.0.1", 0, ssl_context=None))
                url.append(f"ws://127.0.0.1:{server.port}/ws/twilio-media")
                ready.set()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    assert ready.wait(10)
    try:
        yield url[1]
    finally:
        trio.from_thread.run_sync(url[0].cancel, trio_token=tokens[0])
        thread.join(10)


def run(*args: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in args], env={"TWILIO_AUTH_TOKEN": "", "PORT": "1"})


def test_a_call_is_shown_live_and_written_in_stereo(tmp_path: Path) -> None:
    write_stereo(tmp_path / "hi.wav", VOICE * 6, VOICE * 6, 48_000)
    seen: list[dict] = []
    with talking_agent(seen) as url:
        out = tmp_path / "call.wav"
        done = run(
            "--wav", tmp_path / "hi.wav", "--to", url, "--out", out, "--hang-up-after", "0.2", "--param", "token=a=b"
        )
    assert done.exit_code == 0, done.output
    assert seen[1]["start"]["customParameters"] == {"token": "a=b"}
    assert seen[-1]["event"] == "stop"
    for words in ("agent   speaks", "caller  speaks", "caller  hangs up", "ended by", "errors"):
        assert words in done.output
    sound = parse(out.read_bytes())
    assert sound.rate_hz == 8000
    assert np.abs(np.frombuffer(sound.data, "<i2")).max() > 1000


def test_json_is_all_that_stdout_holds(tmp_path: Path) -> None:
    write_wav(tmp_path / "hi.wav", VOICE)
    with talking_agent([]) as url:
        done = run("--wav", tmp_path / "hi.wav", "--to", url, "--hang-up-after", "0", "--json")
    result = json.loads(done.stdout)
    assert done.exit_code == 0
    assert result["ended_by"] == "caller"
    assert len(result["agent_speech"]) == len(result["caller_speech"]) == 1
    assert result["warnings"] == []


def test_an_interrupt_hangs_up_and_still_shows_the_call(tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", VOICE * 200)
    with talking_agent([], on_frame=lambda n: os.kill(os.getpid(), signal.SIGINT) if n == 60 else None) as url:
        done = run("--wav", tmp_path / "long.wav", "--to", url)
    assert done.exit_code == 0, done.output
    assert "ended by" in done.output


def test_nobody_there_is_exit_code_one_and_says_why(tmp_path: Path) -> None:
    write_wav(tmp_path / "hi.wav", VOICE)
    done = run("--wav", tmp_path / "hi.wav")  # port 1: nothing listens
    assert done.exit_code == 1
    assert "11205" in done.output
    assert "127.0.0.1:1" in done.output


@pytest.mark.parametrize("place", ["nowhere/call.wav", "hi.wav/call.wav", "/proc/call.wav"])
def test_a_place_that_cannot_be_written_is_said_before_the_call(tmp_path: Path, place: str) -> None:
    write_wav(tmp_path / "hi.wav", VOICE)
    seen: list[dict] = []
    with talking_agent(seen) as url:
        done = run("--wav", tmp_path / "hi.wav", "--to", url, "--out", tmp_path / place)
    assert done.exit_code == 2
    assert f"--out: {tmp_path / place}: " in done.output
    assert seen == []


def test_a_call_that_is_not_made_leaves_the_place_of_the_recording_as_it_was(tmp_path: Path) -> None:
    write_wav(tmp_path / "hi.wav", VOICE)
    (tmp_path / "old.wav").write_bytes(b"old")
    for name in ("old.wav", "new.wav"):
        done = run("--wav", tmp_path / "hi.wav", "--out", tmp_path / name, "--param", "no-value")
        assert done.exit_code == 2
    assert (tmp_path / "old.wav").read_bytes() == b"old"
    assert not (tmp_path / "new.wav").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "No such file"), (b"MZ", "not a WAV"), (b"RIFF\x04\x00\x00\x00WAVE", "no sound")],
)
def test_a_file_that_is_no_wav_is_a_usage_error(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    done = run("--wav", path)
    assert done.exit_code == 2
    assert "--wav" in done.output
    assert complaint in done.output


def test_a_silent_file_and_a_bad_parameter_are_usage_errors(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", b"")
    write_wav(tmp_path / "hi.wav", VOICE)
    assert run("--wav", tmp_path / "empty.wav").exit_code == 2
    assert run("--wav", tmp_path / "hi.wav", "--param", "token").exit_code == 2


def test_the_script_follows_the_options() -> None:
    greeting = WaitForAgent(within_s=4.0, quiet_s=0.8)
    one, two, three = b"11", b"22", b"33"
    assert steps([one], None, None) == [greeting, Say(one), WaitForAgent(quiet_s=2.0), HangUp()]
    assert steps([one], 1.5, 3) == [greeting, Say(one), Interrupt(one, 1.5), Silence(3), HangUp()]
    assert steps([one, two, three], 0.5, None)[1:5] == [Say(one), Interrupt(two, 0.5), WaitForAgent(), Say(three)]


def test_an_origin_means_its_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert webhook(None) == "http://127.0.0.1:9000/webhook/incoming_call"
    assert webhook("https://x.example/") == "https://x.example/webhook/incoming_call"
    assert webhook("https://x.example/a?b=c") == "https://x.example/a?b=c"
    assert webhook("wss://x.example") == "wss://x.example"


def test_lanes_and_measures() -> None:
    assert lane([(0.0, 0.9), (9.0, 10.0)], 10.0, 10) == "█········█"
    assert lane([], 0.0, 5) == "·····"
    assert lane([(5.0, 5.01)], 10.0, 10) == "·····█····"
    caller, agent = [(1.0, 2.0), (4.5, 5.0), (8.0, 9.0)], [(2.6, 4.8), (5.5, 7.0)]
    assert answer_waits(caller, agent) == pytest.approx([0.6, 0.5])
    assert barge_in_stops(caller, agent) == pytest.approx([0.3])
