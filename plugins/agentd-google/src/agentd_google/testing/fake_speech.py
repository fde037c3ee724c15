"""The fake recogniser: v1 and v2 on the wire, one ear behind both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from google.cloud import speech_v1, speech_v2

from agentd_google.testing.trouble import CAPPED, CUT, GARBAGE, Trouble
from agentd_google.testing.words import Ear


@dataclass
class Session:
    """One stream as the server saw it; times of `time.monotonic`."""

    peer: str
    opened_s: float
    metadata: dict[str, str]
    language: str = ""
    model: str = ""
    enhanced: bool = False
    hints: tuple[str, ...] = ()
    rate_hz: int = 0
    interim: bool = False
    audio_ms: int = 0
    chunks: list[int] = field(default_factory=list)  # bytes of each
    answers: int = 0
    ended: str = ""  # "done", "cancelled" by the client, "broken" by trouble
    closed_s: float = 0.0


class House(Protocol):
    @property
    def trouble(self) -> Trouble: ...
    @property
    def affliction(self) -> Trouble | None: ...
    @property
    def ear(self) -> Callable[[], Ear]: ...


class Wire(Protocol):
    """A version of the API."""

    service: str
    request: Any
    response: Any

    def config(self, message: Any, session: Session) -> Any: ...
    def audio(self, message: Any) -> bytes: ...
    def result(self, text: str, final: bool, end_ms: int) -> Any: ...


class V1Wire:
    service = "google.cloud.speech.v1.Speech"
    request = speech_v1.StreamingRecognizeRequest
    response = speech_v1.StreamingRecognizeResponse

    def config(self, message: Any, session: Session) -> Any:
        streaming = message.streaming_config
        config = streaming.config
        session.language, session.model, session.enhanced = config.language_code, config.model, config.use_enhanced
        session.rate_hz, session.interim = config.sample_rate_hertz, streaming.interim_results
        session.hints = tuple(phrase for context in config.speech_contexts for phrase in context.phrases)
        return config

    def audio(self, message: Any) -> bytes:
        return bytes(message.audio_content)

    def result(self, text: str, final: bool, end_ms: int) -> Any:
        return speech_v1.StreamingRecognitionResult(
            alternatives=[speech_v1.SpeechRecognitionAlternative(transcript=text)],
            is_final=final,
            result_end_time=timedelta(milliseconds=end_ms),
        )


class V2Wire:
    service = "google.cloud.speech.v2.Speech"
    request = speech_v2.StreamingRecognizeRequest
    response = speech_v2.StreamingRecognizeResponse

    def config(self, message: Any, session: Session) -> Any:
        streaming = message.streaming_config
        config = streaming.config
        session.language, session.model = config.language_codes[0], config.model
        session.rate_hz = config.explicit_decoding_config.sample_rate_hertz
        session.interim = streaming.streaming_features.interim_results
        sets = [phrase_set.inline_phrase_set for phrase_set in config.adaptation.phrase_sets]
        session.hints = tuple(phrase.value for inline in sets for phrase in inline.phrases)
        return config

    def audio(self, message: Any) -> bytes:
        return bytes(message.audio)

    def result(self, text: str, final: bool, end_ms: int) -> Any:
        return speech_v2.StreamingRecognitionResult(
            alternatives=[speech_v2.SpeechRecognitionAlternative(transcript=text)],
            is_final=final,
            result_end_offset=timedelta(milliseconds=end_ms),
        )


class FakeSpeech:
    """`sessions`: every stream, in the order of opening."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.sessions: list[Session] = []

    @property
    def open(self) -> list[Session]:
        return [session for session in self.sessions if not session.ended]

    def handler(self, wire: Wire) -> Any:
        method = grpc.stream_stream_rpc_method_handler(
            self._serving(wire), request_deserializer=wire.request.deserialize, response_serializer=serialised
        )
        return grpc.method_handlers_generic_handler(wire.service, {"StreamingRecognize": method})

    def _serving(self, wire: Wire) -> Callable[[Any, Any], AsyncIterator[Any]]:
        async def serve(requests: Any, context: Any) -> AsyncIterator[Any]:
            session = Session(context.peer(), time.monotonic(), dict(context.invocation_metadata()))
            self.sessions.append(session)
            try:
                async for response in self._listen(wire, session, requests, context):
                    session.answers += 1
                    yield response
                await asyncio.sleep(0.002)  # at first, a cancel looks like the end of the requests
                session.ended = "done"
            except (asyncio.CancelledError, GeneratorExit):
                session.ended = "cancelled"
                raise
            finally:
                session.ended = session.ended or "broken"
                session.closed_s = time.monotonic()

        return serve

    async def _listen(self, wire: Wire, session: Session, requests: Any, context: Any) -> AsyncIterator[Any]:
        born_with, ear = self._house.trouble, self._house.ear()
        first = await anext(requests, None)
        if first is None:  # hung up before a word
            return
        trouble, config = born_with, wire.config(first, session)
        if (refusal := trouble.refuse(config)) is not None:
            await context.abort(*refusal)
        async for message in requests:
            trouble = self._house.affliction or born_with
            if (refusal := trouble.refuse(config)) is not None:
                await context.abort(*refusal)
            pcm = wire.audio(message)
            session.chunks.append(len(pcm))
            results = ear.hear(pcm)
            session.audio_ms = now_ms = ear.heard_ms
            if trouble.at(trouble.cut_ms, now_ms):
                await context.abort(*CUT)
            if trouble.at(trouble.cap_ms, now_ms):
                await context.abort(*CAPPED)
            if trouble.at(trouble.end_ms, now_ms):
                return
            if trouble.at(trouble.deaf_ms, now_ms):
                await asyncio.Event().wait()
            if trouble.at(trouble.garbage_ms, now_ms):
                yield GARBAGE
            if trouble.at(trouble.stall_ms, now_ms):
                continue
            for response in self._answers(wire, trouble, results, now_ms):
                await asyncio.sleep(trouble.slow_s)
                yield response
        for response in self._answers(wire, trouble, ear.end(), ear.heard_ms):
            yield response

    def _answers(self, wire: Wire, trouble: Trouble, results: list[tuple[str, bool, int]], now_ms: int) -> list[Any]:
        answers = [wire.response(results=[wire.result(*result)]) for result in results]
        if trouble.nonsense:
            answers += [
                wire.response(),
                wire.response(results=[type(wire.result("", False, 0))(is_final=True)]),  # no alternatives
                wire.response(results=[wire.result("", False, 0)]),
                *(wire.response(results=[wire.result(text, True, end)]) for text, final, end in results if final),
            ]
        return answers + [wire.response(results=[wire.result("w0", False, now_ms)])] * trouble.flood


def serialised(message: Any) -> bytes:
    return message if isinstance(message, bytes) else bytes(type(message).serialize(message))
