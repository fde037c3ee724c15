"""Who is recorded was told, and has not refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.consent import Consent, Step, after, refuses


@given(st.lists(st.sampled_from(Step)))
def test_nothing_is_recorded_before_the_announcement_or_after_a_refusal(steps: list[Step]) -> None:
    state = Consent.UNTOLD
    for n, step in enumerate(steps):
        state = after(state, step)
        so_far = steps[: n + 1]
        if state in (Consent.RECORDING, Consent.PAUSED):
            assert Step.HEARD in so_far
            assert Step.REFUSE not in so_far
        if Step.REFUSE in so_far:
            assert state is Consent.REFUSED


def test_a_pause_ends_when_it_is_told_to() -> None:
    state = after(Consent.UNTOLD, Step.HEARD)
    for step, expected in (
        (Step.GO_ON, Consent.RECORDING),
        (Step.PAUSE, Consent.PAUSED),
        (Step.HEARD, Consent.PAUSED),
        (Step.GO_ON, Consent.RECORDING),
    ):
        state = after(state, step)
        assert state is expected


@pytest.mark.parametrize(
    "text",
    [
        "please don't record me",
        "I do not want to be recorded",
        "stop recording",
        "no recording please",
        "Without recording, please. I need a flat.",
        "recording is not okay with me",
        "לא להקליט",
        "אל תקליטו אותי בבקשה",
        "אני לא רוצה שיקליטו",
        "תפסיקי להקליט",
        "בלי הקלטה",
        "אני לא מסכימה שהשיחה תהיה מוקלטת",
    ],
)
def test_a_refusal(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no, I am looking for a flat",
        "is this call recorded?",
        "yes, you may record",
        "I don't have the records here",
        "there is no record of my payment",
        "כן, אפשר להקליט",
        "לא, תודה",
        "השיחה מוקלטת?",
    ],
)
def test_no_refusal(text: str) -> None:
    assert not refuses(text)
