"""Twilio's webhook client: form posts, signed, 10 s to connect and 15 s in all (TWILIO 3, 4).

The signature is computed by Twilio's own library, so that a mistake in ours cannot cancel itself out.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import trio
from twilio.request_validator import RequestValidator

from agentd.errors import PeerError
from agentd.simulator.call_log import CallLog, WebhookSeen
from agentd.simulator.dialler import default_trust

NO_ANSWER = "11205"
HTTP_ERROR = "11200"

_CONNECT_S = 10.0
_TOTAL_S = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class WebhookClient:
    """Posts for one call. Without a token the requests are not signed. Use as an async context manager."""

    def __init__(self, log: CallLog, auth_token: str | None, trust: ssl.SSLContext | None = None) -> None:
        self._log = log
        self._validator = RequestValidator(auth_token) if auth_token else None
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(_TOTAL_S, connect=_CONNECT_S), trust_env=False, verify=trust or default_trust()
        )

    async def __aenter__(self) -> WebhookClient:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    def signature(self, url: str, form: Mapping[str, str]) -> str | None:
        """X-Twilio-Signature for a URL as it is requested; None without a token."""
        if self._validator is None:
            return None
        return str(self._validator.compute_signature(url, dict(form)))

    async def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """One request. `PeerError` with Twilio's number: "11205" no connection or no answer in time, "11200" an answer
        that is no 2xx. What was posted is in the log either way."""
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        signature = self.signature(url, form)
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        begin_s, status = self._log.now(), 0
        try:
            with trio.fail_after(_TOTAL_S):
                response = await self._http.post(url, data=dict(form), headers=headers)
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, trio.TooSlowError) as e:
            raise PeerError(NO_ANSWER, f"{_path(url)}: {str(e) or type(e).__name__}") from e
        finally:
            took_ms = round((self._log.now() - begin_s) * 1000)
            self._log.webhooks.append(WebhookSeen(begin_s, url, status, took_ms))
            self._log.emit("webhook", _path(url), f"{status or 'no answer'} in {took_ms} ms")
        if not 200 <= status < 300:
            raise PeerError(HTTP_ERROR, f"{_path(url)}: answered {status}")
        return Answer(status, response.headers.get("content-type", ""), response.content)


def _path(url: str) -> str:
    return urlsplit(url).path or "/"
