"""The rule book of a call: every decision, synchronous, in one task step (DESIGN 4).

The ears bring cues and digits, the recogniser words, the mouth what was sent, guards their wishes. The brain answers
with at most these verbs: begin a turn, commit it, cancel it, hold, release, end. Every change of state and every
cancel of a turn goes through `_move` and `_drop`.

| state      | the caller ...                    | so we ...                                                         |
|------------|-----------------------------------|-------------------------------------------------------------------|
| LISTENING  | pauses, and the words are stable  | speculate: prepare the reply, unheard                             |
|            | goes on after all                 | drop the guess                                                    |
|            | has finished (EOU)                | PROCESSING: take the words (now, or when they cover the audio)    |
|            | speaks on and on                  | prepare, and answer at the first 200 ms without voice, or at 15 s |
| PROCESSING | goes on before we were heard      | LISTENING: give the words back, cancel the turn                   |
|            | (our first frame goes out)        | SPEAKING                                                          |
| SPEAKING   | makes a sound for 180 ms          | hold: `clear`, keep the turn                                      |
|            | says words, or goes on for 700 ms | take: cancel the turn, LISTENING, nothing they said is lost       |
|            | said "mm-hm", or nothing          | release: go on from the phrase that was cut                       |
"""

from __future__ import annotations

from typing import Protocol

from agentd.call.turn import Desk, Times, Turn
from agentd.config import Settings
from agentd.core.answer_clock import AnswerClock
from agentd.core.barge_in import BargeIn, Verdict
from agentd.core.call_state import State, check
from agentd.core.dtmf import DigitGatherer
from agentd.core.duplicates import Duplicates
from agentd.core.endpointing import Cue, Endpointer
from agentd.core.greeting import Greeting
from agentd.core.hearing import Hearing, News
from agentd.core.history import History
from agentd.core.media_stream import FRAME_MS
from agentd.core.playbook import Playbook
from agentd.core.playout import Due, Playout, Said
from agentd.core.settling import Settled, Settling
from agentd.engines import Prompt, Transcript
from agentd.events import (
    AgentSaid,
    AsrText,
    CallerSaid,
    Dedup,
    Dtmf,
    EndOfUtterance,
    Event,
    LlmStart,
    MarkAck,
    MarkSent,
    Private,
    StateChange,
    TtsEnd,
    TtsStart,
    TurnGuessed,
    Underrun,
)
from agentd.events import BargeIn as BargeInEvent

STARTS_PER_UTTERANCE = 2  # guesses: starting on every partial cost 2.9 a turn, this rule 1.0 (measured)
NO_WORDS_MS = 400  # voice shorter than this, without words, never happened (SPEC 2.9)
OVERLONG = 15_000 // FRAME_MS  # of one utterance: then we speak, politely, into it (SPEC 2.5)


class Hands(Protocol):
    """What the brain may do to the world; the call implements it."""

    def start(self, turn: Turn) -> None: ...
    def clear(self) -> None: ...
    def poke(self) -> None: ...
    def emit(self, event: Event) -> None: ...
    def end(self, reason: str) -> None: ...
    def now(self) -> float: ...
    def prompt(self, text: str) -> Prompt: ...
    def filler(self) -> tuple[str, bytes]: ...
    def delay_s(self) -> float: ...


class Brain:
    def __init__(
        self,
        settings: Settings,
        playbook: Playbook,
        hands: Hands,
        desk: Desk,
        playout: Playout,
        history: History,
    ) -> None:
        self._settings, self._playbook, self._hands, self._desk = settings, playbook, hands, desk
        self.playout, self.history = playout, history
        self.endpointer = Endpointer(settings)
        self.barge_in = BargeIn(settings)
        self.hearing = Hearing()
        self.digits = DigitGatherer()
        self.state = State.LISTENING
        self.turn: Turn | None = None
        self.turns = 0
        self.frame = 0  # media frames heard
        self.last_active_s = hands.now()  # when somebody last spoke, or was about to
        self._greeting = Greeting(settings)
        self._clock = AnswerClock(settings)
        self._voice_ended_s = hands.now()  # when the last voiced frame was heard
        self._guesses = 0
        self._settling = Settling(settings)
        self._duplicates = Duplicates(settings)
        self._overlong = False
        self._after_take = False
        self._asked_again = False
        self._first_partial_ms: int | None = None
        self._eou_reason = "silence"
        self._decided_s = 0.0
        self._allow_at: float | None = None
        self._ending: tuple[str, str] | None = None

    # --- what the ears bring

    def heard(self, voiced: bool, level: float, threshold: float) -> None:
        """One frame of the caller, judged by the detector: its level, and what that was held against."""
        self.frame += 1
        now = self._hands.now()
        if voiced:
            self._voice_ended_s = self.last_active_s = now
        cue = self.endpointer.hear(voiced, level, threshold)
        self._judge_barge_in(self.barge_in.hear(voiced, level), "voice")
        if cue is not None:
            self._act(cue)
        if self._overlong and self.frame - self.endpointer.onset_frame >= OVERLONG:
            self._end_overlong()
        self._settle()
        if self._greeting.hear(voiced) and self._playbook.greeting:
            self.say(self._playbook.greeting, kind="greeting")
        if (digits := self.digits.tick()) is not None:
            self._dialled(digits)
        self._tick(now)

    def words(self, t: Transcript) -> None:
        """A result of the recogniser."""
        now_ms = self.frame * FRAME_MS
        news = self.hearing.hear(t, now_ms)
        self._hands.emit(
            AsrText(length=len(t.text), latency_ms=None if t.until_ms is None else max(0, now_ms - t.until_ms),
                    final=t.final, text=Private(t.text))
        )  # fmt: skip
        if news is News.CORRECTION:
            self._correct()
        if news is not News.WORDS or not self.hearing.text:
            return
        if self._first_partial_ms is None and self.endpointer.in_utterance:
            self._first_partial_ms = max(0, now_ms - self.endpointer.onset_frame * FRAME_MS)
        self._judge_barge_in(self.barge_in.words(self.hearing.text), "words")
        cue = self.endpointer.words(self.hearing.text, self.hearing.until_ms, self.hearing.complete)
        if cue is not None:
            self._act(cue)
        self._settle()

    def digit(self, digit: str) -> None:
        """A key was pressed: it silences us and gathers (SPEC 2.10)."""
        self.last_active_s = self._hands.now()
        if self.endpointer.in_utterance and not self.hearing.text:
            self.endpointer.drop()  # its beginning was judged voice before it was reported as a key
        if self.state is State.SPEAKING and self.playout.interruptible:
            self._take("dtmf")
        if (digits := self.digits.press(digit)) is not None:
            self._dialled(digits)

    def marked(self, name: str) -> None:
        """A mark came back."""
        if not name.startswith("hb:"):
            self._hands.emit(MarkAck(mark=name))
        if self.playout.echo(name, self._hands.now()) is not None:
            self._spoken()

    # --- what the mouth brings

    def sent(self, due: Due) -> None:
        """Frames and marks have gone out."""
        turn = self.turn
        for mark in due.marks:
            self._hands.emit(MarkSent(mark=mark))
        if due.underrun_ms and turn is not None:
            self._hands.emit(Underrun(turn=turn.number, gap_ms=due.underrun_ms))
        if due.frames:
            self.last_active_s = self._hands.now()
            self._duplicates.agent_spoke()
        if due.started is not None and turn is not None and turn.number == due.started:
            if self.state is State.PROCESSING:
                self._move(State.SPEAKING, "speech")
                self.barge_in.speaking()
            self._hands.emit(TtsStart(turn=turn.number))
        if due.replied is not None and turn is not None and turn.number == due.replied:
            turn.times.first_reply_frame = self._hands.now()
            self._clock.stop()
        if due.ended is not None and turn is not None and turn.number == due.ended:
            self._spoken()

    # --- what guards and the house bring

    def say(self, text: str, *, kind: str = "prompt", interruptible: bool = True, then_end: str = "") -> bool:
        """Speak a text of ours, if nobody speaks or is about to."""
        if self.state is not State.LISTENING or self.endpointer.in_utterance or not text:
            return False
        self._drop("prompt")
        self._greeting.drop()
        turn = self._begin(kind, fixed=text, interruptible=interruptible, then_end=then_end)
        self._move(State.PROCESSING, kind)
        self._commit(turn)
        return True

    def finish(self, reason: str, goodbye: str) -> None:
        """End the call at the next chance, after saying goodbye; at once if there is nothing to say."""
        if not goodbye:
            self._hands.end(reason)
        elif self._ending is None:
            self._ending = (reason, goodbye)
            self._tick(self._hands.now())

    def close(self) -> None:
        """The call is over: a turn that was under way gets its line."""
        turn = self.turn
        if turn is not None and turn.committed:
            turn.scope.cancel(reason="hang-up")
            self._account(turn, self.playout.cut(self._hands.now()))
            if self.state is State.SPEAKING:
                self._move(State.LISTENING, "hang-up")

    # --- listening

    def _act(self, cue: Cue) -> None:
        match cue, self.state:
            case Cue.SPECULATE, State.LISTENING:
                self._speculate()
            case (Cue.ONSET, State.LISTENING):
                self._new_utterance()
            case (Cue.RESUME, State.LISTENING):
                self._drop("caller went on")
            case (Cue.ONSET | Cue.RESUME, State.PROCESSING):
                self._caller_went_on()
            case Cue.EOU, State.LISTENING if self.endpointer.reason == "timeout":
                self._overlong = True
                self._speculate()
            case Cue.EOU, State.LISTENING:
                self._end_of_utterance(self.endpointer.reason)
            case Cue.EOU, State.SPEAKING:
                pass  # a sound under our speech: the barge-in core decides what it was
            case _:
                pass

    def _new_utterance(self) -> None:
        self._drop("new utterance")
        self._guesses = 0
        self._first_partial_ms = None
        self._overlong = False

    def _speculate(self) -> None:
        text = self.hearing.text
        if not text or self._guesses >= STARTS_PER_UTTERANCE or self.digits.gathering:
            return
        if self.turn is not None:
            if self.turn.words == text and not self.turn.scope.cancel_called:
                return
            self._drop("other words")
        self._guesses += 1
        turn = self._begin("reply", words=text)
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
        self._decided_s = self._hands.now()
        self._hands.emit(
            EndOfUtterance(
                length_ms=t1_ms - ep.onset_frame * FRAME_MS,
                silence_ms=self.frame * FRAME_MS - t1_ms,
                reason=self._eou_reason,
            )
        )
        self._move(State.PROCESSING, "eou")
        self._clock.start(self._voice_ended_s)
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
        if self._duplicates.repeats(text, now):
            self.hearing.take(t1_ms)
            self._hands.emit(Dedup(why="same words, nothing said between"))
            self._drop("duplicate")
            self._clock.stop()
            self._move(State.LISTENING, "duplicate")
            return
        self._greeting.drop()
        from_ms = self.hearing.taken_ms
        self.hearing.take(t1_ms)
        self._asked_again = self._after_take = False
        turn = self.turn
        if turn is None or turn.scope.cancel_called or turn.words != text:
            self._drop("other words")
            turn = self._begin("reply", words=text)
        turn.eou_reason = self._eou_reason
        turn.times = Times(self._voice_ended_s, self._decided_s, now, self._first_partial_ms, turn.times.audio_ready)
        self.history.caller(turn.number, text)
        self._hands.emit(CallerSaid(turn=turn.number, from_ms=from_ms, until_ms=t1_ms, text=Private(text)))
        self._commit(turn, not_before=self._voice_ended_s + self._hands.delay_s())

    def _empty(self, t1_ms: int) -> None:
        """Voice, and no words of it. Once, we ask; the greeting is such a question too."""
        voiced_ms = self.endpointer.voiced_frames * FRAME_MS
        self.hearing.take(t1_ms)
        self._drop("empty")
        self._clock.stop()
        self._move(State.LISTENING, "empty")
        if self._after_take:
            self._after_take = False
            self.say(self._playbook.phrase("go-on", self.turns))
        elif voiced_ms >= NO_WORDS_MS and not self._asked_again and self.turns:
            self._asked_again = True
            self.say(self._playbook.phrase("again", self.turns))

    def _caller_went_on(self) -> None:
        """Between the end of their utterance and our first sound: we are not heard, their words are one turn."""
        turn = self.turn
        settling = self._settling.under_way
        if turn is not None and turn.kind != "reply" and not settling:
            return  # a prompt of ours is about to sound; let barge-in handle the rest
        if turn is not None and not settling:
            self.history.take_back(turn.number)
            self.hearing.give_back()
        self._settling.stop()
        self._drop("caller went on")
        self._clock.stop()
        self.endpointer.reopen()
        self._move(State.LISTENING, "caller-went-on")

    def _correct(self) -> None:
        """A late final changed the words of the turn that was taken; we think again if nothing was heard yet."""
        turn, text = self.turn, self.hearing.taken_text
        number = turn.number if turn is not None and turn.kind == "reply" else self.turns
        if not self.history.correct(number, text):
            return
        self._hands.emit(
            CallerSaid(turn=number, from_ms=0, until_ms=self.hearing.taken_ms, text=Private(text), late=True)
        )
        if (
            turn is not None
            and turn.kind == "reply"
            and self.state is State.PROCESSING
            and not self._settling.under_way
        ):
            self.history.take_back(number)
            times, reason = turn.times, turn.eou_reason
            self._drop("late final")
            again = self._begin("reply", words=text)
            again.times, again.eou_reason = times, reason
            again.times.audio_ready = None
            self.history.caller(again.number, text)
            self._commit(again)

    def _dialled(self, digits: str) -> None:
        """Keys were gathered: they are what the caller said."""
        self._hands.emit(Dtmf(digits=Private(digits)))
        if self.state is not State.LISTENING or not digits:
            return
        self._drop("dtmf")
        self._eou_reason, self._decided_s = "dtmf", self._hands.now()
        self._voice_ended_s = self._decided_s
        self._move(State.PROCESSING, "eou")
        self._clock.start(self._decided_s)
        self._duplicates.agent_spoke()
        self._answer(" ".join([t for t in (self.hearing.text, digits) if t]), self.frame * FRAME_MS)

    # --- speaking

    def _begin(
        self, kind: str, *, words: str = "", fixed: str = "", interruptible: bool = True, then_end: str = ""
    ) -> Turn:
        self.turns += 1
        turn = Turn(
            self._desk, self.turns, kind, prompt=None if fixed else self._hands.prompt(words), fixed=fixed,
            words=words, interruptible=interruptible, then_end=then_end,
        )  # fmt: skip
        self.playout.begin(turn.number, interruptible=interruptible)
        self.turn = turn
        self._hands.start(turn)
        return turn

    def _commit(self, turn: Turn, not_before: float = 0.0) -> None:
        turn.committed = True
        if turn.prompt is not None:
            self._hands.emit(LlmStart(turn=turn.number, speculative=turn.speculative))
        if not_before > self._hands.now():
            self._allow_at = not_before
        else:
            self.playout.allow(turn.number)
            self._hands.poke()

    def _drop(self, why: str) -> None:
        """Cancel the turn, whatever it was doing. Silent: what is audible is cut by the caller of this."""
        turn, self.turn, self._allow_at = self.turn, None, None
        if turn is not None:
            turn.scope.cancel(reason=why)
            self.playout.cut(self._hands.now())
            self._hands.poke()

    def _judge_barge_in(self, verdict: Verdict | None, why: str) -> None:
        if verdict is None or self.state is not State.SPEAKING or not self.playout.interruptible:
            return
        now = self._hands.now()
        match verdict:
            case Verdict.HOLD if self.playout.in_tail(now):
                self._spoken()
            case Verdict.HOLD:
                self.playout.hold(now)
                self._hands.clear()
                self._barged("hold", why)
            case Verdict.TAKE:
                self._take(why)
            case Verdict.RELEASE:
                self.hearing.take(self.frame * FRAME_MS)
                self.playout.release(now)
                self.barge_in.speaking()
                self._hands.poke()
                self._barged("release", why)

    def _take(self, why: str) -> None:
        turn = self.turn
        self._hands.clear()
        said = self.playout.cut(self._hands.now())
        self._barged("take", why)
        self._after_take = True
        if turn is not None:
            turn.scope.cancel(reason="barge-in")
            self._account(turn, said, barged=True)
        self._move(State.LISTENING, "barge-in")
        if why != "dtmf" and not self.endpointer.in_utterance:  # the words came after their own silence
            self._end_of_utterance("silence")

    def _barged(self, phase: str, why: str) -> None:
        number = self.turn.number if self.turn is not None else 0
        onset_ms = self.barge_in.onset_frame * FRAME_MS
        self._hands.emit(BargeInEvent(phase=phase, turn=number, why=why, onset_ms=onset_ms))

    def _spoken(self) -> None:
        """All of a turn was played."""
        turn = self.turn
        if turn is None or self.state is State.LISTENING:
            return None
        said = self.playout.done(turn.number)
        self._account(turn, said)
        if self.state is State.PROCESSING:  # it had nothing to say
            return self._move(State.LISTENING, "empty")
        self.endpointer.agent_spoke()
        self._move(State.LISTENING, "done")
        if turn.then_end:
            self._hands.end(turn.then_end)
        return None

    def _account(self, turn: Turn, said: Said | None, *, barged: bool = False) -> None:
        """The end of a turn: what was heard of it, and its telemetry."""
        self.turn = None
        self._clock.stop()
        self.barge_in.stop()
        hands = self._hands
        if said is not None:
            self.history.agent(turn.number, said.text, cut=said.cut)
            hands.emit(AgentSaid(turn=turn.number, text=Private(said.text), cut=said.cut))
        hands.emit(TtsEnd(turn=turn.number, frames=said.frames if said is not None else 0))
        hands.emit(turn.telemetry(barged=barged))

    # --- time

    def _tick(self, now: float) -> None:
        """Once a frame: what only the passing of time decides."""
        if self.state is not State.LISTENING or self.endpointer.in_utterance:
            self.last_active_s = now
        if self._allow_at is not None and now >= self._allow_at and self.turn is not None:
            self._allow_at = None
            self.playout.allow(self.turn.number)
            self._hands.poke()
        if self.turn is not None and self._clock.due(now, self.playout.dry_at):
            text, mulaw = self._hands.filler()
            self.turn.filler = True
            self.playout.interject(self.turn.number, text, mulaw)
            self._hands.poke()
        if self.playout.stalled(now):
            self._hands.end("stalled-reader")
        if self._ending is not None and self.state is State.LISTENING:
            reason, goodbye = self._ending
            if self.say(goodbye, kind="goodbye", interruptible=False, then_end=reason):
                self._ending = None

    def _move(self, new: State, cause: str) -> None:
        check(self.state, new, cause)
        self._hands.emit(StateChange(old=self.state, new=new, cause=cause))
        self.state = new
