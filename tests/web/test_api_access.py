"""Who may use the API: the table, and the tricks of browsers and proxies."""

from __future__ import annotations

import pytest

from agentd.web.api_access import Caller, Refused, judge

PUBLIC = "https://voice.example.com"
LOCAL = {"Host": "127.0.0.1:8080"}
TOKEN = {"Authorization": "Bearer good"}


def ask(peer: str, headers: dict[str, str | list[str]], public: str = PUBLIC) -> str | int:
    def values(name: str) -> list[str]:
        found = headers.get(name, [])
        return found if isinstance(found, list) else [found]

    judged = judge(peer, values, public, {"good": "desk"}.get)
    if isinstance(judged, Refused):
        assert judged.error
        assert judged.cure
        return judged.status
    assert isinstance(judged, Caller)
    return judged.name


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"])
def test_this_machine_needs_no_token(peer: str, host: str) -> None:
    assert ask(peer, {"Host": host}) == "this machine"


@pytest.mark.parametrize("peer", ["203.0.113.9", "10.0.0.1", "::ffff:203.0.113.9", "", "unknown"])
def test_other_machines_do(peer: str) -> None:
    assert ask(peer, LOCAL) == 401
    assert ask(peer, {"Host": "voice.example.com"} | TOKEN) == "token desk"


FORWARDED = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"]


@pytest.mark.parametrize("header", FORWARDED)
def test_what_a_proxy_passes_on_comes_from_elsewhere(header: str) -> None:
    assert ask("127.0.0.1", LOCAL | {header: "127.0.0.1"}) == 401
    assert ask("127.0.0.1", LOCAL | TOKEN | {header: "127.0.0.1"}) == "token desk"


@pytest.mark.parametrize("host", ["voice.example.com", "rebound.example.net:8080", "", "127.0.0.1.example.net"])
def test_another_name_for_this_machine_is_a_trick(host: str) -> None:
    assert ask("127.0.0.1", {"Host": host}) == 401


@pytest.mark.parametrize(
    "given",
    ["Bearer bad", "Bearer ", "Bearer", "good", "Basic good", "", ["Bearer good", "Bearer good"]],
)
def test_a_token_that_does_not_hold_is_refused_even_here(given: str | list[str]) -> None:
    assert ask("127.0.0.1", LOCAL | {"Authorization": given}) == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "", [PUBLIC, PUBLIC]])
def test_a_page_of_somebody_else_is_refused_whatever_it_sends(origin: str | list[str]) -> None:
    assert ask("127.0.0.1", LOCAL | {"Origin": origin}) == 403
    assert ask("203.0.113.9", {"Host": "voice.example.com"} | TOKEN | {"Origin": origin}) == 403
    assert ask("127.0.0.1", LOCAL | {"Origin": origin}, public="") == 403


def test_our_own_pages_are_not() -> None:
    assert ask("127.0.0.1", LOCAL | {"Origin": "http://127.0.0.1:8080"}) == "this machine"
    assert ask("203.0.113.9", {"Host": "x"} | TOKEN | {"Origin": PUBLIC}) == "token desk"
