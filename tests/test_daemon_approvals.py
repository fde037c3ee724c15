"""The whole daemon over real sockets and its own store: what waits for a person, and the house's measures."""

from __future__ import annotations

from pathlib import Path

import httpx
import trio

from agentd.events import ApprovalAsked, ApprovalOver
from agentd.simulator.phone import Network, place_call
from agentd.simulator.script import HangUp, Say, WaitForAgent
from agentd.web.api_tokens import Tokens
from tests.test_daemon import HELLO, house, webhook


async def test_a_tool_waits_in_the_daemon_until_a_person_has_read_and_approved_it(tmp_path: Path) -> None:
    async with house(tmp_path) as (daemon, address, listener):
        outcomes: list[str] = []

        async def tool() -> None:
            outcomes.append(
                await daemon.approvals.decide(
                    "ap-1", tool="crm.update", agent="voice", call_sid="CA1", arguments='{"id":"c1"}', why="asked",
                    emit=daemon.bus.house,
                )
            )  # fmt: skip

        async with trio.open_nursery() as nursery, httpx.AsyncClient(base_url=f"http://{address}") as client:
            nursery.start_soon(tool)
            while not (found := (await client.get("/api/approvals?state=pending")).json()["approvals"]):
                await trio.sleep(0.02)
            assert found[0]["arguments"] == {"id": "c1"}
            assert "agentd_approvals_waiting 1.0" in (await client.get("/metrics")).text
            wish = {"decision": "approve", "digest": found[0]["digest"]}
            from_outside = {"X-Forwarded-For": "203.0.113.9"}
            assert (await client.post("/api/approvals/ap-1", json=wish, headers=from_outside)).status_code == 401
            token = from_outside | {"Authorization": f"Bearer {Tokens(tmp_path).new('desk')}"}
            assert (await client.post("/api/approvals/ap-1", json=wish, headers=token)).status_code == 200
        assert outcomes == ["approved"]
        [row] = await daemon.store.approvals()
        assert (row.state, row.decided_by) == ("used", "token desk")
        trail = [entry.action for entry in await daemon.store.trail()]
        assert trail == ["approval"] * 3
    assert listener.events(ApprovalAsked)[0].approval == "ap-1"
    assert listener.events(ApprovalOver)[0].state == "used"


async def test_a_call_leaves_its_measures(tmp_path: Path) -> None:
    async with house(tmp_path) as (_, address, _listener):
        script = [WaitForAgent(within_s=4, quiet_s=0.4), Say(HELLO), WaitForAgent(quiet_s=0.5), HangUp()]
        await place_call(webhook(address), script, network=Network(seed=1))
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            while 'agentd_stream_seconds_count{reason="stop"} 1.0' not in (text := (await client.get("/metrics")).text):
                await trio.sleep(0.05)
    for line in (
        "agentd_live_calls 0.0",
        "agentd_store_lost_total 0.0",
        "agentd_events_lost_total 0.0",
        "agentd_turn_seconds_count 1.0",
        "agentd_asr_text_seconds_count 1.0",
        'agentd_turns_to_close_count{outcome="open"} 1.0',
    ):
        assert line in text, text
    assert "agentd_loop_lag_seconds_count 0.0" not in text  # a call takes longer than a second
