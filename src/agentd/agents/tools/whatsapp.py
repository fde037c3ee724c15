"""whatsapp.send, whatsapp.fetch_thread: one message out, and what was written before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from agentd.agents.tools._words import Arguments, Phone, Result, number
from agentd.core.policy import Effect, Grants
from agentd.core.windows import local_iso
from agentd.tools import Tool, ToolRun


class Send(Arguments, frozen=True, kw_only=True):
    text: Annotated[
        str, msgspec.Meta(description="The whole message, in the caller's language.", min_length=1, max_length=1000)
    ]
    to: Phone = ""
    template: Annotated[
        str, msgspec.Meta(description="ContentSid of a template of the playbook. Usually empty.", max_length=40)
    ] = ""


class Sent(Result, frozen=True, kw_only=True):
    message_id: str
    status: str


class FetchThread(Arguments, frozen=True, kw_only=True):
    phone: Phone = ""
    limit: Annotated[int, msgspec.Meta(description="How many of the last messages.", ge=1, le=50)] = 20


class Line(Result, frozen=True, kw_only=True):
    ours: bool
    text: str
    at: str


class Thread(Result, frozen=True, kw_only=True):
    """The oldest first."""

    messages: list[Line]

    def grants(self) -> Grants:
        return Grants()  # people's words


async def send(arguments: Send, run: ToolRun) -> Sent:
    note = await run.office.messenger.send(
        number(arguments.to, run), arguments.text, run.key, template=arguments.template
    )
    return Sent(message_id=note.id, status=note.status)


async def fetch_thread(arguments: FetchThread, run: ToolRun) -> Thread:
    notes = await run.office.messenger.thread(number(arguments.phone, run), arguments.limit)
    zone = ZoneInfo(run.playbook.timezone)
    return Thread(
        messages=[
            Line(
                ours=note.ours,
                text=note.text.text,
                at=local_iso(datetime.fromtimestamp(note.at_ms / 1000, UTC).astimezone(zone)),
            )
            for note in reversed(notes)
        ]
    )


TOOLS = (
    Tool(
        "whatsapp.send", "Send the caller a WhatsApp message, when they have agreed to get one.", Send, Sent, send,
        Effect.OUTSIDE, 10.0,
    ),
    Tool(
        "whatsapp.fetch_thread", "Read the last WhatsApp messages with the caller.", FetchThread, Thread, fetch_thread
    ),
)  # fmt: skip
