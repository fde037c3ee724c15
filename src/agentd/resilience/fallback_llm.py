"""A reply by whichever model of a chain has one, behind the same Protocol (SPEC 4.3).

| the model                             | so                                                                           |
|---------------------------------------|------------------------------------------------------------------------------|
| fails at once, and says it may pass   | is asked again, once, within 600 ms                                          |
| fails before a whole phrase           | the next one answers afresh                                                  |
| has given no word for 1.2 s           | the next one is asked beside it; the first word wins, the other is cancelled |
| fails, or stalls, after whole phrases | those stand; the next one goes on from there; what it repeats is left out    |
| fails after a tool call               | the reply ends with its error: a tool is never asked for twice               |

Phrases are handed on whole, at the same ends at which a turn would cut them: what comes out can be spoken as it comes,
and half a sentence of a model that broke off is nobody's. Two models at a time bound what a slow one can cost; a guess
that is dropped within 1.2 s, as nearly all are, never has a second one.

A prompt for going on is the same prompt with a line in `system`; a model that ignores it says the same sentences again
(left out), or answers in other words: said twice is better than a question that was never asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import trio
from trio.abc import ReceiveChannel

from agentd.call.relay import Give, Relay
from agentd.call.streams import unwrapped
from agentd.core.hearing import normal
from agentd.core.phrases import Phrases
from agentd.engines import LLM, Prompt, Token, ToolCall
from agentd.errors import EngineError
from agentd.events import LlmErr
from agentd.resilience.attempt import Course, Emit, Named, Patience, attempt, garbled
from agentd.resilience.budgets import (
    LLM_BESIDE,
    LLM_FIRST_WORD_S,
    LLM_GAP_S,
    LLM_GO_ON_S,
    LLM_HARD_S,
    LLM_HEDGE_S,
    LLM_RETRY_PAUSE_S,
    LLM_RETRY_S,
)

Jitter = Callable[[float, float], float]
GO_ON = "You have already said this much of your reply: “{said}” Go on from there and do not say it again."


class FallbackLLM:
    """An `LLM` over a chain, one object per call. Emits `LlmErr` for every failure, and `EngineSwitch` when the words
    come from another model than before. `jitter(low, high)`: seconds to wait before the same model is asked again."""

    def __init__(self, chain: Sequence[Named[LLM]], emit: Emit, *, jitter: Jitter = random.uniform) -> None:
        self._course, self._emit, self._jitter = Course("llm", chain, emit), emit, jitter

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]:
        """As `LLM.reply`. Raises `EngineError` when no model has a word within 6 s, or none can go on."""
        return Relay(_Reply(self._course, self._emit, self._jitter, prompt).run)


class _Reply:
    """One reply, by as many models as it takes."""

    def __init__(self, course: Course[LLM], emit: Emit, jitter: Jitter, prompt: Prompt) -> None:
        self._course, self.emit, self.jitter, self._prompt = course, emit, jitter, prompt
        self._untried = list(course.chain)
        self._asked: list[_Asked] = []  # those at work
        self._winner: _Asked | None = None
        self._no_word_yet = trio.CancelScope()
        self._news = trio.Event()
        self._last: EngineError | None = None
        self._ended = self._good = False
        self.began = trio.current_time()
        self.deadline = self.began + LLM_HARD_S  # of the first word, or of the first further one
        self.said = ""
        self.acted = False  # a tool call was handed on

    async def run(self, give: Give[Token | ToolCall]) -> None:
        """The first model is read in this task; nearly every reply needs no other."""
        self._give = give
        try:
            with unwrapped():
                async with trio.open_nursery() as nursery:
                    if (asked := self._ask()) is not None:
                        nursery.start_soon(self._until_the_first_word, nursery)
                        await asked.run()
                        self._no_word_yet.cancel(reason="the first model is done")
                    await self._coordinate(nursery)
                    nursery.cancel_scope.cancel(reason="the reply is over")
        finally:  # of a reply that was left, nothing waits for the garbage collector
            self._asked.clear()
            self._winner = None
        if not self._good:
            raise self._course.exhausted(self._last)

    def prompt(self) -> Prompt:
        if not self.said:
            return self._prompt
        return replace(self._prompt, system=f"{self._prompt.system}\n{GO_ON.format(said=self.said.strip())}".strip())

    # --- what the models report

    def wins(self, asked: _Asked) -> bool:
        """The first word of `asked`. True: it has the reply, and nobody else is at work any more."""
        if self._winner is not None:
            return self._winner is asked
        self._winner = asked
        self._no_word_yet.cancel(reason="a model has begun")
        why = self._last
        for other in self._asked:
            if other.since < asked.since:
                other.cancel("was overtaken before its first word")
                why = EngineError("no word in time", engine=other.engine.name)
            elif other is not asked:
                other.cancel("")
        self._course.use(asked.engine, why)
        return True

    async def hand_on(self, item: Token | ToolCall) -> None:
        if isinstance(item, Token):
            self.said += item.text
        else:
            self.acted = True
        await self._give(item)

    def over(self, asked: _Asked, failure: EngineError | None, *, good: bool) -> None:
        """`asked` is done with: it completed the reply (`good`), failed, or was not needed (neither)."""
        self._asked.remove(asked)
        self._last = failure or self._last
        self._good |= good
        self._ended |= good or (failure is not None and self.acted)
        if self._winner is asked:
            self._winner = None
            if self.said:
                self.deadline = trio.current_time() + LLM_GO_ON_S
        elif failure is None and not good:
            self._untried.insert(0, asked.engine)
        news, self._news = self._news, trio.Event()
        news.set()

    # --- who is next

    async def _until_the_first_word(self, nursery: trio.Nursery) -> None:
        with self._no_word_yet:
            await trio.lowlevel.checkpoint_if_cancelled()
            await self._coordinate(nursery)

    async def _coordinate(self, nursery: trio.Nursery) -> None:
        """Ask further models whenever one is needed, until the reply is over."""
        await self._another_is_needed()
        while (asked := self._ask()) is not None:
            nursery.start_soon(asked.run)
            await self._another_is_needed()
        while self._asked and not self._ended:
            await self._until(None)

    def _ask(self) -> _Asked | None:
        """The next model, put to work by whoever runs it; None: nothing is left to ask."""
        if self._ended or (engine := self._next()) is None:
            return None
        asked = _Asked(self, engine, self.prompt())
        self._asked.append(asked)
        return asked

    def _next(self) -> Named[LLM] | None:
        now = trio.current_time()
        if self.acted or now >= self.deadline:
            return None
        for engine in self._untried:
            if engine.breaker.allow(now):
                self._untried.remove(engine)
                return engine
        return None

    async def _another_is_needed(self) -> None:
        """Until the next model should be asked, or there is no more to do."""
        while self._asked and not self._ended:
            if self._winner is not None:
                await self._until(None)
                continue
            now, oldest, newest = trio.current_time(), self._asked[0], self._asked[-1]
            if not any(e.breaker.ready(now) for e in self._untried):
                await self._until(None)
            elif len(self._asked) < LLM_BESIDE:
                if now >= newest.since + LLM_HEDGE_S:
                    return
                await self._until(newest.since + LLM_HEDGE_S)
            elif now >= oldest.since + LLM_FIRST_WORD_S:
                oldest.cancel("no first word in time")
                await self._until(None)
            else:
                await self._until(oldest.since + LLM_FIRST_WORD_S)

    async def _until(self, at: float | None) -> None:
        """News of a model, or the time `at`."""
        with trio.CancelScope() as scope:
            if at is not None:
                scope.deadline = at
            await self._news.wait()


class _Asked:
    """One model at work on a reply."""

    def __init__(self, reply: _Reply, engine: Named[LLM], prompt: Prompt) -> None:
        self._reply, self.engine, self._prompt = reply, engine, prompt
        self.since = trio.current_time()
        self._scope = trio.CancelScope()
        self._blame = ""

    def cancel(self, blame: str) -> None:
        """It is not needed any more. `blame`: why that counts against it, if it does."""
        self._blame = blame
        self._scope.cancel(reason=blame or "another model was first")

    async def run(self) -> None:
        failure: EngineError | None = None
        with self._scope:
            failure = await self._try_twice()
        if self._scope.cancelled_caught and self._blame:
            self.engine.breaker.failed(trio.current_time())
            failure = EngineError(self._blame, engine=self.engine.name)
            self._reply.emit(LlmErr(error=str(failure)))
        self._reply.over(self, failure, good=failure is None and not self._scope.cancelled_caught)

    async def _try_twice(self) -> EngineError | None:
        reply = self._reply
        for again in (False, True):
            if again:
                await trio.sleep(reply.jitter(*LLM_RETRY_PAUSE_S))
            try:
                await attempt(self.engine, self._ask)
            except EngineError as e:
                failure = e
            else:
                return None
            reply.emit(LlmErr(error=str(failure)))
            now = trio.current_time()
            in_time = now - reply.began + LLM_RETRY_PAUSE_S[1] <= LLM_RETRY_S
            if reply.said or reply.acted or not (failure.retryable and in_time and self.engine.breaker.allow(now)):
                break
        return failure

    async def _ask(self) -> None:
        reply, whole, patience = self._reply, _Whole(self._reply.said), Patience()
        with patience.watched():
            patience.wait(reply.deadline - trio.current_time(), "further word" if reply.said else "first word")
            async with self.engine.engine.reply(self._prompt) as items:
                async for item in items:
                    ready = whole.feed(_checked(item))
                    if not whole.begun:
                        continue  # blanks are no reply yet
                    if not reply.wins(self):
                        await trio.sleep_forever()  # we are being cancelled
                    self.engine.breaker.succeeded()
                    patience.rest()
                    for each in ready:
                        await reply.hand_on(each)
                    patience.wait(LLM_GAP_S, "further word")
        if not whole.begun and not reply.said:
            raise EngineError("an empty reply", retryable=True)
        for each in whole.rest():
            await reply.hand_on(each)


class _Whole:
    """Holds back what is no whole phrase yet, and what a model that goes on says again."""

    def __init__(self, said: str) -> None:
        self._phrases = Phrases()
        self._text = ""
        self._said, self._again = normal(said), 0
        self.begun = False

    def feed(self, item: Token | ToolCall) -> list[Token | ToolCall]:
        """What may be handed on now that `item` has come."""
        if isinstance(item, ToolCall):  # the model has moved on: the text before it is complete
            self.begun = True
            return [*self.rest(), item]
        self._text += item.text
        self.begun |= bool(item.text.strip())
        self._phrases.feed(item.text)
        return self._cut(len(self._text) - len(self._phrases.pending))

    def rest(self) -> list[Token | ToolCall]:
        """The reply is complete."""
        self._phrases.rest()
        return self._cut(len(self._text))

    def _cut(self, at: int) -> list[Token | ToolCall]:
        text, self._text = self._text[:at], self._text[at:]
        words = normal(text)
        if words and self._said[self._again : self._again + len(words)] == words:
            self._again += len(words)
            return []
        if words:
            self._again = len(self._said)  # from here on it is new
        return [Token(text)] if text else []


def _checked(item: Token | ToolCall) -> Token | ToolCall:
    if not isinstance(item, Token | ToolCall):
        raise EngineError(f"gave a {type(item).__name__}, which is no part of a reply")
    if isinstance(item, Token) and garbled(item.text):
        raise EngineError("gave garbage")
    return item
