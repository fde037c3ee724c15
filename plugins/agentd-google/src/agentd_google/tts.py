"""The voice `google[:voice]`: streamed where the voice can, else a phrase at a time.

The voices are listed once, at the first phrase (which is when the house fills its bank of phrases, before any call),
and the best one of the language is taken. What a voice refuses (pitch, rate, streaming) is left out from then on.
"""

from __future__ import annotations

import logging
import math
from contextlib import AbstractAsyncContextManager
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced
from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError
from agentd_google.channels import Pool
from agentd_google.status import Refused
from agentd_google.synthesis import Manner, Phrase
from agentd_google.voices import GoogleVoice, choose

READ_AHEAD = 4  # chunks of 160 ms between the stream and a slow reader; full = Google waits
LIST_AGAIN_S = 60.0  # after a list of voices that could not be had

_log = logging.getLogger("agentd.google")


class GoogleTTS:
    """`wanted`: a voice, family or person to prefer (see `voices.choose`). `streaming`: use it where a voice can."""

    def __init__(self, pool: Pool, *, wanted: str = "", streaming: bool = True) -> None:
        self.pool = pool
        self._wanted, self._streaming = wanted, streaming
        self._voices: tuple[tuple[str, tuple[str, ...]], ...] | None = None
        self._list_at = -math.inf
        self._listing = trio.Lock()
        self._manners: dict[str, Manner] = {}

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`. Raises `EngineError`; an answer without audio is one. Leaving or a cancel cancels the
        synthesis at Google's. A text without letters or digits is no speech, and no request."""
        return produced(partial(self._speak, text, voice), READ_AHEAD)

    async def _speak(self, text: str, voice: Voice, out: trio.MemorySendChannel[AudioChunk]) -> None:
        if not any(c.isalnum() for c in text):
            return
        chosen = await self._choose(voice)
        phrase, manner, refusals = Phrase(text, chosen, voice, out), self._manner(chosen), list[str]()
        while True:
            try:
                await phrase.speak(self.pool, manner)
            except Refused as refusal:
                less = manner.less(refusal.details)
                if phrase.spoke or less is None:
                    raise
                manner, left_out = less
                refusals.append(f"{left_out} ({refusal.details})")
            else:
                self._learn(chosen, manner, refusals)
                return

    def _manner(self, voice: GoogleVoice) -> Manner:
        family = voice.family
        able = Manner(family.streams and self._streaming, family.rate, family.pitch)
        return self._manners.setdefault(voice.name, able)

    def _learn(self, voice: GoogleVoice, manner: Manner, refusals: list[str]) -> None:
        """`manner` has worked. Only now: a phrase that is refused in every manner says nothing about the voice."""
        if self._manner(voice) != manner:
            self._manners[voice.name] = manner
            _log.warning("%s refuses %s", voice.name or "the voice", "; ".join(refusals))

    async def _choose(self, voice: Voice) -> GoogleVoice:
        async with self._listing:
            if self._voices is None and trio.current_time() >= self._list_at:
                await self._list()
                self._list_at = trio.current_time() + LIST_AGAIN_S
        return choose(self._voices or (), voice.language, (voice.name, self._wanted))

    async def _list(self) -> None:
        from google.cloud.texttospeech_v1 import types

        try:
            answer = await self.pool.ask(lambda transport: transport.list_voices, types.ListVoicesRequest())
        except EngineError as error:
            # Google can still choose a voice by the language; the list is asked for again later.
            _log.warning("the list of voices cannot be had: %s", error)
            return
        if answer is not None:
            self._voices = tuple((voice.name, tuple(voice.language_codes)) for voice in answer.voices)
