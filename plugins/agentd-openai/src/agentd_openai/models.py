"""The models that are used when none is named, and when OpenAI stops serving the ones that it has announced to stop.

Sources: the model lists and the deprecation notes of the `openai` package (3.52) and of OpenAI's deprecations page,
read in November 2026.
"""

from __future__ import annotations

CHAT = (
    "gpt-6-luna"  # the smallest of its generation, and what OpenAI names as successor of gpt-4o-mini and gpt-4.1-mini
)
TRANSCRIBE = "gpt-transcribe"  # the successor of whisper-1 and gpt-4o-transcribe
SPEAK = "gpt-4o-mini-tts"  # of the models behind /audio/speech the one with the most natural voices
VOICE = "coral"
VOICES = frozenset(
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"]
)  # the built-in ones, by the package's types

ENDS = {
    **dict.fromkeys(("tts-1", "tts-1-hd", "gpt-4o-mini-tts"), "2027-01-06"),
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"), "2027-01-14"),
    **dict.fromkeys(("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"), "2027-02-26"),
}
"""Model -> the day on which OpenAI itself stops serving it. Compatible servers are free to go on."""


def voice_and_model(argument: str) -> tuple[str, str]:
    """The argument of the voice, "voice/model" with both parts optional -> (voice or "", model). A model's own name may
    hold slashes."""
    voice, _, model = argument.partition("/")
    return voice, model or SPEAK
