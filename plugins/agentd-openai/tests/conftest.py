"""A fake OpenAI on a real socket, and the way of an engine to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from agentd_openai.access import Access
from agentd_openai.client import Client
from agentd_openai.fake_server import FakeOpenAI, fake_openai

PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def straight_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's stands between."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake_openai() as server:
        yield server


@pytest.fixture
def nowhere() -> Iterator[Client]:
    """The way to a port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield Client(Access(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "sk-secret"))


@pytest.fixture
def client(server: FakeOpenAI) -> Client:
    return Client(Access(server.url, "sk-secret"))
