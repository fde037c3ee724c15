"""The whole daemon over real sockets: calls that are handed over, recorded, and written about."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import pytest
import trio

from agentd.agents.playbook_draft import draft
from agentd.audio.wav import parse
from agentd.core.signature import sign
from agentd.daemon import Daemon
from agentd.events import CallEnded, Private, Recorded, RecordingKnown
from agentd.events_beside import CallLost, DialEnded, HandedOver, RecordingState
from agentd.office import Note
from agentd.simulator.call_log import CallResult
from agentd.simulator.phone import Network, place_call
from agentd.simulator.script import HangUp, Silence, WaitForAgent
from tests.core.test_losses import BROKE, asked, status
from tests.test_daemon import Listener, house, webhook
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, FakeApi, fake_api
from tests.web.house import plain_client

TEMPLATE = "HX" + "1" * 32
CALLER = Private("+972501234567")


@asynccontextmanager
async def signed(tmp_path: Path, **overrides: object) -> AsyncIterator[tuple[Daemon, str, Listener, FakeApi]]:
    """A daemon with an account, whose public address is where it really is."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "office.toml"
    always = re.sub(r"^\[hours\]\n(?:\w+ = .*\n)+", "", draft("office", "en-US", ""), flags=re.MULTILINE)
    path.write_text('transfer_to = "+97239876543"\n' + always, "utf-8")
    async with fake_api() as api:
        account = {
            "port": port,
            "public_base_url": f"http://127.0.0.1:{port}",
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": AUTH_TOKEN,
            "twilio_api_url": api.url,
            "playbook": str(path),
        }
        async with house(tmp_path, **(account | overrides)) as (daemon, address, listener):
            yield daemon, address, listener, api


def network(**more: object) -> Network:
    return Network(seed=1, caller=CALLER.text, auth_token=AUTH_TOKEN, account_sid=ACCOUNT, limit_s=20, **more)


async def handed_over(daemon: Daemon, address: str, **more: object) -> CallResult:
    """A call that the operator hands over once we have greeted."""
    results: list[CallResult] = []

    async def call() -> None:
        script = [WaitForAgent(within_s=5, quiet_s=0.3), Silence(8), HangUp()]
        results.append(await place_call(webhook(address), script, network=network(**more)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        while not daemon.calls:
            await trio.sleep(0.02)
        await trio.sleep(1)
        [live] = daemon.calls.values()
        assert live.hand_over()
    return results[0]


async def test_a_call_is_dialled_on_after_the_phrase(tmp_path: Path) -> None:
    async with signed(tmp_path) as (daemon, address, listener, api):
        result = await handed_over(daemon, address)
    assert result.verbs == ["Connect", "Dial"]
    assert result.warnings == [] or all(w.code == 31921 for w in result.warnings)
    assert [(e.why, e.to) for e in listener.events(HandedOver)] == [("operator", "person")]
    assert [(e.status, e.then) for e in listener.events(DialEnded)] == [("completed", "done")]
    assert [e.reason for e in listener.events(CallEnded)] == ["handover"]
    assert api.updates == []


async def test_nobody_answers_and_the_message_is_attached_to_the_call(tmp_path: Path) -> None:
    async with signed(tmp_path) as (daemon, address, listener, _):
        result = await handed_over(daemon, address, dial_status="no-answer", voicemail_s=1.0)
        await trio.sleep(1)
        kept = await daemon.store.conversation(result.call_sid)
    assert result.verbs == ["Connect", "Dial", "Play", "Record", "Play", "Hangup"]
    assert [e.then for e in listener.events(DialEnded)] == ["voicemail"]
    assert kept is not None
    assert [(r.status, r.duration_s) for r in kept.recordings] == [("completed", 1)]
    assert {e.voicemail for e in listener.events(RecordingKnown)} == {True}


async def test_a_call_is_recorded_at_twilio_and_here(tmp_path: Path) -> None:
    async with signed(tmp_path, recording="both") as (_daemon, address, listener, api):
        api.calls = Everything()
        script = [WaitForAgent(within_s=8, quiet_s=0.6), WaitForAgent(within_s=8, quiet_s=0.6), Silence(1), HangUp()]
        result = await place_call(webhook(address), script, network=network())
        await trio.sleep(0.5)
    assert [(e.state, e.where) for e in listener.events(RecordingState)] == [
        ("announced", ""),
        ("recording", ""),
        ("in-progress", "twilio"),
    ]
    [kept] = api.recordings.values()
    assert kept[:2] == [result.call_sid, "dual"]
    assert kept[2].endswith("/webhook/handle_recording")
    wav = tmp_path / "recordings" / f"{result.call_sid}.wav"
    assert len(parse(wav.read_bytes()).data) > 8000 * 2
    assert [e.recording_sid for e in listener.events(RecordingKnown)] == [f"local:{wav.name}"]


class Everything(dict[str, str]):
    """Whatever call is asked about is in progress."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return "in-progress"


async def test_a_message_of_the_house_goes_out_and_its_fate_comes_back(tmp_path: Path) -> None:
    whatsapp = {"whatsapp_provider": "twilio", "twilio_whatsapp_from": "whatsapp:+97231234567"}
    async with signed(tmp_path, **whatsapp) as (daemon, _address, _, api):
        notes = [await daemon._messenger.send(CALLER, "We lost you.", "k1", template=TEMPLATE) for _ in range(2)]
        note = notes[0]
        [form] = api.messages
        fields = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "63016"}
        signature = sign(AUTH_TOKEN, form["StatusCallback"], tuple(fields.items()))
        async with plain_client() as client:
            headers = {"X-Twilio-Signature": signature}
            answer = await client.post(form["StatusCallback"], data=fields, headers=headers)
        assert answer.status_code == 204
        kept: list[Note] = []
        with trio.fail_after(5):
            while not kept or kept[0].status != "failed":
                kept = await daemon._messenger.thread(CALLER)
    assert [(n.id, n.status) for n in kept] == [(note.id, "failed")]
    assert {n.id for n in notes} == {note.id}


async def test_a_caller_whose_call_breaks_off_for_good_gets_one_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their stream is lost, Twilio asks, and they hang up before it is resumed."""
    monkeypatch.setattr("agentd.agents.lost_calls.HELPED_WITHIN_S", 0.1)
    whatsapp = {"whatsapp_provider": "twilio", "twilio_whatsapp_from": "whatsapp:+97231234567"}
    async with signed(tmp_path, lost_call_content_sid=TEMPLATE, **whatsapp) as (daemon, _address, listener, api):
        for seq, event in enumerate([*BROKE, asked("resume"), status("completed"), status("completed")]):
            daemon.bus.publish(Recorded("CA1", 1, seq, 0, 0, event))
        with trio.fail_after(10):
            while not listener.events(CallLost):
                await trio.sleep(0.02)
    assert [e.told for e in listener.events(CallLost)] == ["sent"]
    assert [(form["To"], form["ContentSid"]) for form in api.messages] == [(f"whatsapp:{CALLER.text}", TEMPLATE)]
