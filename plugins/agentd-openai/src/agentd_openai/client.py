"""One client for the process: made at the first request, shared by all engines of one server, closed with the run.

All its connections belong to the run of trio that made them, so it is kept per run: tests that start trio again and
again never meet a socket of the run before.
"""

from __future__ import annotations

from functools import cache
from ssl import SSLContext

import httpx2
import trio
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from agentd_openai.access import Access

CONNECT_S = 2.0  # RELIABILITY 1
SILENT_S = 10.0  # between two pieces of an answer: over every patience of the chains (at most 6 s), for other callers
KEEP_S = 90.0  # an idle connection is kept so long: turns are 5 to 30 s apart, a new handshake costs about 100 ms
CLOSE_S = 1.0  # for the goodbye to open connections at the end of the run

_clients = trio.lowlevel.RunVar[dict[Access, AsyncOpenAI]]("agentd_openai.clients")


class Client:
    """What an engine keeps: the way to the shared client. Making one reads the certificates (20 ms), nothing else."""

    def __init__(self, access: Access) -> None:
        self.access = access
        _tls()

    def get(self) -> AsyncOpenAI:
        """The client; within a run of trio only. Its time-outs are bounded, and it never retries by itself: the
        chains decide what is asked again, and of whom."""
        try:
            clients = _clients.get()
        except LookupError:
            clients = {}
            _clients.set(clients)
        client = clients.get(self.access)
        if client is None:
            client = clients[self.access] = _make(self.access)
            trio.lowlevel.spawn_system_task(_closed_with_the_run, client)
        return client


def _make(access: Access) -> AsyncOpenAI:
    timeout = Timeout(connect=CONNECT_S, read=SILENT_S, write=SILENT_S, pool=CONNECT_S)
    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=KEEP_S)
    http = DefaultAsyncHttpxClient(timeout=timeout, limits=limits, verify=_tls())
    return AsyncOpenAI(api_key=access.key, base_url=access.base_url, max_retries=0, timeout=timeout, http_client=http)


async def _closed_with_the_run(client: AsyncOpenAI) -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.move_on_after(CLOSE_S, shield=True):
            await client.close()


@cache
def _tls() -> SSLContext:
    return httpx2.create_ssl_context()
