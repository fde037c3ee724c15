"""One request to the CRM, until it is answered or given up.

| the CRM                                         | so                                                                 |
|-------------------------------------------------|--------------------------------------------------------------------|
| answers 2xx                                     | that is the answer                                                 |
| 404 of an id, 409 of a booking                  | `Unknown`, `Taken`                                                 |
| 422, 400 and other 4xx                          | `NotAllowed`                                                       |
| 401, 403, other 404 and 409, a redirect         | `OfficeError` at once: somebody has to see to it                   |
| 408, 425, 429, 5xx; is not there, breaks off    | is asked again, twice, with the same key; then `OfficeError`       |
| wants to be asked again later than in 2 s       | `OfficeError` at once                                              |
| sends no JSON, or other JSON, or more than 1 MB | `OfficeError` at once                                              |

Every request may be repeated: it changes nothing, or carries an idempotency key. An error's text holds a status and the
CRM's own code ("no-consent"), never its message, an id or a body.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NoReturn, TypeVar

import httpx
import msgspec
import trio

from agentd.office import NotAllowed, OfficeError, Taken, Unknown
from agentd_crm_http.access import Access
from agentd_crm_http.wire import decoded

T = TypeVar("T")
Meanings = Mapping[int, type[OfficeError]]

OF_ONE: Meanings = {404: Unknown}  # of a request that names a customer or a lead
OF_A_BOOKING: Meanings = {409: Taken}

CONNECT_S = 2.0
SILENT_S = 5.0  # between two pieces of an answer; how long it may take in all is for the caller to say
PAUSES_S = (0.2, 0.8)  # before it is asked again, less up to half: with an answer at once inside a tool's 5 s
LONGEST_WAIT_S = 2.0  # that a server may ask for
MOST_BYTES = 1024 * 1024  # of an answer: some hundreds of leads
CLOSE_S = 1.0  # for the goodbye to open connections at the end of the run
CONNECTIONS = 20

_MAY_PASS = frozenset({408, 425, 429})  # beside all of 5xx
_SOMEBODY = {
    401: "the token was refused, see CRM_HTTP_TOKEN",
    403: "the token may not do this",
    404: "no such address, see CRM_HTTP_URL",
    409: "somebody else is changing the same",
}
_CODE = re.compile(r"[a-z][a-z_-]{0,39}")  # no digits: no number of a person's
_KEY = re.compile(r"[!-~]{1,200}")

_clients = trio.lowlevel.RunVar[dict[Access, httpx.AsyncClient]]("agentd_crm_http.clients")


class _Told(msgspec.Struct):
    """An error of the CRM's own."""

    error: str = ""


class CrmClient:
    """Shared by all verbs. `pauses_s`: before each further try."""

    def __init__(self, access: Access, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._access, self._pauses_s = access, pauses_s

    async def get(self, path: str, kind: type[T]) -> T:
        """Read. Raises `OfficeError` and its kinds, as above. Cancel: the connection is closed."""
        return await self._ask("GET", path, None, {}, kind, OF_ONE)

    async def search(self, path: str, body: Mapping[str, Any], kind: type[T]) -> T:
        """Read, by what must not stand in an address: servers on the way keep those in their logs."""
        return await self._ask("POST", path, body, {}, kind, {})

    async def change(
        self, method: str, path: str, body: Mapping[str, Any], key: str, kind: type[T], means: Meanings
    ) -> T:
        """Write; `means`: what some refusals mean here. Raises as above. Cancel: it may have been done; the same key
        finds out."""
        named = key if _KEY.fullmatch(key) else sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return await self._ask(method, path, body, {"Idempotency-Key": named}, kind, means)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        kind: type[T],
        means: Meanings,
    ) -> T:
        headers = {**headers, "Content-Type": "application/json"} if body is not None else headers
        content = _json(body) if body is not None else None
        pauses_s = iter(self._pauses_s)
        while True:
            try:
                status, answer, wait_s = await self._once(method, path, content, headers)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem, wait_s = OfficeError(f"the CRM cannot be reached ({type(error).__name__})"), 0.0
            else:
                if 200 <= status < 300:
                    return _whole(answer, kind)
                if status < 500 and status not in _MAY_PASS:
                    _refuse(status, answer, means)
                problem = OfficeError(f"the CRM is busy or broken ({status}{_code(answer)})")
            pause_s = next(pauses_s, None)
            if pause_s is None or wait_s > LONGEST_WAIT_S:
                raise problem
            await trio.sleep(max(pause_s * random.uniform(0.5, 1.0), wait_s))

    async def _once(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, float]:
        """Status, body, and the seconds that the server asks to be left alone."""
        url = self._access.url + path
        async with self._http().stream(method, url, content=content, headers=headers) as response:
            body = await _body(response)
        after = response.headers.get("retry-after", "")
        return response.status_code, body, float(after) if after.isdecimal() and len(after) < 10 else 0.0

    def _http(self) -> httpx.AsyncClient:
        """The client of this run of trio, whose sockets it holds."""
        try:
            clients = _clients.get()
        except LookupError:
            clients = {}
            _clients.set(clients)
        client = clients.get(self._access)
        if client is None:
            client = clients[self._access] = _make(self._access)
            trio.lowlevel.spawn_system_task(_closed_with_the_run, client)
        return client


def _make(access: Access) -> httpx.AsyncClient:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs each address at INFO, and ours hold people's ids
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "agentd-crm-http"}
    if access.token:
        headers["Authorization"] = f"Bearer {access.token}"
    return httpx.AsyncClient(
        headers=headers,
        timeout=httpx.Timeout(SILENT_S, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=CONNECTIONS),
        follow_redirects=False,  # a token is for the address that was configured
    )


async def _closed_with_the_run(client: httpx.AsyncClient) -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.move_on_after(CLOSE_S, shield=True):
            await client.aclose()


async def _body(response: httpx.Response) -> bytes:
    """A cancel from inside unwinds the client's nested generators in order; leaving the loop would not."""
    body = bytearray()
    with trio.CancelScope() as enough:
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                enough.cancel(reason="the answer is too large")
    if len(body) > MOST_BYTES:
        raise OfficeError(f"the CRM's answer is larger than {MOST_BYTES} bytes")
    return bytes(body)


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except ValueError:  # half a surrogate pair, from a model's \u escape
        raise NotAllowed("a text that is no Unicode cannot be sent to the CRM") from None


def _whole(answer: bytes, kind: type[T]) -> T:
    try:
        return decoded(answer, kind)
    except ValueError:
        raise OfficeError("the CRM's answer makes no sense") from None


def _refuse(status: int, answer: bytes, means: Meanings) -> NoReturn:
    told = f"{status}{_code(answer)}"
    if status in means:
        raise means[status](f"the CRM says so ({told})")
    if status in _SOMEBODY:
        raise OfficeError(f"the CRM refuses ({told}): {_SOMEBODY[status]}")
    if status < 400:
        raise OfficeError(f"the CRM answers with a redirect or worse ({told}), see CRM_HTTP_URL")
    raise NotAllowed(f"the CRM refuses it for good ({told})")


def _code(answer: bytes) -> str:
    try:
        code = decoded(answer, _Told).error
    except ValueError:
        return ""
    return f" {code}" if _CODE.fullmatch(code) else ""
