"""What happens after a call: from what is known of it to tools and their arguments. Pure.

    plan:       playbook + call -> which actions now, and which later     (once, when the call is over)
    holds:      conditions + call -> whether a later one is still wanted  (when its time has come)
    arguments:  action + call -> what the tool is given, or None: there is nothing to do

A plan holds no personal data: its texts still have their placeholders, so that it may be kept wherever jobs are kept.

| event          | when                                                              |
|----------------|-------------------------------------------------------------------|
| call-ended     | every call                                                        |
| meeting-booked | a meeting was booked in it, and stands                            |
| call-lost      | the line broke, or we did, and the caller had spoken              |
| whatsapp       | not here: a message that comes in                                 |

| condition          | holds when                                                    |
|--------------------|---------------------------------------------------------------|
| slots-full         | every required slot is known                                  |
| meeting            | they have a meeting                                           |
| no-meeting         | they have none                                                |
| can-message        | there is a WhatsApp account to send with                      |
| asked-for-whatsapp | the caller named WhatsApp, or a slot `whatsapp` is a yes      |
| not-messaged       | nothing was sent to them in the call                          |
| slot:NAME          | the slot is known                                             |
| slot:NAME=VALUE    | the slot is known, with this value                            |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from agentd.core.playbook import Playbook, Workflow
from agentd.core.window_words import in_words

EVENTS: Final = ("call-ended", "meeting-booked", "call-lost", "whatsapp")

FOLLOW_UP_MIN: Final = 24 * 60
"""Of the default: the next day at the same hour, which the business was open at, or the caller was awake."""

DEFAULT: Final = (
    Workflow(on="call-ended", do=("summary.generate", "leads.upsert", "crm.update")),
    Workflow(on="meeting-booked", do=("whatsapp.send",), when=("can-message", "not-messaged")),
    Workflow(on="call-ended", do=("leads.tag",), when=("no-meeting",), text="follow-up", after_min=FOLLOW_UP_MIN),
    Workflow(
        on="call-ended",
        do=("whatsapp.send",),
        when=("no-meeting", "can-message", "asked-for-whatsapp"),
        after_min=FOLLOW_UP_MIN,
    ),
)
"""Of a playbook that says nothing about calls. Nobody is written to who did not ask for it or book."""

_CONFIRMATION: Final = {
    "he": "הפגישה נקבעה: {meeting}. נתראה!",
    "en": "Your meeting is booked: {meeting}. See you there!",
}
_CONFIRMATION_AT: Final = {
    "he": "הפגישה נקבעה: {meeting}, {place}. נתראה!",
    "en": "Your meeting is booked: {meeting}, {place}. See you there!",
}
_FOLLOW_UP: Final = {
    "he": "תודה שפנית אלינו. רוצה לקבוע פגישה? אפשר לענות כאן, ונחזור עם מועד.",
    "en": "Thank you for calling us. Would you like to meet? Answer here, and we will find a time.",
}
_YES: Final = frozenset({"yes", "true", "1", "כן"})
_WHATSAPP: Final = re.compile(r"whats\s*app|ווטסאפ|וואטסאפ|ווצאפ|וואצאפ", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Booked:
    """A meeting that stands. `start` is in the playbook's time zone. `in_call`: it was booked in this very call."""

    start: datetime
    place: str = ""
    in_call: bool = True


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What is known of a call that is over. `slots`: {name: normalised value}. `heard`: what the caller said, in order.
    `lost`: it did not end by the will of either side. `messaged`: a message went out in the call. `can_message`: there
    is an account to send with."""

    slots: Mapping[str, str] = field(default_factory=dict, repr=False)
    heard: tuple[str, ...] = field(default=(), repr=False)
    summary: str = field(default="", repr=False)
    meeting: Booked | None = None
    lost: bool = False
    messaged: bool = False
    can_message: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One tool to run. `text` still has its placeholders; "" takes the default of the tool."""

    tool: str
    text: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Actions for `after_min` after the call, if `when` still holds then."""

    after_min: int
    when: tuple[str, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    actions: tuple[Action, ...] = ()
    later: tuple[Later, ...] = ()


def plan(playbook: Playbook, call: CallOutcome) -> Plan:
    """What the playbook wants done after this call, in its order; the default where it says nothing about calls."""
    about_calls = tuple(each for each in playbook.workflows if each.on in _HAPPENED)
    now: list[Action] = []
    later: list[Later] = []
    for workflow in about_calls or DEFAULT:
        if not _HAPPENED[workflow.on](call):
            continue
        actions = tuple(Action(tool, workflow.text, workflow.template) for tool in workflow.do)
        if workflow.after_min:
            later.append(Later(workflow.after_min, workflow.when, actions))
        elif holds(workflow.when, playbook, call):
            now += actions
    return Plan(tuple(now), tuple(later))


def is_condition(text: str) -> bool:
    """Whether `when` of a workflow may hold this."""
    return text in _CONDITIONS or bool(re.fullmatch(r"slot:[a-z][a-z0-9_]*(=.+)?", text))


def holds(when: tuple[str, ...], playbook: Playbook, call: CallOutcome) -> bool:
    """All of the conditions. One that nobody knows does not hold: doing nothing can be made good."""
    return all(_holds(each, playbook, call) for each in when)


def _holds(condition: str, playbook: Playbook, call: CallOutcome) -> bool:
    if condition.startswith("slot:"):
        name, given, value = condition.removeprefix("slot:").partition("=")
        return call.slots.get(name) == value if given else bool(call.slots.get(name))
    check = _CONDITIONS.get(condition)
    return check is not None and check(playbook, call)


def arguments(action: Action, playbook: Playbook, call: CallOutcome) -> dict[str, Any] | None:
    """What the tool is given: always the same for the same call, since the arguments are part of what makes an effect
    happen once. None: nothing is known that it could write, or the text needs what nobody has said."""
    match action.tool:
        case "summary.generate":
            return {"slots": _own_slots(playbook, call)}
        case "leads.upsert":
            slots = _own_slots(playbook, call)
            return {"name": slots.get("name", ""), "slots": slots, "summary": call.summary}
        case "leads.tag":
            tags = [tag.strip() for tag in action.text.split(",") if tag.strip()]
            return {"tags": tags} if tags else None
        case "crm.update":
            changes = {key: call.slots[key] for key in ("name", "email") if call.slots.get(key)}
            if call.summary:
                changes["notes"] = call.summary
            return {"changes": changes} if changes else None
        case "calls.log_create":
            note = fill(action.text, values(playbook, call)) or call.summary
            return {"note": note} if note else None
        case "whatsapp.send":
            text = fill(action.text or _default_message(playbook, call), values(playbook, call))
            if not text:
                return None
            return {"text": text, "template": action.template} if action.template else {"text": text}
        case _:  # a plugin's tool
            text = fill(action.text, values(playbook, call))
            return None if text is None else {"text": text} if text else {}


def values(playbook: Playbook, call: CallOutcome) -> dict[str, str]:
    """What `{...}` in a text may name: the slots that are known, `meeting` (day and hour in words) and `place`."""
    known = {name: value for name, value in call.slots.items() if value}
    if call.meeting is not None:
        known["meeting"] = in_words(call.meeting.start, playbook.language)
        place = call.meeting.place or playbook.meetings.place
        if place:
            known["place"] = place
    return known


def fill(text: str, known: Mapping[str, str]) -> str | None:
    """`text` with its placeholders filled; None when one of them is not known: nobody is sent half a sentence."""
    if any(name not in known for name in _PLACEHOLDER.findall(text)):
        return None
    return _PLACEHOLDER.sub(lambda found: known[found[1]], text).strip()


def _default_message(playbook: Playbook, call: CallOutcome) -> str:
    language = "he" if playbook.language.startswith(("he", "iw")) else "en"
    if call.meeting is None:
        return _FOLLOW_UP[language]
    place = call.meeting.place or playbook.meetings.place
    return (_CONFIRMATION_AT if place else _CONFIRMATION)[language]


def _own_slots(playbook: Playbook, call: CallOutcome) -> dict[str, str]:
    """Those that the playbook still has: it may be another one by now."""
    return {slot.name: call.slots[slot.name] for slot in playbook.slots if call.slots.get(slot.name)}


def _slots_full(playbook: Playbook, call: CallOutcome) -> bool:
    return all(call.slots.get(slot.name) for slot in playbook.slots if slot.required)


def _asked_for_whatsapp(playbook: Playbook, call: CallOutcome) -> bool:
    return call.slots.get("whatsapp", "").lower() in _YES or any(map(_WHATSAPP.search, call.heard))


_HAPPENED: Final[Mapping[str, Callable[[CallOutcome], bool]]] = {
    "call-ended": lambda call: True,
    "meeting-booked": lambda call: call.meeting is not None and call.meeting.in_call,
    "call-lost": lambda call: call.lost and bool(call.heard),
}
_CONDITIONS: Final[Mapping[str, Callable[[Playbook, CallOutcome], bool]]] = {
    "slots-full": _slots_full,
    "meeting": lambda playbook, call: call.meeting is not None,
    "no-meeting": lambda playbook, call: call.meeting is None,
    "can-message": lambda playbook, call: call.can_message,
    "asked-for-whatsapp": _asked_for_whatsapp,
    "not-messaged": lambda playbook, call: not call.messaged,
}
