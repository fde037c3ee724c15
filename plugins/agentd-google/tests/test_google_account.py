"""The service account: every way it can be wrong has its cure, and no secret is in any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentd_google.credentials import FILE, LINE, service_account
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from agentd.config import Settings
from agentd.errors import ConfigError

KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)  # fmt: skip
ACCOUNT = {
    "type": "service_account",
    "project_id": "blue-door",
    "private_key_id": "1",
    "private_key": KEY,
    "client_email": "agentd@blue-door.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def from_line(text: str) -> Settings:
    return Settings.of(google_cloud_service_account_json=SecretStr(text))


def without(*names: str) -> str:
    return json.dumps({name: value for name, value in ACCOUNT.items() if name not in names})


def test_a_json_on_one_line_is_taken() -> None:
    account = service_account(from_line(json.dumps(ACCOUNT)))
    assert (account.project, account.email) == ("blue-door", ACCOUNT["client_email"])


def test_line_breaks_of_the_key_may_be_escaped_twice() -> None:
    doubled = json.dumps({**ACCOUNT, "private_key": KEY.replace("\n", "\\n")})
    assert service_account(from_line(doubled)).project == "blue-door"


def test_a_file_is_taken_and_the_line_wins_over_it(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps({**ACCOUNT, "project_id": "of-the-file"}), "utf-8")
    assert service_account(Settings.of(google_application_credentials=path)).project == "of-the-file"
    both = Settings.of(
        google_application_credentials=path, google_cloud_service_account_json=SecretStr(json.dumps(ACCOUNT))
    )
    assert service_account(both).project == "blue-door"


def test_the_account_signs_its_own_tokens_without_a_request() -> None:
    credentials = service_account(from_line(json.dumps(ACCOUNT))).credentials
    credentials._create_self_signed_jwt(None)  # what Google's channel plugin calls first
    headers: dict[str, str] = {}
    credentials.before_request(None, "POST", "https://speech.googleapis.com/", headers)  # no transport to ask with
    assert headers["authorization"].startswith("Bearer ey")


@pytest.mark.parametrize(
    ("text", "problem", "cure"),
    [
        ("", "no service account is set", LINE),
        ("{not json", "is no JSON", "one line"),
        ('"text"', "is no key of Google's", "JSON key"),
        ('{"type": "authorized_user"}', "'authorized_user', not a service account", "JSON key"),
        (without("private_key", "client_email"), "lacks client_email, private_key", "copy all of it"),
        (json.dumps({**ACCOUNT, "private_key": "-----BEGIN PRIVATE KEY-----\nxx"}), "cannot be read", "copy all of it"),
    ],
)
def test_a_bad_line_is_a_config_error_with_its_cure(text: str, problem: str, cure: str) -> None:
    with pytest.raises(ConfigError) as failed:
        service_account(from_line(text))
    assert (failed.value.where, failed.value.key) == ("environment", LINE)
    assert problem in failed.value.problem
    assert cure in failed.value.cure
    assert "BEGIN" not in str(failed.value)
    assert failed.value.__cause__ is None


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "UTF-8"),
        (lambda path: path.write_text("[]"), "no key of Google's"),
    ],
)
def test_a_bad_file_is_a_config_error_that_names_it(tmp_path: Path, write: Callable[[Path], Any], problem: str) -> None:
    path = tmp_path / "key.json"
    write(path)
    with pytest.raises(ConfigError) as failed:
        service_account(Settings.of(google_application_credentials=path))
    assert (failed.value.where, failed.value.key) == (str(path), FILE)
    assert problem in failed.value.problem
