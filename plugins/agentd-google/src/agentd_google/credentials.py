"""The service account: from a whole JSON on one line, or from a file; a bad one is a `ConfigError` with its cure.

Nothing of the key itself is ever in an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentd.errors import ConfigError

if TYPE_CHECKING:
    from agentd.config import Settings

LINE, FILE = "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON", "GOOGLE_APPLICATION_CREDENTIALS"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_GET_ONE = "make a JSON key of a service account in the Google Cloud console (IAM, Service accounts, Keys)"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """`credentials`: of google-auth; they sign each channel's tokens themselves, without a request to Google."""

    credentials: Any
    email: str
    project: str


def service_account(settings: Settings) -> ServiceAccount:
    """The one that the settings name; the JSON line wins over the file. Raises `ConfigError`."""
    line = settings.google_cloud_service_account_json.get_secret_value().strip()
    if line:
        return _parse(line, "environment", LINE)
    path = settings.google_application_credentials
    if path is None:
        cure = f"{_GET_ONE}; put its content into {LINE}, on one line, or its path into {FILE}"
        raise ConfigError("environment", LINE, "no service account is set for Google's engines", cure)
    return _parse(_text(path.expanduser()), str(path), FILE)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError(str(path), FILE, reason, "name a file that exists and that agentd may read") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), FILE, "is no UTF-8 text", _GET_ONE) from None


def _parse(text: str, where: str, key: str) -> ServiceAccount:
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2 import service_account as google

    try:
        info = json.loads(text)
    except json.JSONDecodeError as error:
        cure = (
            "give the whole file on one line, in single quotes, as in VAR='{\"type\": ...}'"
            if key == LINE
            else _GET_ONE
        )
        raise ConfigError(where, key, f"is no JSON (character {error.pos} of {len(text)})", cure) from None
    kind = info.get("type") if isinstance(info, dict) else None
    if kind != "service_account":
        found = f"is of type {kind!r}" if isinstance(kind, str) else "is no key of Google's"
        raise ConfigError(where, key, f"{found}, not a service account", _GET_ONE)
    missing = [name for name in ("client_email", "private_key", "project_id", "token_uri") if not info.get(name)]
    if missing:
        raise ConfigError(where, key, f"lacks {', '.join(missing)}", f"{_GET_ONE}, and copy all of it")
    # Environment files often double the backslashes of the key's line breaks.
    info["private_key"] = str(info["private_key"]).replace("\\n", "\n")
    try:
        untyped: Any = google.Credentials
        made = untyped.from_service_account_info(info, scopes=[SCOPE])
    except (ValueError, TypeError, GoogleAuthError):
        raise ConfigError(where, key, "its private_key cannot be read", f"{_GET_ONE}, and copy all of it") from None
    return ServiceAccount(made.with_always_use_jwt_access(True), str(info["client_email"]), str(info["project_id"]))
