"""Key, address, the one client, and what `agentd check` says."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import trio
from agentd_openai.access import NO_KEY, OPENAI, Access, access
from agentd_openai.chat import OpenAILLM
from agentd_openai.check import rows
from agentd_openai.client import Client
from agentd_openai.failures import as_engine_errors
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, sse, stream, words
from agentd_openai.speak import OpenAITTS

from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.engines import LLM, STT, TTS, Message, Prompt, Token, Voice
from agentd.errors import ConfigError, EngineError
from agentd.plugins import Plugins

KEY = "sk-secret"
ALL = {"stt_engine": "openai-whisper", "llm_engine": "openai", "tts_engine": "openai"}


def test_the_key_never_shows() -> None:
    assert KEY not in repr(access(Settings.of(openai_api_key=KEY), {}))


def test_the_address_is_openais_or_that_of_the_environment() -> None:
    settings = Settings.of(openai_api_key=KEY)
    assert access(settings, {}) == Access(OPENAI, KEY)
    assert access(settings, {"OPENAI_BASE_URL": "http://localhost:8000/v1/"}) == Access("http://localhost:8000/v1", KEY)
    assert access(Settings.of(), {"OPENAI_BASE_URL": "http://localhost:8000/v1"}).key == NO_KEY


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "https://", "llm"])
def test_an_address_that_is_none_is_named_with_its_cure(url: str) -> None:
    with pytest.raises(ConfigError, match=r"OPENAI_BASE_URL.*Cure"):
        access(Settings.of(openai_api_key=KEY), {"OPENAI_BASE_URL": url})


@pytest.mark.parametrize("kind", ["stt", "llm", "tts"])
def test_without_a_key_no_engine_starts_and_the_cure_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    plugins = Plugins.load(Settings.of(**ALL))
    with pytest.raises(ConfigError, match=r"OPENAI_API_KEY.*Cure"):
        getattr(plugins, kind)("openai-whisper" if kind == "stt" else "openai")


def test_the_engines_are_found_by_their_names() -> None:
    plugins = Plugins.load(Settings.of(openai_api_key=KEY, **ALL))
    assert isinstance(plugins.llm("openai:gpt-6-luna"), LLM)
    assert isinstance(plugins.llm("openai-responses:gpt-6-luna"), LLM)
    assert isinstance(plugins.stt("openai-whisper:whisper-1"), STT)
    assert isinstance(plugins.tts("openai:nova"), TTS)


def test_check_is_silent_about_engines_that_are_not_chosen() -> None:
    assert list(rows(Settings.of(), {})) == []


def test_check_names_the_server_the_models_and_their_limits() -> None:
    told = list(rows(Settings.of(openai_api_key=KEY, **ALL), {}))
    assert [(what, fine) for what, fine, _ in told] == [
        ("openai access", True),
        ("openai model", True),
        ("openai recogniser", True),
        ("openai voice", True),
        ("openai voice", True),
    ]
    text = "\n".join(says for _, _, says in told)
    assert "gpt-6-luna" in text
    assert "stops serving it on 2027-01-06" in text
    assert "TTS_PITCH=-2 has no effect" in text
    assert KEY not in text


def test_check_tells_of_a_missing_key_and_an_unknown_voice() -> None:
    (missing,) = rows(Settings.of(**ALL), {})
    assert missing[1] is False
    assert "OPENAI_API_KEY" in missing[2]
    settings = Settings.of(openai_api_key=KEY, tts_engine="openai:he-IL-Wavenet-A", tts_pitch=0)
    assert [fine for _, fine, _ in rows(settings, {})] == [True, False]
    local = {"OPENAI_BASE_URL": "http://localhost:8880/v1"}
    assert [fine for _, fine, _ in rows(settings, local)] == [True, True]


def test_naming_the_engines_imports_no_client() -> None:
    code = (
        "import sys, agentd_openai, agentd_openai.check; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_all_engines_of_a_server_share_one_client() -> None:
    one, other = Client(Access("http://localhost:1/v1", "a")), Client(Access("http://localhost:2/v1", "a"))
    assert one.get() is Client(one.access).get()
    assert one.get() is not other.get()


def test_every_run_of_trio_has_a_client_of_its_own_and_closes_it(server: FakeOpenAI) -> None:
    server.answers["/chat/completions"] = stream(sse(*words("Hello")))
    llm = OpenAILLM(Client(Access(server.url, KEY)))

    async def ask() -> list[object]:
        prompt = Prompt("CA1", Playbook("t", "en-US", "", ""), "", (Message("caller", "Hello."),))
        async with llm.reply(prompt) as items:
            return [item async for item in items]

    for _ in range(2):
        assert trio.run(ask) == [Token("Hello")]
    assert server.connections == 2


def test_a_bug_of_ours_is_not_called_the_servers() -> None:
    with pytest.raises(KeyError), as_engine_errors("openai"):
        raise KeyError("x")


@pytest.mark.parametrize(
    "answer",
    [Answer(after_s=math.inf), Answer([bytes(4800), Misdeed.STALL], kind="audio/pcm")],
    ids=["before the answer", "in mid-stream"],
)
async def test_a_server_that_falls_silent_is_given_up(
    server: FakeOpenAI, client: Client, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr("agentd_openai.client.SILENT_S", 0.1)
    server.answers["/audio/speech"] = answer

    async def say() -> None:
        async with OpenAITTS(client).speak("Good morning.", Voice("en-US")) as chunks:
            async for _ in chunks:
                pass

    with pytest.raises(EngineError, match="no answer in time") as caught:
        await say()
    assert caught.value.retryable
    await server.closed(server.requests[0])
