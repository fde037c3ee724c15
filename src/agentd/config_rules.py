"""The rules of the settings that need no settings object: profiles, dead names, floors, and what a public door needs.

Pure functions over raw values; `config` calls them while it builds `Settings`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from agentd.errors import ConfigError

_PROFILED: Final = (
    "eou_silence_ms",
    "vad_hangover_ms",
    "stt_partial_debounce_ms",
    "short_utt_sec",
    "eou_sharp_fall_ms",
    "max_utt_sec",
)
PROFILES: Final[Mapping[str, Mapping[str, float]]] = {
    "fast": dict(zip(_PROFILED, (350, 160, 60, 0.6, 200, 4), strict=True)),
    "balanced": dict(zip(_PROFILED, (450, 160, 60, 0.9, 200, 5), strict=True)),
    "patient": dict(zip(_PROFILED, (700, 240, 120, 1.2, 350, 7), strict=True)),
}
"""What a profile sets unless the setting is set by hand."""

DEAD_NAMES: Final[Mapping[str, str]] = {"EVENTLET_NO_GREENDNS": "agentd runs on Trio and has no green threads"}
"""Names of older deployments that mean nothing any more; each gets one warning."""

BARGE_IN_VOICE_FLOOR_MS: Final = 100
"""Less voice than this is a click or a breath: an agent that stops for it never finishes a sentence."""

MIN_UTT_WARN_SEC: Final = 0.4
"""MIN_UTT_SEC above this is probably meant as the silence that ends an utterance, as it once was."""


_ENV_NAMES: Final = {"plugins": "AGENTD_PLUGINS", "disabled": "AGENTD_DISABLED", "state_dir": "AGENTD_STATE"}


def env_name(field: str) -> str:
    """The name of a setting in the environment and in `agentd.toml`."""
    return _ENV_NAMES.get(field, field.upper())


def find_toml(env: Mapping[str, str], here: Path | None = None) -> Path | None:
    """The settings file of this process: AGENTD_CONFIG, else `agentd.toml` in the working directory if there is one."""
    if named := env.get("AGENTD_CONFIG"):
        return Path(named)
    local = (here or Path.cwd()) / "agentd.toml"
    return local if local.is_file() else None


def nearest(name: str, known: Iterable[str]) -> str:
    """ " (did you mean X?)" for a misspelt name, or nothing when nothing is near."""
    from difflib import get_close_matches  # only for whoever has misspelt something

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def voice_frames(values: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """BARGE_IN_VOICE_FRAMES stands in for BARGE_IN_VOICE_MS; either is raised to the floor with a warning."""
    for field, unit_ms in (("barge_in_voice_ms", 1), ("barge_in_voice_frames", 20)):
        try:
            asked_ms = int(values[field]) * unit_ms
        except (KeyError, TypeError, ValueError):
            continue  # not set, or not a number: validation says so
        if asked_ms < BARGE_IN_VOICE_FLOOR_MS:
            notes.append(
                f"{env_name(field)}={values[field]} is {asked_ms} ms of voice; raised to {BARGE_IN_VOICE_FLOOR_MS} ms, "
                "below which a click interrupts"
            )
        return values | {"barge_in_voice_ms": max(BARGE_IN_VOICE_FLOOR_MS, asked_ms)}
    return values


def refuse(field: str, problem: str, cure: str) -> NoReturn:
    """The loader knows where the setting came from and puts it in the place of "settings"."""
    raise ConfigError("settings", field, problem, cure)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_door(*, bind: str, public_url: str, signed: bool, production: bool) -> None:
    """A door that the world can reach needs a name and a lock. `signed`: there is a token to check signatures with."""
    here_only = is_loopback(bind)
    if not public_url and not here_only:
        refuse(
            "public_base_url",
            f"not set, and bound to {bind}",
            "set it to the https:// address that Twilio calls, or BIND=127.0.0.1 for development",
        )
    reached_through_a_proxy = bool(public_url) and not is_loopback(urlsplit(public_url).hostname or "")
    if not signed and (not here_only or (reached_through_a_proxy and production)):
        refuse(
            "twilio_auth_token",
            "not set, so that Twilio's signatures cannot be checked on a public address",
            "set it from the Twilio console; without it agentd serves loopback only",
        )


def public_url(raw: str) -> str:
    """https://host[:port][/path] without a trailing slash; "" stays "". Plain http only towards loopback."""
    url = raw.strip().rstrip("/")
    if not url:
        return ""
    cure = "write it as https://agent.example.com"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        refuse("public_base_url", "is not a URL with a scheme and a host", cure)
    if (
        parts.query
        or parts.fragment
        or parts.username
        or parts.password
        or re.search(r"\s|//", url.partition("://")[2])
    ):
        refuse("public_base_url", "has more than scheme, host, port and path", cure)
    if parts.scheme == "http" and not is_loopback(host or ""):
        refuse("public_base_url", "is plain http, which Twilio media streams do not take", cure)
    return url
