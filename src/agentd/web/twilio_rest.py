"""Twilio's REST API, as much of it as a call in trouble needs: run other TwiML, or hang up (TWILIO 6)."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final, Protocol

import httpx
import trio

from agentd.errors import PeerError

# A redirect that takes longer than this comes too late for the caller anyway.
_REQUEST_S: Final = 8.0
_TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
# 20404: no such call any more; 21220: the call is not in progress.
_CALL_IS_OVER: Final = frozenset({20404, 21220})

_log = logging.getLogger("agentd.web.rest")


class TwilioCalls(Protocol):
    """The port. Each verb returns True when it was done, False when the call is over already (which is as good);
    raises `PeerError("twilio-<code>")` when Twilio refuses or cannot be reached. Cancel: the outcome is unknown."""

    async def run_twiml(self, call_sid: str, twiml: bytes) -> bool: ...
    async def run_url(self, call_sid: str, url: str) -> bool: ...
    async def hang_up(self, call_sid: str) -> bool: ...


class TwilioRest:
    """`TwilioCalls` by twilio-python over httpx, which runs under trio. Importing twilio takes 0.13 s of CPU: it
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

    async def _update(self, call_sid: str, **what: str) -> bool:
        from twilio.base.exceptions import TwilioException, TwilioRestException

        try:
            with trio.fail_after(_REQUEST_S):
                await self._client.calls(call_sid).update_async(**what)
        except TwilioRestException as error:
            if error.code in _CALL_IS_OVER or (error.status == 404 and not error.code):
                return False
            raise PeerError(f"twilio-{error.code or error.status}") from error
        except (httpx.HTTPError, trio.TooSlowError, OSError) as error:
            raise PeerError("twilio-unreachable", type(error).__name__) from error
        except (TwilioException, ValueError, KeyError, TypeError) as error:  # an answer that is not Twilio's
            raise PeerError("twilio-garbled", type(error).__name__) from error
        return True

    async def aclose(self) -> None:
        """Close the connections, even when cancelled. Nothing is said over them, so it takes no time."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0), suppress(httpx.HTTPError, OSError):
            await self._http.aclose()
