"""Google's two recognisers: the same conversation in two dialects, v1 and v2.

A dialect knows how to word the opening and the audio, and reads the answers into `Result`s. Answers are read from the
plain protobufs: garbage in them (no alternatives, impossible times) must not raise, and it is quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from agentd_google.asking import Ask
from agentd_google.channels import Metadata
from agentd_google.status import code_of, failure

BOOST = 10.0  # of phrase hints: the middle of the range (0..20) that Google suggests to begin with
LONG = "long"  # v2 wants a model by name; this one knows every language


@dataclass(frozen=True, slots=True)
class Result:
    """Some text of a stream. `end_ms`: offset of its end in what the stream was sent; 0 when it does not say."""

    text: str
    final: bool
    end_ms: int


class Dialect(Protocol):
    metadata: Metadata

    def method(self, transport: Any) -> Any:
        """The streaming method of a transport."""

    def opening(self, ask: Ask, rate_hz: int) -> Any: ...
    def audio(self, pcm: bytes) -> Any: ...
    def results(self, message: Any) -> list[Result]:
        """Those of one message. Raises `EngineError` when the message is a status."""


class V1:
    """Speech-to-Text v1: nothing to set up. Asks for the enhanced model."""

    metadata: Metadata = ()

    def method(self, transport: Any) -> Any:
        return transport.streaming_recognize

    def opening(self, ask: Ask, rate_hz: int) -> Any:
        from google.cloud.speech_v1 import types

        config = types.RecognitionConfig(
            encoding=types.RecognitionConfig.AudioEncoding.LINEAR16,
            sample_rate_hertz=rate_hz,
            audio_channel_count=1,
            language_code=ask.language,
            model=ask.model,
            use_enhanced=bool(ask.model),
            max_alternatives=1,
        )
        if ask.hints:
            config.speech_contexts = [types.SpeechContext(phrases=list(ask.hints), boost=BOOST)]
        streaming = types.StreamingRecognitionConfig(config=config, interim_results=True)
        return types.StreamingRecognizeRequest(streaming_config=streaming)

    def audio(self, pcm: bytes) -> Any:
        from google.cloud.speech_v1 import types

        return types.StreamingRecognizeRequest(audio_content=pcm)

    def results(self, message: Any) -> list[Result]:
        plain = type(message).pb(message)
        if plain.HasField("error") and plain.error.code:
            raise failure(code_of(plain.error.code), plain.error.message)
        return _read(plain.results, lambda result: result.result_end_time)


class V2:
    """Speech-to-Text v2. `recogniser`: the full name of one ("projects/p/locations/global/recognizers/_": the blank
    one, which takes everything from the request)."""

    def __init__(self, recogniser: str) -> None:
        self._recogniser = recogniser
        # How Google's front ends find the region; a stream's first message comes too late for them.
        self.metadata: Metadata = (("x-goog-request-params", urlencode({"recognizer": recogniser})),)

    def method(self, transport: Any) -> Any:
        return transport.streaming_recognize

    def opening(self, ask: Ask, rate_hz: int) -> Any:
        from google.cloud.speech_v2 import types

        config = types.RecognitionConfig(
            explicit_decoding_config=types.ExplicitDecodingConfig(
                encoding=types.ExplicitDecodingConfig.AudioEncoding.LINEAR16,
                sample_rate_hertz=rate_hz,
                audio_channel_count=1,
            ),
            language_codes=[ask.language],
            model=ask.model or LONG,
            features=types.RecognitionFeatures(max_alternatives=1),
        )
        if ask.hints:
            phrases = types.PhraseSet(phrases=[types.PhraseSet.Phrase(value=hint) for hint in ask.hints], boost=BOOST)
            inline = types.SpeechAdaptation.AdaptationPhraseSet(inline_phrase_set=phrases)
            config.adaptation = types.SpeechAdaptation(phrase_sets=[inline])
        streaming = types.StreamingRecognitionConfig(
            config=config, streaming_features=types.StreamingRecognitionFeatures(interim_results=True)
        )
        return types.StreamingRecognizeRequest(recognizer=self._recogniser, streaming_config=streaming)

    def audio(self, pcm: bytes) -> Any:
        from google.cloud.speech_v2 import types

        return types.StreamingRecognizeRequest(audio=pcm)

    def results(self, message: Any) -> list[Result]:
        return _read(type(message).pb(message).results, lambda result: result.result_end_offset)


def _read(results: Any, end: Callable[[Any], Any]) -> list[Result]:
    """Finals as they are, and one partial: its parts (the stable one first) in one, as far as the furthest reaches."""
    finals: list[Result] = []
    partial, partial_end_ms = [], 0
    for result in results:
        if not result.alternatives:
            continue
        text = " ".join(result.alternatives[0].transcript.split())
        end_ms = _ms(end(result))
        if result.is_final:
            finals.append(Result(text, True, end_ms))
        elif text:
            partial.append(text)
            partial_end_ms = max(partial_end_ms, end_ms)
    return [*finals, Result(" ".join(partial), False, partial_end_ms)] if partial else finals


def _ms(duration: Any) -> int:
    return max(0, int(duration.seconds) * 1000 + int(duration.nanos) // 1_000_000)
