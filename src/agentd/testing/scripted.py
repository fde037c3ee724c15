"""Engines that do what a test says: known words, known latencies, known failures, in virtual time, without threads.

Nothing here sleeps but by `trio.sleep`, so a fifteen-minute call under a `MockClock` takes seconds. One object may
serve many calls at once; only a `ScriptedSTT` with expectations belongs to one simulated caller.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import trio
from trio.abc import ReceiveChannel

from agentd.engines import AudioChunk, AudioFormat, Heard, Prompt, Token, ToolCall, Transcript, Voice
from agentd.errors import EngineError

FaultKind = Literal["connect", "mid", "stall", "cut", "garbage", "empty"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

WORD_MS = 300  # voice per revealed word: about 200 words a minute, quick telephone speech
FINAL_SILENCE_MS = 400  # silence after which the recogniser calls a text final
SECONDS_PER_CHAR = 0.06  # the length of speech that SPEC 4.3 reckons with
GARBAGE = "\x00\ufffd{{<|endoftext|>" * 40
TONE_HZ = 400  # a whole number of periods in 20 ms, so that any two slices join without a click
TONE_RATE_HZ = 8000
TONE_LEVEL = 6000
_PENDING = 64  # transcripts waiting for their latency to pass; full = the recogniser stops reading audio


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. `nth`: which start of the engine object fails, counted from 1; None = every one.

    "connect": `EngineError(retryable=True)` before anything. "mid": the same after `after` items. "stall": nothing
    more for ever after `after` items. "cut": the channel ends after `after` items as if that were all. "garbage":
    items that no caller should be given. "empty": the channel ends at once (STT: texts without a letter).
    `after` defaults to 0 for "stall", else to 1.
    """

    kind: FaultKind
    nth: int | None = None
    after: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"fault {self.kind!r} is none of {', '.join(FAULT_KINDS)}")
        if self.nth is not None and self.nth < 1:
            raise ValueError("a fault's nth counts starts from 1")

    @property
    def items(self) -> int:
        """How many items are given out before a "mid", "stall" or "cut"."""
        if self.after is not None:
            return self.after
        return 0 if self.kind == "stall" else 1


class _Run:
    """One start of an engine: its fault, and how many items it has given out."""

    def __init__(self, name: str, fault: Fault | None) -> None:
        self.name, self.fault, self.given = name, fault, 0

    def fails(self, *kinds: FaultKind) -> bool:
        return self.fault is not None and self.fault.kind in kinds

    async def connect(self, latency_s: float) -> None:
        await trio.sleep(latency_s)
        if self.fails("connect"):
            raise EngineError("scripted failure at connect", retryable=True, engine=self.name)

    def over(self) -> bool:
        """Before each item: has the moment of the failure come? Counts the item if not."""
        if self.fault is not None and self.fails("mid", "stall", "cut") and self.given >= self.fault.items:
            return True
        self.given += 1
        return False

    async def end(self) -> None:
        """After the last item: a failure in mid-stream comes now at the latest."""
        if self.fails("mid"):
            raise EngineError("scripted failure in mid-stream", retryable=True, engine=self.name)
        if self.fails("stall"):
            await trio.sleep_forever()


class _Scripted:
    """Counts the starts of an engine object (`starts`) and the streams open now (`live`)."""

    def __init__(self, name: str, fail: Fault | Sequence[Fault]) -> None:
        self.name = name
        self._faults = (fail,) if isinstance(fail, Fault) else tuple(fail)
        self.starts = 0
        self.live = 0

    @contextmanager
    def _run(self) -> Iterator[_Run]:
        self.starts += 1
        self.live += 1
        fault = next((f for f in self._faults if f.nth in (None, self.starts)), None)
        try:
            yield _Run(self.name, fault)
        finally:
            self.live -= 1


class _Utterance:
    """The text of one stretch of voice, word by word. `words` None: invent them, numbered from `first`."""

    def __init__(self, from_ms: int, words: list[str] | None, first: int) -> None:
        self.from_ms, self.words, self.first = from_ms, words, first
        self.voiced_ms = 0
        self.silent_ms = 0
        self.shown = ""
        self.until_ms = from_ms

    def hears(self, heard: Heard) -> bool:
        """Whether there is a partial to tell: voice goes on, or the text has changed."""
        text = self.text(whole=heard.pause or not heard.voiced)
        news = heard.voiced or text != self.shown
        if news:
            self.shown, self.until_ms = text, heard.until_ms
        return news

    def text(self, whole: bool) -> str:
        count = self.voiced_ms // WORD_MS
        if self.words is not None:
            return " ".join(self.words if whole else self.words[:count])
        if whole:
            count = max(1, round(self.voiced_ms / WORD_MS))
        return " ".join(f"word{self.first + i}" for i in range(count))


class ScriptedSTT(_Scripted):
    """A recogniser that is told what it will hear.

    While `Heard.voiced`, a partial for each piece, with one more word of the expected text per 300 ms of voice; the
    whole text when the voice pauses; final after 400 ms of silence, or at the end of the audio. Each result leaves
    `latency_s` after the audio that it rests on; a final `final_s()` after the voice has ended, if that is given, but
    not before those 400 ms: providers take their time with finals, and not always the same. With nothing expected the
    words are "word1 word2 ...", numbered through the call.
    """

    def __init__(
        self,
        latency_s: float = 0.0,
        *,
        final_s: Callable[[], float] | None = None,
        fail: Fault | Sequence[Fault] = (),
        name: str = "scripted",
    ) -> None:
        super().__init__(name, fail)
        self.latency_s, self.final_s = latency_s, final_s
        self._expected: deque[str] = deque()

    def expect(self, text: str) -> None:
        """Queue the words of the next utterance not yet told; "" is voice without words (a cough)."""
        self._expected.append(text)

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        """Transcripts of `audio` until it ends. Cancel: an expectation not yet final stays queued."""
        with self._run() as run:
            await run.connect(0.0)
            into, due = trio.open_memory_channel[tuple[float, Transcript]](_PENDING)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, audio, fmt, into)
                async for at, transcript in due:
                    await trio.sleep_until(at)
                    if run.over():
                        break
                    if run.fails("garbage", "empty"):
                        text = GARBAGE if run.fails("garbage") else " "
                        transcript = Transcript(text, transcript.final, transcript.until_ms, transcript.from_ms)
                    yield transcript
                nursery.cancel_scope.cancel()
            await run.end()  # outside the nursery, which would wrap the error in a group

    async def _read(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, into: trio.MemorySendChannel[tuple[float, Transcript]]
    ) -> None:
        """Turn audio into transcripts with the moment at which each is due."""
        utterance: _Utterance | None = None
        invented = 1

        async def tell(now: _Utterance, text: str, final: bool) -> None:
            if text:
                due = trio.current_time() + self.latency_s
                if final and self.final_s is not None:
                    due = trio.current_time() - now.silent_ms / 1000 + self.final_s()
                await into.send((due, Transcript(text, final, now.until_ms, now.from_ms, complete=final)))

        async def finish(now: _Utterance) -> None:
            nonlocal invented
            if now.words is not None:
                self._expected.popleft()
            else:
                invented += len(now.text(whole=True).split())
            await tell(now, now.text(whole=True), True)

        async with into:
            async for heard in audio:
                length_ms = len(heard.pcm) * 1000 // (2 * fmt.rate_hz)
                if heard.voiced:
                    if utterance is None:
                        words = self._expected[0].split() if self._expected else None
                        utterance = _Utterance(heard.until_ms - length_ms, words, invented)
                    utterance.voiced_ms += length_ms
                    utterance.silent_ms = 0
                elif utterance is not None:
                    utterance.silent_ms += length_ms
                if utterance is None:
                    continue
                if utterance.silent_ms >= FINAL_SILENCE_MS:
                    done, utterance = utterance, None
                    await finish(done)
                elif utterance.hears(heard):
                    await tell(utterance, utterance.shown, False)
            if utterance is not None:
                await finish(utterance)


def echo(prompt: Prompt) -> str:
    """The default reply of a `ScriptedLLM`: the caller's last words, in two sentences."""
    said = next((m.text for m in reversed(prompt.messages) if m.role == "caller"), "")
    return f"You said: {said.strip(' .?!')}. Anything else?" if said else "Hello. How can I help?"


Reply = str | Sequence[str | ToolCall]


def _items(reply: Reply) -> Iterator[str | ToolCall]:
    for part in (reply,) if isinstance(reply, str) else reply:
        if isinstance(part, ToolCall):
            yield part
        else:
            yield from part.split()


class ScriptedLLM(_Scripted):
    """A model that says what it is told, word by word.

    `replies`: a function of the prompt, or texts of which the nth answers the caller's nth message, going round; so
    the same prompt gets the same answer, as speculation needs. A reply is text, or texts and tool calls.

    `latency_s` before the first word, `token_gap_s`
    before each one after it.
    """

    def __init__(
        self,
        latency_s: float = 0.0,
        token_gap_s: float = 0.0,
        replies: Callable[[Prompt], Reply] | Sequence[Reply] = echo,
        *,
        fail: Fault | Sequence[Fault] = (),
        name: str = "scripted",
    ) -> None:
        super().__init__(name, fail)
        self.latency_s, self.token_gap_s = latency_s, token_gap_s
        self._replies = replies

    def _reply(self, prompt: Prompt) -> Reply:
        if callable(self._replies):
            return self._replies(prompt)
        asked = sum(m.role == "caller" for m in prompt.messages)
        return self._replies[max(0, asked - 1) % len(self._replies)]

    @trio.as_safe_channel
    async def reply(self, prompt: Prompt) -> AsyncGenerator[Token | ToolCall, None]:
        """The reply's words, each with the space before it. Cancel closes at once."""
        with self._run() as run:
            await run.connect(self.latency_s)
            if run.fails("empty"):
                return
            reply = GARBAGE if run.fails("garbage") else self._reply(prompt)
            for i, item in enumerate(_items(reply)):
                if i:
                    await trio.sleep(self.token_gap_s)
                if run.over():
                    break
                yield item if isinstance(item, ToolCall) else Token(f" {item}" if i else item)
            await run.end()


def _tone() -> bytes:
    """One second of a tone at -15 dBFS or so, 16-bit little-endian."""
    wave = (TONE_LEVEL * math.sin(2 * math.pi * TONE_HZ * i / TONE_RATE_HZ) for i in range(TONE_RATE_HZ))
    return struct.pack(f"<{TONE_RATE_HZ}h", *(round(x) for x in wave))


_TONE = _tone()


class ScriptedTTS(_Scripted):
    """A voice that hums: a tone of `seconds_per_char` for each character of the text, 8 kHz, in `chunk_ms` pieces.

    `latency_s` before the first piece, `chunk_gap_s` before each one after it (0: much faster than real time, as
    providers are). A text without a letter or digit is no sound at all.
    """

    def __init__(
        self,
        latency_s: float = 0.0,
        seconds_per_char: float = SECONDS_PER_CHAR,
        chunk_ms: int = 100,
        *,
        chunk_gap_s: float = 0.0,
        fail: Fault | Sequence[Fault] = (),
        name: str = "scripted",
    ) -> None:
        super().__init__(name, fail)
        self.latency_s, self.seconds_per_char, self.chunk_gap_s = latency_s, seconds_per_char, chunk_gap_s
        self.chunk_ms = chunk_ms

    @trio.as_safe_channel
    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """The tone, in pieces of at most one second. Cancel closes at once."""
        with self._run() as run:
            await run.connect(self.latency_s)
            if run.fails("empty") or not any(c.isalnum() for c in text):
                return
            if run.fails("garbage"):
                yield AudioChunk(b"\x7f" * 37, 11025)  # half a sample over, at a rate nobody asked for
                return
            left = round(len(text) * self.seconds_per_char / voice.rate * TONE_RATE_HZ) * 2
            step = min(self.chunk_ms, 1000) * TONE_RATE_HZ // 1000 * 2
            first = True
            while left > 0:
                if not first:
                    await trio.sleep(self.chunk_gap_s)
                first = False
                if run.over():
                    break
                yield AudioChunk(_TONE[: min(step, left)], TONE_RATE_HZ)
                left -= step
            await run.end()
