"""The whole daemon over real sockets: webhook, stream, conversation, drain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import trio

from agentd.agents.playbook_draft import draft
from agentd.audio.mulaw import decode
from agentd.config import Settings
from agentd.daemon import Daemon
from agentd.events import (
    AgentSaid,
    CallEnded,
    CallerSaid,
    Event,
    PlaybookChanged,
    PlaybookRefused,
    Ready,
    Recorded,
    StreamRefused,
    WsHandshake,
    WsStart,
)
from agentd.plugins import Plugins
from agentd.simulator.phone import Network, place_call
from agentd.simulator.script import HangUp, Interrupt, Say, Silence, Step, WaitForAgent
from agentd.testing.sounds import voice

E = TypeVar("E", bound=Event)
HELLO = decode(voice(0.9))
LONG = decode(voice(1.2))


class Listener:
    name = "listener"

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            self.recorded.append(recorded)

    def events(self, kind: type[E]) -> list[E]:
        return [r.event for r in self.recorded if isinstance(r.event, kind)]


@asynccontextmanager
async def house(tmp_path: Path, **overrides: object) -> AsyncIterator[tuple[Daemon, str, Listener]]:
    settings = Settings.of(
        **{
            "port": 0,
            "state_dir": tmp_path,
            "language_code": "en-US",
            "stt_engine": ("scripted",),
            "llm_engine": ("scripted",),
            "tts_engine": ("scripted",),
            **overrides,
        }
    )
    listener = Listener()
    daemon = Daemon(settings, Plugins.load(settings), subscribers=[listener], progress=lambda text: None)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            address = await nursery.start(daemon.run)
            yield daemon, address, listener
            daemon.drain()


def webhook(address: str) -> str:
    return f"http://{address}/webhook/incoming_call"


GREETED: list[Step] = [WaitForAgent(within_s=4, quiet_s=0.4)]


async def test_a_call_from_the_webhook_to_the_hang_up(tmp_path: Path) -> None:
    async with house(tmp_path) as (_, address, listener):
        script = [*GREETED, Say(HELLO), Interrupt(LONG, after_s=0.8), WaitForAgent(quiet_s=0.5), HangUp()]
        result = await place_call(webhook(address), script, network=Network(seed=1))
    assert result.codes == []
    assert result.ended_by == "caller"
    assert len(result.agent_speech) >= 3
    assert len(result.clears) >= 1
    assert listener.events(Ready)[0].stt == ("scripted",)
    assert [e.refused for e in listener.events(WsHandshake)] == [None]
    assert len(listener.events(CallerSaid)) == 2
    [ended] = listener.events(CallEnded)
    assert (ended.reason, ended.crash) == ("stop", None)


async def test_switches_and_failures_of_engines_are_metrics_for_this_machine_only(tmp_path: Path) -> None:
    failing = ("scripted:fail=connect", "scripted")
    async with house(tmp_path, llm_engine=failing, metrics_token="secret") as (_, address, _listener):
        await place_call(webhook(address), [*GREETED, Say(HELLO), WaitForAgent(quiet_s=0.5), HangUp()])
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            here = await client.get("/metrics")
            proxied = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
            named = await client.get("/metrics", headers={"Host": "voice.example.com"})
            token = {"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer secret"}
            known = await client.get("/metrics", headers=token)
    assert 'agentd_engine_switches_total{stage="llm",to="scripted"} 1.0' in here.text
    assert 'agentd_engine_errors_total{stage="llm"}' in here.text
    assert 'agentd_calls_total{reason="stop"} 1.0' in here.text
    assert (proxied.status_code, named.status_code, known.status_code) == (403, 403, 200)


async def test_signed_webhooks_are_served_and_forged_ones_refused(tmp_path: Path) -> None:
    overrides = {
        "twilio_auth_token": "secret",
        "twilio_account_sid": "AC" + "1" * 32,
        "public_base_url": "https://voice.example.com",
    }
    async with house(tmp_path, **overrides) as (_, address, _listener), httpx.AsyncClient() as client:
        response = await client.post(webhook(address), data={"CallSid": "CA1"}, headers={"X-Twilio-Signature": "x"})
    assert response.status_code == 403


async def test_a_stream_with_an_invented_token_never_becomes_a_call(tmp_path: Path) -> None:
    overrides = {"twilio_auth_token": "secret", "twilio_account_sid": "AC" + "1" * 32}
    async with house(tmp_path, **overrides) as (_, address, listener):
        network = Network(
            auth_token="secret",
            account_sid="AC" + "1" * 32,
            parameters={"token": "0" * 32, "call_sid": "CA" + "2" * 32},
            seed=1,
            limit_s=5,
        )
        result = await place_call(f"ws://{address}/ws/twilio-media", [Silence(1.0), HangUp()], network=network)
        await trio.sleep(0.1)
    assert result.close_code == 1008
    assert [e.reason for e in listener.events(StreamRefused)] == ["token"]


async def test_echo_mode_gives_the_caller_back_to_himself(tmp_path: Path) -> None:
    async with house(tmp_path, ws_mode="ECHO") as (_, address, listener):
        result = await place_call(webhook(address), [Silence(0.2), Say(HELLO), Silence(0.5), HangUp()])
    assert [e.mode for e in listener.events(WsStart)] == ["ECHO"]
    [(begin, end)] = result.agent_speech
    assert 0.7 < end - begin < 1.2


async def test_draining_lets_the_live_call_finish_and_refuses_new_ones(tmp_path: Path) -> None:
    async with house(tmp_path) as (daemon, address, listener):
        async with trio.open_nursery() as nursery:
            results = []

            async def call() -> None:
                script = [*GREETED, Say(HELLO), WaitForAgent(quiet_s=0.5), HangUp()]
                results.append(await place_call(webhook(address), script, network=Network(seed=1)))

            nursery.start_soon(call)
            while not daemon.calls:
                await trio.sleep(0.02)
            daemon.drain()
            async with httpx.AsyncClient() as client:
                ready = await client.get(f"http://{address}/readyz")
                form = {"CallSid": "CA" + "9" * 32, "From": "+972500000001", "To": "+97231234567"}
                refused = await client.post(webhook(address), data=form)
        assert ready.status_code == 503
        assert b"<Connect" not in refused.content
        assert results[0].ended_by == "caller"
        assert len(results[0].agent_speech) >= 2
    assert [e.reason for e in listener.events(CallEnded)] == ["stop"]


async def test_an_audio_sample_is_three_seconds_of_what_the_recogniser_got(tmp_path: Path) -> None:
    from agentd.audio.wav import read_wav

    async with house(tmp_path, audio_sample_every=1) as (_, address, _listener):
        await place_call(webhook(address), [Silence(0.3), Say(LONG), Silence(2.5), HangUp()], network=Network(seed=1))
    [wav] = list((tmp_path / "samples").glob("*.wav"))
    assert len(read_wav(wav)) == 3 * 8000 * 2


async def test_a_changed_playbook_is_used_by_the_next_call_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    text = draft("office", "en-US", "")
    path.write_text(text, "utf-8")
    async with house(tmp_path, playbook=str(path)) as (daemon, address, listener):
        path.write_text(text.replace("How can I help you today?", "What can I do?"), "utf-8")
        await place_call(webhook(address), [*GREETED, HangUp()], network=Network(seed=1))
        path.write_text("language = 3", "utf-8")
        await place_call(webhook(address), [*GREETED, HangUp()], network=Network(seed=2))
        assert "What can I do?" in daemon.playbook.greeting
    assert [event.playbook for event in listener.events(PlaybookChanged)] == ["office"]
    [refused] = listener.events(PlaybookRefused)
    assert (refused.where, refused.key) == (str(path), "language")
    assert ["What can I do?" in event.text.text for event in listener.events(AgentSaid)] == [True, True]
