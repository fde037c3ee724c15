"""calls.log_create, calls.attach_recording: what is added to the log of this call."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentd.agents.tools._words import Arguments, Result, in_a_call
from agentd.core.policy import Effect
from agentd.events import Private
from agentd.tools import Tool, ToolRun


class LogCreate(Arguments, frozen=True, kw_only=True):
    note: Annotated[
        str, msgspec.Meta(description="What a person of the business should know.", min_length=1, max_length=1000)
    ]


class Logged(Result, frozen=True, kw_only=True):
    note_id: str


class AttachRecording(Arguments, frozen=True, kw_only=True):
    recording_sid: Annotated[str, msgspec.Meta(description="Twilio's recording SID.", pattern="^RE[0-9a-f]{32}$")]


class Attached(Result, frozen=True, kw_only=True):
    attached: bool


async def log_create(arguments: LogCreate, run: ToolRun) -> Logged:
    note = await run.office.files.log_create(in_a_call(run), run.caller, Private(arguments.note), run.key)
    return Logged(note_id=note)


async def attach_recording(arguments: AttachRecording, run: ToolRun) -> Attached:
    await run.office.files.attach_recording(in_a_call(run), arguments.recording_sid, run.key)
    return Attached(attached=True)


TOOLS = (
    Tool(
        "calls.log_create", "Add a note to the log of this call, for the people of the business.", LogCreate, Logged,
        log_create, Effect.OURS,
    ),
    Tool(
        "calls.attach_recording", "Attach a recording of this call to its log.", AttachRecording, Attached,
        attach_recording, Effect.OURS,
    ),
)  # fmt: skip
