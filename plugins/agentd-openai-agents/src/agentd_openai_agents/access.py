"""Which model, where, and with which key: read when the process for jobs starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentd.errors import ConfigError

if TYPE_CHECKING:
    from agentd.config import Settings

OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Access:
    """`base_url` without a trailing slash; `key` never shows in a repr."""

    model: str
    base_url: str
    key: str = field(repr=False)

    @property
    def is_openai(self) -> bool:
        """OpenAI's own service, not a compatible server."""
        return self.base_url == OPENAI


def access(settings: Settings, env: Mapping[str, str]) -> Access | None:
    """None unless `BACK_OFFICE_MODEL` names a model. Raises `ConfigError` for an address that is none, and for a
    missing key, unless another server than OpenAI's is named (local ones need none)."""
    model = env.get("BACK_OFFICE_MODEL", "").strip()
    if not model:
        return None
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
            "environment", "OPENAI_API_KEY", "is missing", "set it, or unset BACK_OFFICE_MODEL to do without a model"
        )
    return Access(model, base_url, key or "none")


def rows(settings: Settings, env: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    """For `agentd check`: (what, fine, sentence); none when there is no model. Nothing is asked of a server."""
    try:
        server = access(settings, env)
    except ConfigError as error:
        yield "back office", False, str(error)
        return
    if server is not None:
        yield (
            "back office",
            True,
            f"{server.model} at {server.base_url} does what a call leaves to do",
        )
