"""The TwiML documents of `core.twiml`, filled with this house's phrases, addresses and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from agentd.core import twiml
from agentd.core.twiml import Speech, StreamTo
from agentd.web.admission import Ticket
from agentd.web.door import Door

# Said when the playbook brings no phrase for the case; keyed by primary language.
_LAST_WORDS = {
    "he": {
        "busy": "כל הקווים שלנו תפוסים כרגע. אנא נסו שוב מאוחר יותר.",
        "trouble": "מצטערים, יש לנו תקלה כרגע.",
        "thanks": "תודה, ההודעה נשמרה. להתראות.",
    },
    "en": {
        "busy": "All our lines are busy right now. Please try again later.",
        "trouble": "We are sorry, something went wrong on our side.",
        "thanks": "Thank you, your message was saved. Goodbye.",
    },
}
# A guess, for text that Twilio speaks itself: about twelve characters a second.
_CHARS_PER_S = 12.0


@dataclass(frozen=True, slots=True)
class Answers:
    """Builds documents; decides nothing."""

    door: Door

    def connect(self, to: StreamTo, ticket: Ticket, first: Speech | None = None) -> bytes:
        return twiml.connect(to, ticket.parameters(), first)

    def greeting(self, to: StreamTo) -> tuple[Speech | None, float]:
        """What Twilio plays before the stream, and for how many seconds; nothing unless TWIML_PLAY_GREETING."""
        if not self.door.settings.twiml_play_greeting:
            return None, 0.0
        speech = self._speech(to, "greeting")
        wav = self.door.phrase_audio("greeting")
        return (speech, _wav_s(wav) if wav else len(speech.text) / _CHARS_PER_S) if speech.text else (None, 0.0)

    def busy(self, to: StreamTo, sentence: str | None = None) -> bytes:
        """`sentence`: a plugin's own words for this call, said even if there is a fallback number."""
        if sentence is not None:
            return twiml.busy(Speech(sentence, self.door.settings.language_code))
        return twiml.busy(self._speech(to, "busy"), self.door.settings.fallback_number)

    def fallback(self, to: StreamTo) -> bytes:
        return twiml.fallback(
            self._speech(to, "trouble"), self.door.settings.fallback_number, f"{to.base}/webhook/handle_recording"
        )

    def thanks(self, to: StreamTo) -> bytes:
        return twiml.thanks(self._speech(to, "thanks"))

    def _speech(self, to: StreamTo, key: str) -> Speech:
        language = self.door.settings.language_code
        words = _LAST_WORDS.get(language.partition("-")[0], _LAST_WORDS["en"])
        text = self.door.phrase(key, language) or words.get(key, "")
        cached = self.door.phrase_audio(key) is not None
        return Speech(text, language, f"{to.base}/phrases/{key}.wav" if cached else None)


def _wav_s(wav: bytes) -> float:
    """Length of a plain WAV: the header (44 bytes) holds the bytes per second."""
    rate = int.from_bytes(wav[28:32], "little")
    return max(0.0, (len(wav) - 44) / rate) if rate else 0.0
