"""crm.search_customer, crm.get, crm.update: what the business knows of the caller."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentd.agents.tools._words import Arguments, Name, Phone, Result, number
from agentd.core.phone_number import e164
from agentd.core.policy import Effect, Grants
from agentd.office import Customer
from agentd.tools import Tool, ToolError, ToolRun

CustomerId = Annotated[
    str, msgspec.Meta(description="From crm.search_customer. Empty: the caller.", max_length=80)
]  # fmt: skip


class Search(Arguments, frozen=True, kw_only=True):
    phone: Phone = ""
    name: Name = ""


class Get(Arguments, frozen=True, kw_only=True):
    customer_id: CustomerId = ""


class Update(Arguments, frozen=True, kw_only=True):
    customer_id: CustomerId = ""
    changes: Annotated[
        dict[str, Annotated[str, msgspec.Meta(max_length=1000)]],
        msgspec.Meta(description='New values: "name", "email", "notes" (added to the others), or another field.',
            min_length=1, max_length=10),
    ]  # fmt: skip


class Person(Result, frozen=True, kw_only=True):
    customer_id: str
    phone: str
    name: str = ""
    email: str = ""
    notes: str = ""
    fields: dict[str, str] = msgspec.field(default_factory=dict)

    def grants(self) -> Grants:
        """Who it is. What stands in notes and fields was written by people, and is no fact."""
        return Grants(customers={self.customer_id: e164(self.phone)})


class People(Result, frozen=True, kw_only=True):
    customers: list[Person]

    def grants(self) -> Grants:
        return Grants(customers={each.customer_id: e164(each.phone) for each in self.customers})


async def search(arguments: Search, run: ToolRun) -> People:
    found = await run.office.crm.search(phone=number(arguments.phone, run).text, name=arguments.name)
    return People(customers=[_person(customer) for customer in found])


async def get(arguments: Get, run: ToolRun) -> Person:
    if not arguments.customer_id:
        return _person(await _caller(run))
    customer = await run.office.crm.get(arguments.customer_id)
    if customer is None:
        raise ToolError("There is no such customer.")
    return _person(customer)


async def update(arguments: Update, run: ToolRun) -> Person:
    customer_id = arguments.customer_id or (await _caller(run)).id
    return _person(await run.office.crm.update(customer_id, arguments.changes, run.key))


async def _caller(run: ToolRun) -> Customer:
    found = await run.office.crm.search(phone=number("", run).text, limit=1)
    if not found:
        raise ToolError("The business does not know the caller yet.")
    return found[0]


def _person(customer: Customer) -> Person:
    return Person(
        customer_id=customer.id,
        phone=customer.phone.text,
        name=customer.name.text,
        email=customer.email.text,
        notes=customer.notes.text,
        fields=dict(customer.fields),
    )


TOOLS = (
    Tool("crm.search_customer", "Look up what the business knows of the caller.", Search, People, search),
    Tool("crm.get", "Read one customer.", Get, Person, get),
    Tool("crm.update", "Change what the business knows of the caller.", Update, Person, update, Effect.OURS),
)
