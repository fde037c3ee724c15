"""The plugin's own settings, from the environment; all optional.

| variable | means |
|---|---|
| `GOOGLE_STT_VERSION` | v1 (default) or v2 of Speech-to-Text |
| `GOOGLE_STT_LOCATION` | v2: global (default) or a region such as europe-west4, where some models live |
| `GOOGLE_STT_RECOGNIZER` | v2: full name of a recogniser; default the blank one of the project and location |
| `GOOGLE_TTS_STREAMING` | 0: never use streaming synthesis, also for voices that can |
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentd.errors import ConfigError

VERSION, LOCATION, RECOGNIZER = "GOOGLE_STT_VERSION", "GOOGLE_STT_LOCATION", "GOOGLE_STT_RECOGNIZER"
STREAMING = "GOOGLE_TTS_STREAMING"
_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Options:
    version: str = "v1"
    location: str = "global"
    recognizer: str = ""
    tts_streaming: bool = True

    def recogniser_in(self, project: str) -> str:
        """v2: the full name of the recogniser."""
        return self.recognizer or f"projects/{project}/locations/{self.location}/recognizers/_"

    @property
    def host(self) -> str:
        """v2 keeps each region at an address of its own; v1 has one."""
        regional = self.version == "v2" and self.location != "global"
        return f"{self.location}-speech.googleapis.com" if regional else "speech.googleapis.com"


def options(env: Mapping[str, str] = os.environ) -> Options:
    """Read them. Raises `ConfigError`."""
    version = _get(env, VERSION, "v1").lower()
    if version not in ("v1", "v2"):
        raise ConfigError("environment", VERSION, f"{version!r} is no version", "write v1 or v2")
    recognizer = _get(env, RECOGNIZER, "")
    found = re.fullmatch(r"projects/[^/]+/locations/([^/]+)/recognizers/[^/]+", recognizer)
    if recognizer and not found:
        cure = "write projects/PROJECT/locations/LOCATION/recognizers/ID"
        raise ConfigError("environment", RECOGNIZER, f"{recognizer!r} is no full name", cure)
    location = found.group(1) if found else _get(env, LOCATION, "global")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", location):
        raise ConfigError(
            "environment", LOCATION, f"{location!r} is no location", "write global, eu, europe-west4, ..."
        )
    streaming = _BOOLEANS.get(_get(env, STREAMING, "1").lower())
    if streaming is None:
        raise ConfigError("environment", STREAMING, "is neither 0 nor 1", "write 0 or 1")
    return Options(version, location, recognizer, streaming)


def _get(env: Mapping[str, str], name: str, default: str) -> str:
    return env.get(name, "").strip() or default
