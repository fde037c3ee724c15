"""What a recogniser is asked for, and what is asked for instead when Google refuses it.

Three wishes can be refused without the call being lost: the language code (he-IL is iw-IL to some recognisers), the
enhanced telephony model, and the phrase hints. Google says which in prose; a refusal that names none of them takes
them away one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agentd.core.playbook import Playbook

TELEPHONY = "telephony"
MOST_HINTS = 500  # Google takes 5000 in a request; each one weakens the others
MOST_HINT_CHARS = 100  # Google's limit

_OTHER_CODE = {"he": "iw", "iw": "he"}  # the same language, before and after 1989


@dataclass(frozen=True, slots=True)
class Ask:
    """`model` "" is whatever Google takes for the language."""

    language: str
    model: str = TELEPHONY
    hints: tuple[str, ...] = ()
    first_language: str = ""  # set on the second code: there is no third

    def less(self, refusal: str) -> tuple[Ask, str] | None:
        """The next thing to ask for after a refusal in these words, and what was given up; None: nothing is left."""
        said = refusal.casefold()
        steps: list[tuple[tuple[str, ...], Ask, str]] = []
        if self.model:
            steps.append((("model", "enhanced"), replace(self, model=""), f"the model {self.model}"))
        if other := self._other_language():
            asked = replace(self, language=other, first_language=self.language)
            steps.append((("language",), asked, f"the language {self.language}; asking for {other}"))
        if self.hints:
            steps.append((("phrase", "adaptation", "context", "hint"), replace(self, hints=()), "the phrase hints"))
        named = [step for step in steps if any(word in said for word in step[0])]
        return next(((ask, given_up) for _, ask, given_up in named or steps), None)

    def _other_language(self) -> str:
        primary, _, region = self.language.partition("-")
        if self.first_language or primary not in _OTHER_CODE:
            return ""
        return _OTHER_CODE[primary] + (f"-{region}" if region else "")


def hints_of(playbook: Playbook) -> tuple[str, ...]:
    """What callers of this business are likely to say: the playbook's hints, the business's name, and what its slots
    may hold, the most telling first."""
    slots = [word for slot in playbook.slots for word in (*slot.choices, *slot.examples)]
    wanted: Iterable[str] = (*playbook.hints, playbook.business, *slots)
    clean = (" ".join(hint.split()) for hint in wanted)
    return tuple(dict.fromkeys(hint for hint in clean if 0 < len(hint) <= MOST_HINT_CHARS))[:MOST_HINTS]
