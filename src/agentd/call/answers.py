"""From the words of an utterance to the turn that answers it.

| the utterance ...                             | so                                                                   |
|-----------------------------------------------|----------------------------------------------------------------------|
| pauses, its words are stable                  | `speculate`: the answer is prepared, unheard                         |
| has ended, and its words rest on its audio    | they are taken; the guess becomes the answer, or another is begun    |
| has ended without words                       | we ask, twice in two ways, then apologise                            |
| had words after all, told late                | they are answered, unless the caller has begun again                 |
| is corrected by a late final                  | the history is, and the answer too while nobody has heard it         |
| interrupted a turn whose tool did its work    | the answer knows; without one, the caller is told when nobody speaks |
| goes on before our first sound (`went_on`)    | its words are given back: it is one turn                             |
| was keyed in                                  | as if said                                                           |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agentd.call.floor import Floor, Hands
from agentd.call.turn import Times
from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.duplicates import Duplicates
from agentd.core.endpointing import Endpointer
from agentd.core.hearing import Hearing
from agentd.core.media_stream import FRAME_MS
from agentd.core.playbook import Playbook
from agentd.core.sentence import Ending, ending
from agentd.core.settling import Settled, Settling
from agentd.core.speech import ToolCall
from agentd.events import CallerSaid, Dedup, EndOfUtterance, Private, TurnGuessed

GUESSES = 2  # per utterance: guessing on every partial cost 2.9 LLM starts a turn, this rule 1.0 (measured)
NO_WORDS_MS = 400  # voice shorter than this, without words, never happened (SPEC 2.9)
ASKS = ("again", "again", "trouble")  # to voice without words, in a row (SPEC 4.2); a radio is told no more
FRAGMENT_WORDS = 2  # after an interruption: "but the", said by one who expects us to go on listening


@dataclass(slots=True)
class Utterance:
    """What telemetry wants to know of the caller's utterance."""

    voice_ended_s: float
    decided_s: float
    reason: str = ""
    first_partial_ms: int | None = None


class Answers:
    """`say` speaks a prompt; `opening_due`: our opening is still to come, and is a question of its own."""

    def __init__(
        self,
        settings: Settings,
        playbook: Playbook,
        hands: Hands,
        floor: Floor,
        hearing: Hearing,
        endpointer: Endpointer,
        say: Callable[[str], bool],
        opening_due: Callable[[], bool],
    ) -> None:
        self._playbook, self._hands, self._floor = playbook, hands, floor
        self._hearing, self._endpointer, self._say, self._opening_due = hearing, endpointer, say, opening_due
        self._settling = Settling(settings)
        self._duplicates = Duplicates(settings)
        self._utterance = Utterance(hands.now(), hands.now())
        self._guesses = 0
        self._asks = 0
        self._unheard = False  # the last utterance brought no words, and the caller has not begun again
        self._found_late = False  # ... until now: to be answered as soon as we are silent
        self._late_turn = 0  # the turn that answers such words
        self._news: tuple[ToolCall, ...] = ()  # what tools have done and no turn has told
        self._telling: tuple[ToolCall, ...] = ()  # the news that a turn was begun for last
        self._taken_by = 0  # the turn that answers the words which `hearing` took last; 0: none
        self.after_take = False  # the utterance interrupted us
        self.deaf: Callable[[], bool] = lambda: False  # set by the call: no recogniser works at all
        self.elsewhere: Callable[[str], bool] = lambda text: False  # set by the call: somebody else answers these words
        self.not_understood: Callable[[], None] = lambda: None  # set by the call: voice without words

    @property
    def settling(self) -> bool:
        """An utterance has ended, and its words are awaited."""
        return self._settling.under_way

    def onset(self) -> None:
        """A new utterance has begun."""
        self._unheard = self._found_late = False
        self._guesses, self._utterance.first_partial_ms = 0, None

    def first_partial(self, after_ms: int) -> None:
        """Words of the present utterance have come, `after_ms` after its onset."""
        if self._utterance.first_partial_ms is None:
            self._utterance.first_partial_ms = max(0, after_ms)

    def speculate(self) -> None:
        """Prepare the answer to the words so far."""
        text, turn = self._hearing.text, self._floor.turn
        if not text or self._guesses >= GUESSES:
            return
        if turn is not None and turn.words == text and not turn.scope.cancel_called:
            return
        self._floor.drop("other words")
        self._guesses += 1
        turn = self._floor.begin("reply", words=text)
        turn.speculative = True
        self._hands.emit(TurnGuessed(turn=turn.number))

    def end_of_utterance(self, reason: str, frame: int, *, under_us: bool = False) -> None:
        """The caller has finished. `under_us`: while we spoke, so that nobody could have answered before now."""
        ep = self._endpointer
        t1_ms = (ep.last_voiced_frame + 1) * FRAME_MS
        silence_ms = frame * FRAME_MS - t1_ms
        now = self._hands.now()
        self._utterance.decided_s, self._utterance.reason = now, reason
        self._utterance.voice_ended_s = now if under_us else now - silence_ms / 1000
        length_ms = t1_ms - ep.onset_frame * FRAME_MS
        self._hands.emit(EndOfUtterance(length_ms=length_ms, silence_ms=silence_ms, reason=reason))
        self._floor.move(State.PROCESSING, "eou")
        self._floor.clock.start(self._utterance.voice_ended_s)
        self._settling.start(t1_ms, frame * FRAME_MS)
        self.settle(frame)

    def settle(self, frame: int) -> None:
        """Take the words of the utterance as soon as they rest on enough of its audio."""
        if not self._settling.under_way:
            return
        text = self._hearing.text
        verdict = self._settling.verdict(text, self._hearing.until_ms, frame * FRAME_MS)
        if verdict is None:
            return
        t1_ms = self._settling.voice_ended_ms
        self._settling.stop()
        if verdict is Settled.WORDS:
            self._answer(text, t1_ms)
        else:
            self._empty(t1_ms)

    def keyed(self, digits: str, now_ms: int) -> None:
        """Keys are what the caller said, after the words that are still open."""
        now = self._hands.now()
        self._hearing.key(digits, now_ms)
        self._floor.drop("dtmf")
        self._utterance = Utterance(now, now, "dtmf")
        self._floor.move(State.PROCESSING, "eou")
        self._floor.clock.start(now)
        self._duplicates.forget()
        self._answer(self._hearing.text, now_ms)

    def take_backchannel(self, now_ms: int) -> None:
        """ "mm-hm" is no part of what they say next."""
        self._hearing.take(now_ms)
        self._taken_by = 0

    # --- with words

    def _answer(self, text: str, t1_ms: int) -> None:
        if self._duplicates.repeats(text, self._hands.now(), self._floor.spoke_s):
            self._hands.emit(Dedup(why="same words, nothing said between"))
            self._give_up(t1_ms, "duplicate")
            return
        if self.after_take and ending(text) is Ending.OPEN and len(text.split()) <= FRAGMENT_WORDS:
            self.after_take = False
            self._silent("empty")
            self._say(self._playbook.phrase("go-on", self._floor.turns))  # their words stay open for the rest
            return
        from_ms = self._hearing.taken_ms
        self._hearing.take(t1_ms)
        self._asks, self.after_take = 0, False
        self._reply(text, from_ms, t1_ms)

    def _reply(self, text: str, from_ms: int, t1_ms: int) -> None:
        now, turn, said = self._hands.now(), self._floor.turn, self._utterance
        self._news = ()
        if turn is None or turn.scope.cancel_called or turn.words != text:
            self._floor.drop("other words")
            turn = self._floor.begin("reply", words=text)
        turn.eou_reason = said.reason
        turn.times = Times(said.voice_ended_s, said.decided_s, now, said.first_partial_ms, turn.times.audio_ready)
        self._taken_by = turn.number
        self._floor.history.caller(turn.number, text)
        self._hands.emit(CallerSaid(turn=turn.number, from_ms=from_ms, until_ms=t1_ms, text=Private(text)))
        if self.elsewhere(text):
            return
        self._floor.commit(turn, not_before=said.voice_ended_s + self._hands.delay_s())

    def correct(self) -> None:
        """A late final changed the words of the turn that was taken; we think again if nothing was heard yet."""
        turn, text, history = self._floor.turn, self._hearing.taken_text, self._floor.history
        if not self._taken_by or not history.correct_last(text):
            return
        number, until_ms = history.last_caller(), self._hearing.taken_ms
        self._hands.emit(CallerSaid(turn=number, from_ms=0, until_ms=until_ms, text=Private(text), late=True))
        if turn is not None and turn.number == number and self._floor.state is State.PROCESSING:
            history.take_back(number)
            times, reason = turn.times, turn.eou_reason
            self._floor.drop("late final")
            again = self._floor.begin("reply", words=text)
            times.audio_ready = None
            again.times, again.eou_reason = times, reason
            self._taken_by = again.number
            history.caller(again.number, text)
            self._floor.commit(again)

    def went_on(self) -> bool:
        """Between the end of their utterance and our first sound: we are not heard, their words are one turn. False
        if a prompt of ours is about to sound, which only a barge-in stops."""
        turn, settling = self._floor.turn, self._settling.under_way
        if turn is not None and turn.kind != "reply" and not settling:
            return False
        again = turn is not None and turn.number == self._late_turn  # they say it again: it is not said twice
        news = turn is not None and not settling and turn.number != self._taken_by  # it answers no words of theirs
        if news:
            self._news = self._telling + self._news
        if turn is not None and not settling:
            self._floor.history.take_back(turn.number)
            if not (again or news):
                self._hearing.give_back()
            self._taken_by = 0
        self._duplicates.forget()
        if not (again or news):
            self._endpointer.reopen()
        self._silent("caller-went-on")
        return True

    # --- without words

    def _empty(self, t1_ms: int) -> None:
        voiced_ms = self._endpointer.voiced_frames * FRAME_MS
        self._give_up(t1_ms, "empty")
        if self.after_take:
            self.after_take = False
            self._say(self._playbook.phrase("go-on", self._floor.turns))
        elif voiced_ms >= NO_WORDS_MS:
            self._unheard = True
            self.not_understood()
            if (self._asks < len(ASKS) or self.deaf()) and not self._opening_due():
                key = ASKS[min(self._asks, len(ASKS) - 1)]
                self._asks += self._say(self._playbook.phrase(key, self._asks))
        if self._floor.turn is not None:
            self._floor.clock.start(self._utterance.voice_ended_s)  # that they wait since then has not changed

    def find(self) -> bool:
        """Words of an utterance that was taken to have none. Their answer takes the place of our question, or follows
        it; a caller who has begun again is saying them better. False: no utterance waits for its words."""
        if not self._unheard:
            return False
        self._unheard, self._found_late = False, True
        turn = self._floor.turn
        if self._floor.state is State.PROCESSING and turn is not None and turn.kind == "prompt":
            self._silent("cancelled")
        self.answer_late()
        return True

    def tell_news(self, call: ToolCall) -> None:
        """A tool has done something, and the turn that asked for it is gone. A guess that began before it does not
        know."""
        self._news += (call,)
        if self._floor.turn is not None and not self._floor.turn.committed:
            self._floor.drop("news")

    def answer_late(self) -> None:
        """Once a frame: words that came after all are answered when nobody speaks, and news is told."""
        if not (self._news or self._found_late):
            return
        if self._floor.state is not State.LISTENING or self._endpointer.in_utterance:
            return
        if not self._found_late:
            self._tell()
            return
        self._found_late, self._asks = False, 0
        self._floor.drop("words after all")
        self._floor.move(State.PROCESSING, "eou")
        self._floor.clock.start(self._hands.now())
        self._reply(self._hearing.taken_text, self._hearing.taken_from_ms, self._hearing.taken_ms)
        self._late_turn = self._taken_by

    def _tell(self) -> None:
        history = self._floor.history
        self._telling, self._news = tuple(call for call in self._news if not history.asked_again(call)), ()
        if not self._telling:
            return
        history.last(self._telling)
        self._floor.drop("news")
        turn = self._floor.begin("reply", words=None)
        self._floor.move(State.PROCESSING, "prompt")
        self._floor.clock.start(self._hands.now())
        self._taken_by = 0
        self._floor.commit(turn)

    def _give_up(self, t1_ms: int, cause: str) -> None:
        self._hearing.take(t1_ms)
        self._taken_by = 0
        self._silent(cause)

    def _silent(self, cause: str) -> None:
        """Nobody answers this: back to listening."""
        self._settling.stop()
        self._floor.drop(cause)
        self._floor.clock.stop()
        self._floor.move(State.LISTENING, cause)

    def stop(self) -> None:
        """Whatever was being answered no longer is."""
        if self._floor.state is State.PROCESSING:
            self._silent("cancelled")
