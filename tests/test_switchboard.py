"""The end of a call, as the house sees it."""

from __future__ import annotations

import trio

from agentd.call.call import House
from agentd.config import Settings
from agentd.core.policy import Effect
from agentd.engines import Prompt, ToolCall
from agentd.events import CallEnded, Private, WsDone
from agentd.facts import Incoming
from agentd.switchboard import Switchboard
from agentd.testing.caller import Caller
from agentd.testing.fake_twilio import FakeTwilio
from agentd.testing.play import play
from agentd.testing.scripted import Reply, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.scripted_tools import ScriptedTool, ScriptedTools
from agentd.testing.stage import PLAYBOOK, NoPhrases, Pass, Tape
from agentd.web.admission import Admissions, Ticket

BOOK = ScriptedTool({"booked": True}, effect=Effect.OUTSIDE, latency_s=8.0, effect_s=8.0)


def books(prompt: Prompt) -> Reply:
    return "It is booked." if prompt.messages[-1].call else ["Let me book it.", ToolCall("1", "book", {})]


def test_a_call_is_over_for_twilio_at_once_and_for_the_house_when_its_effects_are() -> None:
    async def scene() -> tuple[list[tuple[bool, bool, bool]], Tape]:
        """(its stream lives, the house knows of its end, the tool is done): before, soon after, and at the end."""
        tape, desk, stt = Tape(), ScriptedTools({"book": BOOK}), ScriptedSTT()
        admissions, seen = Admissions(Settings.of()), []
        house = House(
            settings=Settings.of(),
            bus=tape,
            engines=Pass(stt, ScriptedLLM(replies=books), ScriptedTTS()),
            phrases=NoPhrases(),
            system_prompt=lambda playbook, known: "",
            tools=desk,
        )
        board, twilio = Switchboard(house, admissions, lambda incoming: PLAYBOOK, lambda facts: None), FakeTwilio()
        sid = twilio.line.call_sid

        def look() -> None:
            ended = any(isinstance(r.event, CallEnded) for r in tape.recorded)
            seen.append((admissions.is_live(sid), ended, bool(desk.done)))

        ticket = admissions.invite(Incoming(sid, Private("+972501234567"), "+97231234567"), trio.current_time())
        assert isinstance(ticket, Ticket)
        twilio.start(token=ticket.token)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.serve, twilio.media, lambda media: None)
            caller = Caller(twilio, stt)
            await caller.silence(0.5)
            await caller.says("book it please", for_s=1.0)
            await caller.silence(2.0)
            look()
            twilio.hang_up()
            await trio.sleep(3.0)
            look()
        look()
        assert board.calls == {}
        return seen, tape

    seen, tape = play(scene)
    assert seen == [(True, False, False), (False, False, False), (False, True, True)]
    ends = [type(r.event) for r in tape.recorded if isinstance(r.event, WsDone | CallEnded)]
    assert ends == [WsDone, CallEnded]
