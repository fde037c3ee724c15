"""`agentd check --live`: each engine of each chain does its work once, and the time to its first result is told.

The first voice's sentence is what the recognisers get to hear, so that the whole way round is tried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import trio

from agentd.agents.playbook_file import load_playbook
from agentd.core.playbook import Playbook
from agentd.engines import LLM, STT, TTS, AudioFormat, Heard, Message, Prompt, Voice
from agentd.errors import AgentdError
from agentd.resilience.chains import voices

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.plugins import Plugins

Row = tuple[str, str, str]
T = TypeVar("T")

LIMIT_S: Final = 60.0
"""A first use may load a model; more than this and a caller would have hung up long before."""

RATE_HZ: Final = 8000
CHUNK_MS: Final = 100
CHUNK_BYTES: Final = RATE_HZ * 2 * CHUNK_MS // 1000
SENTENCES: Final = {"en": "Hello, how can I help you today?", "he": "שלום, איך אפשר לעזור היום?"}


def try_engines(settings: Settings, plugins: Plugins) -> list[Row]:
    """Rows for `check`, in the order voices, recognisers, models. Never raises for what an engine does."""
    return trio.run(_try_all, settings, plugins)


async def _try_all(settings: Settings, plugins: Plugins) -> list[Row]:
    playbook = load_playbook(settings.playbook, settings.language_code)
    sentence = SENTENCES.get(settings.language_code.partition("-")[0], SENTENCES["en"])
    rows: list[Row] = []
    spoken = b""
    for spec, voice in _usable(plugins.tts, voices(settings)):
        row, pcm = await _tried(f"tts {spec}", _voice, voice, sentence, settings)
        rows.append(row)
        spoken = spoken or pcm
    for spec, ear in _usable(plugins.stt, settings.stt_engine):
        if spoken:
            row, _ = await _tried(f"stt {spec}", _ear, ear, spoken, settings.language_code)
        else:
            row = ("warn", f"stt {spec}", "not tried: no voice spoke")
        rows.append(row)
    for spec, model in _usable(plugins.llm, settings.llm_engine):
        row, _ = await _tried(f"llm {spec}", _model, model, playbook, sentence)
        rows.append(row)
    return rows


def _usable(make: Callable[[str], T], specs: Iterable[str]) -> Iterator[tuple[str, T]]:
    """The engines that can be made; of the others `check` has told already."""
    for spec in specs:
        try:
            engine = make(spec)
        except AgentdError:
            continue
        yield spec, engine


async def _tried(what: str, work: Callable[..., Awaitable[tuple[str, bytes]]], *args: Any) -> tuple[Row, bytes]:
    """The row that says how `work(*args)` went, and the audio that it made, if any."""
    says, made = f"no result in {LIMIT_S:g} s", b""
    try:
        with trio.move_on_after(LIMIT_S) as scope:
            says, made = await work(*args)
    except Exception as error:  # boundary
        cause: BaseException = error
        while isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
            cause = cause.exceptions[0]
        return ("FAIL", what, f"{type(cause).__name__}: {cause}"), b""
    return ("FAIL" if scope.cancelled_caught else "ok", what, says), made


async def _voice(engine: TTS, sentence: str, settings: Settings) -> tuple[str, bytes]:
    first_ms, pcm = await speak(engine, sentence, settings)
    return f"first audio after {first_ms} ms, {len(pcm) * 1000 // (RATE_HZ * 2)} ms of speech", pcm


async def _ear(engine: STT, pcm: bytes, language: str) -> tuple[str, bytes]:
    wait_ms, text = await listen(engine, pcm, language)
    return f'text {wait_ms} ms after the sentence ended: "{text}"', b""


async def _model(engine: LLM, playbook: Playbook, sentence: str) -> tuple[str, bytes]:
    return f"first words after {await ask(engine, playbook, sentence)} ms", b""


async def speak(engine: TTS, text: str, settings: Settings) -> tuple[int, bytes]:
    """(ms to the first audio, all of it as 8 kHz PCM)."""
    import numpy as np
    import soxr

    voice = Voice(settings.language_code, rate=settings.tts_rate, pitch_semitones=settings.tts_pitch)
    began, first_s = trio.current_time(), None
    pieces: list[bytes] = []
    rate_hz = RATE_HZ
    async with engine.speak(text, voice) as audio:
        async for chunk in audio:
            first_s = trio.current_time() if first_s is None else first_s
            pieces.append(chunk.pcm)
            rate_hz = chunk.rate_hz
    if first_s is None:
        raise RuntimeError("spoke nothing")
    samples = np.frombuffer(b"".join(pieces), dtype="<i2")
    heard = soxr.resample(samples, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else samples
    return round((first_s - began) * 1000), heard.astype("<i2").tobytes()


async def listen(engine: STT, pcm: bytes, language: str) -> tuple[int, str]:
    """(ms from the end of the sentence to the first text that stands, the text); the audio comes in real time."""
    sending, audio = trio.open_memory_channel[Heard](64)
    ended_s, text = trio.current_time(), ""

    async def talk() -> None:
        nonlocal ended_s
        for n, start in enumerate(range(0, len(pcm), CHUNK_BYTES)):
            await sending.send(Heard(pcm[start : start + CHUNK_BYTES], (n + 1) * CHUNK_MS, voiced=True))
            await trio.sleep(CHUNK_MS / 1000)
        ended_s = trio.current_time()
        until_ms = len(pcm) * 1000 // (RATE_HZ * 2)
        await sending.send(Heard(bytes(CHUNK_BYTES), until_ms + CHUNK_MS, pause=True))
        await sending.aclose()

    async with engine.listen(audio, AudioFormat(RATE_HZ), language) as transcripts, trio.open_nursery() as nursery:
        nursery.start_soon(talk)
        async for transcript in transcripts:
            text = transcript.text
            if transcript.final:
                break
        nursery.cancel_scope.cancel()
    if not text:
        raise RuntimeError("recognised nothing")
    return max(0, round((trio.current_time() - ended_s) * 1000)), text


async def ask(engine: LLM, playbook: Playbook, sentence: str) -> int:
    """Milliseconds to the first token of the answer to a caller who says `sentence`."""
    prompt = Prompt(
        "check", playbook, "You are a receptionist. Answer in one sentence.", (Message("caller", sentence),)
    )
    began = trio.current_time()
    async with engine.reply(prompt) as tokens:
        async for _ in tokens:
            return round((trio.current_time() - began) * 1000)
    raise RuntimeError("answered nothing")
