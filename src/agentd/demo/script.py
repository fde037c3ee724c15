"""What the demo's callers say, and how their voices are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import trio

from agentd.audio.resample import resample
from agentd.core.opening import open_spans
from agentd.core.playbook import Playbook
from agentd.engines import TTS, Voice
from agentd.simulator.script import HangUp, Interrupt, Say, Silence, Step, WaitForAgent

LINE_HZ = 8000
CALLER_PITCH = 1.16  # the caller is the agent's voice, 16 % faster and higher: two people to the ear


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the caller says; `over_s`: over the agent's speech, after so many seconds of it."""

    text: str
    over_s: float | None = None


ENGLISH = (
    Line("Hello, I would like to make an appointment."),
    Line("My name is Daniel Miller."),
    Line("Sorry, one moment please. What did you say?", over_s=1.2),
    Line("My phone number is two one two, six four five, zero one two three."),
    Line("Yes, that is right."),
    Line("{day} morning at ten o'clock, please."),
    Line("Yes, please."),
    Line("No, thank you. Goodbye."),
)
HEBREW = (
    Line("שלום, אני רוצה לקבוע פגישה"),
    Line("קוראים לי דניאל לוי"),
    Line("רגע סליחה מה אמרת", over_s=1.2),
    Line("אפס חמש שתיים אחת שתיים שלוש ארבע חמש שש שבע"),
    Line("כן נכון"),
    Line("ביום {day} בעשר בבוקר"),
    Line("כן בבקשה"),
    Line("לא תודה רבה להתראות"),
)
DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "he": ("שני", "שלישי", "רביעי", "חמישי", "שישי", "שבת", "ראשון"),
}
AT_MIN = 10 * 60


def lines(playbook: Playbook, today: date) -> tuple[Line, ...]:
    """What the caller says; the meeting is on the first day after tomorrow on which the business is open at ten."""
    language = playbook.language.partition("-")[0]
    said = HEBREW if language == "he" else ENGLISH
    days = (today + timedelta(ahead) for ahead in range(2, 9))
    fits = (day for day in days if any(a <= AT_MIN < b for a, b in open_spans(playbook.hours, playbook.holidays, day)))
    day = DAYS["he" if language == "he" else "en"][next(fits).weekday()]
    return tuple(replace(line, text=line.text.format(day=day)) for line in said)


def steps(said: tuple[Line, ...], recordings: list[bytes]) -> list[Step]:
    """The call: the greeting is heard, each line gets its answer, one is said over the agent's speech."""
    script: list[Step] = [WaitForAgent(within_s=6.0, quiet_s=0.6)]
    for i, (line, pcm) in enumerate(zip(said, recordings, strict=True)):
        script.append(Say(pcm) if line.over_s is None else Interrupt(pcm, after_s=line.over_s))
        interrupted_next = i + 1 < len(said) and said[i + 1].over_s is not None
        if not interrupted_next:
            script.append(WaitForAgent(within_s=12.0, quiet_s=1.3))
    return [*script, Silence(0.5), HangUp()]


async def recording(tts: TTS, text: str) -> bytes:
    """The line as a caller's voice: 16-bit PCM at 8 kHz."""
    pcm, rate_hz = bytearray(), LINE_HZ
    async with tts.speak(text, Voice("en-US")) as chunks:
        async for chunk in chunks:
            pcm += chunk.pcm
            rate_hz = chunk.rate_hz
    return resample(bytes(pcm), round(rate_hz * CALLER_PITCH), LINE_HZ)


def hum(text: str) -> bytes:
    """A voice without words, as long as the text takes to say: where no voice speaks the language."""
    seconds = 0.33 * len(text.split())
    t = np.arange(round(seconds * LINE_HZ)) / LINE_HZ
    pitch = 140 * (1 + 0.08 * np.sin(2 * np.pi * 0.9 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / LINE_HZ
    wave = np.sum([np.sin(k * phase) / k for k in range(1, 16)], axis=0)
    wave *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    pcm: bytes = (wave * (2500 / np.sqrt(np.mean(wave**2)))).clip(-32768, 32767).astype("<i2").tobytes()
    return pcm


async def recordings(tts: TTS | None, said: tuple[Line, ...]) -> list[bytes]:
    """All of a caller's lines; without a voice for the language they are hummed."""
    if tts is None:
        await trio.lowlevel.checkpoint()
        return [hum(line.text) for line in said]
    return [await recording(tts, line.text) for line in said]
