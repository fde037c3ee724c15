"""Playout: the lead, the marks, what was heard, hold and release."""

from __future__ import annotations

import json
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st

from agentd.config import Settings
from agentd.core.media_stream import Writer
from agentd.core.playout import Due, Playout

FRAME = b"\x20" * 160


def playout() -> Playout:
    return Playout(Settings.of(), Writer("MZ1"))


def speech(p: Playout, turn: int, *phrases: tuple[str, int]) -> None:
    """A whole speech of (text, ms)."""
    p.begin(turn)
    for text, ms in phrases:
        p.phrase(turn, text)
        p.push(turn, FRAME * (ms // 20))
        p.end_phrase(turn)
    p.finish(turn)


def run(
    p: Playout, until: float, now: float = 0.0, *, echo: bool = True, delay: float = 0.03
) -> list[tuple[float, str]]:
    """Play until `until`, as the mouth and a Twilio that echoes marks `delay` after they were played would."""
    log: list[tuple[float, str]] = []
    buffer_ends = now
    echoes: list[tuple[float, str]] = []
    while True:
        due = p.due(now)
        for raw in due.messages:
            message = json.loads(raw)
            if message["event"] == "media":
                n = len(b64decode(message["media"]["payload"]))
                buffer_ends = max(buffer_ends, now) + n / 8000
                log.append((round(now, 3), f"{n}"))
            else:
                log.append((round(now, 3), message["mark"]["name"]))
                echoes.append((buffer_ends + delay, message["mark"]["name"]))
        if due.ended is not None:
            log.append((round(now, 3), f"ended {due.ended}"))
            p.done(due.ended)
            return log
        at = min([due.wake_at, *([echoes[0][0]] if echo and echoes else [])])
        if at > until:
            return log
        now = at
        if echo and echoes and echoes[0][0] <= now and (turn := p.echo(echoes.pop(0)[1], now)) is not None:
            log.append((round(now, 3), f"ended {turn}"))
            p.done(turn)
            return log


def test_the_first_frame_goes_alone_and_the_rest_stay_up_to_200_ms_ahead() -> None:
    p = playout()
    speech(p, 1, ("hello there", 1000))
    assert p.due(0.0) == Due((), (), 0, float("inf"))  # not yet allowed
    p.allow(1)
    first = p.due(5.0)
    assert (first.frames, first.started, first.replied, first.wake_at) == (1, 1, 1, 5.0)
    second = p.due(5.0)
    assert (second.frames, second.started) == (9, None)  # 200 ms in Twilio's hands
    assert round(second.wake_at, 3) == 5.05  # 150 ms are left
    assert p.due(5.04).frames == 0
    assert p.due(5.1).frames == 5


def test_a_mark_after_every_phrase_and_every_second_then_the_tail_and_the_end() -> None:
    p = playout()
    speech(p, 3, ("one", 400), ("two", 2200))
    p.allow(3)
    log = run(p, 10.0)
    marks = [what for _, what in log if ":" in what]
    assert marks == ["t3.0:20", "t3.0:70", "t3.0:120", "t3.0:130", "assistant_tts_end:3"]
    assert [what for _, what in log if what.isdigit()] == ["160"] * 130 + ["1600"]
    assert log[-1] == (2.83, "ended 3")  # 2.6 s of speech, 200 ms of tail, 30 ms for the echo


def test_a_lost_echo_ends_the_speech_150_ms_after_the_estimate() -> None:
    p = playout()
    speech(p, 1, ("one", 400))
    p.allow(1)
    assert run(p, 10.0, echo=False)[-1] == (0.75, "ended 1")


def test_a_speech_that_has_nothing_to_say_ends_at_once() -> None:
    p = playout()
    speech(p, 1)
    p.allow(1)
    assert p.due(0.0).ended == 1


def test_a_speech_that_was_replaced_is_deaf_and_mute() -> None:
    p = playout()
    p.begin(1)
    p.phrase(1, "old")
    p.begin(2)
    p.push(1, FRAME * 10)
    p.allow(1)
    p.finish(1)
    assert p.due(0.0).frames == 0
    assert p.has_room(1)
    p.allow(2)
    assert p.due(0.0).frames == 0


def test_what_was_heard_follows_the_clock_between_the_marks() -> None:
    p = playout()
    speech(p, 1, ("one two three four", 800), ("five six seven eight", 800))
    p.allow(1)
    run(p, 1.24)
    said = p.cut(1.24)
    assert said is not None
    assert (said.text, said.cut) == ("one two three four five six", True)


def test_without_any_echo_the_clock_alone_does_not_run_ahead_of_what_was_sent() -> None:
    p = playout()
    speech(p, 1, ("one two three four", 800))
    p.allow(1)
    p.due(0.0)
    p.due(0.0)  # 200 ms are out, and the writer is stuck from here
    said = p.cut(60.0)
    assert said is not None
    assert said.text == "one"


def test_echoes_after_a_clear_prove_nothing() -> None:
    p = playout()
    speech(p, 1, ("one two", 400), ("three four", 400))
    p.allow(1)
    run(p, 0.3, echo=False)
    p.hold(0.3)
    assert p.echo("t1.0:20", 0.31) is None
    assert p.echo("t1.0:40", 0.31) is None
    said = p.cut(0.32)
    assert said is not None
    assert said.text in ("", "one")


def test_hold_is_silence_and_release_says_the_cut_phrase_again() -> None:
    p = playout()
    speech(p, 1, ("one two", 400), ("three four", 400))
    p.allow(1)
    run(p, 0.62)
    p.hold(0.62)
    assert p.held
    assert not p.audible(0.63)
    assert p.due(0.7).frames == 0
    p.release(1.5)
    log = run(p, 9.0, 1.5)
    assert sum(what == "160" for _, what in log) == 20  # the second phrase, whole
    assert log[0][0] == 1.5
    assert log[-1][1] == "ended 1"


def test_hold_twice_and_release_twice_are_one() -> None:
    p = playout()
    speech(p, 1, ("one two", 400))
    p.allow(1)
    run(p, 0.2)
    p.hold(0.2)
    p.hold(0.3)
    p.release(0.5)
    p.release(0.6)
    assert sum(what == "160" for _, what in run(p, 9.0, 0.6)) == 20


def test_the_tail_is_no_speech() -> None:
    p = playout()
    speech(p, 1, ("one", 400))
    p.allow(1)
    run(p, 0.5)
    assert not p.in_tail(0.39)
    assert p.in_tail(0.41)


def test_a_filler_goes_before_the_phrase_that_is_still_in_the_making_and_is_no_part_of_the_reply() -> None:
    p = playout()
    p.begin(1)
    p.allow(1)
    p.phrase(1, "the reply")
    assert p.interject(1, "one moment", FRAME * 10)
    first = p.due(0.0)
    assert (first.started, first.replied) == (1, None)
    run(p, 0.15)
    p.push(1, FRAME * 10)
    p.end_phrase(1)
    p.finish(1)
    replied = p.due(0.15)
    assert replied.replied == 1
    run(p, 0.39, 0.15)
    said = p.cut(0.395)
    assert said is not None
    assert said.text == "the reply"


def test_a_filler_comes_too_late_when_the_reply_is_there() -> None:
    p = playout()
    p.begin(1)
    p.phrase(1, "the reply")
    p.push(1, FRAME)
    assert not p.interject(1, "one moment", FRAME)


def test_a_line_that_ran_dry_is_reported_once() -> None:
    p = playout()
    p.begin(1)
    p.phrase(1, "one")
    p.push(1, FRAME * 5)
    p.allow(1)
    run(p, 0.1)
    p.push(1, FRAME * 5)
    assert p.due(0.5).underrun_ms == 400
    assert p.due(0.5).underrun_ms == 0


def test_a_short_last_frame_is_filled_with_silence() -> None:
    p = playout()
    p.begin(1)
    p.phrase(1, "one")
    p.push(1, b"\x20" * 200)
    p.end_phrase(1)
    p.allow(1)
    p.due(0.0)
    payload = b64decode(json.loads(p.due(0.0).messages[0])["media"]["payload"])
    assert payload == b"\x20" * 40 + b"\xff" * 120


def test_a_voice_faster_than_real_time_has_to_wait() -> None:
    p = playout()
    p.begin(1)
    p.phrase(1, "one")
    p.push(1, FRAME * 150)
    assert not p.has_room(1)
    p.allow(1)
    p.due(0.0)
    assert p.has_room(1)


def test_a_reader_whose_marks_are_three_seconds_overdue_has_stalled() -> None:
    p = playout()
    speech(p, 1, ("one", 400))
    p.allow(1)
    run(p, 0.5, echo=False)
    assert not p.stalled(3.3)
    assert p.stalled(3.7)


def test_an_echo_of_ours_is_expected_as_loud_as_what_played() -> None:
    p = playout()
    speech(p, 1, ("one", 1000))
    p.allow(1)
    assert p.echo_level(0.0) == 0.0
    run(p, 0.8)
    from agentd.audio.level import frame_level

    assert round(p.echo_level(0.8)) == round(frame_level(FRAME))
    run(p, 5.0, 0.8)
    assert p.echo_level(5.0) == 0.0


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from(["hold", "release", "wait"]), st.floats(0.01, 0.9)), max_size=8),
    st.floats(0.0, 4.0),
)
def test_no_frame_of_a_speech_after_its_cut_and_heard_never_exceeds_sent(
    lengths: list[int], acts: list[tuple[str, float]], cut_at: float
) -> None:
    p = playout()
    speech(p, 1, *[(f"phrase{i}", n * 20) for i, n in enumerate(lengths)])
    p.allow(1)
    now = 0.0
    for act, wait in acts:
        log = run(p, now + wait, now)
        now += wait
        if any(what.startswith("ended") for _, what in log):
            return
        if act == "hold":
            p.hold(now)
        elif act == "release":
            p.release(now)
    log = run(p, now + cut_at, now)
    if any(what.startswith("ended") for _, what in log):
        return
    said = p.cut(now + cut_at)
    if said is not None:
        assert said.frames <= sum(lengths)
        assert len(said.text.split()) <= len(lengths)
    assert p.due(now + cut_at).frames == 0
    speech(p, 2, ("new", 20))
    p.allow(2)
    assert p.due(now + cut_at + 10).started == 2
