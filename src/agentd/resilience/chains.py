"""The engine chains of the process: made once at start, wrapped afresh for every call."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from agentd.engines import LLM, STT, TTS
from agentd.errors import ConfigError
from agentd.events import Event
from agentd.resilience.attempt import Emit, Named
from agentd.resilience.budgets import BANK_FIRST_AUDIO_S
from agentd.resilience.fallback_llm import FallbackLLM
from agentd.resilience.fallback_stt import FallbackSTT
from agentd.resilience.fallback_tts import FallbackTTS
from agentd.resilience.phrase_bank import CachedTTS, PhraseBank
from agentd.resilience.spoken_tts import SpokenTTS

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.plugins import Plugins

E = TypeVar("E")
PHRASES = "phrases"

_log = logging.getLogger("agentd.engines")


def log_event(event: Event) -> None:
    """The report of engines that are used outside any call."""
    _log.warning("%s %r", event.name, event)


class Chains:
    """`stt`, `llm`, `tts`: engines in order of preference; their breakers are shared by all calls. `jitter(low, high)`
    draws the pauses before an engine is tried again."""

    def __init__(
        self,
        stt: Sequence[Named[STT]],
        llm: Sequence[Named[LLM]],
        tts: Sequence[Named[TTS]],
        *,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._stt, self._llm, self._tts, self._jitter = tuple(stt), tuple(llm), tuple(tts), jitter
        self._bank: PhraseBank | None = None
        self.voices: dict[str, TTS] = {
            named.name: SpokenTTS(FallbackTTS([named], log_event, first_audio_s=BANK_FIRST_AUDIO_S))
            for named in self._tts
        }
        """The voices one by one, for the house itself: patient, and they report to the log."""

    @classmethod
    def load(cls, settings: Settings, plugins: Plugins) -> Chains:
        """Every engine of the three settings, made now: what cannot start is a `ConfigError`, not a failed call."""
        return cls(
            _named(settings.stt_engine, plugins.stt),
            _named(settings.llm_engine, plugins.llm),
            _named(voices(settings), plugins.tts),
        )

    def use_phrases(self, bank: PhraseBank) -> None:
        """From the next call on, what the bank holds is spoken from memory."""
        self._bank = bank

    def for_call(self, emit: Emit) -> tuple[STT, LLM, TTS]:
        """Wrappers for one call; its switches and failures go to `emit`."""
        tts: TTS = SpokenTTS(FallbackTTS(self._tts, emit))
        if self._bank is not None:
            tts = CachedTTS(tts, self._bank)
        stt = FallbackSTT(self._stt, emit, jitter=self._jitter)
        return stt, FallbackLLM(self._llm, emit, jitter=self._jitter), tts


def _named(parts: Iterable[str], make: Callable[[str], E]) -> list[Named[E]]:
    return [Named(spec, make(spec)) for spec in specs(parts)]


def voices(settings: Settings) -> list[str]:
    """The engines of `TTS_ENGINE`. `phrases` may stand at its end: what the bank holds, then a tone, always does."""
    chain = specs(settings.tts_engine)
    if chain[-1] == PHRASES:
        chain.pop()
    if not chain or PHRASES in chain:
        where = settings.provenance.get("tts_engine", "default")
        raise ConfigError(
            where, "TTS_ENGINE", "`phrases` needs voices before it", "name a voice, then phrases: google,phrases"
        )
    return chain


def specs(parts: Iterable[str]) -> list[str]:
    """A setting split at its commas -> "name" or "name:argument" each. A comma inside an argument splits it too early:
    a part that sets an option and names no engine (`fail=cut`) belongs to the one before (`scripted:latency=300`)."""
    out: list[str] = []
    for part in parts:
        if out and ":" in out[-1] and "=" in part.partition(":")[0]:
            out[-1] += f",{part}"
        else:
            out.append(part)
    return out
