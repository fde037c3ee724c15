"""What passes between a call and its engines: pieces of audio, transcripts, prompts, tokens. Data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentd.core.playbook import Playbook


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Linear PCM, 16-bit little-endian, mono, at `rate_hz`."""

    rate_hz: int = 8000


@dataclass(frozen=True, slots=True)
class Heard:
    """About 100 ms of the caller, as the recogniser gets it (conditioned, levelled, 8 kHz PCM).

    `until_ms`: media time at the end of this piece, from the start of the call.
    `voiced`: the endpointer counted voice in it. `pause`: this piece ends with the first short silence after
    voice (or a tick 20 ms later, with no audio): an engine that works by utterance should transcribe *now*.
    Engines that stream may ignore both.
    """

    pcm: bytes
    until_ms: int
    voiced: bool = False
    pause: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was recognised in the audio between `from_ms` and `until_ms` (media time, as in `Heard`).

    A partial (`final` false) replaces the partial before it; a final replaces the partials of its span and
    stays. `until_ms` says how much audio the text rests on; None if the engine cannot tell.
    `complete`: the engine itself judges that the speaker has finished the sentence.
    """

    text: str
    final: bool
    until_ms: int | None
    from_ms: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole call of a tool that the model asks for; half a tool call is never handed on."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool as a model is shown it.

    `schema`: the JSON schema of its arguments, an object. All calls share it: it is not to be written into.
    """

    name: str
    summary: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the conversation as a model is shown it. role: "caller", "agent" or "tool".

    A "tool" message is a whole exchange: `call` is what was asked, `text` what came back (JSON). A call without its
    result, or a result without its call, cannot be written.
    """

    role: str
    text: str
    call: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: the persona and rules as text, and the conversation *as heard* (not as generated).

    The last message is the caller's or a tool's, or there is none and the agent opens. `playbook` is the same knowledge
    as data, for brains that need no prose. A brain keeps no state between prompts: the same prompt may come twice
    (speculation), and a turn that nobody heard never happened. `tools`: what it may call; () for none.
    """

    call_id: str
    playbook: Playbook
    system: str
    messages: tuple[Message, ...]
    max_words: int = 24
    tools: tuple[ToolOffer, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply, of any length; concatenated they are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Voice:
    """How to speak. `rate` 1.0 is the voice's own speed; pitch in semitones. An engine that cannot do one
    of them ignores it and says so in `agentd check`."""

    language: str
    name: str = ""
    rate: float = 1.0
    pitch_semitones: float = 0.0


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Linear PCM, 16-bit little-endian, mono, at `rate_hz`; any length that is a whole number of samples."""

    pcm: bytes
    rate_hz: int
