"""stt.get_last_transcript: the last lines of this call, as they were understood and heard."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentd.agents.tools._words import Arguments, Result, in_a_call
from agentd.core.policy import Grants
from agentd.tools import Tool, ToolRun


class LastTranscript(Arguments, frozen=True, kw_only=True):
    lines: Annotated[int, msgspec.Meta(description="How many of the last lines.", ge=1, le=50)] = 10


class Line(Result, frozen=True, kw_only=True):
    who: str  # "caller" or "agent"
    text: str


class Transcript(Result, frozen=True, kw_only=True):
    lines: list[Line]

    def grants(self) -> Grants:
        return Grants()  # people's words


async def last_transcript(arguments: LastTranscript, run: ToolRun) -> Transcript:
    lines = await run.office.files.transcript(in_a_call(run), arguments.lines)
    return Transcript(lines=[Line(who=who, text=text) for who, text in lines])


TOOLS = (
    Tool("stt.get_last_transcript", "Read the last lines of this call.", LastTranscript, Transcript, last_transcript),
)
