"""Where the time of an answer goes, and what taking the stable partial and speculating buy.

    python -m benchmarks.stages [--turns 120] [--seed 1]

The real call in virtual time, with engines as slow as providers are: a recogniser whose partials follow the audio by
250 ms and whose finals come as late as Google's were publicly measured to (P50 880 ms, P99 1570 ms after the voice;
drawn from the log-normal with those two), a model with its first word after 375 ms and 20 ms for each further one, a
voice with its first audio after 100 ms. Three ways to answer the same callers, in one run:

    final      the words are the recogniser's final; it is waited for as long as it takes
    partial    the stable partial is taken at the end of utterance (SPEC 2.6)
    speculate  and its answer is prepared, unheard, from the first silence on (SPEC 2.4): what agentd does

Milliseconds since T1, the last voiced frame. TOTAL is what the caller waits: T1 to the first frame of the reply.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise
from random import Random
from statistics import NormalDist

import trio
from trio.abc import ReceiveChannel

from agentd.call import answers
from agentd.core import settling
from agentd.engines import AudioFormat, Heard, Transcript
from agentd.events import Turn, TurnGuessed
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import stage

PARTIAL_S, LLM_S, TTS_S = 0.25, 0.375, 0.1
FINAL_P50_S, FINAL_P99_S = 0.88, 1.57
TURNS_A_CALL = 20
WAYS = ("final", "partial", "speculate")
CALLER = (
    "I would like to book a table for two",
    "tomorrow at eight in the evening",
    "yes please",
    "my name is Dana Levi",
    "do you have anything by the window",
    "that sounds good to me",
    "how long is the walk from the station",
    "no that is all",
    "could you send me the address in a message",
    "thank you very much",
)


class FinalsOnly(ScriptedSTT):
    """A recogniser asked for no interim results."""

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        async with super().listen(audio, fmt, language) as transcripts:
            async for transcript in transcripts:
                if transcript.final:
                    yield transcript


def draw_final(rng: Random) -> float:
    """Seconds from the end of the voice to the final."""
    sigma = math.log(FINAL_P99_S / FINAL_P50_S) / NormalDist().inv_cdf(0.99)
    return rng.lognormvariate(math.log(FINAL_P50_S), sigma)


async def converse(way: str, turns: int, seed: int) -> tuple[list[Turn], int]:
    """One call; its turns, and how many answers were begun as guesses."""
    rng = Random(seed)
    stt = (FinalsOnly if way == "final" else ScriptedSTT)(PARTIAL_S, final_s=lambda: draw_final(rng))
    async with stage(stt=stt, llm=ScriptedLLM(LLM_S, 0.02), tts=ScriptedTTS(TTS_S), seed=seed) as s:
        await s.caller.silence(1.0)
        for _ in range(turns):
            await s.caller.says(rng.choice(CALLER))
            await s.caller.hears_end(within_s=30)
            await s.caller.silence(1.0 + rng.random())
    return [t for t in s.events(Turn) if t.kind == "reply"], len(s.events(TurnGuessed))


def measure(way: str, turns: int, seed: int) -> tuple[list[Turn], int]:
    guesses, empty_ms = answers.GUESSES, settling.EMPTY_AFTER_MS
    answers.GUESSES = guesses if way == "speculate" else 0
    if way == "final":
        settling.EMPTY_AFTER_MS = 10_000  # it is never asked again for words that are only late
    try:
        told: list[Turn] = []
        guessed = 0
        for n in range(math.ceil(turns / TURNS_A_CALL)):
            more, tried = play(lambda n=n: converse(way, TURNS_A_CALL, seed + n))  # type: ignore[misc]
            told, guessed = told + more, guessed + tried
        return told[:turns], guessed
    finally:
        answers.GUESSES, settling.EMPTY_AFTER_MS = guesses, empty_ms


def percentile(values: Sequence[int], p: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def row(way: str, turns: list[Turn], guessed: int) -> str:
    cells = [f"{way:<10}{len(turns):>6}"]
    for stage_ms in ("eou_wait_ms", "stt_final_ms", "tts_ready_ms", "total_latency_ms"):
        values = [v for t in turns if (v := getattr(t, stage_ms)) is not None]
        cells.append("/".join(f"{percentile(values, p):>5}" for p in (0.5, 0.95, 0.99)))
    starts = (sum(not t.speculative for t in turns) + guessed) / len(turns)
    return "   ".join([*cells, f"{starts:.2f}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"P50/P95/P99 in ms since the voice ended; {args.turns} turns a row\n")
    heads = "".join(f"   {head:>17}" for head in ("EOU decided", "text taken", "audio ready", "TOTAL"))
    print(f"{'way':<10}{'turns':>6}{heads}   LLM/turn")
    totals: dict[str, int] = {}
    for way in WAYS:
        turns, guessed = measure(way, args.turns, args.seed)
        print(row(way, turns, guessed), flush=True)
        totals[way] = percentile([t.total_latency_ms for t in turns if t.total_latency_ms is not None], 0.5)
    for before, after in pairwise(WAYS):
        print(f"\n{after} instead of {before}: {totals[before] - totals[after]} ms less at P50", end="")
    print()


if __name__ == "__main__":
    main()
