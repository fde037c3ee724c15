"""What `agentd check` says of Google's engines: the account, the choices, and what a voice cannot do. Offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agentd.errors import ConfigError
from agentd_google.asking import TELEPHONY
from agentd_google.credentials import service_account
from agentd_google.options import Options, options
from agentd_google.voices import FAMILIES, Family, family_of

if TYPE_CHECKING:
    from agentd.config import Settings

Row = tuple[str, bool, str]


def rows(settings: Settings, env: Mapping[str, str]) -> Iterator[Row]:
    """(what, fine, sentence) for the engines of this plugin that the settings choose; none when they choose none."""
    ears, mouths = list(_arguments(settings.stt_engine)), list(_arguments(settings.tts_engine))
    if not ears and not mouths:
        return
    try:
        account = service_account(settings)
        yield "account", True, f"{account.email} of project {account.project}"
        chosen = options(env)
    except ConfigError as error:
        yield "account" if "SERVICE" in error.key or "CREDENTIALS" in error.key else "settings", False, str(error)
        return
    for model in ears:
        yield "recogniser", True, _recogniser(chosen, account.project, model, settings.language_code)
    for wanted in mouths:
        yield from _voice(chosen, wanted, settings)


def _arguments(chain: tuple[str, ...]) -> Iterator[str]:
    for entry in chain:
        name, _, argument = entry.partition(":")
        if name == "google":
            yield argument


def _recogniser(chosen: Options, project: str, model: str, language: str) -> str:
    where = chosen.recogniser_in(project) if chosen.version == "v2" else "v1"
    return f"{where}, model {model or TELEPHONY} (or Google's own, if it refuses that) for {language}"


def _voice(chosen: Options, wanted: str, settings: Settings) -> Iterator[Row]:
    family = _family(wanted)
    if family is None:
        family = FAMILIES[0]
        yield (
            "voice",
            True,
            (
                f"{wanted or 'the best'} of those listed at start for {settings.language_code}; "
                f"{family.name} where there is one"
            ),
        )
    else:
        how = "streamed" if family.streams and chosen.tts_streaming else "a phrase at a time"
        yield "voice", True, f"{wanted}, {how}, if Google lists it for {settings.language_code}"
    cure = "choose a voice of Neural2, Wavenet or Standard for it, as in TTS_ENGINE=google:Wavenet"
    if settings.tts_pitch and not family.pitch:
        yield "voice pitch", True, f"TTS_PITCH={settings.tts_pitch:g} has no effect with {family.name}; {cure}"
    if settings.tts_rate != 1 and not family.rate:
        yield "voice rate", True, f"TTS_RATE={settings.tts_rate:g} has no effect with {family.name}; {cure}"


def _family(wanted: str) -> Family | None:
    """Of a voice or a family by name; None for a person or nothing."""
    known = family_of(f"-{wanted}-")
    return known if known.name else None
