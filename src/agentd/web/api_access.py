"""Who may use the HTTP API: this machine, or whoever holds a token; and never a page of somebody else's.

| the request                                                | is                               |
|------------------------------------------------------------|----------------------------------|
| has an `Origin` that is not ours                           | 403: a browser, on another's page |
| has `Authorization`, with a token that holds               | the token's                      |
| has `Authorization`, with anything else                    | 401                              |
| from loopback, for a loopback `Host`, passed on by nobody  | this machine's                   |
| anything else                                              | 401                              |

A proxy on this machine also comes from loopback, but says for whom. A name that somebody points at 127.0.0.1 reaches us
from a browser here as well, but as another `Host`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PASSED_ON: Final = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
THIS_MACHINE: Final = "this machine"
Headers = Callable[[str], list[str]]
_A_TOKEN: Final = "send Authorization: Bearer with a token of `agentd token new --name NAME`"


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is for the record: who did it."""

    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    error: str
    cure: str


def judge(
    peer: str,
    headers: Headers,
    public_base_url: str,
    holder: Callable[[str], str | None],
) -> Caller | Refused:
    """`headers` gives all values of one name; `holder` the name of a token that holds."""
    host = _only(headers("Host"))
    if (origins := headers("Origin")) and _only(origins) not in _ours(host, public_base_url):
        return Refused(403, "this page may not use the API", "call it from a program, or from agentd's own pages")
    if given := headers("Authorization"):
        scheme, _, token = _only(given).partition(" ")
        name = holder(token.strip()) if scheme.lower() == "bearer" else None
        return Caller(f"token {name}") if name else Refused(401, "this token does not hold", _A_TOKEN)
    return Caller(THIS_MACHINE) if is_here(peer, headers) else Refused(401, "who are you?", _A_TOKEN)


def is_here(peer: str, headers: Headers) -> bool:
    """Whether a request is this machine's own: the API, the metrics and the calendar mean the same by it."""
    host = _only(headers("Host"))
    return _loopback(peer) and _loopback(_name_of(host)) and not any(headers(name) for name in PASSED_ON)


def _ours(host: str, public_base_url: str) -> set[str]:
    named = {f"http://{host}", f"https://{host}"} if host else set()
    return named | {public_base_url} if public_base_url else named


def _name_of(host: str) -> str:
    """Without the port and the brackets of IPv6."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _loopback(address: str) -> bool:
    if address.lower() == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _only(values: list[str]) -> str:
    """A header that must not come twice; twice is as good as none."""
    return values[0] if len(values) == 1 else ""
