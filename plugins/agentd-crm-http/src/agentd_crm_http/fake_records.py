"""A CRM's records in memory, kept by the README's rules, for tests: who and what there is, and each key done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import unquote

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Row


def refused(status: int, code: str) -> Reply:
    return Reply(status, {"error": code, "message": "Dana Levi, 0501234567, must not be repeated"})


@dataclass(slots=True)
class Records:
    """`customers`, `leads` and `meetings` by id. `done`: what each key was answered, with what was asked."""

    customers: dict[str, Row] = field(default_factory=dict)
    leads: dict[str, Row] = field(default_factory=dict)
    meetings: dict[str, Row] = field(default_factory=dict)
    done: dict[str, tuple[str, Reply]] = field(default_factory=dict)
    _number: Any = field(default_factory=lambda: count(1))

    def add_customer(self, phone: str, **known: Any) -> str:
        """Its id; one with a slash, as some CRMs have."""
        customer_id = f"c/{next(self._number)}"
        row = {"id": customer_id, "phone": phone, "name": "", "email": "", "notes": "", "fields": {}}
        self.customers[customer_id] = row | known
        return customer_id

    def answer(self, method: str, path: str, key: str, body: Row) -> Reply:
        """One request; `path` after the base address."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        match (method, *parts):
            case ("GET", "customers", one):
                return _found(self.customers.get(one))
            case ("POST", "customers", "search"):
                return Reply(200, {"customers": self._customers(body)})
            case ("POST", "leads", "search"):
                newest = sorted(self.leads.values(), key=lambda lead: str(lead["updated"]), reverse=True)
                mine = [lead for lead in newest if body["phone"] in ("", lead["phone"])]
                return Reply(200, {"leads": mine[: body["limit"]]})
            case ("POST", "calendar", "taken"):
                return Reply(200, {"taken": [{"from": m["from"], "until": m["until"]} for m in self._booked(body)]})
            case ("POST", "calendar", "meetings", "search"):
                return Reply(200, {"meetings": self._touching(body)})
            case ("PATCH", "customers", one):
                return self._once(key, [path, body], lambda: self._update(one, body["changes"]))
            case ("POST", "leads"):
                return self._once(key, [path, body], lambda: self._lead(body))
            case ("POST", "leads", one, "tags"):
                return self._once(key, [path, body], lambda: self._tag(one, body["tags"]))
            case ("POST", "calendar", "meetings"):
                return self._once(key, [path, body], lambda: self._book(body))
        return refused(404, "no-such-address")

    def _once(self, key: str, asked: object, do: Callable[[], Reply]) -> Reply:
        if not key:
            return refused(400, "no-key")
        what = json.dumps(asked, sort_keys=True)
        if key not in self.done:
            reply = do()
            if reply.status >= 300:
                return reply  # nothing was done
            self.done[key] = (what, Reply(reply.status, json.loads(json.dumps(reply.body))))
        before, reply = self.done[key]
        return reply if before == what else refused(422, "key-of-something-else")

    def _customers(self, asked: Row) -> list[Row]:
        phone, name = asked["phone"], asked["name"].casefold()
        found = [
            c
            for c in self.customers.values()
            if (phone or name) and phone in ("", c["phone"]) and name in c["name"].casefold()
        ]
        return found[: asked["limit"]]

    def _update(self, one: str, changes: Row) -> Reply:
        customer = self.customers.get(one)
        if customer is None:
            return refused(404, "unknown")
        for name, value in changes.items():
            if name == "notes":
                customer["notes"] = "\n".join(filter(None, (customer["notes"], value)))
            elif name in ("name", "email"):
                customer[name] = value
            else:
                customer["fields"] = customer["fields"] | {name: value}
        return Reply(200, customer)

    def _lead(self, draft: Row) -> Reply:
        now = datetime.now(UTC).isoformat()
        lead = next(
            (d for d in self.leads.values() if (d["phone"], d["playbook"]) == (draft["phone"], draft["playbook"])), None
        )
        if lead is None:
            lead = draft | {
                "id": f"lead-{next(self._number)}",
                "status": "new",
                "created": now,
                "tags": [],
                "slots": {},
            }
            self.leads[lead["id"]] = lead
        if not any(customer["phone"] == draft["phone"] for customer in self.customers.values()):
            self.add_customer(draft["phone"], name=draft["name"])
        for name in ("call_sid", "name", "summary"):
            lead[name] = draft[name] or lead[name]
        lead["slots"] = lead["slots"] | draft["slots"]
        lead["tags"] = list(dict.fromkeys([*lead["tags"], *draft["tags"]]))
        lead["updated"] = now
        return Reply(200, lead)

    def _tag(self, one: str, tags: list[str]) -> Reply:
        lead = self.leads.get(one)
        if lead is None:
            return refused(404, "unknown")
        lead["tags"] = list(dict.fromkeys([*lead["tags"], *tags]))
        lead["updated"] = datetime.now(UTC).isoformat()
        return Reply(200, lead)

    def _book(self, draft: Row) -> Reply:
        if self._booked(draft):
            return refused(409, "taken")
        now = datetime.now(UTC).isoformat()
        meeting = draft | {"id": f"m-{next(self._number)}", "status": "booked", "created": now}
        self.meetings[meeting["id"]] = meeting
        return Reply(201, meeting)

    def _touching(self, span: Row) -> list[Row]:
        from_, until = _time(span["from"]), _time(span["until"])
        found = [m for m in self.meetings.values() if _time(m["from"]) < until and from_ < _time(m["until"])]
        return sorted(found, key=lambda m: _time(m["from"]))

    def _booked(self, span: Row) -> list[Row]:
        return [meeting for meeting in self._touching(span) if meeting["status"] == "booked"]


def _found(row: Row | None) -> Reply:
    return refused(404, "unknown") if row is None else Reply(200, row)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
