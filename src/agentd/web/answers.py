"""The TwiML documents of `core.twiml`, filled with this house's phrases, addresses and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from agentd.core import twiml
from agentd.core.handover import Plan, To
from agentd.core.playbook import Playbook
from agentd.core.twiml import Speech, StreamTo
from agentd.web.admission import Ticket
from agentd.web.door import Door

# Said when the playbook brings no phrase for the case; keyed by primary language.
_LAST_WORDS = {
    "he": {
        "busy": "כל הקווים שלנו תפוסים כרגע. אנא נסו שוב מאוחר יותר.",
        "trouble": "מצטערים, יש לנו תקלה כרגע.",
        "thanks": "תודה, ההודעה נשמרה. להתראות.",
        "voicemail": "אי אפשר לענות לכם כרגע. אנא השאירו שם, מספר והודעה אחרי הצליל, ונחזור אליכם.",
    },
    "en": {
        "busy": "All our lines are busy right now. Please try again later.",
        "trouble": "We are sorry, something went wrong on our side.",
        "thanks": "Thank you, your message was saved. Goodbye.",
        "voicemail": "Nobody can take your call right now. Please leave your name, number and message after the tone.",
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
        number = self.door.settings.fallback_number
        return twiml.fallback(self._speech(to, "trouble"), number, _recording(to), _dial_ended(to))

    def handed_over(self, to: StreamTo, plan: Plan, playbook: Playbook, room: str) -> bytes:
        """What the caller gets by a plan; `room`: where they meet the person of a warm transfer."""
        match plan.to:
            case To.PERSON:
                return twiml.transfer(plan.number, _dial_ended(to))
            case To.PERSON_WARM:
                return twiml.meet(room, _dial_ended(to))
            case To.VOICEMAIL:
                return self.voicemail(to, playbook.phrase("voicemail"))

    def voicemail(self, to: StreamTo, text: str = "") -> bytes:
        """`text`: of the call's own playbook, when it is known."""
        return twiml.voicemail(self._speech(to, "voicemail", text), _recording(to))

    def whisper(self, summary: str, language: str, room: str) -> bytes:
        return twiml.whisper(Speech(summary, language), room)

    def thanks(self, to: StreamTo) -> bytes:
        return twiml.thanks(self._speech(to, "thanks"))

    def _speech(self, to: StreamTo, key: str, text: str = "") -> Speech:
        language = self.door.settings.language_code
        words = _LAST_WORDS.get(language.partition("-")[0], _LAST_WORDS["en"])
        ours = self.door.phrase(key, language)
        cached = text in ("", ours) and self.door.phrase_audio(key) is not None
        text = text or ours or words.get(key, "")
        return Speech(text, language, f"{to.base}/phrases/{key}.wav" if cached else None)


def _recording(to: StreamTo) -> str:
    return f"{to.base}/webhook/handle_recording"


def _dial_ended(to: StreamTo) -> str:
    return f"{to.base}/webhook/dial_ended"


def _wav_s(wav: bytes) -> float:
    """Length of a plain WAV: the header (44 bytes) holds the bytes per second."""
    rate = int.from_bytes(wav[28:32], "little")
    return max(0.0, (len(wav) - 44) / rate) if rate else 0.0
