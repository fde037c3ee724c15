"""The rules of the gate, one function each.

They go by the names of arguments as well as of tools, so that a plugin's tool is held to the same law:

| argument                     | must be                                                                         |
|------------------------------|---------------------------------------------------------------------------------|
| `phone`, `to`, `..._phone`   | the caller's own number, or one that they said or keyed; of a tool that reads:  |
|                              | their own. Left empty it means their own                                        |
| `customer_id`                | one that a tool returned in this conversation, of the caller. Empty: the caller |
| `lead_id`                    | one that a tool returned in this conversation. Empty: the caller's              |
| `call_sid`                   | this call                                                                       |
| `recording_sid`              | of this call                                                                    |
| `template`                   | of the playbook                                                                 |
| any text that goes outside   | without foreign links and numbers, without prices and times that are not true   |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agentd.core.phone_number import e164, was_said
from agentd.core.policy import Asked, Effect, House, Known, Rule, Ruling
from agentd.core.policy_text import links, numbers

Decided = tuple[Ruling, str] | None

MOST_CALLS = 20  # of one tool in one conversation: a longer one is a loop (RELIABILITY 3)
MOST_EFFECTS = {"whatsapp.send": 2, "calendar.create": 2, "leads.upsert": 5}
SEND = "whatsapp.send"
CREATE = "calendar.create"
UPDATE = "crm.update"
OPEN_FIELDS = frozenset({"name", "email", "notes"})  # of a customer; the others mean money or access somewhere

_HELD = frozenset({"customer_id", "lead_id", "call_sid", "recording_sid", "template"})
_DESTROYS = re.compile(r"(?:^|[._])(?:delete|remove|purge|drop|wipe|erase|destroy|truncate|clear|reset)(?:[._]|$)")


def agents_off(asked: Asked, known: Known, house: House) -> Decided:
    return None if house.enabled else _deny("Tools are switched off.")


def unknown_tool(asked: Asked, known: Known, house: House) -> Decided:
    return _deny("There is no such tool.") if asked.effect is None else None


def not_for_agent(asked: Asked, known: Known, house: House) -> Decided:
    return None if asked.tool in known.tools else _deny("This agent does not have this tool.")


def destructive(asked: Asked, known: Known, house: House) -> Decided:
    """Whatever a playbook says: no agent destroys records of a business that is open."""
    if not _DESTROYS.search(asked.tool):
        return None
    return _deny("Nothing is deleted by an agent.") if house.production else _ask("It deletes records.")


def too_many_calls(asked: Asked, known: Known, house: House) -> Decided:
    return _deny("This tool was called too often in this conversation.") if known.calls >= MOST_CALLS else None


def wrong_arguments(asked: Asked, known: Known, house: House) -> Decided:
    return _deny(asked.wrong) if asked.wrong else None


def other_call(asked: Asked, known: Known, house: House) -> Decided:
    sid = asked.arguments.get("call_sid")
    return _deny("That is another call.") if sid and sid != known.call_sid else None


def other_recording(asked: Asked, known: Known, house: House) -> Decided:
    sid = asked.arguments.get("recording_sid")
    return _deny("That is no recording of this call.") if sid is not None and sid not in known.recordings else None


def foreign_number(asked: Asked, known: Known, house: House) -> Decided:
    for written in _phones(asked):
        if not written:
            if not known.caller:
                return _deny("The caller's number is withheld: ask for a number, and give it as the argument.")
            continue
        number = e164(written)
        if not number:
            return _deny("That is no telephone number. Give it with its country, such as +972501234567.")
        if number != known.caller and not was_said(number, known.digits):
            return _deny("The caller has not given this number. Use their own, or ask them for one.")
    return None


def other_persons_data(asked: Asked, known: Known, house: House) -> Decided:
    """Anyone can say a number: it is good for calling back, and shows nothing of whose it is."""
    if asked.effect is not Effect.READ:
        return None
    if any(written and e164(written) != known.caller for written in _phones(asked)):
        return _deny("Only what is known of the caller's own number may be looked up: leave the number out.")
    return None


def other_customer(asked: Asked, known: Known, house: House) -> Decided:
    if (written := asked.arguments.get("customer_id")) is None:
        return None
    if not known.caller:
        return _deny("The caller's number is withheld, so that it is not known which customer they are.")
    if written and known.grants.customers.get(written) != known.caller:
        return _deny("No tool has returned this customer as the caller. Leave customer_id out: it means the caller.")
    return None


def other_lead(asked: Asked, known: Known, house: House) -> Decided:
    if (written := asked.arguments.get("lead_id")) is None:
        return None
    if not written:
        return None if known.caller else _deny("The caller's number is withheld: give the lead's id.")
    number = known.grants.leads.get(written, "")
    if not number or (number != known.caller and not was_said(number, known.digits)):
        return _deny("No tool has returned this lead in this conversation. Leave lead_id out: it means the caller's.")
    return None


def not_offered(asked: Asked, known: Known, house: House) -> Decided:
    if asked.tool == CREATE and asked.arguments.get("start") not in known.grants.starts:
        return _deny("calendar.find_slots has not returned this start. Find slots first, and use a start as it is.")
    return None


def foreign_link(asked: Asked, known: Known, house: House) -> Decided:
    if any(host not in known.links for text in _texts(asked) for host in links(text)):
        return _deny("The text has a link or an address that is not the business's. Leave it out.")
    return None


def foreign_number_in_text(asked: Asked, known: Known, house: House) -> Decided:
    own = known.caller.removeprefix("+")
    for text in _texts(asked):
        for digits in numbers(text):
            national = (e164(digits) or digits).removeprefix("+972")
            if national not in known.numbers and national not in own and national not in known.digits:
                return _deny("The text has a number that is neither the business's nor the caller's. Leave it out.")
    return None


def untrue(asked: Asked, known: Known, house: House) -> Decided:
    for text in _texts(asked):
        if (claim := known.may_say.unknown(text)) is not None:
            return _deny(f"The text states a {claim.kind} that no tool and no word of the caller bears out.")
    return None


def foreign_template(asked: Asked, known: Known, house: House) -> Decided:
    template = asked.arguments.get("template")
    return _deny("The playbook has no such template.") if template and template not in known.templates else None


def too_many_effects(asked: Asked, known: Known, house: House) -> Decided:
    if not asked.again and known.used.get(asked.tool, 0) >= MOST_EFFECTS.get(asked.tool, MOST_CALLS):
        return _deny("Enough of this was done in this conversation. Tell the caller that a person will go on.")
    return None


def too_many_today(asked: Asked, known: Known, house: House) -> Decided:
    if asked.tool == SEND and not asked.again and known.sent_today >= house.sends_per_day:
        return _deny("The house has sent as many messages as it may in a day.")
    return None


def listed(asked: Asked, known: Known, house: House) -> Decided:
    return _ask("The operator wants to see each of these.") if asked.tool in house.ask else None


def unusual_field(asked: Asked, known: Known, house: House) -> Decided:
    changes = asked.arguments.get("changes") or {}
    if asked.tool == UPDATE and not OPEN_FIELDS.issuperset(changes):
        return _ask("It changes more of a customer than name, email and notes.")
    return None


RULES: tuple[Rule, ...] = (
    Rule("agents-off", agents_off),
    Rule("unknown-tool", unknown_tool),
    Rule("not-for-agent", not_for_agent),
    Rule("destructive", destructive),
    Rule("too-many-calls", too_many_calls),
    Rule("arguments", wrong_arguments),
    Rule("other-call", other_call),
    Rule("other-recording", other_recording),
    Rule("foreign-number", foreign_number),
    Rule("other-persons-data", other_persons_data),
    Rule("other-customer", other_customer),
    Rule("other-lead", other_lead),
    Rule("not-offered", not_offered),
    Rule("foreign-link", foreign_link),
    Rule("foreign-number-in-text", foreign_number_in_text),
    Rule("untrue", untrue),
    Rule("foreign-template", foreign_template),
    Rule("too-many-effects", too_many_effects),
    Rule("too-many-today", too_many_today),
    Rule("listed", listed),
    Rule("unusual-field", unusual_field),
)


def _deny(why: str) -> Decided:
    return Ruling.DENY, why


def _ask(why: str) -> Decided:
    return Ruling.ASK, why


def _is_phone(name: str) -> bool:
    return name in ("phone", "to") or name.endswith("_phone")


def _phones(asked: Asked) -> Iterator[str]:
    for name, value in asked.arguments.items():
        if _is_phone(name) and isinstance(value, str):
            yield value


def _texts(asked: Asked) -> Iterator[str]:
    """What of the arguments a person outside may read: all text that no other rule holds to something."""
    if asked.effect is Effect.OUTSIDE:
        for name, value in asked.arguments.items():
            if not _is_phone(name) and name not in _HELD:
                yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in (*value.keys(), *value.values()):
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
