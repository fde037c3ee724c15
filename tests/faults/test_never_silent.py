"""What the caller hears when things are slow or broken, each case by itself and to the frame."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agentd.config import Settings
from agentd.engines import LLM, TTS
from agentd.events import TtsStart, Turn
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.resilience.phrase_bank import PhraseBank
from agentd.testing.play import play
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import PLAYBOOK, Stage, stage
from tests.faults.faulty import VOICE

WISH = "a table for two"


class House:
    """Chains of scripted engines and a bank that was filled while the voices still worked."""

    def __init__(self, llm: LLM, *tts: TTS, spare: LLM | None = None) -> None:
        self.stt, self.llm = ScriptedSTT(0.1), [Named("llm", llm)] + ([Named("spare", spare)] if spare else [])
        self.tts = tts or (ScriptedTTS(0.1),)

    async def chains(self) -> tuple[Chains, PhraseBank]:
        named = [Named(name, voice) for name, voice in zip("abc", self.tts, strict=False)]
        chains = Chains([Named("stt", self.stt)], self.llm, named, jitter=lambda low, high: low)
        bank = PhraseBank({"good": ScriptedTTS()}, VOICE)
        await bank.fill([text for variants in PLAYBOOK.phrases.values() for text in variants])
        chains.use_phrases(bank)
        return chains, bank

    def ask(self, wait_s: float = 12.0, **settings: object) -> Stage:
        async def scene() -> Stage:
            chains, bank = await self.chains()
            config = Settings.of(**settings)
            async with stage(stt=self.stt, engines=chains, phrases=bank, settings=config) as s:
                await s.caller.silence(1.0)
                await s.caller.says(WISH)
                await s.caller.silence(wait_s)
            return s

        s = play(scene)
        assert s.record is not None
        assert s.record.crash is None
        return s


def heard(s: Stage) -> list[float]:
    """When each stretch of the agent's sound began, in seconds after the caller's last."""
    voice_ended = s.twilio.caller.sounds()[-1][1]
    return [begin - voice_ended for begin, _ in s.twilio.agent.sounds()]


def test_a_cached_phrase_is_on_the_wire_within_20_ms_although_every_voice_is_slow() -> None:
    async def scene() -> float:
        chains, bank = await House(ScriptedLLM(), ScriptedTTS(1.0)).chains()
        async with stage(engines=chains, phrases=bank) as s:
            await s.caller.silence(1.0)
            asked = s.twilio.now()
            assert s.call.brain.say(PLAYBOOK.phrases["silent-1"][0])
            await s.caller.silence(0.5)
        return next(m.at_s for m in s.twilio.sent if m.kind == "media") - asked

    assert play(scene) < 0.02


@pytest.mark.parametrize(("hint_ms", "after_s"), [(700, 0.7), (1500, 1.5), (0, 2.0), (5000, 2.0)])
def test_a_thinking_hint_is_heard_at_its_time_and_no_later_than_the_answer_clock(hint_ms: int, after_s: float) -> None:
    s = House(ScriptedLLM(3.0)).ask(thinking_hint_ms=hint_ms)
    assert heard(s)[0] == pytest.approx(after_s, abs=0.06)
    [turn] = s.events(Turn)
    assert turn.filler
    assert s.answered() == [f"You said: {WISH}. Anything else?"]


def test_a_quick_answer_has_no_hint() -> None:
    [turn] = House(ScriptedLLM(0.1)).ask(thinking_hint_ms=700).events(Turn)
    assert not turn.filler


def test_a_hole_in_the_middle_of_a_reply_is_filled_too() -> None:
    """A model stops after its first word, and the next one takes its time to go on."""
    first = ScriptedLLM(0.1, replies=["Yes. That is so, I believe."], fail=Fault("stall", after=2))
    s = House(first, spare=ScriptedLLM(0.8, replies=["Yes. That is so, I believe."])).ask()
    sounds = s.twilio.agent.sounds()
    holes = [after[0] - before[1] for before, after in pairwise(sounds)]
    assert holes[0] == pytest.approx(2.0, abs=0.05)
    assert max(holes) <= 3.0
    assert s.answered() == ["Yes. That is so, I believe."]


def test_without_any_voice_a_cached_apology_is_heard_and_the_rest_is_not_tried() -> None:
    dead = ScriptedTTS(fail=Fault("connect"))
    s = House(ScriptedLLM(0.1, replies=["One sentence. Another sentence. A third one."]), dead).ask()
    assert s.answered()[-1] in PLAYBOOK.phrases["trouble"]
    assert len(s.events(TtsStart)) == 1
    assert dead.starts <= 2  # the guess, and the answer


def test_without_any_voice_and_without_a_cache_there_is_a_tone() -> None:
    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(0.1), tts=ScriptedTTS(fail=Fault("connect"))) as s:
            await s.caller.silence(1.0)
            await s.caller.says(WISH)
            await s.caller.silence(4.0)
        return s

    s = play(scene)
    [(begin, end)] = s.twilio.agent.sounds()
    assert end - begin == pytest.approx(0.3, abs=0.03)
    assert not any(s.answered())  # a tone says nothing, and the history knows it
