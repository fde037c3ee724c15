"""The API of approvals over real sockets: read what waits, decide it once, and be told why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.core.approvals import digest_of
from agentd.testing.ledger import MemoryLedger
from agentd.web.api_tokens import Tokens
from tests.web.house import House, house, plain_client

TOOL, ARGUMENTS = "crm.update", '{"value":"אלף","id":"c1"}'
DIGEST = digest_of(TOOL, ARGUMENTS)


@dataclass
class Waiting:
    """A house with one tool call that waits."""

    house: House
    ledger: MemoryLedger
    desk: ApprovalDesk
    now_ms: list[int]
    outcomes: list[str]

    async def get(self, path: str = "", **extra: Any) -> httpx.Response:
        return await self.house.get(f"/api/approvals{path}", **extra)

    async def decide(
        self, decision: str = "approve", digest: str = DIGEST, id: str = "ap-1", **extra: Any
    ) -> httpx.Response:
        body = {"json": {"decision": decision, "digest": digest}} | extra
        async with plain_client() as client:
            return await client.post(f"{self.house.url}/api/approvals/{id}", **body)


@asynccontextmanager
async def waiting(tmp_path: Path) -> AsyncIterator[Waiting]:
    ledger, clock, outcomes = MemoryLedger(), [1_700_000_000_000], []
    desk = ApprovalDesk(ledger, 60.0, lambda: clock[0])

    async def tool() -> None:
        outcomes.append(
            await desk.decide(
                "ap-1", tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="a person decides",
                emit=lambda event: None,
            )
        )  # fmt: skip

    with trio.fail_after(20):
        async with house(approvals=desk, state_dir=tmp_path) as made, trio.open_nursery() as nursery:
            nursery.start_soon(tool)
            while not ledger.history:
                await trio.lowlevel.checkpoint()
            yield Waiting(made, ledger, desk, clock, outcomes)
            nursery.cancel_scope.cancel()


async def test_what_waits_is_shown_with_its_arguments_and_kept_by_nobody(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        for path in ("?state=pending", "", "/?limit=1", "?state="):
            answer = await at.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            [shown] = answer.json()["approvals"]
            assert shown == (await at.get("/ap-1")).json()
        assert shown == {
            "id": "ap-1",
            "call_sid": "CA1",
            "agent": "voice",
            "tool": TOOL,
            "arguments": {"id": "c1", "value": "אלף"},
            "digest": DIGEST,
            "why": "a person decides",
            "state": "pending",
            "version": 1,
            "asked_ms": 1_700_000_000_000,
            "expires_ms": 1_700_000_060_000,
            "decided_ms": None,
            "decided_by": "",
        }
        assert (await at.get("?state=denied")).json() == {"approvals": []}


async def test_a_yes_lets_the_tool_run_and_a_second_decision_is_told_who_was_first(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        first = await at.decide()
        assert (first.status_code, first.json()["state"], first.json()["decided_by"]) == (
            200, "approved", "this machine",
        )  # fmt: skip
        while not at.outcomes:
            await trio.sleep(0.01)
        assert at.outcomes == ["approved"]
        second = await at.decide("deny")
        assert second.status_code == 409
        assert second.json()["error"] == "ap-1 was approved by this machine"
        assert (await at.get("/ap-1")).json()["state"] == "used"


async def test_a_no_by_token_names_the_token(tmp_path: Path) -> None:
    token = Tokens(tmp_path).new("front-desk")
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.9"}
    async with waiting(tmp_path) as at:
        answer = await at.decide("deny", headers=headers)
        assert (answer.status_code, answer.json()["decided_by"]) == (200, "token front-desk")
        while not at.outcomes:
            await trio.sleep(0.01)
    assert at.outcomes == ["denied"]


async def test_other_arguments_than_those_seen_are_not_approved(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        answer = await at.decide(digest=digest_of(TOOL, "{}"))
        assert answer.status_code == 409
        assert "other arguments" in answer.json()["error"]
        assert at.ledger.history["ap-1"][-1].state == "pending"


async def test_too_late_is_told_and_listed_as_such(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        at.now_ms[0] += 60_000
        assert (await at.get("?state=pending")).json() == {"approvals": []}
        for path in ("", "?state=expired"):
            assert [each["state"] for each in (await at.get(path)).json()["approvals"]] == ["expired"]
        answer = await at.decide()
        assert (answer.status_code, answer.json()["error"]) == (409, "ap-1 has expired: nothing was done")


async def test_strangers_and_foreign_pages_decide_and_read_nothing(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        for headers, status in (
            ({"X-Forwarded-For": "203.0.113.9"}, 401),
            ({"Authorization": "Bearer agentd_guess"}, 401),
            ({"Host": "rebound.example.net"}, 401),
            ({"Origin": "https://evil.example"}, 403),
        ):
            for answer in (
                await at.decide(headers=headers),
                await at.get(headers=headers),
                await at.get("/ap-1", headers=headers),
            ):
                assert answer.status_code == status
                assert answer.json().keys() == {"error", "cure"}
                assert "c1" not in answer.text
                assert ("www-authenticate" in answer.headers) == (status == 401)
        assert at.ledger.history["ap-1"][-1].state == "pending"


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"json": None, "content": b'{"decision": "approve"}', "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": None, "data": {"decision": "approve", "digest": DIGEST}}, 415),
        ({"json": None, "content": b""}, 415),
        ({"json": {"decision": "maybe", "digest": DIGEST}}, 422),
        ({"json": {"decision": "approve"}}, 422),
        ({"json": {"decision": "approve", "digest": DIGEST, "always": True}}, 422),
        ({"json": [1]}, 422),
        ({"json": None, "content": b"{", "headers": {"Content-Type": "application/json"}}, 422),
        ({"json": None, "content": b"x" * 70_000, "headers": {"Content-Type": "application/json"}}, 413),
    ],
)
async def test_a_body_that_is_no_decision_decides_nothing(tmp_path: Path, extra: dict[str, Any], status: int) -> None:
    async with waiting(tmp_path) as at:
        answer = await at.decide(**extra)
        assert answer.status_code == status, answer.text
        assert answer.json().keys() == {"error", "cure"}
        assert at.ledger.history["ap-1"][-1].state == "pending"


async def test_what_is_not_there_is_told_as_json(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        answers = [
            (await at.decide(id="ap-9"), 404),
            (await at.get("/ap-9"), 404),
            (await at.get("/ap.1%20"), 404),
            (await at.house.get("/api/nothing"), 404),
            (await at.decide(id=""), 405),
            (await at.get("?state=open"), 422),
            (await at.get("?limit=0"), 422),
            (await at.get("?limit=1e3"), 422),
            (await at.get("?limit=99999999999999"), 422),
        ]
        for answer, status in answers:
            assert (answer.status_code, answer.json().keys()) == (status, {"error", "cure"}), answer.text


async def test_other_paths_are_answered_as_before(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        assert (await at.house.get("/nothing")).status_code == 404
        assert (await at.house.get("/webhook/incoming_call")).status_code == 405


async def test_a_store_that_is_away_is_told(tmp_path: Path) -> None:
    async with waiting(tmp_path) as at:
        at.ledger.broken = "the disk is full"
        for answer in (await at.get(), await at.get("/ap-1"), await at.decide()):
            assert (answer.status_code, answer.json()["error"]) == (503, "the disk is full")


async def test_a_house_without_a_desk_has_no_such_path() -> None:
    async with house() as made:
        assert (await made.get("/api/approvals")).status_code == 404
