"""The law for tool calls, rule by rule: what each forbids, and what stands right beside it and is allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.core.governor_facts import returned
from agentd.core.policy import Agent, Asked, Effect, Grants, House, Known, Policy, Ruling, Verdict
from agentd.core.policy_rules import RULES

ME, OTHER = "+972501234567", "+972521112222"
LAW = Policy(House(), RULES)
KNOWN = Known(
    tools=frozenset(
        {
            "whatsapp.send", "whatsapp.fetch_thread", "calendar.create", "leads.upsert", "leads.tag", "crm.get",
            "crm.update", "crm.search_customer", "calls.attach_recording", "leads.delete", "shop.order",
        }
    ),
    caller=ME,
    call_sid="CA1",
    digits="0533334444",
    grants=Grants(
        starts=frozenset({"2026-03-03T10:00"}),
        customers={"c1": ME, "c2": OTHER},
        leads={"l1": ME, "l2": OTHER, "l3": "+972533334444"},
    ),
    may_say=returned("Tuesday, March 3 at 10:00, 2500 shekels", date(2026, 3, 1)),
    links=frozenset({"office.example.co.il"}),
    numbers="+97235551234",
    templates=frozenset({"HX1"}),
    recordings=frozenset({"RE1"}),
)  # fmt: skip
EFFECTS = {
    "whatsapp.send": Effect.OUTSIDE, "shop.order": Effect.OUTSIDE, "whatsapp.fetch_thread": Effect.READ,
    "crm.get": Effect.READ, "crm.search_customer": Effect.READ,
}  # fmt: skip


def judge(tool: str, known: Known = KNOWN, law: Policy = LAW, **arguments: Any) -> str:
    verdict = law.judge(Asked(Agent.VOICE, tool, EFFECTS.get(tool, Effect.OURS), arguments), known)
    assert verdict.why or verdict.ruling is Ruling.ALLOW
    return verdict.rule


WITHHELD = replace(KNOWN, caller="")


@pytest.mark.parametrize(
    ("rule", "tool", "known", "arguments"),
    [
        ("not-for-agent", "crm.delete_all", KNOWN, {}),
        ("destructive", "leads.delete", KNOWN, {}),
        ("other-call", "crm.get", KNOWN, {"call_sid": "CA2"}),
        ("other-recording", "calls.attach_recording", KNOWN, {"recording_sid": "RE2"}),
        ("foreign-number", "whatsapp.send", KNOWN, {"to": OTHER}),
        ("foreign-number", "leads.upsert", KNOWN, {"phone": "052-111-2222"}),
        ("foreign-number", "shop.order", KNOWN, {"delivery_phone": OTHER}),
        ("foreign-number", "leads.upsert", KNOWN, {"phone": "my wife"}),
        ("foreign-number", "leads.upsert", KNOWN, {"phone": "1"}),
        ("foreign-number", "leads.upsert", WITHHELD, {"phone": ""}),
        ("other-persons-data", "whatsapp.fetch_thread", KNOWN, {"phone": "0533334444"}),
        ("foreign-number", "crm.search_customer", WITHHELD, {"phone": ""}),
        ("other-customer", "crm.get", KNOWN, {"customer_id": "c2"}),
        ("other-customer", "crm.get", KNOWN, {"customer_id": ME}),
        ("other-customer", "crm.get", WITHHELD, {"customer_id": ""}),
        ("other-customer", "crm.get", replace(WITHHELD, grants=Grants(customers={"c": ""})), {"customer_id": "c"}),
        ("other-lead", "leads.tag", KNOWN, {"lead_id": "l2"}),
        ("other-lead", "leads.tag", KNOWN, {"lead_id": "l9"}),
        ("other-lead", "leads.tag", WITHHELD, {"lead_id": ""}),
        ("not-offered", "calendar.create", KNOWN, {"start": "2026-03-03T11:00"}),
        ("not-offered", "calendar.create", KNOWN, {}),
        ("foreign-link", "whatsapp.send", KNOWN, {"text": "see evil.example"}),
        ("foreign-link", "shop.order", KNOWN, {"items": [{"note": "https://evil.example"}]}),
        ("foreign-link", "shop.order", KNOWN, {"items": {"evil.example": "1"}}),
        ("foreign-number-in-text", "whatsapp.send", KNOWN, {"text": "call 1-700-555-666"}),
        ("untrue", "whatsapp.send", KNOWN, {"text": "Tuesday at 11:00"}),
        ("untrue", "whatsapp.send", KNOWN, {"text": "it costs 900 shekels"}),
        ("foreign-template", "whatsapp.send", KNOWN, {"template": "HX2"}),
        ("too-many-calls", "crm.get", replace(KNOWN, calls=20), {}),
        ("too-many-effects", "whatsapp.send", replace(KNOWN, used={"whatsapp.send": 2}), {}),
        ("too-many-effects", "calendar.create", replace(KNOWN, used={"calendar.create": 2}),
            {"start": "2026-03-03T10:00"}),
        ("too-many-effects", "leads.upsert", replace(KNOWN, used={"leads.upsert": 5}), {}),
        ("too-many-effects", "leads.tag", replace(KNOWN, used={"leads.tag": 20}), {}),
        ("too-many-today", "whatsapp.send", replace(KNOWN, sent_today=200), {}),
        ("unusual-field", "crm.update", KNOWN, {"customer_id": "", "changes": {"notes": "x", "credit": "1"}}),
    ],
)  # fmt: skip
def test_what_each_rule_forbids_or_asks(rule: str, tool: str, known: Known, arguments: dict[str, Any]) -> None:
    assert judge(tool, known, **arguments) == rule


@pytest.mark.parametrize(
    ("tool", "known", "arguments"),
    [
        ("crm.get", KNOWN, {"call_sid": "CA1"}),
        ("calls.attach_recording", KNOWN, {"recording_sid": "RE1"}),
        ("whatsapp.send", KNOWN, {"to": ""}),
        ("whatsapp.send", KNOWN, {"to": "050-123-4567"}),
        ("leads.upsert", KNOWN, {"phone": "+972 53 333 4444"}),
        ("leads.upsert", WITHHELD, {"phone": "0533334444"}),
        ("whatsapp.fetch_thread", KNOWN, {"phone": "0501234567"}),
        ("crm.get", KNOWN, {"customer_id": "c1"}),
        ("crm.get", KNOWN, {"customer_id": ""}),
        ("leads.tag", KNOWN, {"lead_id": "l1"}),
        ("leads.tag", KNOWN, {"lead_id": "l3"}),
        ("calendar.create", KNOWN, {"start": "2026-03-03T10:00"}),
        ("whatsapp.send", KNOWN, {"text": "Tuesday at 10:00. https://www.office.example.co.il/map, 03-555-1234"}),
        ("whatsapp.send", KNOWN, {"text": "You are on 050-123-4567, or 053-333 4444."}),
        ("whatsapp.send", KNOWN, {"template": "HX1"}),
        ("leads.upsert", KNOWN, {"text": "see evil.example"}),  # stays in the house
        ("crm.get", replace(KNOWN, calls=19), {}),
        ("whatsapp.send", replace(KNOWN, used={"whatsapp.send": 1}, sent_today=199), {}),
        ("crm.update", KNOWN, {"customer_id": "c1", "changes": {"name": "D", "email": "e", "notes": "n"}}),
    ],
)  # fmt: skip
def test_what_stands_right_beside_it_is_allowed(tool: str, known: Known, arguments: dict[str, Any]) -> None:
    assert judge(tool, known, **arguments) == "allowed"


def test_what_the_operator_decides() -> None:
    def house(**decided: Any) -> Policy:
        return Policy(House(**decided), RULES)

    assert judge("crm.get", law=house(enabled=False)) == "agents-off"
    verdict = house(production=False).judge(Asked(Agent.VOICE, "leads.delete", Effect.OURS, {}), KNOWN)
    assert (verdict.ruling, verdict.rule) == (Ruling.ASK, "destructive")
    assert judge("leads.delete", law=house(production=False), phone=OTHER) == "foreign-number"  # no is before perhaps
    assert judge("leads.upsert", law=house(ask=frozenset({"leads.upsert"}))) == "listed"
    assert judge("whatsapp.send", law=house(ask=frozenset({"whatsapp.send"})), to=OTHER) == "foreign-number"
    assert judge("whatsapp.send", law=house(sends_per_day=0)) == "too-many-today"


def test_the_same_call_again_is_no_second_effect() -> None:
    full = replace(KNOWN, used={"whatsapp.send": 2}, sent_today=200)
    assert LAW.judge(Asked(Agent.VOICE, "whatsapp.send", Effect.OUTSIDE, {}, again=True), full).rule == "allowed"


def test_there_is_no_such_tool_and_wrong_arguments_are_said_before_they_are_read() -> None:
    assert LAW.judge(Asked(Agent.VOICE, "x.y", None, {}), KNOWN).rule == "unknown-tool"
    wrong = Asked(Agent.VOICE, "calendar.create", Effect.OURS, {}, wrong="`start` is missing")
    assert LAW.judge(wrong, KNOWN) == Verdict(Ruling.DENY, "arguments", "`start` is missing")


@pytest.mark.parametrize(
    "name", ["leads.delete", "crm.delete_customer", "db.drop", "calls.bulk_remove", "x.wipe", "delete.leads"]
)
def test_names_that_destroy(name: str) -> None:
    assert judge(name, replace(KNOWN, tools=frozenset({name}))) == "destructive"


@pytest.mark.parametrize("name", ["crm.undelete", "leads.deleted_list", "shop.dropship", "calendar.clearance"])
def test_names_that_only_sound_so(name: str) -> None:
    assert judge(name, replace(KNOWN, tools=frozenset({name}))) == "allowed"


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


@settings(deadline=None)
@given(st.from_regex(r"\+9725[0-9]{8}", fullmatch=True), st.sampled_from(["to", "phone", "caller_phone"]))
def test_a_number_that_nobody_said_never_passes(number: str, name: str) -> None:
    nobody = replace(KNOWN, digits="")
    assert (judge("whatsapp.send", nobody, **{name: number}) == "allowed") is (number == ME)
