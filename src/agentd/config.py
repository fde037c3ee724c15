"""Settings: what the operator may decide, read once, checked whole, and frozen (SPEC 14).

A value comes from the command line, the environment, a credential of systemd (secrets only), `agentd.toml`, the
profile, or the default, in this order.
The environment is whatever mapping `load` is given, looked up by exact name: the machine's own variables (`LANG`)
can never become a setting by accident, and an unknown variable is never an error. An unknown key of the file is.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agentd import config_allowed
from agentd.config_rules import (
    BARGE_IN_VOICE_FLOOR_MS,
    DEAD_NAMES,
    MIN_UTT_WARN_SEC,
    PROFILES,
    check_door,
    env_name,
    is_loopback,
    nearest,
    public_url,
    refuse,
    voice_frames,
)
from agentd.config_values import AccountSid, Chain, ContentSid, LanguageTag, Names, PhoneNumber, Seconds, lower, upper
from agentd.errors import ConfigError


def _f(default: Any, description: str, **bounds: Any) -> Any:
    return Field(default=default, description=description, **bounds)


class Settings(BaseSettings):
    """Every setting of agentd, frozen. Make one with `load` (a process) or `Settings.of` (tests, embedding)."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # The door
    public_base_url: Annotated[str, AfterValidator(public_url)] = _f(
        "", "Public https:// address that Twilio calls, no trailing slash; may be empty only when bound to loopback"
    )
    port: int = _f(8080, "TCP port; 0 takes a free one", ge=0, le=65535)
    bind: str = _f("0.0.0.0", "Address to listen on; 127.0.0.1 behind a proxy or for development", min_length=1)
    trust_proxy: bool = _f(False, "Believe X-Forwarded-Proto and X-Forwarded-Host of the proxy in front")
    max_calls: int = _f(50, "Calls at once; more are told that the line is busy", ge=1, le=5000)
    max_calls_per_caller: int = _f(
        2, "Calls at once from one real number; anonymous ones count globally", ge=1, le=5000
    )
    fallback_number: PhoneNumber = _f("", "Number (E.164, +972...) to dial when we cannot serve a call")
    handover: bool = _f(True, "Give calls to a person or the voicemail: when asked, or when we get nowhere; 0: never")
    transfer_prefixes: Names = _f(
        ("+972",), "Numbers that calls may be handed over to begin with one of these; commas between; empty: none"
    )
    warm_transfer: bool = _f(
        False, "A person whom a call is handed over to hears a summary before they hear the caller"
    )
    stream_token_ttl: float = _f(60, "Seconds that the token of a stream stays valid, beside its verbs", gt=0, le=3600)
    watchdog_start_sec: float = _f(5, "Seconds without a `start` before a call is redirected", gt=0, le=60)
    watchdog_media_sec: float = _f(
        5, "Seconds of an open socket without media before a call is redirected", gt=0, le=60
    )
    drain_sec: float = _f(
        1800, "Seconds that calls may go on after SIGTERM before they are told goodbye", ge=0, le=7200
    )
    metrics_token: SecretStr = _f(SecretStr(""), "Bearer token for /metrics from other than loopback; empty: refused")
    calendar_token: SecretStr = _f(SecretStr(""), "Token for /calendar.ics?token= from elsewhere; empty: refused")

    # Accounts and secrets
    twilio_account_sid: AccountSid = _f("", "Account SID; requests of another account are refused")
    twilio_auth_token: SecretStr = _f(SecretStr(""), "Auth token: signs what Twilio sends us")
    twilio_auth_token_2: SecretStr = _f(SecretStr(""), "A second auth token that is accepted during rotation")
    twilio_api_url: str = _f("https://api.twilio.com", "Twilio's REST API; a regional address if you use one")
    openai_api_key: SecretStr = _f(SecretStr(""), "Key for the openai engines")
    google_cloud_service_account_json: SecretStr = _f(SecretStr(""), "Google service account, as JSON on one line")
    google_application_credentials: Path | None = _f(None, "File with the Google service account")

    # The deployment
    agentd_env: Annotated[str, BeforeValidator(lower)] = _f(
        "production", "production; any other word lets a proxy reach loopback without TWILIO_AUTH_TOKEN", min_length=1
    )
    state_dir: Path = _f(Path("state"), "Where agentd keeps what must survive; systemd's STATE_DIRECTORY")
    plugins: Names = _f((), "The only plugins to load, by entry-point name; empty: all that are installed")
    disabled: Names = _f((), "Plugins not to load")
    database_url: SecretStr = _f(SecretStr(""), "PostgreSQL URL; empty: SQLite in the state directory")
    recording: Annotated[Literal["off", "twilio", "local", "both"], BeforeValidator(lower)] = _f(
        "off",
        "Record calls, once the caller has heard the announcement: at Twilio, here in the state directory, or both",
    )
    jobs: bool = _f(True, "Do the work after calls in a child of `agentd serve`; 0: `agentd jobs run` does, elsewhere")
    recordings_max_gb: float = _f(10, "Recordings kept here, in GB; the oldest go first", ge=0)
    retention_transcripts_days: int = _f(90, "Days that what was said is kept; 0: for ever", ge=0, le=36500)
    retention_calls_days: int = _f(365, "Days that a call is kept, with all of its own; 0: for ever", ge=0, le=36500)
    retention_recordings_days: int = _f(90, "Days that a recording is known; 0: for ever", ge=0, le=36500)
    retention_customers_days: int = _f(730, "Days after a customer's last call; 0: for ever", ge=0, le=36500)
    retention_leads_days: int = _f(
        730, "Days after a lead's last change, and after a meeting; 0: for ever", ge=0, le=36500
    )
    retention_messages_days: int = _f(365, "Days that WhatsApp messages are kept; 0: for ever", ge=0, le=36500)

    # The agent
    language_code: LanguageTag = _f("he-IL", "Language of the calls, BCP 47")
    playbook: str = _f("", "Path or shipped name of the playbook; empty: the receptionist of the language")
    stt_engine: Chain = _f(("local",), "Recognisers in order of preference: name or name:argument, commas between")
    llm_engine: Chain = _f(("rules",), "Models in order of preference: name or name:argument, commas between")
    tts_engine: Chain = _f(("local",), "Voices in order of preference: name or name:argument, commas between")
    vad_engine: str = _f("", "Voice activity detector; empty: the energy detector")
    ws_mode: Annotated[Literal["AI", "ECHO"], BeforeValidator(upper)] = _f("AI", "ECHO sends the caller's audio back")
    profile: Annotated[Literal["fast", "balanced", "patient"], BeforeValidator(lower)] = _f(
        "balanced", "How soon the caller is taken to have finished; sets six of the settings below"
    )
    agents_enabled: bool = _f(True, "Offer tools to the models")
    tools_ask: Names = _f((), "Tools that wait for a person every time, by name, commas between")
    tool_sends_per_day: int = _f(200, "Messages that the tools of the house may send in 24 hours", ge=0, le=100_000)
    approval_timeout_sec: float = _f(
        60, "How long a tool call waits for a person's approval, s; then it is denied", ge=1, le=3600
    )
    whatsapp_provider: Annotated[Literal["", "twilio", "baileys"], BeforeValidator(lower)] = _f("", "WhatsApp by whom")
    twilio_whatsapp_from: str = _f("", "Our WhatsApp number (whatsapp:+972...) or messaging service SID")
    lost_call_content_sid: ContentSid = _f(
        "", "WhatsApp template for callers whose call broke off; empty: they get no message"
    )

    # Listening: voice
    vad_rms: float | None = _f(None, "Fixed voice threshold, int16 RMS; unset: follows the noise floor", gt=0, le=32767)
    vad_floor_rms: float = _f(35, "Lowest voice threshold, int16 RMS", ge=1, le=5000)
    vad_noise_factor: float = _f(2.2, "Threshold = noise floor times this, plus VAD_NOISE_OFFSET", ge=1, le=20)
    vad_noise_offset: float = _f(8, "Added to the threshold, int16 RMS", ge=0, le=5000)
    vad_hysteresis_ms: int = _f(60, "Voice or silence that a change of mind needs, ms", ge=0, le=500)
    calibration_ms: int = _f(400, "Start of the call from which the first noise floor is taken, ms", ge=100, le=5000)
    high_pass_hz: float = _f(100, "High-pass of the recogniser's audio, Hz; 0: none", ge=0, le=1000)
    low_pass_hz: float = _f(3700, "Low-pass of the recogniser's audio, Hz; 4000: none", ge=1000, le=4000)
    agc_target_dbfs: float = _f(-20, "Level that the recogniser's audio is brought to, dBFS", ge=-50, le=-3)
    audio_sample_every: int = _f(0, "One call in so many leaves a 3 s WAV of the recogniser's audio; 0: none", ge=0)

    # Listening: utterances
    vad_hangover_ms: int = _f(160, "Silence after which a reply is prepared, unheard, ms", ge=40, le=2000)
    stt_partial_debounce_ms: int = _f(60, "How long a partial must stand before it is acted on, ms", ge=0, le=2000)
    stt_timeout_ms: int = _f(240, "After the end of an utterance, wait for a final text, ms", ge=0, le=5000)
    eou_silence_ms: int = _f(450, "Silence that ends an utterance, ms", ge=200, le=3000)
    eou_sharp_fall_ms: int = _f(200, "Silence that ends an utterance after a sharp fall, ms", ge=100, le=3000)
    min_utt_sec: float = _f(0.25, "Voiced audio below which nothing is an utterance, s", ge=0.02, le=3)
    short_utt_sec: float = _f(0.9, "Voiced audio under which an utterance gets 150 ms more, s", ge=0, le=5)
    max_utt_sec: float = _f(5, "Speech after which the text so far is taken, s", ge=1, le=60)
    dedup_window_sec: float = _f(
        14, "The same words within this without speech of ours between count once, s", ge=0, le=120
    )
    reply_refractory_ms: int = _f(
        750, "After our speech, how long a caller must be clearer to count, ms", ge=0, le=5000
    )

    # Listening: barge-in
    barge_in: bool = _f(True, "The caller may interrupt")
    barge_in_voice_ms: int = _f(
        180, "Voice that holds our speech, ms; at least 100", ge=BARGE_IN_VOICE_FLOOR_MS, le=2000
    )
    barge_in_voice_frames: int | None = _f(None, "Older form of BARGE_IN_VOICE_MS, in frames of 20 ms", ge=0, le=100)
    barge_in_grace_ms: int = _f(200, "Start of our speech in which nothing interrupts, ms", ge=0, le=5000)
    echo_factor: float = _f(0.25, "Voice must exceed this times what we just played, to be no echo", ge=0, le=2)

    # Speaking
    playout_lead_ms: int = _f(200, "How far ahead of the caller's ear we send, ms", ge=40, le=2000)
    tts_tail_ms: int = _f(200, "Silence after our speech, ms", ge=0, le=2000)
    mark_timeout_ms: int = _f(150, "Beyond the estimate, wait for the echo of the last mark, ms", ge=20, le=5000)
    tts_rate: float = _f(1.05, "Speed of speech; 1 is the voice's own", ge=0.5, le=2)
    tts_pitch: float = _f(-2.0, "Pitch, semitones", ge=-12, le=12)
    tts_prewarm: bool = _f(True, "Warm the voices when idle")
    tts_prewarm_min: float = _f(8, "Minutes between warm-ups", gt=0, le=1440)
    tts_cache_mb: float = _f(
        200, "Phrases kept on disk between starts, MB; the longest unused go first", ge=0, le=100_000
    )
    fallback_tone_ms: int = _f(300, "Tone when no voice works at all, ms", ge=0, le=2000)
    twiml_play_greeting: bool = _f(False, "Let Twilio play the greeting before the stream starts")
    ai_greeting_he: str | None = _f(None, "Greeting; unset: the playbook's; empty: none")
    greeting_delay_ms: int = _f(800, "Silence of the caller before the greeting, ms", ge=0, le=10000)
    thinking_hint_ms: int = _f(
        0, "A filler after so long without an answer, ms; 0: only the answer clock", ge=0, le=10000
    )
    resp_min_delay_ms: int = _f(
        0, "Least gap before an answer, drawn between this and RESP_MAX_DELAY_MS", ge=0, le=5000
    )
    resp_max_delay_ms: int = _f(0, "Upper end of that draw, ms", ge=0, le=5000)

    # Replies
    ai_max_words_first_reply: int = _f(24, "Most words of the first reply", ge=5, le=200)
    llm_target_style: str = _f("warm_helpful", "Style named to the model")
    llm_max_chars: int = _f(420, "Most characters of a reply", ge=40, le=4000)
    llm_min_chars: int | None = _f(None, "Read and ignored: a reply is as short as it can be")

    # Long and silent calls
    silence_prompt_sec: Seconds = _f((8.0, 20.0), "Silence of the caller before each prompt, s, rising, commas between")
    silence_goodbye_sec: float = _f(40, "Silence of the caller before goodbye, s", gt=0, le=3600)
    heartbeat_sec: float = _f(15, "Between two heartbeat marks, s", ge=1, le=600)
    idle_guard_sec: float = _f(60, "Without outgoing media before a short silence is sent, s", ge=1, le=3600)
    max_call_sec: float = _f(1800, "Longest call, s; a warning comes 60 s before", ge=60, le=14400)

    # Logs
    log_transcripts: bool = _f(False, "Write what people said into the log")
    debug: bool = _f(False, "Log at DEBUG")
    async_log_queue: bool = _f(True, "Log through a queue that never blocks a call; 0: directly")

    _provenance: dict[str, str] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given: `load` reads the sources, so that each value knows where it is from."""
        return (init_settings,)

    @classmethod
    def of(cls, **overrides: Any) -> Settings:
        """Settings from arguments alone: no environment, no file, bound to loopback. Raises `ConfigError`."""
        return _build(
            {"bind": "127.0.0.1", "agentd_env": "development"} | overrides, dict.fromkeys(overrides, "argument")
        )

    @property
    def provenance(self) -> Mapping[str, str]:
        """Field -> "default", "profile NAME", "FILE: KEY", "environment" or "command line"."""
        return self._provenance

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line each, for the log at start and for `agentd check`."""
        return self._warnings

    @property
    def loopback(self) -> bool:
        """Bound to this machine only."""
        return is_loopback(self.bind)

    @property
    def signatures(self) -> bool:
        """Whether Twilio's signatures are checked. Off only in development, without a token."""
        return bool(self.twilio_auth_token.get_secret_value())

    @property
    def public_host(self) -> str:
        """Host (and port) under which Twilio reaches us, without a scheme."""
        if self.public_base_url:
            return urlsplit(self.public_base_url).netloc
        return f"[{self.bind}]:{self.port}" if ":" in self.bind else f"{self.bind}:{self.port}"

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        check_door(
            bind=self.bind,
            public_url=self.public_base_url,
            signed=self.signatures,
            production=self.agentd_env == "production",
        )
        if list(self.silence_prompt_sec) != sorted(set(self.silence_prompt_sec)):
            refuse("silence_prompt_sec", "the times must rise", "write them in order, as in 8,20")
        if self.silence_prompt_sec and self.silence_goodbye_sec <= self.silence_prompt_sec[-1]:
            refuse("silence_goodbye_sec", "is not after the last prompt", "make it longer than SILENCE_PROMPT_SEC")
        if self.resp_min_delay_ms > self.resp_max_delay_ms:
            refuse("resp_min_delay_ms", "is above RESP_MAX_DELAY_MS", "raise the one or lower the other")
        return self


_FIELDS: Final = {name: field for field in Settings.model_fields for name in (env_name(field), field.upper())}


def load(
    env: Mapping[str, str] = os.environ, toml: Path | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Read, merge and check all settings. `flags`: fields given on the command line, which win.

    Raises `ConfigError` naming the file or the environment, the key and the cure. Reads only what it is given:
    the file is looked for by `config_rules.find_toml`.
    """
    values: dict[str, Any] = {}
    where: dict[str, str] = {}
    for source in (_state_dir(env), _from_toml(toml) if toml else (), _from_credentials(env), _from_env(env)):
        for field, value, origin in source:
            values[field], where[field] = value, origin
    for field, value in (flags or {}).items():
        values[field], where[field] = value, "command line"
    warnings = [f"{name} means nothing any more: {why}" for name, why in DEAD_NAMES.items() if name in env]
    return _build(values, where, warnings)


def _from_env(env: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    for field, info in Settings.model_fields.items():
        raw = env.get(env_name(field))
        # An empty line in an environment file means "not set", except where empty and unset differ (the greeting).
        if raw is not None and (raw.strip() or info.annotation == str | None):
            yield field, raw, "environment"


def _from_credentials(env: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    """Secrets that systemd passes as files (`LoadCredential=TWILIO_AUTH_TOKEN:...`), named like the setting."""
    directory = env.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return
    for field, info in Settings.model_fields.items():
        path = Path(directory, env_name(field))
        if info.annotation is SecretStr and path.is_file():
            yield field, _text_of(path).strip(), f"{path}: {env_name(field)}"


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError(str(path), "file", reason, "name a file that exists and that agentd may read") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), "file", "is no UTF-8 text", "save it as UTF-8") from error


def _from_toml(path: Path) -> Iterable[tuple[str, Any, str]]:
    try:
        table = tomllib.loads(_text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "file", str(error), "correct the line; strings need quotes") from error
    seen: dict[str, str] = {}
    for key, value in table.items():
        field = _FIELDS.get(key.upper())
        if field is None:
            hint = nearest(key.upper(), _FIELDS)
            raise ConfigError(str(path), key, f"unknown setting{hint}", "correct the name or remove the line")
        if seen.setdefault(field, key) != key:
            raise ConfigError(str(path), key, f"is set twice, as {seen[field]} too", "keep one of the two lines")
        yield field, value, f"{path}: {key}"


def _state_dir(env: Mapping[str, str]) -> Iterable[tuple[str, Path, str]]:
    if systemd := env.get("STATE_DIRECTORY"):
        # systemd lists several with colons; the first one is ours.
        yield "state_dir", Path(systemd.split(":")[0]), "environment"
    elif xdg := env.get("XDG_STATE_HOME"):
        yield "state_dir", Path(xdg, "agentd"), "default"
    elif home := env.get("HOME"):
        yield "state_dir", Path(home, ".local", "state", "agentd"), "default"


def _build(values: dict[str, Any], where: dict[str, str], warnings: Iterable[str] = ()) -> Settings:
    """Apply the rules that need to know what was set by hand, then validate."""
    notes = list(warnings)
    values = voice_frames(dict(values), notes)
    profile = lower(values.get("profile", "balanced"))
    if "barge_in_voice_frames" in where and "barge_in_voice_ms" not in where:
        where = where | {"barge_in_voice_ms": where["barge_in_voice_frames"]}
    filled = PROFILES.get(str(profile), {}).keys() - values.keys()
    values |= {field: PROFILES[str(profile)][field] for field in filled}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _as_config_error(error, where) from None
    except ConfigError as error:
        field = error.key
        raise ConfigError(_place(where.get(field)), env_name(field), error.problem, error.cure) from None
    if settings.min_utt_sec > MIN_UTT_WARN_SEC:
        notes.append(
            f"MIN_UTT_SEC={settings.min_utt_sec:g} is voiced audio, not silence: "
            "shorter answers than this are not heard; 0.25 is usual"
        )
    if settings.llm_min_chars is not None:
        notes.append("LLM_MIN_CHARS is read and ignored: a short answer is a good one")
    profiled = dict.fromkeys(filled, f"profile {settings.profile}")
    settings._provenance = {field: (where | profiled).get(field, "default") for field in Settings.model_fields}
    settings._warnings = tuple(notes)
    return settings


def _place(origin: str | None) -> str:
    """ "agentd.toml: KEY" -> "agentd.toml": the key is said once."""
    return "environment" if origin in (None, "default") else origin.rpartition(": ")[0] or origin


def _as_config_error(error: ValidationError, where: Mapping[str, str]) -> ConfigError:
    """The first thing that pydantic found, in the operator's words and without the value (it may be a secret)."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "settings"
    info = Settings.model_fields.get(field)
    if info is None:
        hint = nearest(field, Settings.model_fields)
        return ConfigError(_place(where.get(field)), field, f"unknown setting{hint}", "correct the name")
    return ConfigError(
        _place(where.get(field)), env_name(field), config_allowed.problem(first), config_allowed.cure(info)
    )
