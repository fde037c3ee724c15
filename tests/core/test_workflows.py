"""What happens after a call, as tables: which actions, which later, with which arguments."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import datetime
from inspect import getsource
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agentd.core import workflows
from agentd.core.playbook import Meetings, Playbook, Slot, Workflow
from agentd.core.workflows import EVENTS, Action, Booked, CallOutcome, Later, Plan, arguments, fill, holds, plan

EN = Playbook(
    name="office",
    language="en-US",
    persona="a secretary",
    greeting="hello",
    slots=(Slot("name", "name", "Name?"), Slot("area", "area", "Where?"), Slot("email", "text", "?", required=False)),
)
HE = replace(EN, language="he-IL")
MEETING = Booked(datetime(2026, 12, 1, 10, 0, tzinfo=ZoneInfo("Asia/Jerusalem")))
NOTHING = CallOutcome()
FULL = CallOutcome(slots={"name": "Dana", "area": "Haifa"}, heard=("hello", "send it on WhatsApp please"))


def with_workflows(*workflows: Workflow) -> Playbook:
    return replace(EN, workflows=workflows)


def tools(made: Plan) -> list[str]:
    return [action.tool for action in made.actions]


RECORDS = ["summary.generate", "leads.upsert", "crm.update"]


@pytest.mark.parametrize(
    ("call", "now", "later"),
    [
        (NOTHING, RECORDS, ["leads.tag", "whatsapp.send"]),
        (replace(FULL, meeting=MEETING, can_message=True), [*RECORDS, "whatsapp.send"], ["leads.tag", "whatsapp.send"]),
        (replace(FULL, meeting=MEETING), RECORDS, ["leads.tag", "whatsapp.send"]),
        (replace(FULL, meeting=MEETING, can_message=True, messaged=True), RECORDS, ["leads.tag", "whatsapp.send"]),
    ],
)
def test_a_playbook_that_says_nothing_about_calls_has_the_default(
    call: CallOutcome, now: list[str], later: list[str]
) -> None:
    for playbook in (EN, with_workflows(Workflow(on="whatsapp", do=("leads.upsert",)))):
        made = plan(playbook, call)
        assert tools(made) == now
        assert [action.tool for each in made.later for action in each.actions] == later


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (NOTHING, ["leads.tag"]),
        (replace(NOTHING, can_message=True), ["leads.tag"]),
        (replace(FULL, can_message=True), ["leads.tag", "whatsapp.send"]),
        (replace(FULL, can_message=True, meeting=MEETING), []),
    ],
)
def test_the_default_follows_up_those_without_a_meeting_and_writes_to_those_who_asked_for_it(
    call: CallOutcome, wanted: list[str]
) -> None:
    still = [each for each in plan(EN, call).later if holds(each.when, EN, call)]
    assert [action.tool for each in still for action in each.actions] == wanted


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (NOTHING, ["calls.log_create"]),
        (replace(FULL, meeting=MEETING), ["calls.log_create", "crm.update"]),
        (replace(FULL, meeting=replace(MEETING, in_call=False)), ["calls.log_create"]),
        (replace(FULL, lost=True), ["calls.log_create", "leads.tag"]),
        (replace(NOTHING, lost=True), ["calls.log_create"]),  # nobody spoke: nobody is lost
    ],
)
def test_workflows_run_when_their_event_has_happened(call: CallOutcome, expected: list[str]) -> None:
    playbook = with_workflows(
        Workflow(on="call-ended", do=("calls.log_create",)),
        Workflow(on="meeting-booked", do=("crm.update",)),
        Workflow(on="call-lost", do=("leads.tag",)),
        Workflow(on="whatsapp", do=("whatsapp.send",)),
    )
    assert tools(plan(playbook, call)) == expected


def test_a_plan_keeps_order_texts_and_what_comes_later() -> None:
    made = plan(
        with_workflows(
            Workflow(on="call-ended", do=("leads.tag", "whatsapp.send"), text="hi {name}", template="HX1"),
            Workflow(on="call-ended", do=("whatsapp.send",), when=("slot:area",), text="again", after_min=90),
        ),
        NOTHING,
    )
    assert made == Plan(
        (Action("leads.tag", "hi {name}", "HX1"), Action("whatsapp.send", "hi {name}", "HX1")),
        (Later(90, ("slot:area",), (Action("whatsapp.send", "again"),)),),
    )


@pytest.mark.parametrize(
    ("condition", "call", "expected"),
    [
        ("slots-full", FULL, True),
        ("slots-full", replace(FULL, slots={"name": "Dana", "area": ""}), False),
        ("meeting", replace(NOTHING, meeting=MEETING), True),
        ("meeting", NOTHING, False),
        ("no-meeting", NOTHING, True),
        ("can-message", replace(NOTHING, can_message=True), True),
        ("can-message", NOTHING, False),
        ("asked-for-whatsapp", FULL, True),
        ("asked-for-whatsapp", replace(NOTHING, heard=("תשלחו לי בוואטסאפ",)), True),
        ("asked-for-whatsapp", replace(NOTHING, slots={"whatsapp": "yes"}), True),
        ("asked-for-whatsapp", replace(NOTHING, slots={"whatsapp": "no"}, heard=("what's up",)), False),
        ("not-messaged", NOTHING, True),
        ("not-messaged", replace(NOTHING, messaged=True), False),
        ("slot:area", FULL, True),
        ("slot:budget", FULL, False),
        ("slot:area=Haifa", FULL, True),
        ("slot:area=Eilat", FULL, False),
        ("slot:budget=", FULL, False),
        ("full-moon", FULL, False),
    ],
)
def test_conditions(condition: str, call: CallOutcome, expected: bool) -> None:
    assert holds((condition,), EN, call) is expected


def test_all_conditions_must_hold() -> None:
    assert holds((), EN, NOTHING)
    assert holds(("slots-full", "no-meeting"), EN, FULL)
    assert not holds(("slots-full", "meeting"), EN, FULL)


def test_the_docstring_lists_the_conditions_and_events_that_there_are() -> None:
    text = ast.get_docstring(ast.parse(getsource(workflows))) or ""
    listed = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    examples = {"slot:NAME": "slot:area", "slot:NAME=VALUE": "slot:area=x y"}
    conditions = listed - {"event", "condition", *EVENTS}
    assert listed >= set(EVENTS)
    assert all(workflows.is_condition(examples.get(each, each)) for each in conditions)
    assert conditions >= set(workflows._CONDITIONS)
    assert not any(map(workflows.is_condition, ("slot:", "slot:A", "meetings", "")))


KNOWN = replace(FULL, summary="Wants a flat.", slots={**FULL.slots, "email": "d@example.com", "gone": "x"})


@pytest.mark.parametrize(
    ("action", "call", "expected"),
    [
        (
            Action("summary.generate"),
            KNOWN,
            {"slots": {"name": "Dana", "area": "Haifa", "email": "d@example.com"}},
        ),
        (
            Action("leads.upsert"),
            KNOWN,
            {
                "name": "Dana",
                "slots": {"name": "Dana", "area": "Haifa", "email": "d@example.com"},
                "summary": "Wants a flat.",
            },
        ),
        (Action("leads.upsert"), NOTHING, {"name": "", "slots": {}, "summary": ""}),
        (
            Action("crm.update"),
            KNOWN,
            {"changes": {"name": "Dana", "email": "d@example.com", "notes": "Wants a flat."}},
        ),
        (Action("crm.update"), NOTHING, None),
        (Action("leads.tag", "hot, follow-up,"), NOTHING, {"tags": ["hot", "follow-up"]}),
        (Action("leads.tag"), NOTHING, None),
        (Action("calls.log_create", "{name} called"), FULL, {"note": "Dana called"}),
        (Action("calls.log_create", "{budget}"), KNOWN, {"note": "Wants a flat."}),
        (Action("calls.log_create"), NOTHING, None),
        (Action("whatsapp.send", "Hello {name}"), FULL, {"text": "Hello Dana"}),
        (Action("whatsapp.send", "Hello {name}", "HX1"), FULL, {"text": "Hello Dana", "template": "HX1"}),
        (Action("whatsapp.send", "Hello {name}"), NOTHING, None),
        (Action("acme.print", "label for {area}"), FULL, {"text": "label for Haifa"}),
        (Action("acme.print"), NOTHING, {}),
        (Action("acme.print", "{area}"), NOTHING, None),
    ],
)
def test_arguments(action: Action, call: CallOutcome, expected: dict[str, Any] | None) -> None:
    assert arguments(action, EN, call) == expected
    assert arguments(action, EN, call) == expected


@pytest.mark.parametrize(
    ("playbook", "call", "text"),
    [
        (
            EN,
            replace(NOTHING, meeting=MEETING),
            "Your meeting is booked: Tuesday, December 1 at 10:00. See you there!",
        ),
        (
            replace(EN, meetings=Meetings(place="5 Hillel St")),
            replace(NOTHING, meeting=MEETING),
            "Your meeting is booked: Tuesday, December 1 at 10:00, 5 Hillel St. See you there!",
        ),
        (
            replace(HE, meetings=Meetings(place="רחוב הרצל 1")),
            replace(NOTHING, meeting=replace(MEETING, place="רחוב הלל 5")),
            "הפגישה נקבעה: יום שלישי, 1 בדצמבר, בשעה 10:00, רחוב הלל 5. נתראה!",
        ),
        (HE, NOTHING, "תודה שפנית אלינו. רוצה לקבוע פגישה? אפשר לענות כאן, ונחזור עם מועד."),
        (EN, NOTHING, "Thank you for calling us. Would you like to meet? Answer here, and we will find a time."),
    ],
)
def test_the_default_messages(playbook: Playbook, call: CallOutcome, text: str) -> None:
    assert arguments(Action("whatsapp.send"), playbook, call) == {"text": text}


def test_what_somebody_said_is_never_a_placeholder() -> None:
    assert fill("{a} and {b}", {"a": "{b}", "b": "x"}) == "{b} and x"


def test_what_is_known_of_a_person_does_not_show() -> None:
    assert "Dana" not in repr(FULL)
    assert "hello" not in repr(FULL)
