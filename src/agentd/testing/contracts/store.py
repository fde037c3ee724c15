"""What every store must do, whichever database is under it. Under the real clock: stores use threads."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import trio

from agentd.events import Private
from agentd.storage import (
    CallBegan,
    CallOver,
    Change,
    Conversation,
    Keep,
    LineRow,
    LineTakenBack,
    RecordingRow,
    SlotsRow,
    Store,
    TurnRow,
)
from agentd.testing.contracts.base import Contract

CALLER = Private("+972501234567")
OTHER = Private("+972521111111")
OURS = "+97237654321"
DAY_MS = 24 * 3600 * 1000


def began(sid: str = "CA1", *, generation: int = 1, caller: Private = CALLER, at_ms: int = 1000) -> CallBegan:
    return CallBegan(sid, generation, caller, OURS, "AI", at_ms)


def said(
    text: str, sid: str = "CA1", *, seq: int = 5, at_ms: int = 2000, who: str = "caller", generation: int = 1
) -> LineRow:
    return LineRow(sid, generation, seq, 1, at_ms, who, Private(text))


def a_call(sid: str = "CA1", *, caller: Private = CALLER, at_ms: int = 1000) -> list[Change]:
    """A whole call of five seconds with a line of each, one turn and one recording."""
    return [
        began(sid, caller=caller, at_ms=at_ms),
        said("a flat in Haifa", sid, seq=5, at_ms=at_ms + 2000),
        TurnRow(sid, 1, 2, at_ms + 3000, "reply", eou_wait_ms=450, total_latency_ms=612, eou_reason="silence"),
        said("how many rooms?", sid, seq=9, at_ms=at_ms + 3000, who="agent"),
        RecordingRow(f"RE{sid}", sid, "completed", 5, at_ms + 6000),
        CallOver(sid, 1, "stop", None, at_ms + 5000),
    ]


class StoreContract(Contract):
    """Give `opened`: a store on a fresh database."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[Store]:
        raise NotImplementedError

    async def kept(self, store: Store, sid: str = "CA1") -> Conversation:
        found = await store.conversation(sid)
        assert found is not None
        return found

    async def test_a_call_comes_back_as_it_was_written(self) -> None:
        async with self.opened() as store:
            assert await store.write(a_call()) == 0
            found = await self.kept(store)
        assert (found.call.call_sid, found.call.caller, found.call.called) == ("CA1", CALLER, OURS)
        assert (found.call.began_ms, found.call.ended_ms, found.call.reason) == (1000, 6000, "stop")
        assert (found.call.streams, found.call.turns) == (1, 1)
        assert [(line.who, line.text.text, line.cut) for line in found.lines] == [
            ("caller", "a flat in Haifa", False),
            ("agent", "how many rooms?", False),
        ]
        assert found.turns == (
            TurnRow("CA1", 1, 2, 4000, "reply", eou_wait_ms=450, total_latency_ms=612, eou_reason="silence"),
        )
        assert found.recordings == (RecordingRow("RECA1", "CA1", "completed", 5, 7000),)

    async def test_writing_twice_changes_nothing(self) -> None:
        async with self.opened() as store:
            await store.write(a_call())
            before = await self.kept(store), await store.person(CALLER)
            await store.write(a_call())
            assert (await self.kept(store), await store.person(CALLER)) == before

    async def test_a_call_that_nobody_made_is_not_there(self) -> None:
        async with self.opened() as store:
            assert await store.conversation("CA9") is None
            assert await store.calls() == []

    async def test_a_line_is_corrected_and_taken_back(self) -> None:
        async with self.opened() as store:
            await store.write([began(), said("a fat in Haifa"), said("and", seq=7)])
            await store.write([said("a flat in Haifa"), LineTakenBack("CA1", 1, 7)])
            assert [line.text.text for line in (await self.kept(store)).lines] == ["a flat in Haifa"]

    async def test_a_line_written_and_taken_back_in_one_batch_is_gone(self) -> None:
        async with self.opened() as store:
            await store.write([began(), LineTakenBack("CA1", 1, 5), said("and")])
            assert (await self.kept(store)).lines == ()

    async def test_a_resumed_call_is_live_again_and_the_old_stream_s_end_does_not_end_it(self) -> None:
        async with self.opened() as store:
            await store.write([began(), CallOver("CA1", 1, "lost", None, 3000)])
            await store.write([CallOver("CA1", 1, "superseded", None, 4000), began(generation=2, at_ms=3500)])
            live = (await self.kept(store)).call
            await store.write([CallOver("CA1", 2, "stop", None, 9000)])
            over = (await self.kept(store)).call
        assert (live.streams, live.ended_ms, live.reason) == (2, None, None)
        assert (over.began_ms, over.ended_ms, over.reason) == (1000, 9000, "stop")

    async def test_the_lines_of_all_streams_are_in_order(self) -> None:
        async with self.opened() as store:
            await store.write([began(), said("one", seq=50), began(generation=2), said("two", seq=3, generation=2)])
            assert [line.text.text for line in (await self.kept(store)).lines] == ["one", "two"]

    async def test_calls_are_listed_newest_first_within_limit_and_time(self) -> None:
        async with self.opened() as store:
            for number in range(5):
                await store.write([began(f"CA{number}", at_ms=1000 * number)])
            assert [call.call_sid for call in await store.calls(limit=2)] == ["CA4", "CA3"]
            assert [call.call_sid for call in await store.calls(since_ms=3000)] == ["CA4", "CA3"]

    async def test_what_was_said_is_redacted_and_the_caller_s_number_is_not(self) -> None:
        async with self.opened() as store:
            text = "card 4111 1111 1111 1111, id 123456782, mail dana@example.co.il, call 050-123-4567"
            await store.write([began(), said(text), CallOver("CA1", 1, "crash", "KeyError('+972501234567')", 9)])
            found = await self.kept(store)
        assert found.lines[0].text.text == "card [card], id [id], mail [email], call ***567"
        assert found.call.crash == "KeyError('***567')"
        assert found.call.caller == CALLER

    async def test_text_that_no_database_holds_is_written_without_it(self) -> None:
        async with self.opened() as store:
            assert await store.write([began(), said("שלום\0 \ud800 🏠")]) == 0
            assert (await self.kept(store)).lines[0].text.text == "שלום ? 🏠"

    async def test_a_change_that_cannot_be_held_does_not_hold_up_the_others(self) -> None:
        async with self.opened() as store:
            impossible = replace(said("x", seq=6), who=None)  # type: ignore[arg-type]
            assert await store.write([began(), impossible, said("a flat")]) == 1
            assert [line.text.text for line in (await self.kept(store)).lines] == ["a flat"]

    async def test_only_a_number_becomes_a_customer(self) -> None:
        async with self.opened() as store:
            await store.write([began(at_ms=5000), began("CA2", caller=Private("anonymous"))])
            await store.write([began("CA3", at_ms=9000), began("CA4", at_ms=7000)])
            known, nobody = await store.person(CALLER), await store.person(Private("anonymous"))
        assert known.customer is not None
        assert (known.customer.record.phone, known.customer.first_ms, known.customer.last_ms) == (CALLER, 5000, 9000)
        assert nobody.customer is None

    async def test_a_person_is_all_of_their_calls_and_nobody_else_s(self) -> None:
        async with self.opened() as store:
            for sid, caller in (("CA1", CALLER), ("CA2", OTHER), ("CA3", CALLER)):
                await store.write(a_call(sid, caller=caller))
            person = await store.person(CALLER)
        assert [call.call.call_sid for call in person.calls] == ["CA1", "CA3"]
        assert all(len(call.lines) == 2 and call.turns and call.recordings for call in person.calls)

    async def test_forgetting_removes_a_person_and_leaves_the_others_and_an_entry(self) -> None:
        async with self.opened() as store:
            for sid, caller in (("CA1", CALLER), ("CA2", OTHER), ("CA3", CALLER)):
                await store.write(a_call(sid, caller=caller))
            other = await store.person(OTHER)
            counts = await store.forget(CALLER, "operator")
            gone = await store.person(CALLER)
            assert await store.person(OTHER) == other
            [entry] = await store.trail()
        assert counts == {"transcripts": 4, "turns": 2, "recordings": 2, "calls": 2, "customers": 1}
        assert (gone.customer, gone.calls) == (None, ())
        assert (entry.actor, entry.action) == ("operator", "person-delete")
        assert CALLER.text not in entry.detail

    async def test_each_class_is_swept_by_its_own_clock(self) -> None:
        now_ms = 1000 * DAY_MS
        ages = {"CA1": 20, "CA2": 200, "CA3": 400}
        keep = Keep(transcripts=90, calls=365, recordings=150, customers=730)
        async with self.opened() as store:
            for sid, days in ages.items():
                await store.write(a_call(sid, at_ms=now_ms - days * DAY_MS))
            counts = await store.sweep(keep, now_ms)
            new, old, none = [await store.conversation(sid) for sid in ages]
            assert await store.sweep(keep, now_ms) == {}
            assert [entry.action for entry in await store.trail()] == ["sweep"]
        assert counts == {"transcripts": 4, "recordings": 2, "turns": 1, "calls": 1}
        assert new is not None
        assert old is not None
        assert none is None
        assert [len(new.lines), len(new.turns), len(new.recordings)] == [2, 1, 1]
        assert [len(old.lines), len(old.turns), len(old.recordings)] == [0, 1, 0]

    async def test_zero_days_keep_for_ever_but_nothing_outlives_its_call(self) -> None:
        now_ms = 1000 * DAY_MS
        async with self.opened() as store:
            await store.write(a_call(at_ms=0))
            assert await store.sweep(Keep(0, 0, 0, 0), now_ms) == {}
            counts = await store.sweep(Keep(0, 365, 0, 30), now_ms)
        assert counts == {"transcripts": 2, "recordings": 1, "turns": 1, "calls": 1, "customers": 1}

    async def test_a_sweep_of_more_than_one_step_removes_all(self) -> None:
        async with self.opened() as store:
            await store.write([began(f"CA{n}", at_ms=n) for n in range(1200)])
            assert await store.sweep(Keep(0, 1, 0, 0), 2 * DAY_MS) == {"calls": 1200}

    async def test_audit_entries_written_at_once_make_one_chain(self) -> None:
        async with self.opened() as store:

            async def entry(number: int) -> None:
                await store.audit("operator", "approve", {"number": number}, number)

            async with trio.open_nursery() as nursery:
                for number in range(12):
                    nursery.start_soon(entry, number)
            rows = await store.trail()
        assert [row.number for row in rows] == list(range(1, 13))
        assert [row.before for row in rows[1:]] == [row.hash for row in rows[:-1]]
        assert len({row.detail for row in rows}) == 12

    async def test_the_latest_slots_are_kept_whatever_comes_again(self) -> None:
        def at(generation: int, seq: int) -> SlotsRow:
            return SlotsRow("CA1", generation, seq, 1000, 1, 1, Private(f'{{"n":"{generation}.{seq}"}}'))

        async with self.opened() as store:
            await store.write([at(1, 5), at(1, 50), at(2, 3)])
            await store.write([at(1, 60), at(2, 3), at(1, 5)])
            assert await store.slots("CA1") == at(2, 3)
            assert await store.slots("CA2") is None

    async def test_calls_that_are_over_are_found_until_their_job_has_begun(self) -> None:
        async with self.opened() as store:
            for number in (3, 1, 2):
                await store.write(a_call(f"CA{number}", at_ms=1000 * number))
            await store.write([began("CA4")])
            assert await store.calls_over_without_job(before_ms=99_000) == ["CA1", "CA2", "CA3"]
            assert await store.calls_over_without_job(before_ms=8000, limit=1) == ["CA1"]
            assert await store.calls_over_without_job(before_ms=7000) == ["CA1"]
            for _ in range(2):
                await store.job_begun("CA1")
            assert await store.calls_over_without_job(before_ms=99_000) == ["CA2", "CA3"]

    async def test_a_call_that_is_resumed_is_not_over(self) -> None:
        async with self.opened() as store:
            await store.write([began(), CallOver("CA1", 1, "lost", None, 2000), began(generation=2)])
            assert await store.calls_over_without_job(before_ms=99_000) == []
            await store.write([CallOver("CA1", 2, "stop", None, 9000)])
            assert await store.calls_over_without_job(before_ms=99_000) == ["CA1"]
