"""What OpenAI refuses of a conversation with tools, for the fake server: who may stand after whom, and names. Pure.

| after                        | may come                                                        |
|------------------------------|-----------------------------------------------------------------|
| a call of a tool             | the results of all calls of that message, in any order, first   |
| anything else                | any message but a result                                        |
"""

from __future__ import annotations

import re
from typing import Any

ROLES = ("system", "developer", "user", "assistant", "tool")
MOST_ID = 40
_NOT_ON_TOP = {"oneOf", "anyOf", "allOf", "enum", "not"}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Problem = tuple[str, str] | None  # the parameter and what is wrong with it


def chat_problem(body: Any) -> Problem:
    """Why a chat completion would be refused with 400; None if it would not."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages", "is missing"
    waiting: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages.[{number}]"
        role = message.get("role")
        if role not in ROLES:
            return f"{where}.role", "is unknown"
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                return f"{where}.role", "messages with role 'tool' must be a response to a preceding message with calls"
            waiting.discard(message["tool_call_id"])
        elif waiting:
            return f"{where}.role", "calls must be followed by messages responding to each of them"
        if role != "assistant" and not isinstance(message.get("content"), str):
            return f"{where}.content", "is no text"
        if role == "assistant" and not (message.get("content") or message.get("tool_calls")):
            return f"{where}.content", "is missing"
        for call in message.get("tool_calls", ()):
            if (problem := _call_problem(where, call, waiting)) is not None:
                return problem
            waiting.add(call["id"])
    if waiting:
        return "messages", "calls must be followed by messages responding to each of them"
    return _tools_problem([tool.get("function", {}) for tool in body["tools"]]) if "tools" in body else None


def responses_problem(body: Any) -> Problem:
    """Why a request to `/responses` would be refused with 400; None if it would not."""
    items = body.get("input")
    if not isinstance(items, list) or not items:
        return "input", "is missing"
    asked: set[str] = set()
    answered: set[str] = set()
    for number, item in enumerate(items):
        where = f"input[{number}]"
        call_id = item.get("call_id")
        match item.get("type", "message"):
            case "message":
                if item.get("role") not in ROLES[:-1] or not isinstance(item.get("content"), str):
                    return where, "is no message"
            case "function_call":
                if not _NAME.fullmatch(str(item.get("name"))) or not isinstance(item.get("arguments"), str):
                    return f"{where}.name", "does not match the pattern, or there are no arguments"
                if not isinstance(call_id, str) or not call_id or call_id in asked:
                    return f"{where}.call_id", "is missing or used twice"
                asked.add(call_id)
            case "function_call_output":
                if call_id not in asked or call_id in answered or not isinstance(item.get("output"), str):
                    return "input", f"no tool call found for function call output with call_id {call_id}"
                answered.add(call_id)
            case _:
                return f"{where}.type", "is unknown"
    if unanswered := asked - answered:
        return "input", f"no tool output found for function call {min(unanswered)}"
    if "messages" in body:
        return "messages", "is unknown"
    return _tools_problem(body["tools"]) if "tools" in body else None


def _call_problem(where: str, call: Any, waiting: set[str]) -> Problem:
    function = call.get("function", {})
    if not isinstance(call.get("id"), str) or not 0 < len(call["id"]) <= MOST_ID or call["id"] in waiting:
        return f"{where}.tool_calls[0].id", "is missing, too long or used twice"
    if call.get("type") != "function" or not isinstance(function.get("arguments"), str):
        return f"{where}.tool_calls[0].type", "is no call of a function"
    if not _NAME.fullmatch(str(function.get("name"))):
        return f"{where}.tool_calls[0].function.name", "does not match the pattern"
    return None


def _tools_problem(functions: list[Any]) -> Problem:
    if not functions:
        return "tools", "is an empty array"
    names = [str(function.get("name")) for function in functions]
    for number, function in enumerate(functions):
        if not _NAME.fullmatch(names[number]) or names.index(names[number]) != number:
            return f"tools[{number}].function.name", "does not match the pattern, or is used twice"
        schema = function.get("parameters", {})
        if schema.get("type") != "object" or _NOT_ON_TOP & schema.keys() or not _lists_have_items(schema):
            return f"tools[{number}].function.parameters", "is no schema of an object"
    return None


def _lists_have_items(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_lists_have_items, schema))
    if not isinstance(schema, dict):
        return True
    return (schema.get("type") != "array" or "items" in schema) and all(map(_lists_have_items, schema.values()))
