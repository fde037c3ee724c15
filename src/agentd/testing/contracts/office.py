"""What every part of an office must do, whether our store is under it or somebody's CRM. Under the real clock: offices
use threads or sockets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import pytest
import trio

from agentd.events import NOTHING, Private
from agentd.office import (
    Calendar,
    Crm,
    Customer,
    Files,
    Lead,
    LeadDraft,
    Meeting,
    MeetingDraft,
    MessageLog,
    Note,
    Span,
    Taken,
    Unknown,
)
from agentd.testing.contracts.base import Contract

PHONE = Private("+972501234567")
OTHER = Private("+972521111111")
MINUTE_MS = 60_000
TEN = 1_767_776_400_000  # 2026-01-07, 10:00 in Jerusalem


def draft(
    phone: Private = PHONE, *, name: str = "", tags: Sequence[str] = (), slots: Mapping[str, str] | None = None
) -> LeadDraft:
    return LeadDraft(phone, "real-estate", "CA1", Private(name), slots or {}, tags)


def half_hour(from_min: int = 0) -> Span:
    """Half an hour that begins so many minutes after ten."""
    return Span(TEN + from_min * MINUTE_MS, TEN + (from_min + 30) * MINUTE_MS)


def viewing(from_min: int = 0, phone: Private = PHONE) -> MeetingDraft:
    return MeetingDraft(half_hour(from_min), "Viewing", phone, Private("Dana"), "CA1", "4 Herzl St")


class CrmContract(Contract):
    """Give `opened`: a CRM in which nobody is. `a_customer`, if a lead alone does not make one."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[Crm]:
        raise NotImplementedError

    async def a_customer(self, crm: Crm, phone: Private = PHONE, name: str = "Dana Levi") -> Customer:
        await crm.upsert_lead(draft(phone, name=name), f"customer {phone.text}")
        [found] = await crm.search(phone=phone.text)
        return found

    async def test_a_customer_is_found_by_the_exact_number(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            await self.a_customer(crm, OTHER, "Yossi Cohen")
            assert [found.id for found in await crm.search(phone=PHONE.text)] == [made.id]
            assert await crm.search(phone=PHONE.text[:-1]) == []
        assert (made.phone, made.name) == (PHONE, Private("Dana Levi"))

    async def test_a_customer_is_found_by_parts_of_the_name(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            await self.a_customer(crm, OTHER, "Yossi Levi")
            assert [found.id for found in await crm.search(name="dana")] == [made.id]
            assert len(await crm.search(name="Levi")) == 2
            assert len(await crm.search(name="Levi", limit=1)) == 1
            assert [found.id for found in await crm.search(name="Levi", phone=PHONE.text)] == [made.id]
            assert await crm.search(name="%") == []

    async def test_nobody_fits_nothing(self) -> None:
        async with self.opened() as crm:
            await self.a_customer(crm)
            assert await crm.search() == []

    async def test_a_customer_is_got_by_id(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            assert await crm.get(made.id) == made
            assert await crm.get("+15550000000") is None

    async def test_a_change_is_kept_and_notes_are_added(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            await crm.update(made.id, {"email": "dana@example.co.il", "notes": "has a dog"}, "k1")
            await crm.update(made.id, {"name": "Dana Cohen", "notes": "no lift", "rooms": "4"}, "k2")
            found = await crm.get(made.id)
        assert found is not None
        assert (found.name.text, found.email.text, found.fields) == ("Dana Cohen", "dana@example.co.il", {"rooms": "4"})
        assert found.notes.text.splitlines() == ["has a dog", "no lift"]

    async def test_a_change_is_made_once(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            first = await crm.update(made.id, {"notes": "has a dog"}, "k1")
            await crm.update(made.id, {"name": "Somebody Else"}, "k2")
            assert await crm.update(made.id, {"notes": "has a dog"}, "k1") == first
            found = await crm.get(made.id)
        assert found is not None
        assert (found.name.text, found.notes.text) == ("Somebody Else", "has a dog")

    async def test_nobody_cannot_be_changed_and_the_key_is_free_again(self) -> None:
        async with self.opened() as crm:
            with pytest.raises(Unknown):
                await crm.update(PHONE.text, {"name": "Dana"}, "k1")
            made = await self.a_customer(crm)
            assert (await crm.update(made.id, {"name": "Noa"}, "k1")).name.text == "Noa"

    async def test_a_lead_comes_back_as_it_was_drafted(self) -> None:
        async with self.opened() as crm:
            made = await crm.upsert_lead(draft(name="Dana", tags=("hot",), slots={"area": "חיפה", "rooms": "4"}), "k1")
            assert await crm.leads(phone=PHONE.text) == [made]
        assert (made.phone, made.playbook, made.name.text, made.status) == (PHONE, "real-estate", "Dana", "new")
        assert (dict(made.slots), made.tags) == ({"area": "חיפה", "rooms": "4"}, ("hot",))

    async def test_a_second_draft_is_merged_value_by_value(self) -> None:
        async with self.opened() as crm:
            first = await crm.upsert_lead(
                draft(name="Dana", tags=("hot",), slots={"area": "Haifa", "rooms": "4"}), "k1"
            )
            await crm.upsert_lead(draft(tags=("again",), slots={"rooms": "5"}), "k2")
            [found] = await crm.leads()
        assert found.id == first.id
        assert (found.name.text, dict(found.slots)) == ("Dana", {"area": "Haifa", "rooms": "5"})
        assert set(found.tags) == {"hot", "again"}

    async def test_a_lead_belongs_to_a_number_and_a_playbook(self) -> None:
        async with self.opened() as crm:
            await crm.upsert_lead(draft(), "k1")
            await crm.upsert_lead(draft(OTHER), "k2")
            await crm.upsert_lead(LeadDraft(PHONE, "receptionist"), "k3")
            assert len({lead.id for lead in await crm.leads()}) == 3
            assert {lead.playbook for lead in await crm.leads(phone=PHONE.text)} == {"real-estate", "receptionist"}

    async def test_a_lead_is_made_once(self) -> None:
        async with self.opened() as crm:
            first = await crm.upsert_lead(draft(slots={"rooms": "4"}), "k1")
            await crm.upsert_lead(draft(slots={"rooms": "5"}), "k2")
            assert await crm.upsert_lead(draft(slots={"rooms": "4"}), "k1") == first
            [found] = await crm.leads()
        assert dict(found.slots) == {"rooms": "5"}

    async def test_tags_are_added_each_once(self) -> None:
        async with self.opened() as crm:
            made = await crm.upsert_lead(draft(tags=("hot",)), "k1")
            tagged = await crm.tag_lead(made.id, ("hot", "call-back"), "k2")
            assert await crm.tag_lead(made.id, ("hot", "call-back"), "k2") == tagged
            assert sorted(tagged.tags) == ["call-back", "hot"]
            with pytest.raises(Unknown):
                await crm.tag_lead("no-such-lead", ("hot",), "k3")

    async def test_drafts_at_the_same_time_make_one_lead_with_all_of_their_values(self) -> None:
        async with self.opened() as crm:
            made: list[Lead] = []

            async def one(number: int) -> None:
                made.append(await crm.upsert_lead(draft(slots={f"slot{number}": "x"}), f"k{number}"))

            async with trio.open_nursery() as nursery:
                for number in range(6):
                    nursery.start_soon(one, number)
            [found] = await crm.leads()
        assert {lead.id for lead in made} == {found.id}
        assert len(found.slots) == 6

    async def test_one_key_at_the_same_time_is_one_effect(self) -> None:
        async with self.opened() as crm:
            made = await self.a_customer(crm)
            got: list[Customer] = []

            async def one() -> None:
                got.append(await crm.update(made.id, {"notes": "has a dog"}, "k1"))

            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(one)
        assert {found.notes.text for found in got} == {"has a dog"}


class CalendarContract(Contract):
    """Give `opened`: a calendar without meetings."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[Calendar]:
        raise NotImplementedError

    async def test_a_meeting_comes_back_as_it_was_booked(self) -> None:
        async with self.opened() as calendar:
            made = await calendar.book(viewing(), "k1")
            assert await calendar.meetings(half_hour()) == [made]
        assert (made.span, made.title, made.place, made.status) == (half_hour(), "Viewing", "4 Herzl St", "booked")
        assert (made.with_phone, made.with_name.text, made.call_sid) == (PHONE, "Dana", "CA1")

    async def test_taken_time_is_what_touches_a_span_in_order(self) -> None:
        async with self.opened() as calendar:
            for from_min in (60, 0, 30):
                await calendar.book(viewing(from_min), f"k{from_min}")
            assert await calendar.taken(half_hour(30)) == [half_hour(30)]
            assert await calendar.taken(half_hour(15)) == [half_hour(0), half_hour(30)]
            assert await calendar.taken(half_hour(90)) == []

    @pytest.mark.parametrize("from_min", [-29, -10, 0, 10, 29])
    async def test_no_two_meetings_overlap(self, from_min: int) -> None:
        async with self.opened() as calendar:
            await calendar.book(viewing(), "k1")
            with pytest.raises(Taken):
                await calendar.book(viewing(from_min, OTHER), "k2")
            assert len(await calendar.meetings(half_hour())) == 1

    async def test_meetings_may_follow_each_other_and_a_refused_key_is_free_again(self) -> None:
        async with self.opened() as calendar:
            await calendar.book(viewing(), "k1")
            with pytest.raises(Taken):
                await calendar.book(viewing(), "k2")
            await calendar.book(viewing(30), "k2")
            await calendar.book(viewing(-30), "k3")

    async def test_a_meeting_is_booked_once(self) -> None:
        async with self.opened() as calendar:
            first = await calendar.book(viewing(), "k1")
            assert await calendar.book(viewing(), "k1") == first
            assert len(await calendar.meetings(half_hour())) == 1

    async def test_of_many_who_want_the_same_time_one_gets_it(self) -> None:
        async with self.opened() as calendar:
            got: list[Meeting] = []

            async def one(number: int) -> None:
                with suppress(Taken):
                    got.append(await calendar.book(viewing(number), f"k{number}"))

            async with trio.open_nursery() as nursery:
                for number in range(8):
                    nursery.start_soon(one, number)
            assert await calendar.meetings(half_hour()) == got
        assert len(got) == 1


class MessageLogContract(Contract):
    """Give `opened`: a log without messages."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[MessageLog]:
        raise NotImplementedError

    def theirs(self, id: str, text: str = "hello", *, phone: Private = PHONE, at_ms: int = 1000) -> Note:
        return Note(id, phone, False, Private(text), at_ms, "received")

    def ours(self, id: str, text: str = "good morning", *, at_ms: int = 2000) -> Note:
        return Note(id, PHONE, True, Private(text), at_ms, "sending")

    async def test_a_thread_is_what_was_written_with_one_number_newest_first(self) -> None:
        async with self.opened() as log:
            for note in (self.theirs("a"), self.ours("b"), self.theirs("c", phone=OTHER)):
                assert await log.keep(note) == note
            assert await log.thread(PHONE) == [self.ours("b"), self.theirs("a")]
            assert await log.thread(PHONE, limit=1) == [self.ours("b")]

    async def test_a_message_that_comes_again_is_kept_once(self) -> None:
        async with self.opened() as log:
            await log.keep(self.theirs("a"))
            assert await log.keep(self.theirs("a", "something else")) == self.theirs("a")
            assert len(await log.thread(PHONE)) == 1

    async def test_of_two_with_one_key_the_first_is_the_message(self) -> None:
        async with self.opened() as log:
            assert (await log.keep(self.ours("a"), "k1")).id == "a"
            assert (await log.keep(self.ours("b"), "k1")).id == "a"
            assert (await log.keep(self.ours("c"), "k2")).id == "c"
            assert {note.id for note in await log.thread(PHONE)} == {"a", "c"}

    async def test_a_status_is_found_by_either_id(self) -> None:
        async with self.opened() as log:
            await log.keep(self.ours("a"), "k1")
            await log.set_status("a", "queued", provider_id="SM1")
            found = await log.set_status("SM1", "delivered")
            assert found is not None
            assert (found.id, found.status) == ("a", "delivered")
            assert await log.set_status("SM2", "delivered") is None

    async def test_a_status_never_goes_back(self) -> None:
        async with self.opened() as log:
            await log.keep(self.ours("a"))
            for status, then in (("read", "read"), ("sent", "read"), ("rubbish", "read"), ("failed", "failed")):
                found = await log.set_status("a", status)
                assert found is not None
                assert found.status == then


class FilesContract(Contract):
    """Give `opened`: files of no call yet; and `heard`, which puts lines into a call's transcript."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[Files]:
        raise NotImplementedError

    async def heard(self, files: Files, call_sid: str, lines: list[tuple[str, str]]) -> None:
        raise NotImplementedError

    async def test_a_note_is_added_once(self) -> None:
        async with self.opened() as files:
            first = await files.log_create("CA1", PHONE, Private("wants a call back"), "k1")
            assert await files.log_create("CA1", PHONE, Private("wants a call back"), "k1") == first
            assert await files.log_create("CA1", PHONE, Private("wants a call back"), "k2") != first

    async def test_the_last_lines_of_a_call_are_in_order(self) -> None:
        said = [("agent", "hello"), ("caller", "a flat"), ("agent", "where?"), ("caller", "in Haifa")]
        async with self.opened() as files:
            await self.heard(files, "CA1", said)
            assert await files.transcript("CA1") == said
            assert await files.transcript("CA1", limit=3) == said[1:]
            assert await files.transcript("CA2") == []

    async def test_a_summary_and_a_recording_may_come_again(self) -> None:
        async with self.opened() as files:
            for _ in range(2):
                await files.keep_summary("CA1", Private("a flat in Haifa"), "k1")
                await files.attach_recording("CA1", "RE1", "k2")
            await files.keep_summary("CA1", NOTHING, "k3")
