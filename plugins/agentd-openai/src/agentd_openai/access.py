"""Which server, and with which key: read from the settings when an engine is chosen, before any call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentd.errors import ConfigError

if TYPE_CHECKING:
    from agentd.config import Settings

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"  # what a server that needs no key is sent: the client insists on one


@dataclass(frozen=True, slots=True)
class Access:
    """`base_url` without a trailing slash; `key` never shows in a repr."""

    base_url: str
    key: str = field(repr=False)

    @property
    def is_openai(self) -> bool:
        """OpenAI's own service, not a compatible server."""
        return self.base_url == OPENAI


def access(settings: Settings, env: Mapping[str, str] = os.environ) -> Access:
    """The key is a setting; the address of a compatible server is the variable that every client of OpenAI reads,
    `OPENAI_BASE_URL`. Raises `ConfigError` for an address that is none, and for a missing key, unless another server
    than OpenAI's is named (local ones need none)."""
    base_url = env.get("OPENAI_BASE_URL", "").strip().rstrip("/") or OPENAI
    key = settings.openai_api_key.get_secret_value().strip()
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(
            "environment",
            "OPENAI_BASE_URL",
            "is not an http:// or https:// address",
            "write it as in https://llm.example.com/v1, or unset it to use OpenAI itself",
        )
    if not key and base_url == OPENAI:
        raise ConfigError(
            "environment",
            "OPENAI_API_KEY",
            "is missing",
            "create a key at platform.openai.com and set it, or set OPENAI_BASE_URL to a compatible server, "
            "or choose other engines",
        )
    return Access(base_url, key or NO_KEY)
