"""What every model must do, whatever it says."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import pytest
import trio

from agentd.core.playbook import Playbook, Slot
from agentd.engines import LLM, Message, Prompt, Token, ToolCall, ToolOffer
from agentd.errors import EngineError
from agentd.testing.contracts.base import Contract

PLAYBOOK = Playbook(
    name="contract",
    language="en-US",
    persona="A friendly receptionist.",
    greeting="Hello, how can I help?",
    goal="Take a message.",
    business="Blue Door Flats",
    slots=(Slot("name", "name", "What is your name?"), Slot("phone", "phone", "What is your number?")),
    phrases={
        key: (f"{key}, the first way.", f"{key}, the second way.")
        for key in ("filler", "again", "go-on", "silent-1", "silent-2", "goodbye", "busy", "trouble", "time-warning")
    },
    closing="Thank you, we will call you back.",
)


class LLMContract(Contract):
    """Give `make`. `deterministic`: the same prompt always gets the same reply."""

    deterministic = False

    def make(self) -> LLM:
        raise NotImplementedError

    def prompt(self, *said: str) -> Prompt:
        """A conversation: caller, agent, caller, ..."""
        messages = tuple(Message("agent" if i % 2 else "caller", text) for i, text in enumerate(said))
        return Prompt("CA-contract", PLAYBOOK, "You answer the phone of Blue Door Flats. Be brief.", messages)

    async def ask(self, llm: LLM, *said: str, pause_s: float = 0.0) -> str:
        text = ""
        async with llm.reply(self.prompt(*said)) as items:
            async for item in items:
                assert isinstance(item, Token | ToolCall)
                if isinstance(item, ToolCall):
                    assert item.id, "a tool call without an id"
                    assert isinstance(item.arguments, dict)
                else:
                    assert isinstance(item.text, str)
                    text += item.text
                await trio.sleep(pause_s)
        return text

    async def test_it_has_the_shape_of_a_model(self, clock: object) -> None:
        assert isinstance(self.make(), LLM)

    async def test_a_question_gets_a_reply(self, clock: object) -> None:
        async with self.nothing_left():
            assert (await self.ask(self.make(), "Hello, I am looking for a flat.")).strip()

    async def test_it_may_be_asked_to_open_the_conversation(self, clock: object) -> None:
        async with self.nothing_left():
            await self.ask(self.make())

    async def test_a_conversation_goes_on(self, clock: object) -> None:
        async with self.nothing_left():
            assert (await self.ask(self.make(), "Hello.", "Hello, what is your name?", "Dana Levi.")).strip()

    async def test_hebrew(self, clock: object) -> None:
        async with self.nothing_left():
            assert (await self.ask(self.make(), "שלום, אני מחפשת דירה בחיפה")).strip()

    @pytest.mark.parametrize("text", ["😀 👍🏽", "\u202bשלום\u202c", "a\u0301e\u0301", "{}[]<|x|>\\n", "'; DROP TABLE"])
    async def test_any_unicode_is_only_text(self, clock: object, text: str) -> None:
        async with self.nothing_left():
            await self.ask(self.make(), text)

    async def test_words_that_were_not_understood_are_no_error(self, clock: object) -> None:
        async with self.nothing_left():
            await self.ask(self.make(), "")

    async def test_a_very_long_message_is_answered_or_refused_as_an_engine_error(self, clock: object) -> None:
        async with self.nothing_left():
            with suppress(EngineError):
                await self.ask(self.make(), "and then another thing " * 1000)

    async def test_a_long_conversation(self, clock: object) -> None:
        async with self.nothing_left():
            assert (await self.ask(self.make(), *(f"Message number {i}." for i in range(61)))).strip()

    async def test_a_conversation_goes_on_from_the_results_of_tools(self, clock: object) -> None:
        """Two calls with their results, words of ours before and after, tools on offer and not any more."""
        offer = ToolOffer("calendar.find_slots", "Free times.", {"type": "object", "properties": {}})
        asked = [Message("tool", '{"slots": []}', ToolCall(i, offer.name, {"day": "monday"})) for i in ("", "x")]
        before = self.prompt("Hello.", "Hello, what is your name?", "Dana Levi. When are you free?")
        first = replace(before, messages=(*before.messages, *asked), tools=(offer,))
        then = (
            Message("agent", "One moment."),
            asked[1],
            Message("agent", "Not this week —"),
            Message("caller", "Oh."),
        )
        async with self.nothing_left():
            for prompt in (first, replace(first, messages=(*first.messages, *then), tools=())):
                async with self.make().reply(prompt) as items:
                    async for item in items:
                        assert isinstance(item, Token | ToolCall)

    async def test_the_prompt_is_not_changed(self, clock: object) -> None:
        before = deepcopy(self.prompt("Hello."))
        await self.ask(self.make(), "Hello.")
        assert self.prompt("Hello.") == before

    async def test_leaving_after_the_first_word_closes_it(self, clock: object) -> None:
        async with self.nothing_left(), self.make().reply(self.prompt("Hello.")) as items:
            await items.receive()

    async def test_leaving_without_reading_closes_it(self, clock: object) -> None:
        async with self.nothing_left(), self.make().reply(self.prompt("Hello.")):
            await trio.lowlevel.checkpoint()

    async def test_a_cancel_at_once_closes_it(self, clock: object) -> None:
        async with self.nothing_left():
            with trio.CancelScope() as scope:
                scope.cancel()
                await self.ask(self.make(), "Hello.")

    async def test_a_cancel_in_mid_reply_closes_it(self, clock: object) -> None:
        async with self.nothing_left():
            with trio.CancelScope() as scope:
                async with self.make().reply(self.prompt("Hello.")) as items:
                    await items.receive()
                    scope.cancel()
                    await trio.sleep_forever()

    async def test_after_a_cancel_it_answers_the_next_question(self, clock: object) -> None:
        llm = self.make()
        with trio.move_on_after(0.001):
            await self.ask(llm, "Hello.")
        async with self.nothing_left():
            assert (await self.ask(llm, "Hello.")).strip()

    async def test_a_slow_reader_gets_everything(self, clock: object) -> None:
        llm = self.make()
        async with self.nothing_left():
            slow = await self.ask(llm, "Hello.", pause_s=0.01)
            assert slow.strip()
            if self.deterministic:
                assert slow == await self.ask(llm, "Hello.")

    async def test_many_calls_at_once_do_not_mix(self, clock: object) -> None:
        llm = self.make()
        asked = [f"My name is Caller{i}." for i in range(8)]
        alone = [await self.ask(llm, text) for text in asked] if self.deterministic else []
        together: dict[str, str] = {}

        async def one(text: str) -> None:
            together[text] = await self.ask(llm, text)

        async with self.nothing_left(), trio.open_nursery() as nursery:
            for text in asked:
                nursery.start_soon(one, text)
        assert all(together[text].strip() for text in asked)
        if self.deterministic:
            assert [together[text] for text in asked] == alone

    async def test_a_reply_that_nobody_heard_never_happened(self, clock: object) -> None:
        llm = self.make()
        first = await self.ask(llm, "Hello.")
        await self.ask(llm, "Hello.", first, "Something else.")
        again = await self.ask(llm, "Hello.")
        assert again.strip()
        if self.deterministic:
            assert again == first


class LLMFailureContract(Contract):
    """For engines that can be made to fail: give `make_broken`, a model whose provider is not there."""

    def make_broken(self) -> LLM:
        raise NotImplementedError

    async def test_failure_is_an_engine_error(self, clock: object) -> None:
        prompt = Prompt("CA-contract", PLAYBOOK, "", (Message("caller", "Hello."),))
        async with self.nothing_left():
            with pytest.raises(EngineError):
                await _drain(self.make_broken(), prompt)

    async def test_failure_again_and_again_leaves_nothing_open(self, clock: object) -> None:
        llm = self.make_broken()
        prompt = Prompt("CA-contract", PLAYBOOK, "", (Message("caller", "Hello."),))
        async with self.nothing_left():
            for _ in range(5):
                with pytest.raises(EngineError):
                    await _drain(llm, prompt)


async def _drain(llm: LLM, prompt: Prompt) -> None:
    async with llm.reply(prompt) as items:
        async for _ in items:
            pass
