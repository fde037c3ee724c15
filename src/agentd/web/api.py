"""The HTTP API of approvals, for consoles and programs: read what waits, and decide it.

    GET  /api/approvals?state=pending&limit=50    {"approvals": [...]}, the newest first
    GET  /api/approvals/ID                        one of them
    POST /api/approvals/ID                        {"decision": "approve" or "deny", "digest": "..."}

The digest is the one that was read with the arguments: what was seen is what is approved. Every error is
{"error", "cure"}. Nothing is to be cached: arguments are about people.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from agentd.agents.approvals import ApprovalDesk, as_data, listed
from agentd.core.approvals import ApprovalRefused, Decision, State
from agentd.storage import StoreError
from agentd.web.api_access import Refused, judge
from agentd.web.api_tokens import Tokens
from agentd.web.door import Door

LIMIT: Final = 200
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURES: Final = {
    "unknown": "GET /api/approvals lists those that are",
    "digest": "read it again, and decide on what it says",
    "decided": "nothing is left to do; GET it to see what holds",
    "expired": "nothing was done; whoever still wants it must ask again",
}

Handler = Callable[[str], Awaitable[Response]]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a decision."""

    decision: Decision
    digest: str


def add_api(app: QuartTrio, door: Door, desk: ApprovalDesk) -> None:
    """Its routes, on the app of the front door."""
    tokens = Tokens(door.settings.state_dir)

    def route(path: str, method: str, handler: Callable[..., Awaitable[Response]]) -> None:
        async def view(**parts: str) -> Response:
            caller = judge(
                request.remote_addr or "", request.headers.getlist, door.settings.public_base_url, tokens.holder
            )
            if isinstance(caller, Refused):
                return _error(caller.status, caller.error, caller.cure)
            try:
                return await handler(caller.name, **parts)
            except ApprovalRefused as refused:
                status = 404 if refused.code == "unknown" else 409
                return _error(status, str(refused), _CURES[refused.code])
            except StoreError as error:
                return _error(503, str(error), "try again; `agentd check` says what ails the store")

        app.add_url_rule(path, f"{method} {path}", view, methods=[method])

    async def many(caller: str) -> Response:
        state, limit = request.args.get("state", ""), request.args.get("limit", "50")
        if state not in ("", *State):
            return _error(422, "there is no such state", f"state is one of {', '.join(State)}")
        if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:9]) <= LIMIT:
            return _error(422, "the limit is no number that will do", f"limit is 1 to {LIMIT}")
        now_ms = desk.now_ms()
        rows = await listed(desk.ledger, state, int(limit), now_ms)
        return _json(200, {"approvals": [as_data(row, now_ms) for row in rows]})

    async def one(caller: str, id: str) -> Response:
        row = await desk.ledger.approval(id) if _ID.fullmatch(id) else None
        if row is None:
            raise ApprovalRefused("unknown", "there is no such approval")
        return _json(200, as_data(row, desk.now_ms()))

    async def decide(caller: str, id: str) -> Response:
        if request.mimetype != "application/json":
            return _error(415, "the body is no JSON", "send Content-Type: application/json")
        try:
            wish = msgspec.json.decode(await request.get_data(), type=Wish)
        except msgspec.DecodeError as error:
            return _error(422, str(error), 'send {"decision": "approve" or "deny", "digest": "..."}')
        if not _ID.fullmatch(id):
            raise ApprovalRefused("unknown", "there is no such approval")
        row = await desk.answer(id, wish.decision, wish.digest, caller)
        return _json(200, as_data(row, desk.now_ms()))

    route("/api/approvals", "GET", many)
    route("/api/approvals/<id>", "GET", one)
    route("/api/approvals/<id>", "POST", decide)

    @app.errorhandler(HTTPException)
    async def trouble(error: HTTPException) -> Response | HTTPException:
        """What the framework itself refuses (no such path or method, too large, too slow), in the API's own form."""
        if not request.path.startswith("/api/"):
            return error
        return _error(error.code or 500, error.name.lower(), "see docs/approvals.md for what there is")


def _json(status: int, value: Any) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(value), status, headers=headers, content_type="application/json")


def _error(status: int, error: str, cure: str) -> Response:
    return _json(status, {"error": error, "cure": cure})
