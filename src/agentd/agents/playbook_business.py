"""The part of a playbook that is about the business: its hours, meetings, tools and workflows; checked as a whole.

Each `ConfigError` names file, key and cure, as those of `playbook_file` do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from agentd.core.opening import DAY_MIN, WEEKDAYS
from agentd.core.playbook import Playbook, Workflow
from agentd.core.policy import Agent
from agentd.core.workflows import EVENTS, is_condition
from agentd.errors import ConfigError

MEETING_MIN, NOTICE_MIN, DAYS, AFTER_MIN = (5, 480), (0, 30 * DAY_MIN), (1, 365), (0, 90 * DAY_MIN)
TYPO = 0.9  # alike enough to one of our tools to be meant for it; a plugin may bring any other
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"({_CLOCK})-({_CLOCK}|24:00)")
_TOOL = re.compile(r"[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,31}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_business(where: str, playbook: Playbook) -> None:
    """Raise `ConfigError` for what is wrong with hours, holidays, meetings, agents, workflows or transfer_to."""
    _check_zone(where, playbook.timezone)
    for day, spans in playbook.hours.items():
        _check_day(where, day, spans)
    for at, holiday in enumerate(playbook.holidays):
        _check_holiday(where, f"holidays[{at}]", holiday)
    _check_meetings(where, playbook)
    agents = [agent.value for agent in Agent]
    for agent, tools in playbook.agents.items():
        if agent not in agents:
            raise ConfigError(where, f"agents.{agent}", "no such agent", f"one of {', '.join(agents)}")
        _check_tools(where, f"agents.{agent}", tools)
    for at, workflow in enumerate(playbook.workflows):
        _check_workflow(where, f"workflows[{at}]", workflow, playbook)
    if playbook.transfer_to and not re.fullmatch(r"\+[1-9]\d{6,14}", playbook.transfer_to):
        cure = "write it with its country, digits only: +972501234567"
        raise ConfigError(where, "transfer_to", f"{playbook.transfer_to!r} is no telephone number", cure)


def _check_zone(where: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, a folder, no name at all
        problem = f"there is no time zone {name!r}"
        raise ConfigError(where, "timezone", problem, "write a name such as Asia/Jerusalem") from None


def _check_day(where: str, day: str, spans: tuple[str, ...]) -> None:
    key = f"hours.{day}"
    if day not in WEEKDAYS:
        near = difflib.get_close_matches(day.lower()[:3], WEEKDAYS, 1)
        raise ConfigError(
            where, key, "no such day", f"write {near[0] if near else 'sun, mon, tue, wed, thu, fri or sat'}"
        )
    until = 0
    for span in sorted(spans):
        match = _SPAN.fullmatch(span)
        if match is None or _minutes(match[1]) >= _minutes(match[2]):
            raise ConfigError(where, key, f"{span!r} is no span of hours", 'write "09:00-13:00"; [] for a closed day')
        if _minutes(match[1]) < until:
            raise ConfigError(where, key, f"{span!r} overlaps the one before", "let one begin where the other ends")
        until = _minutes(match[2])


def _check_holiday(where: str, key: str, holiday: str) -> None:
    try:
        plain = date.fromisoformat(holiday).isoformat() == holiday
    except ValueError:
        plain = False
    if not plain:
        raise ConfigError(where, key, f"{holiday!r} is no date", 'write "2026-09-12": year, month, day')


def _check_meetings(where: str, playbook: Playbook) -> None:
    meetings = playbook.meetings
    for key, value, (least, most) in (
        ("minutes", meetings.minutes, MEETING_MIN),
        ("notice_min", meetings.notice_min, NOTICE_MIN),
        ("days", meetings.days, DAYS),
    ):
        if not least <= value <= most:
            raise ConfigError(where, f"meetings.{key}", f"{value} is out of range", f"{least} to {most}")
    spans = [_SPAN.fullmatch(span) for day in playbook.hours.values() for span in day]
    longest = max((_minutes(span[2]) - _minutes(span[1]) for span in spans if span), default=DAY_MIN)
    if longest < meetings.minutes:
        problem = f"{meetings.minutes} minutes fit into no span of the opening hours"
        raise ConfigError(where, "meetings.minutes", problem, f"at most {longest}, or longer hours")


def _check_workflow(where: str, key: str, workflow: Workflow, playbook: Playbook) -> None:
    if workflow.on not in EVENTS:
        raise ConfigError(where, f"{key}.on", f"{workflow.on!r} never happens", f"one of {', '.join(EVENTS)}")
    if not workflow.do:
        raise ConfigError(where, f"{key}.do", "empty", 'name tools, in order: ["summary.generate", "leads.upsert"]')
    _check_tools(where, f"{key}.do", workflow.do)
    slots = [slot.name for slot in playbook.slots]
    for condition in workflow.when:
        slot = condition.removeprefix("slot:").partition("=")[0] if condition.startswith("slot:") else ""
        if not is_condition(condition) or (slot and slot not in slots):
            cure = "see docs/playbooks.md for the conditions; slot:NAME needs a slot of that name"
            raise ConfigError(where, f"{key}.when", f"{condition!r} is no condition", cure)
    for name in _PLACEHOLDER.findall(workflow.text):
        if name not in (*slots, "meeting", "place"):
            cure = f"one of {', '.join((*slots, 'meeting', 'place'))}"
            raise ConfigError(where, f"{key}.text", f"nothing is called {{{name}}}", cure)
    if workflow.template and not re.fullmatch(r"HX[0-9a-fA-F]{32}", workflow.template):
        problem = f"{workflow.template!r} is no ContentSid"
        raise ConfigError(where, f"{key}.template", problem, "copy it from Twilio: HX and 32 hexadecimal digits")
    if not AFTER_MIN[0] <= workflow.after_min <= AFTER_MIN[1]:
        problem = f"{workflow.after_min} is out of range"
        raise ConfigError(where, f"{key}.after_min", problem, f"{AFTER_MIN[0]} to {AFTER_MIN[1]} minutes")


def _check_tools(where: str, key: str, names: Iterable[str]) -> None:
    from agentd.agents.tools import house_tools

    ours = [tool.name for tool in house_tools()]
    seen: set[str] = set()
    for name in names:
        if not _TOOL.fullmatch(name):
            raise ConfigError(where, key, f"{name!r} is no tool", 'write "area.verb", such as "calendar.create"')
        if name in seen:
            raise ConfigError(where, key, f"{name!r} twice", "name it once")
        seen.add(name)
        near = difflib.get_close_matches(name, ours, 1, TYPO)
        if near and near[0] != name:
            raise ConfigError(where, key, f"there is no tool {name!r}", f"did you mean {near[0]}?")


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
