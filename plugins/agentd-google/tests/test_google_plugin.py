"""The plugin from the outside: engines by name, options, what `agentd check` says, nothing heavy before its time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from agentd_google import agentd_check, agentd_register_engines
from agentd_google.check import rows
from agentd_google.factory import recogniser, voice
from agentd_google.options import Options, options
from agentd_google.recognisers import V1, V2
from agentd_google.stt import GoogleSTT
from agentd_google.tts import GoogleTTS
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from agentd.config import Settings
from agentd.errors import ConfigError

LINE = json.dumps(
    {
        "type": "service_account",
        "project_id": "blue-door",
        "private_key": rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode(),
        "client_email": "agentd@blue-door.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
)  # fmt: skip


def settings(**changes: Any) -> Settings:
    base = {
        "stt_engine": ("google",),
        "tts_engine": ("google",),
        "google_cloud_service_account_json": SecretStr(LINE),
    }
    return Settings.of(**{**base, **changes})


class Registry:
    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []

    def stt(self, name: str, factory: object) -> None:
        self.names.append(("stt", name))

    def tts(self, name: str, factory: object) -> None:
        self.names.append(("tts", name))


def test_it_brings_a_recogniser_and_a_voice() -> None:
    registry: Any = Registry()
    agentd_register_engines(registry)
    assert registry.names == [("stt", "google"), ("tts", "google")]


def test_naming_the_engines_imports_nothing_of_google() -> None:
    code = "import sys, agentd_google; print(sorted({'grpc', 'google.auth', 'google.cloud'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_engines_bring_no_second_http_client() -> None:
    code = (
        "import os, sys; from agentd.config import Settings; from agentd_google.factory import recogniser, voice\n"
        "settings = Settings.of(google_cloud_service_account_json=sys.stdin.read())\n"
        "recogniser(settings, '', os.environ), voice(settings, '', os.environ)\n"
        "print('grpc' in sys.modules, 'aiohttp' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], input=LINE, capture_output=True, text=True, check=True)
    assert out.stdout == "True False\n"


def test_the_recogniser_asks_for_the_argument_as_model_and_hints_at_the_playbook() -> None:
    stt = recogniser(settings(), "latest_long", {})
    assert isinstance(stt, GoogleSTT)
    assert isinstance(stt.dialect, V1)
    ask = stt.ask("he-IL")
    assert (ask.language, ask.model) == ("he-IL", "latest_long")
    assert "לקבוע פגישה" in ask.hints
    assert recogniser(settings(), "", {}).ask("he-IL").model == "telephony"


def test_a_playbook_that_cannot_be_read_gives_no_hints() -> None:
    assert recogniser(settings(playbook="/nowhere/at-all.toml"), "", {}).ask("he-IL").hints == ()


def test_v2_takes_the_project_of_the_account() -> None:
    stt = recogniser(settings(), "", {"GOOGLE_STT_VERSION": "v2", "GOOGLE_STT_LOCATION": "europe-west4"})
    assert isinstance(stt.dialect, V2)
    opening = stt.dialect.opening(stt.ask("he-IL"), 8000)
    assert opening.recognizer == "projects/blue-door/locations/europe-west4/recognizers/_"


def test_the_voice_can_be_made_without_a_connection() -> None:
    assert isinstance(voice(settings(), "Aoede", {}), GoogleTTS)


async def test_its_channels_are_secure_ones_to_google() -> None:
    stt = recogniser(settings(), "", {})
    transport = await stt.pool.loop.run(connected, stt)
    await stt.pool.aclose()
    assert transport == "SpeechGrpcAsyncIOTransport"


async def connected(stt: GoogleSTT) -> str:
    seat = stt.pool._take()  # makes the channel; nothing is sent before the first stream
    seat.leave()
    return type(seat.transport).__name__


def test_options_have_defaults_and_v2_its_regional_address() -> None:
    assert options({}) == Options("v1", "global", "", True)
    assert options({"GOOGLE_STT_VERSION": " ", "GOOGLE_TTS_STREAMING": "off"}).tts_streaming is False
    chosen = options({"GOOGLE_STT_VERSION": "V2", "GOOGLE_STT_LOCATION": "eu"})
    assert (chosen.host, Options("v2").host) == ("eu-speech.googleapis.com", "speech.googleapis.com")
    named = options({"GOOGLE_STT_VERSION": "v2", "GOOGLE_STT_RECOGNIZER": "projects/p/locations/eu/recognizers/he"})
    assert (named.host, named.recogniser_in("other")) == ("eu-speech.googleapis.com", named.recognizer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_STT_VERSION", "v3"),
        ("GOOGLE_STT_LOCATION", "Tel Aviv"),
        ("GOOGLE_STT_RECOGNIZER", "mine"),
        ("GOOGLE_TTS_STREAMING", "perhaps"),
    ],
)
def test_a_bad_option_is_a_config_error_with_its_cure(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as failed:
        options({name: value})
    assert failed.value.key == name
    assert failed.value.cure.startswith("write ")


def check(env: dict[str, str] | None = None, **changes: Any) -> dict[str, tuple[bool, str]]:
    return {what: (fine, says) for what, fine, says in rows(settings(**changes), env or {})}


def test_check_says_nothing_when_google_is_not_chosen() -> None:
    assert check(stt_engine=("local",), tts_engine=("local",)) == {}
    assert list(agentd_check(Settings.of(stt_engine=("local",), tts_engine=("local",)))) == []


def test_check_names_the_account_the_recogniser_and_the_voice() -> None:
    found = check({"GOOGLE_STT_VERSION": "v2"})
    assert all(fine for fine, _ in found.values())
    assert "agentd@blue-door.iam" in found["account"][1]
    assert "projects/blue-door/locations/global/recognizers/_" in found["recogniser"][1]
    assert "listed at start for he-IL" in found["voice"][1]


def test_check_says_what_a_voice_cannot_do() -> None:
    assert "TTS_PITCH=-2 has no effect with Chirp3-HD" in check()["voice pitch"][1]
    assert (
        "TTS_RATE=1.05 has no effect with Chirp-HD" in check(tts_engine=("google:en-US-Chirp-HD-D",))["voice rate"][1]
    )
    plain = check(tts_engine=("google:he-IL-Wavenet-C",))
    assert "voice pitch" not in plain
    assert "a phrase at a time" in plain["voice"][1]


def test_check_says_what_is_wrong_with_the_account_or_an_option() -> None:
    fine, says = check(google_cloud_service_account_json=SecretStr(""))["account"]
    assert not fine
    assert "Cure: make a JSON key" in says
    fine, says = check({"GOOGLE_STT_VERSION": "3"})["settings"]
    assert not fine
    assert "write v1 or v2" in says
