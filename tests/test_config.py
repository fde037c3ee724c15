"""Settings: the table of names and defaults, the sources and their order, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from agentd.config import Settings, load
from agentd.config_rules import DEAD_NAMES, env_name, find_toml
from agentd.errors import ConfigError

LOOPBACK = {"BIND": "127.0.0.1"}
UNSET = ""

# Name, default as an operator would write it.
TABLE = {
    "PUBLIC_BASE_URL": UNSET,
    "PORT": "8080",
    "BIND": "0.0.0.0",
    "TRUST_PROXY": "0",
    "TWILIO_ACCOUNT_SID": UNSET,
    "TWILIO_AUTH_TOKEN": UNSET,
    "TWILIO_AUTH_TOKEN_2": UNSET,
    "OPENAI_API_KEY": UNSET,
    "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON": UNSET,
    "GOOGLE_APPLICATION_CREDENTIALS": UNSET,
    "AGENTD_ENV": "production",
    "LANGUAGE_CODE": "he-IL",
    "PLAYBOOK": UNSET,
    "STT_ENGINE": "local",
    "LLM_ENGINE": "rules",
    "TTS_ENGINE": "local",
    "MAX_CALLS": "50",
    "FALLBACK_NUMBER": UNSET,
    "WS_MODE": "AI",
    "PROFILE": "balanced",
    "VAD_RMS": UNSET,
    "VAD_FLOOR_RMS": "35",
    "VAD_NOISE_FACTOR": "2.2",
    "VAD_NOISE_OFFSET": "8",
    "VAD_HYSTERESIS_MS": "60",
    "CALIBRATION_MS": "400",
    "VAD_HANGOVER_MS": "160",
    "STT_PARTIAL_DEBOUNCE_MS": "60",
    "STT_TIMEOUT_MS": "240",
    "EOU_SILENCE_MS": "450",
    "EOU_SHARP_FALL_MS": "200",
    "MIN_UTT_SEC": "0.25",
    "SHORT_UTT_SEC": "0.9",
    "MAX_UTT_SEC": "5",
    "BARGE_IN": "true",
    "BARGE_IN_VOICE_MS": "180",
    "BARGE_IN_VOICE_FRAMES": UNSET,
    "BARGE_IN_GRACE_MS": "200",
    "ECHO_FACTOR": "0.25",
    "REPLY_REFRACTORY_MS": "750",
    "DEDUP_WINDOW_SEC": "14",
    "AUDIO_SAMPLE_EVERY": "0",
    "HIGH_PASS_HZ": "100",
    "LOW_PASS_HZ": "3700",
    "AGC_TARGET_DBFS": "-20",
    "PLAYOUT_LEAD_MS": "200",
    "TTS_TAIL_MS": "200",
    "MARK_TIMEOUT_MS": "150",
    "TTS_RATE": "1.05",
    "TTS_PITCH": "-2.0",
    "TTS_PREWARM": "true",
    "TTS_PREWARM_MIN": "8",
    "FALLBACK_TONE_MS": "300",
    "TWIML_PLAY_GREETING": "false",
    "AI_GREETING_HE": UNSET,
    "GREETING_DELAY_MS": "800",
    "THINKING_HINT_MS": "0",
    "RESP_MIN_DELAY_MS": "0",
    "RESP_MAX_DELAY_MS": "0",
    "AI_MAX_WORDS_FIRST_REPLY": "24",
    "LLM_TARGET_STYLE": "warm_helpful",
    "LLM_MAX_CHARS": "420",
    "LLM_MIN_CHARS": UNSET,
    "AGENTS_ENABLED": "1",
    "SILENCE_PROMPT_SEC": "8,20",
    "SILENCE_GOODBYE_SEC": "40",
    "HEARTBEAT_SEC": "15",
    "IDLE_GUARD_SEC": "60",
    "MAX_CALL_SEC": "1800",
    "WATCHDOG_START_SEC": "5",
    "WATCHDOG_MEDIA_SEC": "5",
    "STREAM_TOKEN_TTL": "60",
    "WHATSAPP_PROVIDER": UNSET,
    "TWILIO_WHATSAPP_FROM": UNSET,
    "DATABASE_URL": UNSET,
    "RECORDINGS_MAX_GB": "10",
    "LOG_TRANSCRIPTS": "0",
    "DEBUG": "0",
    "ASYNC_LOG_QUEUE": "1",
}
ADDED = {
    "TTS_CACHE_MB",
    "AGENTD_PLUGINS",
    "AGENTD_DISABLED",
    "AGENTD_STATE",
    "VAD_ENGINE",
    "MAX_CALLS_PER_CALLER",
    "DRAIN_SEC",
    "METRICS_TOKEN",
    "APPROVAL_TIMEOUT_SEC",
    "HANDOVER",
    "LOST_CALL_CONTENT_SID",
    "RECORDING",
    "TRANSFER_PREFIXES",
    "WARM_TRANSFER",
    "TWILIO_API_URL",
    "RETENTION_TRANSCRIPTS_DAYS",
    "RETENTION_CALLS_DAYS",
    "RETENTION_RECORDINGS_DAYS",
    "RETENTION_CUSTOMERS_DAYS",
    "RETENTION_LEADS_DAYS",
    "RETENTION_MESSAGES_DAYS",
    "CALENDAR_TOKEN",
    "JOBS",
    "TOOLS_ASK",
    "TOOL_SENDS_PER_DAY",
}
PROFILED = (
    "EOU_SILENCE_MS",
    "VAD_HANGOVER_MS",
    "STT_PARTIAL_DEBOUNCE_MS",
    "SHORT_UTT_SEC",
    "EOU_SHARP_FALL_MS",
    "MAX_UTT_SEC",
)
PROFILES = {
    "fast": (350, 160, 60, 0.6, 200, 4),
    "balanced": (450, 160, 60, 0.9, 200, 5),
    "patient": (700, 240, 120, 1.2, 350, 7),
}


def refusal(env: dict[str, str], toml: Path | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(env, toml)
    return caught.value


def test_the_class_holds_exactly_the_settings_of_the_table_and_the_documented_additions() -> None:
    assert {env_name(field) for field in Settings.model_fields} == TABLE.keys() | ADDED


@pytest.mark.parametrize("name", TABLE)
def test_a_default_is_what_the_table_says(name: str) -> None:
    field = Settings.model_fields[name.lower()]
    default = field.default
    if TABLE[name] == UNSET:
        assert default in (None, "") or default == SecretStr("")
    elif isinstance(default, tuple):
        assert [str(part) for part in default] == [str(type(default[0])(part)) for part in TABLE[name].split(",")]
    elif isinstance(default, bool):
        assert default == (TABLE[name] in ("1", "true"))
    else:
        assert default == type(default)(TABLE[name])


@pytest.mark.parametrize("name", TABLE)
def test_writing_the_default_into_the_environment_changes_nothing(name: str) -> None:
    door = LOOPBACK if name not in ("BIND",) else {"PUBLIC_BASE_URL": "https://a.example", "TWILIO_AUTH_TOKEN": "t"}
    plain, written = load(door), load({**door, name: TABLE[name]} if name != "PUBLIC_BASE_URL" else door)
    if name != "AI_GREETING_HE":
        assert getattr(written, name.lower()) == getattr(plain, name.lower())


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_fills_its_six_settings(profile: str) -> None:
    settings = load({**LOOPBACK, "PROFILE": profile.upper()})
    assert tuple(getattr(settings, name.lower()) for name in PROFILED) == PROFILES[profile]
    assert {settings.provenance[name.lower()] for name in PROFILED} == {f"profile {profile}"}


@pytest.mark.parametrize("name", PROFILED)
def test_a_setting_made_by_hand_beats_the_profile(name: str) -> None:
    settings = load({**LOOPBACK, "PROFILE": "patient", name: "1000" if name.endswith("MS") else "1.5"})
    assert getattr(settings, name.lower()) == (1000 if name.endswith("MS") else 1.5)
    assert settings.provenance[name.lower()] == "environment"


@pytest.mark.parametrize("word", ["1", "true", "yes", "on", "TRUE", "On"])
def test_words_for_yes(word: str) -> None:
    assert load({**LOOPBACK, "TRUST_PROXY": word}).trust_proxy is True


@pytest.mark.parametrize("word", ["0", "false", "no", "off", "NO", "False"])
def test_words_for_no(word: str) -> None:
    assert load({**LOOPBACK, "BARGE_IN": word}).barge_in is False


def test_a_word_that_is_neither_is_refused_by_name() -> None:
    error = refusal({**LOOPBACK, "BARGE_IN": "perhaps"})
    assert (error.where, error.key) == ("environment", "BARGE_IN")
    assert "may interrupt" in error.cure


def test_the_command_line_beats_the_environment_and_the_environment_the_file(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text('bind = "127.0.0.1"\nPORT = 1\nMAX_CALLS = 2\nEOU_SILENCE_MS = 500\n')
    settings = load({"PORT": "3", "MAX_CALLS": "4"}, toml, {"port": 5})
    assert (settings.port, settings.max_calls, settings.eou_silence_ms) == (5, 4, 500)
    where = settings.provenance
    assert (where["port"], where["max_calls"], where["bind"]) == ("command line", "environment", f"{toml}: bind")


def test_chains_and_times_come_from_text_or_from_lists(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text('BIND = "::1"\nSTT_ENGINE = ["google", "openai-whisper"]\nSILENCE_PROMPT_SEC = [5, 6.5, 7]\n')
    settings = load({"TTS_ENGINE": "google, local:alto,"}, toml)
    assert settings.stt_engine == ("google", "openai-whisper")
    assert settings.tts_engine == ("google", "local:alto")
    assert settings.silence_prompt_sec == (5.0, 6.5, 7.0)


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text("EOU_SILENSE_MS = 450\n")
    error = refusal(LOOPBACK, toml)
    assert (error.where, error.key) == (str(toml), "EOU_SILENSE_MS")
    assert "did you mean EOU_SILENCE_MS?" in error.problem


@pytest.mark.parametrize("text", ["PORT = ", "PORT = 1\nPORT = 2", "= 3"])
def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text(text)
    assert refusal(LOOPBACK, toml).where == str(toml)


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    assert refusal(LOOPBACK, tmp_path / "nowhere.toml").where == str(tmp_path / "nowhere.toml")


def test_one_setting_under_two_spellings_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text("PORT = 1\nport = 2\n")
    assert refusal(LOOPBACK, toml).problem == "is set twice, as PORT too"


def test_a_file_that_is_no_text_is_refused_with_its_name(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_bytes(b"PLAYBOOK = '\xff'")
    assert refusal(LOOPBACK, toml).problem == "is no UTF-8 text"


def test_a_secret_may_be_a_credential_of_systemd_below_the_environment(tmp_path: Path) -> None:
    (tmp_path / "TWILIO_AUTH_TOKEN").write_text("hush\n")
    (tmp_path / "PORT").write_text("1")
    env = {**LOOPBACK, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    settings = load(env)
    assert settings.twilio_auth_token.get_secret_value() == "hush"
    assert settings.provenance["twilio_auth_token"] == f"{tmp_path}/TWILIO_AUTH_TOKEN: TWILIO_AUTH_TOKEN"
    assert settings.port == 8080
    assert load({**env, "TWILIO_AUTH_TOKEN": "mine"}).twilio_auth_token.get_secret_value() == "mine"


def test_a_bad_value_in_the_file_names_the_file_once(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text('BIND = "127.0.0.1"\nPORT = 70000\n')
    error = refusal({}, toml)
    assert str(error).startswith(f"{toml}: PORT: is too large. Cure: write a whole number from 0 to 65535. ")


@pytest.mark.parametrize(
    ("name", "value", "problem", "cure"),
    [
        ("PORT", "abc", "is no whole number", "write a whole number from 0 to 65535. Meaning: TCP port; "),
        ("MAX_CALLS", "1.5", "is no whole number", "write a whole number from 1 to 5000. "),
        ("EOU_SILENCE_MS", "10", "is too small", "write a whole number from 200 to 3000. Meaning: Silence that ends"),
        ("TTS_RATE", "fast", "is no number", "write a number from 0.5 to 2. "),
        ("VAD_RMS", "0", "is too small", "write a number above 0, at most 32767. "),
        ("VAD_RMS", "nan", "is no finite number", "write a number above 0, at most 32767. "),
        ("RECORDINGS_MAX_GB", "-1", "is too small", "write a number from 0 on. "),
        ("SILENCE_PROMPT_SEC", "8,x", "part 2 is no number", "write numbers above 0, at most 3600, commas between. "),
        ("BARGE_IN", "maybe", "is neither yes nor no", "write 1 or 0, true or false, yes or no, on or off. "),
        ("PROFILE", "quick", "is none of the words that it may be", "write one of: fast, balanced, patient. "),
        ("WHATSAPP_PROVIDER", "x", "is none of the words that it may be", "write one of: nothing, twilio, baileys. "),
        ("STT_ENGINE", ",", "is empty", "write texts, at least one, commas between. Meaning: Recognisers"),
        ("FALLBACK_NUMBER", "03-1", "is not written as it must be", "write it like +97237654321. Meaning: Number"),
        ("TWILIO_ACCOUNT_SID", "AC1", "is not written as it must be", "write it like AC and 32 of 0-9a-f. "),
        ("LANGUAGE_CODE", "Hebrew", "is not written as it must be", "write it like he-IL. "),
    ],
)
def test_a_wrong_value_says_what_is_allowed_in_the_operator_s_words(
    name: str, value: str, problem: str, cure: str
) -> None:
    error = refusal({**LOOPBACK, name: value})
    assert (error.where, error.key, error.problem) == ("environment", name, problem)
    assert error.cure.startswith(cure)


@pytest.mark.parametrize(
    ("line", "problem", "cure"),
    [
        ("LANGUAGE_CODE = 3", "is no text", "write it like he-IL. "),
        ("PLAYBOOK = 3", "is no text", "write a text. "),
        ("PLUGINS = 3", "is no list", "write texts, commas between. "),
        ('PLUGINS = ["a", 3]', "part 2 is no text", "write texts, commas between. "),
        ("PORT = 80.5", "is no whole number", "write a whole number from 0 to 65535. "),
        ("TTS_RATE = []", "is no number", "write a number from 0.5 to 2. "),
        ("TTS_PREWARM = []", "is neither yes nor no", "write 1 or 0, "),
    ],
)
def test_a_wrong_type_in_the_file_says_what_is_allowed(tmp_path: Path, line: str, problem: str, cure: str) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text(f'BIND = "127.0.0.1"\n{line}\n')
    error = refusal({}, toml)
    assert (error.where, error.problem) == (str(toml), problem)
    assert error.cure.startswith(cure)


@pytest.mark.parametrize("field", Settings.model_fields)
def test_no_error_of_a_setting_repeats_its_value_or_speaks_of_our_libraries(field: str) -> None:
    try:
        load({**LOOPBACK, env_name(field): "-zyx"})
    except ConfigError as error:  # to most of them it is a fine text
        found = error
    else:
        return
    assert not re.search(r"(?i)pydantic|input should|valid (integer|number|boolean|string)|pattern", str(found))
    if found.key == env_name(field):
        assert "zyx" not in str(found)


def test_unknown_and_lower_case_variables_of_the_machine_are_never_an_error_nor_a_setting() -> None:
    settings = load({**LOOPBACK, "LANG": "C", "port": "99", "SOMETHING_ELSE": "x"})
    assert settings == load(LOOPBACK)


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_no_environment_of_strange_names_changes_anything(env: dict[str, str]) -> None:
    ours = {env_name(field) for field in Settings.model_fields} | {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"}
    strange = {name: value for name, value in env.items() if name not in ours | DEAD_NAMES.keys()}
    assert load({**strange, **LOOPBACK}) == load(LOOPBACK)


def test_an_empty_variable_is_not_set_except_for_the_greeting() -> None:
    settings = load({**LOOPBACK, "PORT": "", "STT_ENGINE": " ", "AI_GREETING_HE": ""})
    assert (settings.port, settings.stt_engine, settings.ai_greeting_he) == (8080, ("local",), "")
    assert load(LOOPBACK).ai_greeting_he is None


def test_a_dead_name_gets_one_warning() -> None:
    warnings = load({**LOOPBACK, "EVENTLET_NO_GREENDNS": "yes"}).warnings
    assert [line.split()[0] for line in warnings] == ["EVENTLET_NO_GREENDNS"]


def test_frames_of_voice_stand_in_for_milliseconds() -> None:
    settings = load({**LOOPBACK, "BARGE_IN_VOICE_FRAMES": "12"})
    assert (settings.barge_in_voice_ms, settings.warnings) == (240, ())
    assert settings.provenance["barge_in_voice_ms"] == "environment"


def test_milliseconds_of_voice_beat_frames() -> None:
    assert load({**LOOPBACK, "BARGE_IN_VOICE_FRAMES": "12", "BARGE_IN_VOICE_MS": "300"}).barge_in_voice_ms == 300


@pytest.mark.parametrize(("name", "value"), [("BARGE_IN_VOICE_FRAMES", "3"), ("BARGE_IN_VOICE_MS", "60")])
def test_too_little_voice_is_raised_to_the_floor_with_a_warning(name: str, value: str) -> None:
    settings = load({**LOOPBACK, name: value})
    assert settings.barge_in_voice_ms == 100
    assert len(settings.warnings) == 1
    assert name in settings.warnings[0]


def test_a_minimum_utterance_that_looks_like_a_silence_is_warned_of() -> None:
    assert load({**LOOPBACK, "MIN_UTT_SEC": "0.4"}).warnings == ()
    assert "MIN_UTT_SEC" in load({**LOOPBACK, "MIN_UTT_SEC": "0.7"}).warnings[0]


def test_the_minimum_length_of_a_reply_is_ignored_with_one_warning() -> None:
    warnings = load({**LOOPBACK, "LLM_MIN_CHARS": "100"}).warnings
    assert [line.split()[0] for line in warnings] == ["LLM_MIN_CHARS"]


def test_a_public_address_needs_a_name_and_a_token() -> None:
    assert refusal({}).key == "PUBLIC_BASE_URL"
    assert refusal({"PUBLIC_BASE_URL": "https://a.example"}).key == "TWILIO_AUTH_TOKEN"
    assert refusal({**LOOPBACK, "PUBLIC_BASE_URL": "https://a.example"}).key == "TWILIO_AUTH_TOKEN"
    assert load({"PUBLIC_BASE_URL": "https://a.example", "TWILIO_AUTH_TOKEN": "t"}).signatures is True


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_neither(bind: str) -> None:
    settings = load({"BIND": bind})
    assert settings.loopback
    assert not settings.signatures


@pytest.mark.parametrize(
    ("url", "normal", "host"),
    [
        ("https://a.example/", "https://a.example", "a.example"),
        (" https://a.example:8443/agent// ", "https://a.example:8443/agent", "a.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_the_public_address_is_normalised(url: str, normal: str, host: str) -> None:
    settings = Settings.of(public_base_url=url)
    assert (settings.public_base_url, settings.public_host) == (normal, host)


@pytest.mark.parametrize(
    "url", ["a.example", "wss://a.example", "https://", "https://a.example?x=1", "https://u:p@a.example",
            "http://a.example", "https://a.example//b", "https://a b.example", "https://a.example:99999"]
)  # fmt: skip
def test_an_address_that_twilio_could_not_call_is_refused(url: str) -> None:
    assert refusal({"PUBLIC_BASE_URL": url, "TWILIO_AUTH_TOKEN": "t"}).key == "PUBLIC_BASE_URL"


def test_without_a_public_address_the_host_is_where_we_listen() -> None:
    assert Settings.of(port=1234).public_host == "127.0.0.1:1234"
    assert Settings.of(bind="::1", port=1234).public_host == "[::1]:1234"


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"SILENCE_PROMPT_SEC": "20,8"}, "SILENCE_PROMPT_SEC"),
        ({"SILENCE_PROMPT_SEC": "8,8"}, "SILENCE_PROMPT_SEC"),
        ({"SILENCE_PROMPT_SEC": "8,x"}, "SILENCE_PROMPT_SEC"),
        ({"SILENCE_GOODBYE_SEC": "20"}, "SILENCE_GOODBYE_SEC"),
        ({"RESP_MIN_DELAY_MS": "10"}, "RESP_MIN_DELAY_MS"),
        ({"WS_MODE": "TALK"}, "WS_MODE"),
        ({"PROFILE": "hasty"}, "PROFILE"),
        ({"FALLBACK_NUMBER": "03-1234567"}, "FALLBACK_NUMBER"),
        ({"TTS_RATE": "nan"}, "TTS_RATE"),
        ({"STT_ENGINE": ","}, "STT_ENGINE"),
        ({"TWILIO_ACCOUNT_SID": "SK123"}, "TWILIO_ACCOUNT_SID"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(env: dict[str, str], key: str) -> None:
    error = refusal(LOOPBACK | env)
    assert (error.where, error.key) == ("environment", key)


def test_secrets_show_nowhere_in_text_or_errors() -> None:
    settings = Settings.of(twilio_auth_token="hush", openai_api_key="hush", database_url="postgresql://u:hush@h/d")
    assert "hush" not in f"{settings!r} {settings!s} {settings.model_dump()}"
    assert "hush" not in str(refusal({**LOOPBACK, "TWILIO_ACCOUNT_SID": "hush"}))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings.of().port = 1  # type: ignore[misc]


def test_settings_of_arguments_read_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("port", "1")
    settings = Settings.of(max_calls=3)
    assert (settings.port, settings.max_calls, settings.loopback) == (8080, 3, True)
    assert settings.provenance["max_calls"] == "argument"


def test_a_misspelt_argument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"did you mean max_calls\?"):
        Settings.of(max_cals=3)


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"STATE_DIRECTORY": "/s/a:/s/b", "HOME": "/h"}, "/s/a"),
        ({"AGENTD_STATE": "/mine", "STATE_DIRECTORY": "/s"}, "/mine"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/agentd"),
        ({"HOME": "/h"}, "/h/.local/state/agentd"),
    ],
)
def test_the_state_directory_is_systemds_or_the_users(env: dict[str, str], path: str) -> None:
    assert load(LOOPBACK | env).state_dir == Path(path)


def test_the_file_is_the_named_one_or_the_one_at_hand(tmp_path: Path) -> None:
    assert find_toml({}, tmp_path) is None
    (tmp_path / "agentd.toml").touch()
    assert find_toml({}, tmp_path) == tmp_path / "agentd.toml"
    assert find_toml({"AGENTD_CONFIG": "/etc/agentd.toml"}, tmp_path) == Path("/etc/agentd.toml")


def test_importing_the_settings_brings_in_no_engine_and_no_server() -> None:
    program = "import sys, agentd.config; print({'trio', 'numpy', 'quart', 'httpx'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"
