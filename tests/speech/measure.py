"""How well the ears hear people: false cuts, answers, waits and words, by profile and noise. Prints a table.

    python tests/speech/measure.py [--profile P]... [--vad silero] [--words oracle|whisper] [--part tune|held]
                                   [--every N] [--names]

The thresholds of the ears were set on the part `tune` (238 prompts of 1.3 to 12 seconds, 60 numbers); `held` are other
prompts (shorter ones, and longer ones in pieces) and other numbers, which played no part in that.
`cut`: the agent spoke while the caller was still speaking. `wait`: from the last voiced sample of the clean signal to
the agent's first, with an agent that needs no time to think. `answered`: within 2.5 s.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parent))

from speech_corpus import NOISES, Utterance, held_prompts, missing, numbers, prompts
from speech_play import Call, Oracle, Outcome, Words, line

from agentd.audio.conditioning import Conditioner
from agentd.config import Settings
from agentd.engines import VAD
from agentd.testing.wer import word_errors

PROFILES = ("fast", "balanced", "patient")
PER_CALL = 5  # utterances on one line: the ears learn this caller's ways


@dataclass(frozen=True)
class Result:
    """The figures of one row. Rates in percent, waits in ms; `wer` None with the oracle, which errs never."""

    utterances: int
    cuts: float
    answered: float
    wait: float
    wait_p90: float
    starts: float
    wer: float | None
    cut_names: tuple[str, ...]
    unanswered: tuple[str, ...]


def corpus(part: str = "tune", every: int = 1) -> list[list[Utterance]]:
    """Callers, each with their utterances: prompts, then dictated numbers."""
    callers: list[list[Utterance]] = []
    for said in (prompts(), numbers()) if part == "tune" else (held_prompts(), numbers(seed=1967)):
        some = said[::every]
        callers += [list(some[i : i + PER_CALL]) for i in range(0, len(some), PER_CALL)]
    return callers


def measure(
    callers: Sequence[Sequence[Utterance]], noise: str, profile: str, *, vad: VAD | None = None, words: str = "oracle"
) -> Result:
    """Play every caller's call and add up."""
    settings = Settings.of(profile=profile)
    outcomes: list[Outcome] = []
    errors = total = 0
    for number, said in enumerate(callers):
        the_line = line(said, noise, seed=1000 + number)
        heard: Words = Oracle(the_line.truths)
        if words == "whisper":
            from speech_whisper import Whisper

            heard = Whisper(settings)
        played = Call(the_line, settings, heard, _probability(vad)).play()
        outcomes += played
        if words == "whisper":
            for utterance, outcome in zip(said, played, strict=True):
                wrong, of = word_errors(utterance.text, outcome.heard)
                errors, total = errors + wrong, total + of
    return _sum(outcomes, errors / total if total else None)


def add(results: Sequence[Result]) -> Result:
    """Several noises as one; waits are averaged."""
    n = sum(r.utterances for r in results)

    def mean(name: str) -> float:
        return float(sum(getattr(r, name) * r.utterances for r in results) / n)

    return Result(
        n, mean("cuts"), mean("answered"), mean("wait"), mean("wait_p90"), mean("starts"), None,
        tuple(name for r in results for name in r.cut_names), tuple(name for r in results for name in r.unanswered),
    )  # fmt: skip


def _probability(vad: VAD | None) -> Callable[[bytes], float] | None:
    if vad is None:
        return None
    conditioner, stream = Conditioner(), vad.open()
    return lambda mulaw: stream.hear(conditioner.process(mulaw))


def _sum(outcomes: Sequence[Outcome], wer: float | None) -> Result:
    n = len(outcomes)
    waits = [o.wait_ms for o in outcomes if o.wait_ms is not None and not o.cut] or [0, 0]
    cut = tuple(o.name for o in outcomes if o.cut)
    silent = tuple(o.name for o in outcomes if o.wait_ms is None)
    return Result(
        n, 100 * len(cut) / n, 100 - 100 * len(silent) / n, median(waits), quantiles(waits, n=10)[-1],
        sum(o.starts for o in outcomes) / n, wer, cut, silent,
    )  # fmt: skip


def row(profile: str, noise: str, r: Result) -> str:
    """One line of the table."""
    wer = f"{r.wer:6.3f}" if r.wer is not None else "     -"
    return (
        f"{profile:9} {noise:10} {r.utterances:4} {r.cuts:6.1f} % {r.answered:7.1f} % {r.wait:7.0f} ms "
        f"{r.wait_p90:6.0f} ms {r.starts:7.2f} {wer}"
    )


HEAD = "profile   noise         n      cut  answered   wait p50       p90  starts    WER"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="append", choices=PROFILES)
    parser.add_argument("--vad", choices=("energy", "silero"), default="energy")
    parser.add_argument("--words", choices=("oracle", "whisper"), default="oracle")
    parser.add_argument("--part", choices=("tune", "held"), default="tune")
    parser.add_argument("--every", type=int, default=1, help="only every Nth utterance")
    parser.add_argument("--names", action="store_true", help="name what was cut or not answered")
    asked = parser.parse_args()
    if absent := missing():
        print(absent, file=sys.stderr)
        return 2
    vad: VAD | None = None
    if asked.vad == "silero":
        from agentd_silero.detector import SileroVAD

        vad = SileroVAD()
    callers = corpus(asked.part, asked.every)
    print(f"{asked.part} of the corpus, {asked.vad} detector, words by {asked.words}\n{HEAD}")
    for profile in asked.profile or PROFILES:
        noisy = []
        for noise in NOISES:
            result = measure(callers, noise, profile, vad=vad, words=asked.words)
            print(row(profile, noise, result), flush=True)
            if asked.names:
                print(f"          cut: {', '.join(result.cut_names)}; unanswered: {', '.join(result.unanswered)}")
            if noise != "clean":
                noisy.append(result)
        print(row(profile, "all noises", add(noisy)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
