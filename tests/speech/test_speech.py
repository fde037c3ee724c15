"""The bars of the ears on real human speech. `measure.py` prints the whole table."""

from __future__ import annotations

from functools import lru_cache

import pytest

NOISES = ("white", "babble", "music")


@lru_cache(maxsize=32)
def result(noise: str, profile: str, part: str = "tune", every: int = 1):
    from measure import corpus, measure

    return measure(corpus(part, every), noise, profile)


def in_noise(part: str):
    from measure import add

    return add([result(noise, "balanced", part) for noise in NOISES])


@pytest.mark.usefixtures("recordings")
class TestBalanced:
    def test_the_corpus_is_all_there(self) -> None:
        from speech_corpus import GAPS_MS, held_prompts, numbers, prompts

        assert len(prompts()) > 200
        assert len(held_prompts()) > 100
        assert len(numbers()) == 60
        assert GAPS_MS == (80, 350)

    @pytest.mark.parametrize("part", ["tune", "held"])
    def test_on_a_quiet_line_nobody_is_cut_and_the_answer_comes_soon(self, part: str) -> None:
        r = result("clean", "balanced", part)
        assert r.cuts <= 2.0, r.cut_names
        assert r.answered == 100.0, r.unanswered
        assert r.wait <= 450
        assert r.starts <= 1.3

    def test_in_noise_too(self) -> None:
        r = in_noise("tune")
        assert r.cuts <= 2.0, r.cut_names
        assert r.answered >= 98.0, r.unanswered
        assert r.wait <= 500

    def test_in_noise_with_speech_it_was_not_tuned_on(self) -> None:
        """Half of these are single words, and a short utterance is given 150 ms more."""
        r = in_noise("held")
        assert r.cuts <= 2.0, r.cut_names
        assert r.answered >= 98.0, r.unanswered
        assert r.wait <= 600

    def test_the_bars_over_everything(self) -> None:
        from measure import add

        clean = add([result("clean", "balanced", part) for part in ("tune", "held")])
        noisy = add([result(noise, "balanced", part) for part in ("tune", "held") for noise in NOISES])
        assert clean.utterances >= 400
        assert max(clean.cuts, noisy.cuts) <= 2.0
        assert noisy.answered >= 98.0
        assert clean.wait <= 450
        assert noisy.wait <= 500

    @pytest.mark.parametrize("noise", ["clean", *NOISES])
    @pytest.mark.parametrize("part", ["tune", "held"])
    def test_dictated_numbers_are_not_cut(self, noise: str, part: str) -> None:
        r = result(noise, "balanced", part)
        assert sum(name.startswith("number-") for name in r.cut_names) <= 1, r.cut_names


@pytest.mark.usefixtures("recordings")
def test_the_profiles_trade_cuts_for_speed() -> None:
    fast, balanced, patient = (result("clean", p, every=2) for p in ("fast", "balanced", "patient"))
    assert fast.wait < balanced.wait < patient.wait
    assert fast.cuts >= balanced.cuts >= patient.cuts
    assert patient.cuts <= 1.0


@pytest.mark.usefixtures("recordings")
def test_the_recogniser_reads_forty_prompts_through_the_ears() -> None:
    from measure import corpus, measure

    r = measure(corpus(every=7), "clean", "balanced", words="whisper")
    assert r.utterances >= 40
    assert r.wer is not None
    assert r.wer <= 0.12
    assert r.cuts <= 2.0, r.cut_names
    assert r.answered == 100.0, r.unanswered
    assert r.wait <= 450


@pytest.mark.usefixtures("recordings")
def test_silero_answers_in_music_where_the_energy_detector_is_late() -> None:
    from agentd_silero.detector import SileroVAD
    from measure import corpus, measure

    r = measure(corpus(every=4), "music", "balanced", vad=SileroVAD())
    assert r.answered == 100.0, r.unanswered
    assert r.cuts <= 2.0, r.cut_names
    assert r.wait <= 500
