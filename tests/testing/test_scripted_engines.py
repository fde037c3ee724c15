"""The scripted engines do exactly what a test tells them, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import trio
from trio.testing import MockClock

from agentd.core.playbook import Playbook
from agentd.engines import AudioFormat, Heard, Message, Prompt, Token, Transcript, Voice
from agentd.errors import EngineError
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS

PLAYBOOK = Playbook(name="test", language="en-US", persona="", greeting="")
PIECE = bytes(1600)  # 100 ms


def prompt(*said: str) -> Prompt:
    return Prompt("CA1", PLAYBOOK, "", tuple(Message("caller", s) for s in said))


def _ms_since(start: float) -> int:
    return round((trio.current_time() - start) * 1000)


async def transcripts(
    stt: ScriptedSTT, shape: str, *, hang_up: bool = True, give_up_s: float = 60
) -> list[tuple[int, Transcript]]:
    """Play 100 ms pieces in real time ("v" voice, "p" voice that ends with a pause, "." silence); (when ms, what)."""
    send, receive = trio.open_memory_channel[Heard](1000)
    out: list[tuple[int, Transcript]] = []
    start = trio.current_time()

    async def play() -> None:
        async with send:
            for i, kind in enumerate(shape):
                await trio.sleep_until(start + (i + 1) * 0.1)
                await send.send(Heard(PIECE, (i + 1) * 100, voiced=kind in "vp", pause=kind == "p"))
            if not hang_up:
                await trio.sleep_forever()

    with trio.move_on_after(give_up_s):
        async with trio.open_nursery() as nursery, stt.listen(receive, AudioFormat(), "en-US") as channel:
            nursery.start_soon(play)
            async for t in channel:
                out += [(_ms_since(start), t)]
            nursery.cancel_scope.cancel()
    return out


async def test_partials_grow_by_a_word_per_300_ms_and_the_pause_shows_the_whole_text(
    autojump_clock: MockClock,
) -> None:
    stt = ScriptedSTT(latency_s=0.2)
    stt.expect("I want a flat")
    got = await transcripts(stt, "vvvvvvvp" + "." * 5)
    assert [(ms, t.text, t.final) for ms, t in got] == [
        (500, "I", False),
        (600, "I", False),
        (700, "I", False),
        (800, "I want", False),
        (900, "I want", False),
        (1000, "I want a flat", False),
        (1400, "I want a flat", True),
    ]
    assert [t.until_ms for _, t in got] == [300, 400, 500, 600, 700, 800, 800]
    assert {t.from_ms for _, t in got} == {0}


async def test_voice_that_nobody_scripted_gets_numbered_words_in_proportion(autojump_clock: MockClock) -> None:
    got = await transcripts(ScriptedSTT(), "..vvvvvv....." + "vvv....")
    finals = [t for _, t in got if t.final]
    assert [(t.text, t.from_ms) for t in finals] == [("word1 word2", 200), ("word3", 1300)]


async def test_the_end_of_the_audio_makes_the_text_final(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT()
    stt.expect("שלום")
    got = await transcripts(stt, "vvv")
    assert [t.text for _, t in got] == ["שלום", "שלום"]
    assert [t.final for _, t in got] == [False, True]


async def test_an_expected_cough_gives_no_text_and_spends_its_expectation(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT()
    stt.expect("")
    stt.expect("yes")
    got = await transcripts(stt, "v....." + "vvv....")
    assert [t.text for _, t in got if t.final] == ["yes"]


async def test_two_calls_on_one_recogniser_do_not_mix(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT()
    results: dict[str, list[str]] = {}

    async def call(name: str, shape: str) -> None:
        results[name] = [t.text for _, t in await transcripts(stt, shape) if t.final]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, "a", "vvv....")
        nursery.start_soon(call, "b", "vvvvvv....vvv....")
    assert results == {"a": ["word1"], "b": ["word1 word2", "word3"]}
    assert (stt.starts, stt.live) == (2, 0)


@pytest.mark.parametrize("kind", ["connect", "mid"])
async def test_a_recogniser_fails_with_an_engine_error(autojump_clock: MockClock, kind: str) -> None:
    stt = ScriptedSTT(fail=Fault(kind))  # type: ignore[arg-type]
    with pytest.raises(EngineError):
        await expect_alone(lambda: transcripts(stt, "vvvvvvp...."))
    assert stt.live == 0


async def expect_alone(run: Callable[[], object]) -> None:
    """Unwrap the group that the test's own nursery puts around an error."""
    try:
        await run()  # type: ignore[misc]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def test_a_stalled_recogniser_says_nothing_more_and_an_expectation_survives_it(
    autojump_clock: MockClock,
) -> None:
    stt = ScriptedSTT(fail=Fault("stall", nth=1))
    stt.expect("hello there")
    assert await transcripts(stt, "vvvvvvp....", hang_up=False, give_up_s=30) == []
    assert trio.current_time() == pytest.approx(30)
    got = await transcripts(stt, "vvvvvvp....")
    assert got[-1][1].text == "hello there"


async def test_cut_ends_the_recognisers_channel_early(autojump_clock: MockClock) -> None:
    got = await transcripts(ScriptedSTT(fail=Fault("cut")), "vvvvvvvvvvvv", hang_up=False, give_up_s=30)
    assert len(got) == 1
    assert trio.current_time() < 2


async def tokens(llm: ScriptedLLM, p: Prompt) -> list[tuple[int, str]]:
    start = trio.current_time()
    out = []
    async with llm.reply(p) as channel:
        async for item in channel:
            assert isinstance(item, Token)
            out.append((_ms_since(start), item.text))
    return out


def joined(items: Iterable[tuple[int, str]]) -> str:
    return "".join(text for _, text in items)


async def test_the_model_echoes_in_two_sentences_word_by_word(autojump_clock: MockClock) -> None:
    llm = ScriptedLLM(latency_s=0.3, token_gap_s=0.05)
    got = await tokens(llm, prompt("I want a flat."))
    assert joined(got) == "You said: I want a flat. Anything else?"
    assert [ms for ms, _ in got[:3]] == [300, 350, 400]
    assert (llm.starts, llm.live) == (1, 0)


async def test_the_same_prompt_gets_the_same_reply_and_the_next_turn_the_next_one(autojump_clock: MockClock) -> None:
    llm = ScriptedLLM(replies=["One.", "Two."])
    assert [joined(await tokens(llm, p)) for p in (prompt("a"), prompt("a"), prompt("a", "b"))] == [
        "One.",
        "One.",
        "Two.",
    ]
    by_function = ScriptedLLM(replies=lambda p: p.messages[-1].text.upper())
    assert joined(await tokens(by_function, prompt("שלום abc"))) == "שלום ABC"


async def test_only_the_chosen_start_fails(autojump_clock: MockClock) -> None:
    llm = ScriptedLLM(fail=Fault("connect", nth=2))
    assert await tokens(llm, prompt("a"))
    with pytest.raises(EngineError) as failure:
        await tokens(llm, prompt("a"))
    assert failure.value.retryable
    assert await tokens(llm, prompt("a"))


async def test_a_cut_reply_is_half_a_sentence_and_an_empty_one_nothing(autojump_clock: MockClock) -> None:
    assert joined(await tokens(ScriptedLLM(fail=Fault("cut", after=3)), prompt("hello"))) == "You said: hello."
    assert await tokens(ScriptedLLM(fail=Fault("empty")), prompt("hello")) == []


async def test_failure_in_mid_stream_comes_at_the_latest_at_the_end(autojump_clock: MockClock) -> None:
    llm = ScriptedLLM(replies=["Yes."], fail=Fault("mid", after=5))
    with pytest.raises(EngineError):
        await tokens(llm, prompt("hello"))


async def test_a_stalled_reply_waits_for_its_callers_patience(autojump_clock: MockClock) -> None:
    llm = ScriptedLLM(fail=Fault("stall"))
    with trio.move_on_after(6) as patience:
        await tokens(llm, prompt("hello"))
    assert patience.cancelled_caught
    assert llm.live == 0


async def spoken(tts: ScriptedTTS, text: str, rate: float = 1.0) -> list[tuple[int, bytes]]:
    start = trio.current_time()
    out = []
    async with tts.speak(text, Voice("en-US", rate=rate)) as channel:
        async for chunk in channel:
            out += [(_ms_since(start), chunk.pcm)]
    return out


async def test_the_voice_is_an_audible_tone_as_long_as_the_text(autojump_clock: MockClock) -> None:
    got = await spoken(ScriptedTTS(latency_s=0.1), "ten chars!")
    assert sum(len(pcm) for _, pcm in got) == 16 * 600
    assert got[0][0] == got[-1][0] == 100
    assert {len(pcm) for _, pcm in got} == {1600}
    assert max(memoryview(got[0][1]).cast("h")) == 6000
    assert sum(len(pcm) for _, pcm in await spoken(ScriptedTTS(), "ten chars!", rate=2.0)) == 16 * 300


async def test_a_slow_voice_and_a_voice_with_nothing_to_say(autojump_clock: MockClock) -> None:
    got = await spoken(ScriptedTTS(chunk_gap_s=0.5), "ten chars!")
    assert [ms for ms, _ in got] == [0, 500, 1000, 1500, 2000, 2500]
    assert await spoken(ScriptedTTS(), "...") == []


async def test_a_voice_that_fails_leaves_nothing_open(autojump_clock: MockClock) -> None:
    tts = ScriptedTTS(fail=(Fault("connect", 1), Fault("mid", 2), Fault("garbage", 3)))
    for _ in range(2):
        with pytest.raises(EngineError):
            await spoken(tts, "hello there")
    assert len((await spoken(tts, "hello there"))[0][1]) % 2 == 1
    assert (tts.starts, tts.live) == (3, 0)


def test_a_fault_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="none of connect"):
        Fault("conect")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="counts starts from 1"):
        Fault("cut", nth=0)


async def test_a_final_comes_as_late_after_the_voice_as_it_is_told_to(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT(0.1, final_s=lambda: 0.9)
    into, audio = trio.open_memory_channel[Heard](10)
    finals: list[float] = []

    async def speak() -> None:
        with into:
            for i in range(20):
                await trio.sleep(0.1)
                await into.send(Heard(bytes(1600), (i + 1) * 100, voiced=i < 5))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
            finals += [trio.current_time() async for t in transcripts if t.final]
    assert finals == [pytest.approx(0.5 + 0.9)]
