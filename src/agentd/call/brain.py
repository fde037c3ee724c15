"""The rule book of a call: every decision, synchronous, in one task step (DESIGN 4).

The ears bring cues and digits, the recogniser words, guards their wishes. `answers` turns utterances into turns, the
`floor` is our side of the line; here is what a cue means in each state.

| state      | the caller ...                    | so we ...                                                         |
|------------|-----------------------------------|-------------------------------------------------------------------|
| LISTENING  | pauses, and the words are stable  | speculate: prepare the reply, unheard                             |
|            | goes on after all                 | drop the guess                                                    |
|            | has finished (EOU)                | PROCESSING: take the words (now, or when they cover the audio)    |
|            | speaks on and on                  | prepare, and answer at the next pause, or into it at 15 s         |
| PROCESSING | makes a sound                     | wait with our first frame, to see what it is                      |
|            | goes on: words, or 200 ms of voice| LISTENING: give the words back, cancel the turn                   |
|            | (our first frame goes out)        | SPEAKING                                                          |
| SPEAKING   | makes a sound for 180 ms          | hold: `clear`, keep the turn                                      |
|            | says words, or goes on for 700 ms | take: cancel the turn, LISTENING, nothing they said is lost       |
|            | said "mm-hm", or nothing          | release: go on from the phrase that was cut                       |
|            | says words that may not stop us   | answer them when we have finished                                 |
"""

from __future__ import annotations

from typing import Protocol

from agentd.call.answers import Answers
from agentd.call.floor import Floor, Hands
from agentd.call.turn import Desk
from agentd.config import Settings
from agentd.core.asked import asked_slot, keys_expected
from agentd.core.barge_in import Verdict, is_backchannel
from agentd.core.call_state import State
from agentd.core.dtmf import DigitGatherer
from agentd.core.endpointing import Cue, Endpointer
from agentd.core.greeting import Greeting
from agentd.core.hearing import ASSUMED_LAG_MS, Hearing, News
from agentd.core.history import History
from agentd.core.media_stream import FRAME_MS
from agentd.core.playbook import Playbook
from agentd.engines import Transcript
from agentd.events import AsrText, Dtmf, Private

DOUBT_FRAMES = 200 // FRAME_MS  # of voice before our first sound: less is a cough, and stops no answer
RELEASED_FRAMES = 3000 // FRAME_MS  # words this long after a release may still be of the sound that was let go
OVERLONG = 15_000 // FRAME_MS  # of one utterance: then we speak, politely, into it (SPEC 2.5)
GOODBYE_S = 5.0  # a call that must end waits this long for a gap, then takes the floor


class Announced(Protocol):
    """What must be announced, to its end, before anything is recorded; "" when nothing must (any more)."""

    announcement: str

    def announced(self, turn: int) -> None: ...


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
        self.floor = Floor(settings, hands, desk, history, after_speech=self._after_speech)
        self.hearing = Hearing()
        self.answers = Answers(
            settings, playbook, hands, self.floor, self.hearing, self.endpointer, self.say, self._opening_due
        )
        self.digits = DigitGatherer()
        self.recording: Announced | None = None  # set by the call
        self.frame = 0  # media frames heard
        self.last_active_s = hands.now()  # when somebody last spoke, or was about to
        self._greeting: Greeting | None = Greeting(settings)  # until our opening is over
        self._turns_before = self.floor.turns  # of the stream that this one took over from
        self._overlong = False
        self._into = False  # we are about to speak into an overlong utterance
        self._doubt = False  # a sound has begun before our first frame, and may be nothing
        self._released_frame = -RELEASED_FRAMES
        self._keyed = ""  # keys that nobody has answered yet
        self._ending: tuple[str, str, float] | None = None  # reason, goodbye, when we stop waiting for a gap

    @property
    def state(self) -> State:
        return self.floor.state

    # --- what the ears bring

    def heard(self, voiced: bool, level: float, threshold: float) -> None:
        """One frame of the caller, judged by the detector: its level, and what that was held against."""
        self.frame += 1
        if voiced:
            self.last_active_s = self._hands.now()
        cue = self.endpointer.hear(voiced, level, threshold)
        verdict = self.floor.barge_in.hear(voiced, level)
        if verdict is not None:
            self._interrupted(verdict, "voice")
        if cue is not None:
            self._act(cue)
        if self._doubt:
            self._resolve_doubt()
        if self._overlong and self.frame - self.endpointer.onset_frame >= OVERLONG:
            self._end_overlong()
        self.answers.settle(self.frame)
        if self._greeting is not None and self._greeting.hear(voiced):
            self._open()
        if (digits := self.digits.tick()) is not None:
            self._dialled(digits)
        self._tick()

    def _open(self) -> None:
        """Our first words are due, if they still are."""
        if not self._opening_due():
            self._greeting = None
        elif not self._announce():
            kind, text = self._opening
            self.say(text, kind=kind)

    def words(self, t: Transcript) -> None:
        """A result of the recogniser."""
        now_ms = self.frame * FRAME_MS
        voice_ms = (self.endpointer.last_voiced_frame + 1) * FRAME_MS
        dip_ms = self.endpointer.dip_frame * FRAME_MS
        news = self.hearing.hear(t, min(now_ms, voice_ms + ASSUMED_LAG_MS), voice_ms, dip_ms)
        latency_ms = None if t.until_ms is None else max(0, now_ms - t.until_ms)
        self._hands.emit(AsrText(length=len(t.text), latency_ms=latency_ms, final=t.final, text=Private(t.text)))
        if news is News.CORRECTION:
            self.answers.correct()
        elif news is News.FOUND and not self.answers.find() and self.state is State.SPEAKING:
            self._reconsider_release()
        if news is not News.WORDS or not self.hearing.text:
            return
        if self.endpointer.in_utterance:
            self.answers.first_partial(now_ms - self.endpointer.onset_frame * FRAME_MS)
        if self._doubt:
            self._went_on()
        self._interrupted(self.floor.barge_in.words(self.hearing.text), "words")
        cue = self.endpointer.words(self.hearing.text, self.hearing.until_ms, self.hearing.complete)
        if cue is not None:
            self._act(cue)
        self.answers.settle(self.frame)

    def digit(self, digit: str) -> None:
        """A key was pressed: it silences us and gathers (SPEC 2.10)."""
        self.last_active_s = self._hands.now()
        if self.endpointer.in_utterance and not self.hearing.text:
            self.endpointer.drop()  # its beginning was judged voice before it was reported as a key
        if self.state is State.SPEAKING and self.floor.playout.interruptible:
            self.floor.take("dtmf")
        elif self.state is State.PROCESSING:
            self._went_on()
            self.endpointer.drop()  # what they said before is answered together with the keys
        if (digits := self.digits.press(digit)) is not None:
            self._dialled(digits)

    # --- what guards and the house bring

    def say(self, text: str, *, kind: str = "prompt", interruptible: bool = True, then_end: str = "") -> bool:
        """Speak a text of ours, if nobody speaks or is about to."""
        busy = self.endpointer.in_utterance or self.digits.gathering or self._keyed
        if self.state is not State.LISTENING or busy or not text:
            return False
        self.floor.drop("prompt")
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
            self._ending = (reason, goodbye, self._hands.now() + GOODBYE_S)
            self._tick()

    # --- listening

    def _act(self, cue: Cue) -> None:
        if cue is Cue.ONSET:
            self.answers.onset()
            self._overlong = False
        match cue, self.state:
            case Cue.ONSET, State.LISTENING:
                self.floor.drop("new utterance")
            case Cue.RESUME, State.LISTENING:
                self.floor.drop("caller went on")
            case (Cue.SPECULATE | Cue.EOU, State.LISTENING) if self.digits.gathering:
                pass  # answered with the keys
            case Cue.SPECULATE, State.LISTENING:
                self.answers.speculate()
            case Cue.EOU, State.LISTENING if self.endpointer.reason == "timeout":
                self._overlong = True
                self.hearing.split()
                self.answers.speculate()
            case Cue.EOU, State.LISTENING:
                self._end_of_utterance()
            case (Cue.ONSET | Cue.RESUME, State.PROCESSING) if not self._into:
                self._doubt_or_go_on()
            case _:
                pass  # a sound under our speech: the barge-in core decides what it was

    def _end_of_utterance(self) -> None:
        reason = "timeout" if self._overlong else self.endpointer.reason or "silence"
        self._overlong = False
        self.answers.end_of_utterance(reason, self.frame)

    def _end_overlong(self) -> None:
        if self.state is State.LISTENING and self.endpointer.in_utterance:
            self.endpointer.drop()
            self._into = True
            self._end_of_utterance()
        self._overlong = False

    def _doubt_or_go_on(self) -> None:
        """A sound before our first frame. Of an answer that is under way it must be more than a cough."""
        if self.answers.settling or self.floor.turn is None:
            self._went_on()
        elif self.floor.turn.kind == "reply" and not self._doubt:
            self._doubt = True
            self.floor.suspend()

    def _resolve_doubt(self) -> None:
        if self.state is not State.PROCESSING:
            self._doubt = False
        elif self.endpointer.voiced_frames >= DOUBT_FRAMES and self.endpointer.in_utterance:
            self._went_on()
        elif self.frame - self.endpointer.last_voiced_frame > DOUBT_FRAMES:
            self._doubt = False
            self.endpointer.drop()
            self.floor.resume()

    def _went_on(self) -> None:
        self._doubt = False
        self.answers.went_on()

    def _dialled(self, digits: str) -> None:
        """Keys were gathered."""
        self._hands.emit(Dtmf(digits=Private(digits)))
        self._keyed += digits
        self._answer_keys()

    def _answer_keys(self) -> None:
        if self._keyed and self.state is State.LISTENING:
            digits, self._keyed = self._keyed, ""
            self.endpointer.drop()
            self.answers.keyed(digits, self.frame * FRAME_MS)

    # --- while we speak, and after

    def _interrupted(self, verdict: Verdict | None, why: str) -> None:
        if verdict is Verdict.RELEASE and self.state is State.SPEAKING:
            self.answers.take_backchannel(self.frame * FRAME_MS)
            self._released_frame = self.frame
        if self.floor.judge(verdict, why):
            self.answers.after_take = True
            if not self.endpointer.in_utterance:  # the words came after their own silence
                self._end_of_utterance()

    def _reconsider_release(self) -> None:
        """Words of a sound that was let go: "stop", of which a slow recogniser told us too late."""
        recent = self.frame - self._released_frame < RELEASED_FRAMES
        if recent and not is_backchannel(self.hearing.taken_text):
            self._released_frame = -RELEASED_FRAMES
            self.hearing.give_back()
            self._interrupted(Verdict.TAKE, "words")

    def _after_speech(self) -> None:
        """A turn of ours is over. What was said under it, and could not stop it, is answered now."""
        self._into = False
        self.endpointer.agent_spoke()
        self.digits.expect(keys_expected(asked_slot(self._playbook, self.floor.history.last_agent())))
        text = self.hearing.text
        if self.endpointer.in_utterance or self._ending is not None:
            return
        if not text:
            self._announce()
        elif is_backchannel(text):
            self.answers.take_backchannel(self.frame * FRAME_MS)
        else:
            self.answers.end_of_utterance("silence", self.frame, under_us=True)

    def _opening_due(self) -> bool:
        first = self._opening[1] or (self.recording is not None and self.recording.announcement)
        return bool(first) and self.floor.turns == self._turns_before

    def _announce(self) -> bool:
        """Before our first words, or at the first gap: what the caller must be told. True: it is being said."""
        told, due = self.recording, self._opening_due()
        if told is None or not self.say(told.announcement, interruptible=False):
            return False
        told.announced(self.floor.turns)
        if due:
            self._turns_before = self.floor.turns  # the opening follows
        return True

    # --- time, and the end

    def _tick(self) -> None:
        now = self._hands.now()
        if self.state is not State.LISTENING or self.endpointer.in_utterance:
            self.last_active_s = now
        self.floor.tick(now)
        if not self.digits.gathering:
            self.answers.answer_late()
        self._answer_keys()
        if self._ending is not None:
            reason, goodbye, until_s = self._ending
            if now >= until_s:
                self.interrupt()
            if self.say(goodbye, kind="goodbye", interruptible=False, then_end=reason):
                self._ending = None

    def interrupt(self) -> None:
        """We stop, whatever we say or prepare: the call must end, or goes to somebody else."""
        if self.state is State.SPEAKING:
            self.floor.take("goodbye")
        self.answers.stop()
        self.endpointer.drop()
        self._keyed = ""
