"""May this call be recorded? The caller is told first, and may refuse (RELIABILITY 3, I8). Pure.

| state     | told, and heard | refuses | pause  | go on     |
|-----------|-----------------|---------|--------|-----------|
| UNTOLD    | RECORDING       | REFUSED | -      | -         |
| RECORDING | -               | REFUSED | PAUSED | -         |
| PAUSED    | -               | REFUSED | -      | RECORDING |
| REFUSED   | -               | -       | -      | -         |

"-": nothing changes. REFUSED is for good: what was recorded until then is removed.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

_REFUSES: Final = re.compile(
    r"\b(do not|don'?t|stop|no|not|without|never)\b[^.?!]{0,30}\brecord(ed|ing)\b"
    r"|\b(do not|don'?t|never|not to) record\b"
    r"|\brecording\b[^.?!]{0,20}\b(is not|isn'?t) (ok|okay|fine|alright|all right)\b"
    r"|(לא|אל|בלי|תפסיקי?|תפסיקו|להפסיק)[^.?!]{0,25}"
    r"(להקליט|תקליטי?|תקליטו|הקלטה|ההקלטה|מקליטי?ם?|מוקלטת?|שיקליטו|מקליטה)",
    re.IGNORECASE,
)


class Consent(StrEnum):
    UNTOLD = "untold"
    RECORDING = "recording"
    PAUSED = "paused"
    REFUSED = "refused"


class Step(StrEnum):
    """What may happen to a consent."""

    HEARD = "heard"  # the announcement was, to its end
    REFUSE = "refuse"
    PAUSE = "pause"
    GO_ON = "go-on"


TABLE: Final[dict[tuple[Consent, Step], Consent]] = {
    (Consent.UNTOLD, Step.HEARD): Consent.RECORDING,
    (Consent.RECORDING, Step.PAUSE): Consent.PAUSED,
    (Consent.PAUSED, Step.GO_ON): Consent.RECORDING,
    **{(state, Step.REFUSE): Consent.REFUSED for state in (Consent.UNTOLD, Consent.RECORDING, Consent.PAUSED)},
}


def after(state: Consent, step: Step) -> Consent:
    """The state after a step; the same when the step changes nothing."""
    return TABLE.get((state, step), state)


def refuses(text: str) -> bool:
    """Whether the caller's words say that they are not to be recorded, in Hebrew or English."""
    return bool(_REFUSES.search(text))
