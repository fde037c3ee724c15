"""What the arguments of several tools have in common."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentd.core.phone_number import e164
from agentd.events import Private
from agentd.tools import ToolError, ToolRun

Phone = Annotated[
    str, msgspec.Meta(description="Telephone number, such as +972501234567. Empty: the caller's own.", max_length=40)
]
Name = Annotated[str, msgspec.Meta(description="Name of the person, as they said it.", max_length=80)]
Short = Annotated[str, msgspec.Meta(max_length=200)]


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a model may give a tool."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a tool returns."""


def number(written: str, run: ToolRun) -> Private:
    """The number that is meant, as E.164."""
    found = e164(written) or run.caller.text
    if not found:
        raise ToolError("The caller's number is not known: ask for one, and give it as the argument.")
    return Private(found)


def in_a_call(run: ToolRun) -> str:
    """The CallSid of the call that this is about."""
    if not run.call_sid:
        raise ToolError("There is no call here.")
    return run.call_sid
