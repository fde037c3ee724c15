"""Which CRM, and with which token: read from the environment at start, before any call."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agentd.errors import ConfigError

_TRUTH = {"1": True, "true": True, "yes": True, "": False, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Access:
    """`url` without a trailing slash; `token` never shows in a repr. `calendar`: the CRM keeps the calendar, too."""

    url: str
    token: str = field(repr=False)
    calendar: bool = False


def access(env: Mapping[str, str]) -> Access | None:
    """None when no CRM is configured. Raises `ConfigError` for an address that is none, for one over which a token and
    people's names would go in the clear, and for a missing token, unless the CRM is on this machine."""
    url = env.get("CRM_HTTP_URL", "").strip().rstrip("/")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # a port or an IPv6 address that is none
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.query or parts.fragment:
        raise _error("CRM_HTTP_URL", "is not an address", "write it as in https://crm.example.com/agentd")
    if parts.scheme == "http" and not _is_here(host):
        raise _error("CRM_HTTP_URL", "is not encrypted", "use https://; plain http:// is for a CRM on this machine")
    token = env.get("CRM_HTTP_TOKEN", "").strip()
    if not token and not _is_here(host):
        raise _error("CRM_HTTP_TOKEN", "is missing", "set the token that the CRM expects as Authorization: Bearer")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _error("CRM_HTTP_TOKEN", "cannot be sent in a header", "set the token alone, without “Bearer”")
    calendar = _TRUTH.get(env.get("CRM_HTTP_CALENDAR", "").strip().lower())
    if calendar is None:
        raise _error(
            "CRM_HTTP_CALENDAR", "is neither 1 nor 0", "set 1 if the CRM keeps the calendar, else leave it out"
        )
    return Access(url, token, calendar)


def rows(env: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    """For `agentd check`: (what, fine, sentence); none when no CRM is configured. Nothing is asked of the CRM."""
    try:
        server = access(env)
    except ConfigError as error:
        yield "crm", False, str(error)
        return
    if server is not None:
        parts = (
            "customers, leads and calendar" if server.calendar else "customers and leads; the calendar is the store's"
        )
        yield "crm", True, f"{server.url}: {parts}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _error(key: str, problem: str, cure: str) -> ConfigError:
    return ConfigError("environment", key, problem, cure)
