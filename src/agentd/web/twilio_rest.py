"""Twilio's REST API, as much of it as agentd needs: calls, their recordings, and messages (TWILIO 6, 7).

A verb that makes something (a call, a recording, a message) is never repeated by itself, and says when nobody knows
whether it was done: `PeerError("twilio-unknown")`. The others may be asked again, and are "twilio-unreachable" then.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import trio

from agentd.config import Settings
from agentd.errors import PeerError
from agentd.imports import without

with without("httpx._main"):  # its command line, which takes rich and pygments along: 5 MB
    import httpx

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


class TwilioCalls(Protocol):
    """The port. Each verb returns True when it was done, False when the call is over already (which is as good);
    raises `PeerError("twilio-<code>")` when Twilio refuses or cannot be reached. Cancel: the outcome is unknown."""

    async def run_twiml(self, call_sid: str, twiml: bytes) -> bool: ...
    async def run_url(self, call_sid: str, url: str) -> bool: ...
    async def hang_up(self, call_sid: str) -> bool: ...

    async def call(self, to: str, from_: str, twiml: bytes, status_url: str) -> str:
        """Call somebody and run the document when they answer; the new call's SID. Twilio posts to `status_url` how it
        ended. Raises as above."""


class TwilioRecordings(Protocol):
    """The recordings of calls. Errors as above; "twilio-unknown" when a start may or may not have been one."""

    async def start_recording(self, call_sid: str, status_url: str) -> str:
        """Record both sides, each in its channel, until the call ends; the recording's SID. "": the call is over."""

    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool:
        """`status`: "paused", "in-progress" or "stopped". False when there is no such recording (any more)."""

    async def delete_recording(self, recording_sid: str) -> bool:
        """False when it was gone already."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A WhatsApp message. `sender`: our number ("whatsapp:+...") or a messaging service (MG...). `content_sid`: a
    template, sent in place of `body`."""

    to: str
    sender: str
    body: str
    content_sid: str = ""
    status_url: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What Twilio reports of a message. `note`: our id of it, which the callback's address bears; `sid`: Twilio's."""

    note: str
    sid: str
    status: str
    error: str = ""


class TwilioMessages(Protocol):
    async def send_message(self, message: Outgoing) -> str:
        """The message's SID once Twilio has taken it. Raises as above; "twilio-unknown" when it may have been taken."""


class TwilioRest:
    """All of these over httpx, which runs under trio. Not by Twilio's own package: seven forms are not worth its 18 MB
    of memory, and its asynchronous half is asyncio's."""

    def __init__(self, account_sid: str, auth_token: str, api_url: str = "https://api.twilio.com") -> None:
        base = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/"
        auth = (account_sid, auth_token)
        self._http = httpx.AsyncClient(base_url=base, auth=auth, timeout=_TIMEOUT, follow_redirects=False)

    async def run_twiml(self, call_sid: str, twiml: bytes) -> bool:
        return await self._done("POST", f"Calls/{call_sid}", Twiml=twiml.decode())

    async def run_url(self, call_sid: str, url: str) -> bool:
        return await self._done("POST", f"Calls/{call_sid}", Url=url, Method="POST")

    async def hang_up(self, call_sid: str) -> bool:
        return await self._done("POST", f"Calls/{call_sid}", Status="completed")

    async def start_recording(self, call_sid: str, status_url: str) -> str:
        try:
            return await self._made(
                f"Calls/{call_sid}/Recordings", RecordingChannels="dual", RecordingStatusCallback=status_url
            )
        except _Over:
            return ""

    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool:
        pause = "silence" if status == "paused" else ""
        path = f"Calls/{call_sid}/Recordings/{recording_sid}"
        return await self._done("POST", path, Status=status, PauseBehavior=pause)

    async def delete_recording(self, recording_sid: str) -> bool:
        return await self._done("DELETE", f"Recordings/{recording_sid}")

    async def call(self, to: str, from_: str, twiml: bytes, status_url: str) -> str:
        return await self._made(
            "Calls", To=to, From=from_, Twiml=twiml.decode(), StatusCallback=status_url, Timeout=str(_RING_S)
        )

    async def send_message(self, message: Outgoing) -> str:
        sender = "MessagingServiceSid" if message.sender.startswith("MG") else "From"
        what = {"ContentSid": message.content_sid} if message.content_sid else {"Body": message.body}
        return await self._made(
            "Messages", To=message.to, **{sender: message.sender}, **what, StatusCallback=message.status_url
        )

    async def _done(self, method: str, path: str, **form: str) -> bool:
        """True: done. False: it was over already."""
        try:
            await self._ask(method, path, form, makes=False)
        except _Over:
            return False
        return True

    async def _made(self, path: str, **form: str) -> str:
        """The SID of what was made."""
        answer = await self._ask("POST", path, form, makes=True)
        if not isinstance(answer.get("sid"), str):
            raise PeerError(UNKNOWN, "no sid")
        return str(answer["sid"])

    async def _ask(self, method: str, path: str, form: dict[str, str], *, makes: bool) -> dict[str, Any]:
        """Its answer. Raises `_Over`, or `PeerError` by this module's rules. `makes`: asked twice, it is done twice."""
        lost = UNKNOWN if makes else "twilio-unreachable"
        data = {name: value for name, value in form.items() if value}
        try:
            with trio.fail_after(_REQUEST_S):
                response = await self._http.request(method, f"{path}.json", data=data)
        except _NOT_SENT as error:
            raise PeerError("twilio-unreachable", type(error).__name__) from error
        except (httpx.HTTPError, trio.TooSlowError, OSError) as error:
            raise PeerError(lost, type(error).__name__) from error
        status, answer = response.status_code, _json(response)
        if response.is_success and (answer is not None or status == 204):
            return answer or {}
        code = answer.get("code") if answer else None
        if code in _CALL_IS_OVER or (status == 404 and not code):
            raise _Over
        if makes and (status >= 500 or response.is_success):
            raise PeerError(UNKNOWN, str(status))
        raise PeerError("twilio-garbled" if response.is_success else f"twilio-{code or status}", str(status))

    async def aclose(self) -> None:
        """Close the connections, even when cancelled. Nothing is said over them, so it takes no time."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0), suppress(httpx.HTTPError, OSError):
            await self._http.aclose()


def rest_of(settings: Settings) -> TwilioRest | None:
    """The account of these settings; None when they name none."""
    if not settings.signatures or not settings.twilio_account_sid:
        return None
    token = settings.twilio_auth_token.get_secret_value()
    return TwilioRest(settings.twilio_account_sid, token, settings.twilio_api_url)


class _Over(Exception):
    """What was asked about is not there any more."""


def _json(response: httpx.Response) -> dict[str, Any] | None:
    """The object in an answer; None: it is not Twilio's."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
