"""The rule book of a call: every decision, synchronous, in one task step (DESIGN 4).

The ears bring cues and digits, the recogniser words, guards their wishes; `floor` is what we do about it.

| state      | the caller ...                    | so we ...                                                         |
|------------|-----------------------------------|-------------------------------------------------------------------|
| LISTENING  | pauses, and the words are stable  | speculate: prepare the reply, unheard                             |
|            | goes on after all                 | drop the guess                                                    |
|            | has finished (EOU)                | PROCESSING: take the words (now, or when they cover the audio)    |
|            | speaks on and on                  | prepare, and answer at the next pause, or into it at 15 s         |
|            | has finished, and no words came   | ask, twice in two ways, then apologise; words that come after     |
|            |                                   | all are answered, unless the caller has begun again               |
| PROCESSING | goes on before we were heard      | LISTENING: give the words back, cancel the turn                   |
|            | (our first frame goes out)        | SPEAKING                                                          |
| SPEAKING   | makes a sound for 180 ms          | hold: `clear`, keep the turn                                      |
|            | says words, or goes on for 700 ms | take: cancel the turn, LISTENING, nothing they said is lost       |
|            | said "mm-hm", or nothing          | release: go on from the phrase that was cut                       |
"""

from __future__ import annotations

from collections.abc import Callable

from agentd.call.floor import Floor, Hands
from agentd.call.turn import Desk, Times
from agentd.config import Settings
from agentd.core.barge_in import Verdict
from agentd.core.call_state import State
from agentd.core.dtmf import DigitGatherer
from agentd.core.duplicates import Duplicates
from agentd.core.endpointing import Cue, Endpointer
from agentd.core.greeting import Greeting
from agentd.core.hearing import ASSUMED_LAG_MS, Hearing, News
from agentd.core.history import History
from agentd.core.media_stream import FRAME_MS
from agentd.core.playbook import Playbook
from agentd.core.settling import Settled, Settling
from agentd.engines import Transcript
from agentd.events import AsrText, CallerSaid, Dedup, Dtmf, EndOfUtterance, Private, TurnGuessed

GUESSES = 2  # per utterance: guessing on every partial cost 2.9 LLM starts a turn, this rule 1.0 (measured)
NO_WORDS_MS = 400  # voice shorter than this, without words, never happened (SPEC 2.9)
ASKS = ("again", "again", "trouble")  # to voice without words, in a row (SPEC 4.2); a radio is told no more
OVERLONG = 15_000 // FRAME_MS  # of one utterance: then we speak, politely, into it (SPEC 2.5)


class Brain:
    """`opening`: what we say first if the caller does not, as (kind of turn, text)."""

    def __init__(
        self,
        settings: Settings,
        playbook: Playbook,
        hands: Hands,
        desk: Desk,
        history: History,
        opening: tuple[str, str],
    ) -> None:
        self._playbook, self._hands, self._opening = playbook, hands, opening
        self.endpointer = Endpointer(settings)
        self.floor = Floor(settings, hands, desk, history, after_speech=self.endpointer.agent_spoke)
        self.hearing = Hearing()
        self.digits = DigitGatherer()
        self.frame = 0  # media frames heard
        self.last_active_s = hands.now()  # when somebody last spoke, or was about to
        self._greeting = Greeting(settings)
        self._settling = Settling(settings)
        self._duplicates = Duplicates(settings)
        self._voice_ended_s = self._decided_s = hands.now()  # T1 and EOU of the last utterance
        self._eou_reason = ""
        self._first_partial_ms: int | None = None
        self._guesses = 0
        self._overlong = False
        self._after_take = False
        self.deaf: Callable[[], bool] = lambda: False  # set by the call: no recogniser works at all
        self._asks = 0
        self._unheard = False  # the last utterance brought no words, and the caller has not begun again
        self._found_late = False  # ... until now: to be answered as soon as we are silent
        self._late_turn = 0  # the turn that answers such words
        self._taken_by = 0  # the turn that answers the words which `hearing` took last; 0: none
        self._ending: tuple[str, str] | None = None

    @property
    def state(self) -> State:
        return self.floor.state

    # --- what the ears bring

    def heard(self, voiced: bool, level: float, threshold: float) -> None:
        """One frame of the caller, judged by the detector: its level, and what that was held against."""
        self.frame += 1
        now = self._hands.now()
        if voiced:
            self.last_active_s = now
        cue = self.endpointer.hear(voiced, level, threshold)
        self._interrupted(self.floor.barge_in.hear(voiced, level), "voice")
        if cue is not None:
            self._act(cue)
        if self._overlong and self.frame - self.endpointer.onset_frame >= OVERLONG:
            self._end_overlong()
        self._settle()
        if self._greeting.hear(voiced):
            kind, text = self._opening
            self.say(text, kind=kind)
        if (digits := self.digits.tick()) is not None:
            self._dialled(digits)
        self._tick(now)

    def words(self, t: Transcript) -> None:
        """A result of the recogniser."""
        now_ms = self.frame * FRAME_MS
        voice_ms = (self.endpointer.last_voiced_frame + 1) * FRAME_MS
        news = self.hearing.hear(t, min(now_ms, voice_ms + ASSUMED_LAG_MS))
        latency_ms = None if t.until_ms is None else max(0, now_ms - t.until_ms)
        self._hands.emit(AsrText(length=len(t.text), latency_ms=latency_ms, final=t.final, text=Private(t.text)))
        if news is News.CORRECTION:
            self._correct()
        elif news is News.FOUND:
            self._find()
        if news is not News.WORDS or not self.hearing.text:
            return
        if self._first_partial_ms is None and self.endpointer.in_utterance:
            self._first_partial_ms = max(0, now_ms - self.endpointer.onset_frame * FRAME_MS)
        self._interrupted(self.floor.barge_in.words(self.hearing.text), "words")
        cue = self.endpointer.words(self.hearing.text, self.hearing.until_ms, self.hearing.complete)
        if cue is not None:
            self._act(cue)
        self._settle()

    def digit(self, digit: str) -> None:
        """A key was pressed: it silences us and gathers (SPEC 2.10)."""
        self.last_active_s = self._hands.now()
        if self.endpointer.in_utterance and not self.hearing.text:
            self.endpointer.drop()  # its beginning was judged voice before it was reported as a key
        if self.state is State.SPEAKING and self.floor.playout.interruptible:
            self.floor.take("dtmf")
        if (digits := self.digits.press(digit)) is not None:
            self._dialled(digits)

    # --- what guards and the house bring

    def say(self, text: str, *, kind: str = "prompt", interruptible: bool = True, then_end: str = "") -> bool:
        """Speak a text of ours, if nobody speaks or is about to."""
        if self.state is not State.LISTENING or self.endpointer.in_utterance or not text:
            return False
        self.floor.drop("prompt")
        self._greeting.drop()
        turn = self.floor.begin(kind, fixed=text, interruptible=interruptible, then_end=then_end)
        self.floor.move(State.PROCESSING, kind)
        self.floor.clock.start(self._hands.now())
        self.floor.commit(turn)
        return True

    def finish(self, reason: str, goodbye: str) -> None:
        """End the call at the next chance, after saying goodbye; at once if there is nothing to say."""
        if not goodbye:
            self._hands.end(reason)
        elif self._ending is None:
            self._ending = (reason, goodbye)
            self._tick(self._hands.now())

    # --- listening

    def _act(self, cue: Cue) -> None:
        if cue is Cue.ONSET:
            self._unheard = self._found_late = False
        match cue, self.state:
            case Cue.ONSET, State.LISTENING:
                self.floor.drop("new utterance")
                self._guesses, self._first_partial_ms, self._overlong = 0, None, False
            case Cue.RESUME, State.LISTENING:
                self.floor.drop("caller went on")
            case Cue.SPECULATE, State.LISTENING:
                self._speculate()
            case Cue.EOU, State.LISTENING if self.endpointer.reason == "timeout":
                self._overlong = True
                self._speculate()
            case Cue.EOU, State.LISTENING:
                self._end_of_utterance(self.endpointer.reason)
            case (Cue.ONSET | Cue.RESUME, State.PROCESSING):
                self._caller_went_on()
            case _:
                pass  # a sound under our speech: the barge-in core decides what it was

    def _speculate(self) -> None:
        text, turn = self.hearing.text, self.floor.turn
        if not text or self._guesses >= GUESSES or self.digits.gathering:
            return
        if turn is not None and turn.words == text and not turn.scope.cancel_called:
            return
        self.floor.drop("other words")
        self._guesses += 1
        turn = self.floor.begin("reply", words=text)
        turn.speculative = True
        self._hands.emit(TurnGuessed(turn=turn.number))

    def _end_overlong(self) -> None:
        self._overlong = False
        if self.state is State.LISTENING and self.endpointer.in_utterance:
            self.endpointer.drop()
            self._end_of_utterance("timeout")

    def _end_of_utterance(self, reason: str) -> None:
        ep = self.endpointer
        t1_ms = (ep.last_voiced_frame + 1) * FRAME_MS
        self._eou_reason = "timeout" if self._overlong else reason
        self._overlong = False
        silence_ms = self.frame * FRAME_MS - t1_ms
        self._decided_s = self._hands.now()
        self._voice_ended_s = self._decided_s - silence_ms / 1000
        self._hands.emit(
            EndOfUtterance(
                length_ms=t1_ms - ep.onset_frame * FRAME_MS,
                silence_ms=silence_ms,
                reason=self._eou_reason,
            )
        )
        self.floor.move(State.PROCESSING, "eou")
        self.floor.clock.start(self._voice_ended_s)
        self._settling.start(t1_ms, self.frame * FRAME_MS)
        self._settle()

    def _settle(self) -> None:
        """Take the words of the utterance as soon as they rest on enough of its audio."""
        text = self.hearing.text
        verdict = self._settling.verdict(text, self.hearing.until_ms, self.frame * FRAME_MS)
        if verdict is None:
            return
        t1_ms = self._settling.voice_ended_ms
        self._settling.stop()
        if verdict is Settled.WORDS:
            self._answer(text, t1_ms)
        else:
            self._empty(t1_ms)

    def _answer(self, text: str, t1_ms: int) -> None:
        now = self._hands.now()
        if self._duplicates.repeats(text, now, self.floor.spoke_s):
            self._hands.emit(Dedup(why="same words, nothing said between"))
            self._give_up(t1_ms, "duplicate")
            return
        self._greeting.drop()
        from_ms = self.hearing.taken_ms
        self.hearing.take(t1_ms)
        self._asks, self._after_take = 0, False
        self._reply(text, from_ms, t1_ms)

    def _reply(self, text: str, from_ms: int, t1_ms: int) -> None:
        now, turn = self._hands.now(), self.floor.turn
        if turn is None or turn.scope.cancel_called or turn.words != text:
            self.floor.drop("other words")
            turn = self.floor.begin("reply", words=text)
        turn.eou_reason = self._eou_reason
        turn.times = Times(self._voice_ended_s, self._decided_s, now, self._first_partial_ms, turn.times.audio_ready)
        self._taken_by = turn.number
        self.floor.history.caller(turn.number, text)
        self._hands.emit(CallerSaid(turn=turn.number, from_ms=from_ms, until_ms=t1_ms, text=Private(text)))
        self.floor.commit(turn, not_before=self._voice_ended_s + self._hands.delay_s())

    def _empty(self, t1_ms: int) -> None:
        """Voice, and no words of it: we ask; an opening that was not said yet is such a question too."""
        voiced_ms = self.endpointer.voiced_frames * FRAME_MS
        self._give_up(t1_ms, "empty")
        if self._after_take:
            self._after_take = False
            self.say(self._playbook.phrase("go-on", self.floor.turns))
        elif voiced_ms >= NO_WORDS_MS:
            self._unheard = True
            if (self._asks < len(ASKS) or self.deaf()) and (self.floor.turns or not self._opening[1]):
                key = ASKS[min(self._asks, len(ASKS) - 1)]
                self._asks += self.say(self._playbook.phrase(key, self._asks))
        if self.floor.turn is not None:
            self.floor.clock.start(self._voice_ended_s)  # that they wait since then has not changed

    def _find(self) -> None:
        """Words of an utterance that was taken to have none. Their answer takes the place of our question, or follows
        it; a caller who has begun again is saying them better."""
        if not self._unheard:
            return
        self._unheard, self._found_late = False, True
        turn = self.floor.turn
        if self.state is State.PROCESSING and turn is not None and turn.kind == "prompt":
            self.floor.drop("words after all")
            self.floor.clock.stop()
            self.floor.move(State.LISTENING, "cancelled")
        self._answer_late()

    def _answer_late(self) -> None:
        if not self._found_late or self.state is not State.LISTENING or self.endpointer.in_utterance:
            return
        self._found_late, self._asks = False, 0
        self.floor.drop("words after all")
        self.floor.move(State.PROCESSING, "eou")
        self.floor.clock.start(self._hands.now())
        self._greeting.drop()
        self._reply(self.hearing.taken_text, self.hearing.taken_from_ms, self.hearing.taken_ms)
        self._late_turn = self._taken_by

    def _give_up(self, t1_ms: int, cause: str) -> None:
        self.hearing.take(t1_ms)
        self._taken_by = 0
        self.floor.drop(cause)
        self.floor.clock.stop()
        self.floor.move(State.LISTENING, cause)

    def _caller_went_on(self) -> None:
        """Between the end of their utterance and our first sound: we are not heard, their words are one turn."""
        turn, settling = self.floor.turn, self._settling.under_way
        if turn is not None and turn.kind != "reply" and not settling:
            return  # a prompt of ours is about to sound; let barge-in handle the rest
        again = turn is not None and turn.number == self._late_turn  # they say it again: it is not said twice
        if turn is not None and not settling:
            self.floor.history.take_back(turn.number)
            if not again:
                self.hearing.give_back()
            self._taken_by = 0
        self._settling.stop()
        self.floor.drop("caller went on")
        self.floor.clock.stop()
        if not again:
            self.endpointer.reopen()
        self.floor.move(State.LISTENING, "caller-went-on")

    def _correct(self) -> None:
        """A late final changed the words of the turn that was taken; we think again if nothing was heard yet."""
        turn, text, history = self.floor.turn, self.hearing.taken_text, self.floor.history
        if not self._taken_by or not history.correct_last(text):
            return
        number = history.last_caller()
        self._hands.emit(
            CallerSaid(turn=number, from_ms=0, until_ms=self.hearing.taken_ms, text=Private(text), late=True)
        )
        if turn is not None and turn.number == number and self.state is State.PROCESSING:
            history.take_back(number)
            times, reason = turn.times, turn.eou_reason
            self.floor.drop("late final")
            again = self.floor.begin("reply", words=text)
            times.audio_ready = None
            again.times, again.eou_reason = times, reason
            self._taken_by = again.number
            history.caller(again.number, text)
            self.floor.commit(again)

    def _dialled(self, digits: str) -> None:
        """Keys were gathered: they are what the caller said."""
        self._hands.emit(Dtmf(digits=Private(digits)))
        if self.state is not State.LISTENING:
            return
        self.floor.drop("dtmf")
        self._eou_reason = "dtmf"
        self._decided_s = self._voice_ended_s = self._hands.now()
        self.floor.move(State.PROCESSING, "eou")
        self.floor.clock.start(self._decided_s)
        self._answer(" ".join([t for t in (self.hearing.text, digits) if t]), self.frame * FRAME_MS)

    def _interrupted(self, verdict: Verdict | None, why: str) -> None:
        if verdict is Verdict.RELEASE and self.state is State.SPEAKING:
            self.hearing.take(self.frame * FRAME_MS)  # "mm-hm" is no part of what they say next
            self._taken_by = 0
        if self.floor.judge(verdict, why):
            self._after_take = True
            if not self.endpointer.in_utterance:  # the words came after their own silence
                self._end_of_utterance("silence")

    def _tick(self, now: float) -> None:
        if self.state is not State.LISTENING or self.endpointer.in_utterance:
            self.last_active_s = now
        self.floor.tick(now)
        self._answer_late()
        if self.floor.playout.stalled(now):
            self._hands.end("stalled-reader")
        if self._ending is not None and self.state is State.LISTENING:
            reason, goodbye = self._ending
            if self.say(goodbye, kind="goodbye", interruptible=False, then_end=reason):
                self._ending = None
