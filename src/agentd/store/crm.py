"""Customers and leads. Blocking; inside a transaction. A customer's id is their number (E.164).

What is known is merged value by value: what a draft does not say stays, and so an empty value says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from agentd.events import Private
from agentd.office import Customer, Lead, LeadDraft, NotAllowed, Unknown
from agentd.store.calls import REAL_NUMBER
from agentd.store.dialects import insert, is_new
from agentd.store.effects import new_id
from agentd.store.redact import redact, redact_secrets
from agentd.store.tables import customers, lead_tags, leads

_OWN: Final = ("name", "email", "notes")  # columns; every other change is a field


# --- customers


def search(connection: Connection, phone: str, name: str, limit: int) -> list[Customer]:
    """Nobody fits nothing."""
    parts = name.split()
    if not phone and not parts:
        return []
    chosen = select(customers).order_by(customers.c.last_ms.desc(), customers.c.phone).limit(limit)
    if phone:
        chosen = chosen.where(customers.c.phone == phone)
    for part in parts:
        chosen = chosen.where(customers.c.name.icontains(part, autoescape=True))
    return [customer(row) for row in connection.execute(chosen)]


def get(connection: Connection, id: str) -> Customer | None:
    row = connection.execute(select(customers).where(customers.c.phone == id)).first()
    return customer(row) if row is not None else None


def change(connection: Connection, id: str, changes: Mapping[str, str]) -> Customer:
    row = connection.execute(select(customers).where(customers.c.phone == id).with_for_update()).first()
    if row is None:
        raise Unknown("there is no such customer")
    kept = {name: redact_secrets(value) for name, value in changes.items()}
    columns: dict[str, str] = {name: kept[name] for name in _OWN if name in kept}
    if row.notes and columns.get("notes"):
        columns["notes"] = f"{row.notes}\n{columns['notes']}"
    fields = _decoded(row.fields) | {name: value for name, value in kept.items() if name not in _OWN}
    columns["fields"] = _encoded(fields)
    connection.execute(update(customers).where(customers.c.phone == id).values(columns))
    found = get(connection, id)
    assert found is not None
    return found


def customer(row: Any) -> Customer:
    return Customer(
        id=row.phone,
        phone=Private(row.phone),
        name=Private(row.name or ""),
        email=Private(row.email or ""),
        notes=Private(row.notes or ""),
        fields=_decoded(row.fields),
    )


# --- leads


def upsert_lead(connection: Connection, draft: LeadDraft, at_ms: int) -> Lead:
    """Whoever has a lead is a customer: one is made, and is given the name if they have none."""
    phone = draft.phone.text
    if not REAL_NUMBER.fullmatch(phone):
        raise NotAllowed("a lead needs a telephone number in the international form")
    fresh = {"id": new_id("lead"), "phone": phone, "playbook": draft.playbook, "status": "new", "created_ms": at_ms}
    empty = {"call_sid": "", "name": "", "slots": "{}", "summary": "", "updated_ms": at_ms}
    is_new(connection, leads, fresh | empty)
    of_lead = (leads.c.phone == phone, leads.c.playbook == draft.playbook)
    row = connection.execute(select(leads).where(*of_lead).with_for_update()).one()
    said = {"call_sid": draft.call_sid, "name": redact_secrets(draft.name.text), "summary": redact(draft.summary.text)}
    slots = _decoded(row.slots) | {name: redact_secrets(value) for name, value in draft.slots.items() if value}
    values = {name: value for name, value in said.items() if value} | {"slots": _encoded(slots), "updated_ms": at_ms}
    connection.execute(update(leads).where(leads.c.id == row.id).values(values))
    _tag(connection, row.id, draft.tags)
    _known(connection, phone, said["name"], at_ms)
    return _lead(connection, row.id)


def tag_lead(connection: Connection, id: str, tags: Sequence[str], at_ms: int) -> Lead:
    if connection.execute(update(leads).where(leads.c.id == id).values(updated_ms=at_ms)).rowcount == 0:
        raise Unknown("there is no such lead")
    _tag(connection, id, tags)
    return _lead(connection, id)


def phone_of_lead(connection: Connection, id: str) -> str:
    """ "" if there is no such lead."""
    return connection.execute(select(leads.c.phone).where(leads.c.id == id)).scalar() or ""


def newest_leads(connection: Connection, phone: str, limit: int) -> list[Lead]:
    chosen = select(leads).order_by(leads.c.updated_ms.desc(), leads.c.id).limit(limit)
    if phone:
        chosen = chosen.where(leads.c.phone == phone)
    return leads_of(connection, connection.execute(chosen).all())


def leads_of(connection: Connection, rows: Sequence[Any]) -> list[Lead]:
    """Rows of the table with their tags, in the same order."""
    ids = [row.id for row in rows]
    tags: dict[str, list[str]] = {id: [] for id in ids}
    chosen = select(lead_tags).where(lead_tags.c.lead_id.in_(ids)).order_by(lead_tags.c.tag)
    for tagged in connection.execute(chosen):
        tags[tagged.lead_id].append(tagged.tag)
    return [_as_lead(row, tuple(tags[row.id])) for row in rows]


def _as_lead(row: Any, tags: tuple[str, ...]) -> Lead:
    private = {name: Private(getattr(row, name)) for name in ("phone", "name", "summary")}
    return Lead(**{**row._mapping, **private, "slots": _decoded(row.slots), "tags": tags})


def _lead(connection: Connection, id: str) -> Lead:
    return leads_of(connection, connection.execute(select(leads).where(leads.c.id == id)).all())[0]


def _tag(connection: Connection, id: str, tags: Sequence[str]) -> None:
    """Tags are words: no blanks around them, and none that is empty."""
    rows = [{"lead_id": id, "tag": tag} for tag in dict.fromkeys(redact(each).strip() for each in tags) if tag]
    if rows:
        connection.execute(insert(connection, lead_tags).on_conflict_do_nothing(), rows)


def _known(connection: Connection, phone: str, name: str, at_ms: int) -> None:
    fresh = {"phone": phone, "first_ms": at_ms, "last_ms": at_ms}
    is_new(connection, customers, fresh)
    nameless = customers.c.name.is_(None) | (customers.c.name == "")
    if name:
        connection.execute(update(customers).where(customers.c.phone == phone, nameless).values(name=name))


def _decoded(text: str | None) -> dict[str, str]:
    return msgspec.json.decode(text or "{}", type=dict[str, str])


def _encoded(values: Mapping[str, str]) -> str:
    return msgspec.json.encode(values, order="sorted").decode()
