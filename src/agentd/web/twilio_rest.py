"""Twilio's REST API, as much of it as agentd needs: calls, their recordings, and messages (TWILIO 6, 7).

A verb that makes something (a call, a recording, a message) is never repeated by itself, and says when nobody knows
whether it was done: `PeerError("twilio-unknown")`. The others may be asked again, and are "twilio-unreachable" then.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx
import trio

from agentd.errors import PeerError

# A redirect that takes longer than this comes too late for the caller anyway.
_REQUEST_S: Final = 8.0
_RING_S: Final = 25  # a person who is called: as long as a <Dial> of ours rings
_TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
# 20404: no such call any more; 21220: the call is not in progress.
_CALL_IS_OVER: Final = frozenset({20404, 21220})
# The request never reached Twilio.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
UNKNOWN: Final = "twilio-unknown"
CURRENT: Final = "Twilio.CURRENT"  # the recording of a call that runs now, whatever its SID

_log = logging.getLogger("agentd.web.rest")


class TwilioCalls(Protocol):
    """The port. Each verb returns True when it was done, False when the call is over already (which is as good);
    raises `PeerError("twilio-<code>")` when Twilio refuses or cannot be reached. Cancel: the outcome is unknown."""

    async def run_twiml(self, call_sid: str, twiml: bytes) -> bool: ...
    async def run_url(self, call_sid: str, url: str) -> bool: ...
    async def hang_up(self, call_sid: str) -> bool: ...


class TwilioRecordings(Protocol):
    """The recordings of calls. Errors as above; "twilio-unknown" when a start may or may not have been one."""

    async def start_recording(self, call_sid: str, status_url: str) -> str:
        """Record both sides, each in its channel, until the call ends; the recording's SID. "": the call is over."""

    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool:
        """`status`: "paused", "in-progress" or "stopped". False when there is no such recording (any more)."""

    async def delete_recording(self, recording_sid: str) -> bool:
        """False when it was gone already."""


class TwilioDials(Protocol):
    async def call(self, to: str, from_: str, twiml: bytes, status_url: str) -> str:
        """Call somebody and run the document when they answer; the new call's SID. Twilio posts to `status_url` how it
        ended. Raises as above."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A WhatsApp message. `sender`: our number ("whatsapp:+...") or a messaging service (MG...). `content_sid`: a
    template, sent in place of `body`."""

    to: str
    sender: str
    body: str
    content_sid: str = ""
    status_url: str = ""


class TwilioMessages(Protocol):
    async def send_message(self, message: Outgoing) -> str:
        """The message's SID once Twilio has taken it. Raises as above; "twilio-unknown" when it may have been taken."""


class TwilioRest:
    """All of these by twilio-python over httpx, which runs under trio. Importing twilio takes 0.13 s of CPU: it
    happens here, at start, not with the module."""

    def __init__(self, account_sid: str, auth_token: str, api_url: str = "https://api.twilio.com") -> None:
        from twilio.http import AsyncHttpClient
        from twilio.http.response import Response
        from twilio.rest import Client

        http = self._http = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)

        class HttpxClient(AsyncHttpClient):  # type: ignore[misc]
            async def request(self, method: str, uri: str, **parts: Any) -> Any:
                response = await http.request(
                    method,
                    uri,
                    params=parts.get("params"),
                    data=parts.get("data"),
                    headers=parts.get("headers"),
                    auth=parts.get("auth"),
                )
                return Response(response.status_code, response.text, response.headers)

        self._client: Any = Client(account_sid, auth_token, http_client=HttpxClient(_log, is_async=True))
        self._client.api.base_url = api_url.rstrip("/")

    async def run_twiml(self, call_sid: str, twiml: bytes) -> bool:
        return await self._update(call_sid, twiml=twiml.decode())

    async def run_url(self, call_sid: str, url: str) -> bool:
        return await self._update(call_sid, url=url, method="POST")

    async def hang_up(self, call_sid: str) -> bool:
        return await self._update(call_sid, status="completed")

    async def start_recording(self, call_sid: str, status_url: str) -> str:
        callback = {"recording_status_callback": status_url} if status_url else {}
        calls = self._client.calls(call_sid).recordings
        try:
            made = await _ask(calls.create_async(recording_channels="dual", **callback), makes=True)
        except _Over:
            return ""
        return str(made.sid)

    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool:
        recording = self._client.calls(call_sid).recordings(recording_sid)
        pause = {"pause_behavior": "silence"} if status == "paused" else {}
        return await _done(recording.update_async(status=status, **pause))

    async def delete_recording(self, recording_sid: str) -> bool:
        return await _done(self._client.recordings(recording_sid).delete_async())

    async def call(self, to: str, from_: str, twiml: bytes, status_url: str) -> str:
        made = self._client.calls.create_async(
            to=to, from_=from_, twiml=twiml.decode(), status_callback=status_url, timeout=_RING_S
        )
        return str((await _ask(made, makes=True)).sid)

    async def send_message(self, message: Outgoing) -> str:
        sender = "messaging_service_sid" if message.sender.startswith("MG") else "from_"
        what = {"content_sid": message.content_sid} if message.content_sid else {"body": message.body}
        if message.status_url:
            what["status_callback"] = message.status_url
        made = self._client.messages.create_async(to=message.to, **{sender: message.sender}, **what)
        return str((await _ask(made, makes=True)).sid)

    async def _update(self, call_sid: str, **what: str) -> bool:
        return await _done(self._client.calls(call_sid).update_async(**what))

    async def aclose(self) -> None:
        """Close the connections, even when cancelled. Nothing is said over them, so it takes no time."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0), suppress(httpx.HTTPError, OSError):
            await self._http.aclose()


class _Over(Exception):
    """What was asked about is not there any more."""


async def _done(request: Awaitable[Any]) -> bool:
    """True: done. False: it was over already."""
    try:
        await _ask(request, makes=False)
    except _Over:
        return False
    return True


async def _ask(request: Awaitable[Any], *, makes: bool) -> Any:
    """Its answer. Raises `_Over`, or `PeerError` by this module's rules. `makes`: asked twice, it is done twice."""
    from twilio.base.exceptions import TwilioException, TwilioRestException

    lost = UNKNOWN if makes else "twilio-unreachable"
    try:
        with trio.fail_after(_REQUEST_S):
            return await request
    except TwilioRestException as error:
        if error.code in _CALL_IS_OVER or (error.status == 404 and not error.code):
            raise _Over from None
        if makes and error.status >= 500:
            raise PeerError(UNKNOWN, str(error.status)) from error
        raise PeerError(f"twilio-{error.code or error.status}") from error
    except _NOT_SENT as error:
        raise PeerError("twilio-unreachable", type(error).__name__) from error
    except (httpx.HTTPError, trio.TooSlowError, OSError) as error:
        raise PeerError(lost, type(error).__name__) from error
    except (TwilioException, ValueError, KeyError, TypeError) as error:  # an answer that is not Twilio's
        raise PeerError(UNKNOWN if makes else "twilio-garbled", type(error).__name__) from error
