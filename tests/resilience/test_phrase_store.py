"""Phrases on disk: found by what made them, whole or not at all, the longest unused gone first. No virtual time here:
files are read in threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from agentd.engines import Voice
from agentd.resilience.phrase_bank import PhraseBank
from agentd.resilience.phrase_store import MAGIC, PhraseStore
from agentd.testing.scripted import Fault, ScriptedTTS

VOICE = Voice("he-IL", "", 1.05, -2.0)
HEAD = len(MAGIC) + 32


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def ticking() -> Callable[[], float]:
    ticks = itertools.count(1_000_000)
    return lambda: float(next(ticks))


@pytest.mark.parametrize(
    "other",
    [
        ("goodbye", VOICE, "google"),
        ("hello", VOICE, "openai"),
        ("hello", Voice("en-US", "", 1.05, -2.0), "google"),
        ("hello", Voice("he-IL", "Dana", 1.05, -2.0), "google"),
        ("hello", Voice("he-IL", "", 1.0, -2.0), "google"),
        ("hello", Voice("he-IL", "", 1.05, 0.0), "google"),
    ],
)
async def test_a_phrase_is_found_by_all_that_made_it_and_by_nothing_less(
    tmp_path: Path, other: tuple[str, Voice, str]
) -> None:
    await PhraseStore(tmp_path / "cache", 1).put("hello", VOICE, "google", b"audio")
    after_a_restart = PhraseStore(tmp_path / "cache", 1)
    assert await after_a_restart.get("hello", VOICE, "google") == b"audio"
    assert await after_a_restart.get(*other) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda held: held[:-1],
        lambda held: held[:10],
        lambda held: b"",
        lambda held: held[:-1] + b"x",
        lambda held: held[:HEAD],
        lambda held: b"RIFF" + held[4:],
    ],
    ids=["cut", "no head", "empty", "changed", "no audio", "another format"],
)
async def test_a_file_that_is_not_whole_is_no_phrase_and_is_removed(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    store = PhraseStore(tmp_path, 1)
    await store.put("hello", VOICE, "google", b"audio")
    [file] = files(tmp_path)
    file.write_bytes(spoil(file.read_bytes()))
    assert await store.get("hello", VOICE, "google") is None
    assert files(tmp_path) == []
    await store.put("hello", VOICE, "google", b"audio")
    assert await store.get("hello", VOICE, "google") == b"audio"


async def test_over_the_cap_the_longest_unused_go_first(tmp_path: Path) -> None:
    store = PhraseStore(tmp_path, (3 * (HEAD + 100)) / 1e6, clock=ticking())
    for name in "abc":
        await store.put(name, VOICE, "google", name.encode() * 100)
    await store.get("a", VOICE, "google")
    await store.put("d", VOICE, "google", b"d" * 100)
    there = [name for name in "abcd" if await store.get(name, VOICE, "google") is not None]
    assert there == ["a", "c", "d"]
    assert sum(f.stat().st_size for f in files(tmp_path)) <= 3 * (HEAD + 100)


async def test_what_a_crash_left_half_written_is_no_phrase_and_goes_in_time(tmp_path: Path) -> None:
    half = tmp_path / "0123.99.new"
    half.write_bytes(MAGIC)
    now = half.stat().st_mtime
    await PhraseStore(tmp_path, 1, clock=lambda: now + 60).put("a", VOICE, "google", b"a")
    assert half.exists()  # another process may be writing it
    await PhraseStore(tmp_path, 1, clock=lambda: now + 7200).put("b", VOICE, "google", b"b")
    assert not half.exists()
    assert len(files(tmp_path)) == 2


async def test_a_disk_that_cannot_be_used_costs_the_cache_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    store = PhraseStore(tmp_path / "file", 1)
    await store.put("hello", VOICE, "google", b"audio")
    assert await store.get("hello", VOICE, "google") is None
    assert "cannot keep a phrase on disk" in caplog.text
    await PhraseStore(tmp_path / "none", 0).put("hello", VOICE, "google", b"audio")
    assert not (tmp_path / "none").exists()


async def test_at_the_second_start_no_engine_is_asked(tmp_path: Path) -> None:
    texts = ["one moment", "hello there", "goodbye"]
    first, again = ScriptedTTS(), ScriptedTTS()
    one = PhraseBank({"a": first}, VOICE, PhraseStore(tmp_path, 1))
    await one.fill(texts)
    two = PhraseBank({"a": again}, VOICE, PhraseStore(tmp_path, 1))
    await two.fill(texts)
    assert (first.starts, again.starts) == (3, 0)
    assert [two.get(t) for t in texts] == [one.get(t) for t in texts]


async def test_what_a_fallback_voice_said_is_said_by_the_first_one_at_the_next_start(tmp_path: Path) -> None:
    async def start(*voices: ScriptedTTS) -> PhraseBank:
        bank = PhraseBank(dict(zip("ab", voices, strict=True)), VOICE, PhraseStore(tmp_path, 1))
        assert await bank.fill(["hello"]) == {}
        return bank

    short, long = ScriptedTTS(seconds_per_char=0.05), ScriptedTTS(seconds_per_char=0.1)
    bad_day = await start(ScriptedTTS(fail=Fault("connect")), long)
    worse_day = await start(ScriptedTTS(fail=Fault("connect")), ScriptedTTS(fail=Fault("connect")))
    good_day = await start(short, long)
    lengths = [len(bank.get("hello") or b"") for bank in (bad_day, worse_day, good_day)]
    assert lengths[0] == lengths[1] == pytest.approx(2 * lengths[2], rel=0.01)
    assert long.starts == 1


async def test_cancelled_while_filling_what_is_there_is_whole(tmp_path: Path) -> None:
    with trio.move_on_after(0.05):
        await PhraseBank({"a": ScriptedTTS(0.02)}, VOICE, PhraseStore(tmp_path, 1)).fill(
            [f"text {i}" for i in range(40)]
        )
    bank = PhraseBank({"a": ScriptedTTS()}, VOICE, PhraseStore(tmp_path, 1))
    await bank.fill([f"text {i}" for i in range(40)])
    assert all(bank.get(f"text {i}") for i in range(40))
