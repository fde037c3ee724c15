"""The HTTP side: routes, the signature check in front of every webhook, and the slow media door.

Every route answers with and without a trailing slash itself, and nothing here waits for anything but the request's
body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final

from quart import Response, request, websocket
from quart_trio import QuartTrio

from agentd.core.signature import Verdict
from agentd.core.twiml import StreamTo
from agentd.events import Webhook, WsHandshake
from agentd.web.api import add_api
from agentd.web.api_access import is_here
from agentd.web.calendar_feed import add_calendar_feed
from agentd.web.door import Door
from agentd.web.handshake import SUBPROTOCOL, offered_subprotocols
from agentd.web.signatures import SIGNATURE, Form, parse_form
from agentd.web.slow_door import SlowStream
from agentd.web.webhooks import Answer, Webhooks

# Twilio's webhooks are a few kB.
_BODY_CAP_BYTES: Final = 65536
_BODY_S: Final = 5
_PHRASE = re.compile(r"[A-Za-z0-9_-]{1,64}")

MEDIA_PATHS: Final = ("/ws/twilio-media", "/ws/twilio-media-alt")

View = Callable[[], Awaitable[Response]]
Handler = Callable[[Form, StreamTo], Answer]


def make_app(door: Door, webhooks: Webhooks) -> QuartTrio:
    """The app for Hypercorn."""
    app = QuartTrio("agentd", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_BODY_CAP_BYTES, BODY_TIMEOUT=_BODY_S, RESPONSE_TIMEOUT=10)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    started = door.clock()

    def webhook(path: str, handler: Handler) -> None:
        app.add_url_rule(path, path, _signed(door, path, handler), methods=["POST"])

    webhook("/webhook/incoming_call", webhooks.incoming_call)
    webhook("/webhook/stream_status", webhooks.stream_status)
    webhook("/webhook/call_status", webhooks.call_status)
    webhook("/webhook/stream_ended", webhooks.stream_ended)
    webhook("/webhook/handle_recording", webhooks.handle_recording)
    webhook("/webhook/dial_ended", webhooks.dial_ended)
    webhook("/webhook/person_called", webhooks.person_called)
    webhook("/webhook/twilio/whatsapp/status", webhooks.whatsapp_status)

    @app.get("/webhook/incoming_call_preview")
    async def preview() -> Response:
        return _response(webhooks.preview(door.signatures.origin(request.headers.getlist)))

    @app.get("/version")
    async def version() -> Response:
        return _json({"version": door.version, "commit": door.commit, "uptime_s": round(door.clock() - started, 1)})

    @app.get("/readyz")
    async def readyz() -> Response:
        state = door.ready()
        return _json({"state": state}, 200 if state in ("ready", "degraded") else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        if not _may_measure(door):
            return _response(Answer(403))
        return Response(door.metrics(), 200, content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/phrases/<name>.wav")
    async def phrase(name: str) -> Response:
        wav = door.phrase_audio(name) if _PHRASE.fullmatch(name) else None
        if wav is None:
            return _response(Answer(404))
        return Response(wav, 200, content_type="audio/wav", headers={"Cache-Control": "public, max-age=3600"})

    if door.approvals is not None:
        add_api(app, door, door.approvals)
    add_calendar_feed(app, door)
    for path in MEDIA_PATHS:
        app.add_websocket(path, path, _slow_media(door))
    return app


def _signed(door: Door, path: str, handler: Handler) -> View:
    """Signature first, then our account, then the handler. 403 for whatever is not from Twilio; 429 when there is too
    much of it, before its body is read. A valid signature is never turned away: Twilio and the proxy share few
    addresses with everybody else."""

    async def view() -> Response:
        headers = request.headers.getlist
        signatures = door.signatures
        if not signatures.off and not headers(SIGNATURE) and signatures.unsigned.empty(door.clock()):
            door.counts["webhook_flood_total"] += 1
            return _response(Answer(429))
        body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
        form = parse_form(body, request.content_type or "")
        verdict = signatures.webhook(_target(), headers, form, body)
        if verdict not in (Verdict.VALID, Verdict.OFF):
            if not signatures.unsigned.take(door.clock()):
                door.counts["webhook_flood_total"] += 1
                return _response(Answer(429))
            answer = Answer(403, note=f"signature {verdict.value}")
        elif form is None:
            answer = Answer(400, note="not a form")
        elif (account := door.settings.twilio_account_sid) and form.get("AccountSid") != account:
            answer = Answer(403, note="another account")
        else:
            answer = handler(form.also(request.scope["query_string"]), signatures.origin(headers))
        call_sid = form.get("CallSid")[:64] if form else ""
        door.emit_house(Webhook(path=path, status=answer.status, reason=answer.note, call_sid=call_sid))
        return _response(answer)

    return view


def _target() -> str:
    """Path and query of this request, exactly as they came."""
    raw: bytes = request.scope.get("raw_path") or request.path.encode()
    query: bytes = request.scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _json(value: dict[str, object], status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _slow_media(door: Door) -> Callable[[], Awaitable[Response | None]]:
    async def media() -> Response | None:
        path = websocket.path
        headers = websocket.headers.getlist
        offered = offered_subprotocols(headers("Sec-WebSocket-Protocol"))
        selected = SUBPROTOCOL if SUBPROTOCOL in offered else None
        raw: bytes = websocket.scope.get("raw_path") or path.encode()
        query: bytes = websocket.scope["query_string"]
        target = (raw + b"?" + query if query else raw).decode("latin-1")
        verdict = door.signatures.handshake(target, headers)
        refused = None
        if verdict not in (Verdict.VALID, Verdict.OFF):
            refused = "signature"
        elif not door.lobby.has_room():
            refused = "full"
        door.emit_house(
            WsHandshake(
                path=path,
                offered=offered,
                selected=None if refused else selected,
                signature=verdict.value,
                refused=refused,
                door="slow",
            )
        )
        if refused:
            return _response(Answer(403 if refused == "signature" else 503))
        door.counts["media_slow_door_total"] += 1
        await websocket.accept(subprotocol=selected)
        stream = SlowStream(websocket._get_current_object())  # type: ignore[attr-defined]
        door.lobby.enter(stream, stream.closed)
        try:
            door.on_media(stream, path)
            await stream.serve()
        finally:
            door.lobby.leave(stream)
        return None

    return media


def _may_measure(door: Door) -> bool:
    """Metrics are for whoever has the token, and for this machine; what a proxy passes on comes from elsewhere."""
    token = door.settings.metrics_token.get_secret_value()
    if token and compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return True
    return is_here(request.remote_addr or "", request.headers.getlist)
