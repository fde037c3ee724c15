"""Engines as the settings want them: credentials, secure channels, recogniser version, hints of the playbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentd.agents.playbook_file import load_playbook
from agentd.errors import ConfigError
from agentd.imports import without
from agentd_google.asking import TELEPHONY, hints_of
from agentd_google.channels import OPTIONS, Pool
from agentd_google.credentials import ServiceAccount, service_account
from agentd_google.options import options
from agentd_google.recognisers import V1, V2, Dialect
from agentd_google.stt import GoogleSTT
from agentd_google.tts import GoogleTTS

if TYPE_CHECKING:
    from agentd.config import Settings

_UNUSED = ("aiohttp",)  # 8 MB for Google's REST clients, which are there too where it is installed


def recogniser(settings: Settings, model: str, env: Mapping[str, str]) -> GoogleSTT:
    """`google[:model]`. Raises `ConfigError`; connects at the first call."""
    account, chosen = service_account(settings), options(env)
    dialect: Dialect
    if chosen.version == "v2":
        with without(*_UNUSED):
            from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport as V2Transport

        transport: Any = V2Transport
        dialect = V2(chosen.recogniser_in(account.project))
    else:
        with without(*_UNUSED):
            from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport as V1Transport

        transport = V1Transport
        dialect = V1()
    pool = Pool(lambda: connect(transport, chosen.host, account))
    return GoogleSTT(pool, dialect, model=model or TELEPHONY, hints=_hints(settings))


def voice(settings: Settings, wanted: str, env: Mapping[str, str]) -> GoogleTTS:
    """`google[:voice]`. Raises `ConfigError`; connects at the first phrase."""
    with without(*_UNUSED):
        from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport

    account, chosen = service_account(settings), options(env)
    transport = TextToSpeechGrpcAsyncIOTransport
    pool = Pool(lambda: connect(transport, transport.DEFAULT_HOST, account))
    return GoogleTTS(pool, wanted=wanted, streaming=chosen.tts_streaming)


def connect(transport: Any, host: str, account: ServiceAccount) -> Any:
    """A transport of that class on a secure channel of its own. On the side loop only."""
    channel = transport.create_channel(host, credentials=account.credentials, options=list(OPTIONS))
    return transport(channel=channel, host=host)


def _hints(settings: Settings) -> tuple[str, ...]:
    try:
        return hints_of(load_playbook(settings.playbook, settings.language_code))
    except ConfigError:
        return ()  # whoever answers calls with that playbook says what is wrong with it
