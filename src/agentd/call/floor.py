"""Our side of the conversation: the state of the call, and the turn that has the floor or may get it.

| verb     | state                  | the turn                                     | on the line                    |
|----------|------------------------|----------------------------------------------|--------------------------------|
| begin    | -                      | replaces the one before; runs, unheard       | -                              |
| commit   | PROCESSING             | may be heard, now or at `not_before`         | its frames, when there are any |
| (sent)   | -> SPEAKING            | its first frame is out                       |                                |
| hold     | SPEAKING               | kept, goes on thinking                       | `clear`                        |
| release  | SPEAKING               | heard again, from the phrase that was cut    | frames                         |
| take     | -> LISTENING barge-in  | cancelled, accounted for as far as heard     | `clear`                        |
| drop     | -                      | cancelled, as if it had never been           | -                              |
| (spoken) | -> LISTENING done      | accounted for                                | tail and mark were sent before |

Every change of state and every cancel of a turn is made here, synchronously. A turn is accounted for once: what was
heard of it goes into the history, its telemetry on the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agentd.call.turn import Desk, Turn
from agentd.config import Settings
from agentd.core.answer_clock import AnswerClock
from agentd.core.barge_in import BargeIn, Verdict
from agentd.core.call_state import State, check
from agentd.core.governor import Governor
from agentd.core.history import History
from agentd.core.media_stream import FRAME_MS
from agentd.core.playout import Due
from agentd.core.speech_audio import Said
from agentd.engines import Message, Prompt, ToolCall
from agentd.events import (
    AgentSaid,
    Event,
    Governed,
    LlmStart,
    MarkAck,
    MarkSent,
    Private,
    StateChange,
    TtsEnd,
    TtsStart,
    Underrun,
)
from agentd.events import BargeIn as BargeInEvent


class Hands(Protocol):
    """What decisions may do to the world; the call implements it."""

    def start(self, turn: Turn) -> None: ...
    def clear(self) -> None: ...
    def poke(self) -> None: ...
    def emit(self, event: Event) -> None: ...
    def end(self, reason: str) -> None: ...
    def now(self) -> float: ...
    def prompt(self, words: str | None) -> Prompt: ...
    def governor(self, messages: Sequence[Message]) -> Governor: ...
    def filler(self, nth: int) -> tuple[str, bytes]: ...
    def delay_s(self) -> float: ...
    def turn_over(self, turn: int) -> None: ...


class Floor:
    """`after_speech` is called when a turn of ours is over and nobody interrupted it."""

    def __init__(
        self, settings: Settings, hands: Hands, desk: Desk, history: History, after_speech: Callable[[], None]
    ) -> None:
        self._hands, self._desk, self._after_speech = hands, desk, after_speech
        self.playout, self.history = desk.playout, history
        self.barge_in = BargeIn(settings)
        self.clock = AnswerClock(settings)
        self.state = State.LISTENING
        self.turn: Turn | None = None
        self.turns = max((e.turn for e in history.entries), default=0)  # of a resumed call: its numbers go on
        self.fallbacks = 0  # replies in a row of which the governor refused something (two: hand over)
        self.replied: Callable[[int, bool], None] = lambda fallbacks, scripted: None  # set by the call: one is over
        self.untold: Callable[[ToolCall], None] = lambda call: None  # set by the call: done, and talked over
        self.heard = 0  # turns of which the caller heard something
        self.spoke_s = hands.now()  # when a frame of ours was last written
        self._allow_at: float | None = None

    # --- a turn of ours

    def begin(
        self, kind: str, *, words: str | None = "", fixed: str = "", interruptible: bool = True, then_end: str = ""
    ) -> Turn:
        """Start preparing a reply to `words` (None: to what a tool has returned), or `fixed` words of ours. Nobody
        hears it before `commit`."""
        self.turns += 1
        turn = Turn(
            self._desk,
            self.turns,
            kind,
            prompt=None if fixed else self._hands.prompt(words),
            governor=None if fixed else self._hands.governor,
            fixed=fixed,
            words=words or "",
            interruptible=interruptible,
            then_end=then_end,
        )
        self.playout.begin(turn.number, interruptible=interruptible)
        self.turn = turn
        self._hands.start(turn)
        return turn

    def commit(self, turn: Turn, not_before: float = 0.0) -> None:
        """It may be heard; a guess becomes an answer by this one step."""
        turn.commit()
        if turn.prompt is not None:
            self._hands.emit(LlmStart(turn=turn.number, speculative=turn.speculative))
        if not_before > self._hands.now():
            self._allow_at = not_before
        else:
            self.playout.allow(turn.number)
            self._hands.poke()

    def drop(self, why: str) -> None:
        """Cancel the turn that nobody has heard. One that was committed still has its line of telemetry."""
        turn, self.turn, self._allow_at = self.turn, None, None
        if turn is not None:
            turn.scope.cancel(reason=why)
            self.playout.cut(self._hands.now())
            self._hands.poke()
            if turn.committed:
                self._hands.emit(turn.telemetry(barged=False))

    def suspend(self) -> None:
        """A sound before our first frame: wait and see what it is."""
        if self.turn is not None:
            self.playout.disallow(self.turn.number)

    def resume(self) -> None:
        """It was nothing."""
        if self.turn is not None and self.turn.committed and self._allow_at is None:
            self.playout.allow(self.turn.number)
            self._hands.poke()

    # --- what the line brings

    def sent(self, due: Due) -> None:
        """Frames and marks have gone out."""
        turn = self.turn
        for mark in due.marks:
            self._hands.emit(MarkSent(mark=mark))
        if due.frames:
            self.spoke_s = self._hands.now()
        if turn is None:
            return
        if due.underrun_ms:
            self._hands.emit(Underrun(turn=turn.number, gap_ms=due.underrun_ms))
        if due.started == turn.number:
            self.move(State.SPEAKING, "speech")
            self.barge_in.speaking()
            self._hands.emit(TtsStart(turn=turn.number))
        if due.replied == turn.number:
            turn.times.first_reply_frame = self._hands.now()
            self.clock.replied()
        if due.ended == turn.number:
            self.spoken()

    def marked(self, name: str) -> None:
        """A mark came back."""
        self._hands.emit(MarkAck(mark=name))
        if self.playout.echo(name, self._hands.now()) is not None:
            self.spoken()

    def spoken(self) -> None:
        """All of a turn was played, or it had nothing to say."""
        turn = self.turn
        if turn is None or self.state is State.LISTENING:
            return
        self._account(turn, self.playout.done(turn.number))
        self.move(State.LISTENING, "empty" if self.state is State.PROCESSING else "done")
        if turn.then_end:
            self._hands.end(turn.then_end)
        self._after_speech()

    # --- interruption

    def judge(self, verdict: Verdict | None, why: str) -> bool:
        """Act on what the barge-in core says. True: the caller has taken the floor."""
        if verdict is None or self.state is not State.SPEAKING or not self.playout.interruptible:
            return False
        now = self._hands.now()
        match verdict:
            case Verdict.HOLD if self.playout.in_tail(now):
                self.spoken()  # all was said: this is simply the caller's turn
            case Verdict.HOLD if self.playout.nearly_said(now):
                self._hands.clear()
                self.spoken()
            case Verdict.HOLD:
                self.playout.hold(now)
                self._hands.clear()
                self._barged("hold", why)
            case Verdict.RELEASE:
                self.playout.release(now)
                self.barge_in.speaking()
                self._hands.poke()
                self._barged("release", why)
            case Verdict.TAKE:
                turn, heard = self.turn, self.take(why)
                for call in turn.untold(heard) if turn is not None else ():
                    self.untold(call)
                return True
        return False

    def take(self, why: str) -> str:
        """We are silent, and the turn is over as far as it was heard, which is returned."""
        turn = self.turn
        self._hands.clear()
        said = self.playout.cut(self._hands.now())
        self._barged("take", why)
        if turn is not None:
            turn.scope.cancel(reason="barge-in")
            self._account(turn, said, barged=True)
        self.move(State.LISTENING, "barge-in")
        return said.text if said is not None else ""

    def _barged(self, phase: str, why: str) -> None:
        number = self.turn.number if self.turn is not None else 0
        onset_ms = self.barge_in.onset_frame * FRAME_MS
        self._hands.emit(BargeInEvent(phase=phase, turn=number, why=why, onset_ms=onset_ms))

    # --- time, and the end

    def tick(self, now: float) -> None:
        """Once a frame: what only the passing of time decides."""
        turn = self.turn
        if turn is None:
            return
        if self._allow_at is not None and now >= self._allow_at:
            self._allow_at = None
            self.playout.allow(turn.number)
            self._hands.poke()
        if self._allow_at is None and not self.playout.held and self.clock.due(now, self.playout.dry_at):
            text, mulaw = self._hands.filler(self.clock.fillers)
            turn.filler |= self.playout.interject(turn.number, text, mulaw)
            self._hands.poke()

    def close(self) -> None:
        """The call is over: a turn that was under way is accounted for."""
        turn = self.turn
        if turn is not None and turn.committed:
            turn.scope.cancel(reason="hang-up")
            self._account(turn, self.playout.cut(self._hands.now()))
            if self.state is State.SPEAKING:
                self.move(State.LISTENING, "hang-up")

    def move(self, new: State, cause: str) -> None:
        check(self.state, new, cause)
        self._hands.emit(StateChange(old=self.state, new=new, cause=cause))
        self.state = new

    def _account(self, turn: Turn, said: Said | None, *, barged: bool = False) -> None:
        self.turn = None
        self.clock.stop()
        self.barge_in.stop()
        if said is not None and said.text:
            self.heard += 1
            self.history.agent(turn.number, said.text, cut=said.cut)
            self._hands.emit(AgentSaid(turn=turn.number, text=Private(said.text), cut=said.cut))
        if turn.prompt is not None:
            self.fallbacks = self.fallbacks + 1 if turn.fell_back else 0
            for act in turn.acts:
                self._hands.emit(Governed(turn=turn.number, what=act.what, why=act.why))
        self._hands.emit(TtsEnd(turn=turn.number, frames=said.frames if said is not None else 0))
        self._hands.emit(turn.telemetry(barged=barged))
        self._hands.turn_over(turn.number)
        if turn.prompt is not None:
            self.replied(self.fallbacks, turn.scripted)
