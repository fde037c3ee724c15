"""The ports to speech recognisers, language models and voices: three Protocols, one method and one shape each.

The shape is an async context manager around a receive channel. Opening it means *connected*; leaving it means
*closed*, whatever happened; the end of the channel means *done*; failure is an `EngineError` out of the
`async with`. Write one as an async generator under `trio.as_safe_channel`. Cancelling the block closes the
provider's stream; an engine needs no code of its own for that. Time-outs belong to the caller.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from trio.abc import ReceiveChannel

from agentd.core.speech import (
    AudioChunk,
    AudioFormat,
    Heard,
    Message,
    Prompt,
    Token,
    ToolCall,
    ToolOffer,
    Transcript,
    Voice,
)

__all__ = [
    "LLM",
    "STT",
    "TTS",
    "VAD",
    "AudioChunk",
    "AudioFormat",
    "Heard",
    "Message",
    "Prompt",
    "Token",
    "ToolCall",
    "ToolOffer",
    "Transcript",
    "VADStream",
    "Voice",
]


@runtime_checkable
class STT(Protocol):
    """A recogniser. One `listen` per call (and one more after each reconnect)."""

    def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AbstractAsyncContextManager[ReceiveChannel[Transcript]]: ...


@runtime_checkable
class LLM(Protocol):
    """A language model. One `reply` per turn (two when the first was speculative and dropped)."""

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]: ...


@runtime_checkable
class TTS(Protocol):
    """A voice. One `speak` per phrase: the phrase is the unit of marks, of the cache and of fallback."""

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]: ...


class VADStream(Protocol):
    """One call's voice activity detector."""

    def hear(self, pcm: bytes) -> float:
        """20 ms of 8 kHz PCM in, the latest probability of voice out (0..1); never blocks. The figure may be
        that of a frame or two before: a batching detector answers with what it knows."""

    def close(self) -> None:
        """The call is over; forget it."""


@runtime_checkable
class VAD(Protocol):
    """A voice activity detector shared by all calls of the process."""

    def open(self) -> VADStream: ...
