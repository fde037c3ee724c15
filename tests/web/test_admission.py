"""Tokens, generations, limits and resumes, as rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentd.config import Settings
from agentd.core.media_stream import Start
from agentd.errors import PeerError
from agentd.events import Private
from agentd.facts import CallFacts, Incoming
from agentd.web.admission import Admissions, After, Refusal, Ticket

ACCOUNT = "AC" + "a" * 32


def make(**overrides: Any) -> Admissions:
    values = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": "secret", "max_calls": 3}
    return Admissions(Settings.of(**(values | overrides)))


def incoming(call_sid: str = "CA1", caller: str = "+972501234567") -> Incoming:
    return Incoming(call_sid, Private(caller), "+97231234567")


def start(call_sid: str, token: str | None, account: str = ACCOUNT) -> Start:
    return Start(call_sid, "MZ1", account, {} if token is None else {"token": token, "from": "+1", "extra": "x"})


def invited(admissions: Admissions, call_sid: str = "CA1", now: float = 0.0, **extra: Any) -> Ticket:
    ticket = admissions.invite(incoming(call_sid, extra.pop("caller", "anonymous")), now, **extra)
    assert isinstance(ticket, Ticket)
    return ticket


def admitted(admissions: Admissions, call_sid: str = "CA1", now: float = 0.0) -> CallFacts:
    return admissions.admit(start(call_sid, invited(admissions, call_sid, now).token), now)


def refused(admissions: Admissions, what: Start, now: float = 0.0) -> str:
    with pytest.raises(PeerError) as error:
        admissions.admit(what, now)
    return error.value.code


def test_a_ticket_admits_one_stream_with_the_webhooks_facts() -> None:
    admissions = make()
    ticket = admissions.invite(incoming(), 0.0)
    assert isinstance(ticket, Ticket)
    assert len(ticket.token) == 32
    assert ticket.token not in repr(ticket)
    facts = admissions.admit(start("CA1", ticket.token), 1.0)
    assert facts.caller.text == "+972501234567"
    assert facts.called == "+97231234567"
    assert (facts.generation, facts.resumed) == (1, False)
    assert facts.parameters == {"from": "+1", "extra": "x"}
    assert refused(admissions, start("CA1", ticket.token), 2.0) == "token"


def test_a_token_of_another_call_a_wrong_one_and_none_are_refused() -> None:
    admissions = make()
    one, two = invited(admissions, "CA1"), invited(admissions, "CA2")
    assert refused(admissions, start("CA1", two.token)) == "token"
    assert refused(admissions, start("CA1", "0" * 32)) == "token"
    assert refused(admissions, start("CA1", "שלום")) == "token"
    assert refused(admissions, start("CA1", None)) == "token"
    assert refused(admissions, start("CA9", one.token)) == "token"
    assert admissions.admit(start("CA1", one.token), 0.0).generation == 1


def test_another_account_is_refused_before_the_token_is_looked_at() -> None:
    admissions = make()
    ticket = invited(admissions)
    assert refused(admissions, start("CA1", ticket.token, "AC" + "b" * 32)) == "account"
    assert admissions.admit(start("CA1", ticket.token), 0.0).generation == 1


def test_a_token_runs_out_after_its_time_and_the_verbs_before_it() -> None:
    admissions = make()
    ticket = invited(admissions, verbs_s=10.0)
    assert refused(admissions, start("CA1", ticket.token), 70.0) == "token"
    ticket = invited(admissions, now=100.0, verbs_s=10.0)
    assert admissions.admit(start("CA1", ticket.token), 169.9).generation == 1


def test_a_retried_webhook_gets_a_new_token_and_the_unused_one_is_void() -> None:
    admissions = make(max_calls=1)
    first, second = invited(admissions), invited(admissions, now=1.0)
    assert first.token != second.token
    assert refused(admissions, start("CA1", first.token)) == "token"
    assert admissions.admit(start("CA1", second.token), 2.0).generation == 1


def test_a_late_duplicate_of_the_webhook_changes_nothing() -> None:
    admissions = make()
    facts = admitted(admissions)
    duplicate = invited(admissions, now=1.0)
    assert refused(admissions, start("CA1", duplicate.token), 1.0) == "token"
    assert admissions.is_current(facts)
    admissions.lost(facts, 2.0)
    resume = admissions.after_stream(incoming(), 2.0).ticket
    assert resume is not None
    invited(admissions, now=2.5)
    assert admissions.admit(start("CA1", resume.token), 3.0).resumed


def test_only_a_resume_ticket_replaces_a_stream_that_seems_alive() -> None:
    admissions = make()
    old = admitted(admissions)
    after = admissions.after_stream(incoming(), 5.0)
    assert after.what is After.RESUME
    assert after.ticket is not None
    new = admissions.admit(start("CA1", after.ticket.token), 5.5)
    assert (new.generation, new.resumed) == (2, True)
    assert admissions.is_current(new)
    assert not admissions.is_current(old)
    admissions.ended(old, 6.0)
    admissions.lost(old, 6.0)
    assert admissions.is_current(new)


def test_over_max_calls_nothing_is_promised() -> None:
    admissions = make(max_calls=2)
    facts = admitted(admissions, "CA1")
    invited(admissions, "CA2")
    assert admissions.invite(incoming("CA3", "anonymous"), 1.0) is Refusal.FULL
    admissions.ended(facts, 2.0)
    assert isinstance(admissions.invite(incoming("CA3", "anonymous"), 3.0), Ticket)


def test_a_promise_that_nobody_takes_up_frees_its_place() -> None:
    admissions = make(max_calls=1)
    invited(admissions, "CA1")
    assert admissions.invite(incoming("CA2", "anonymous"), 59.0) is Refusal.FULL
    assert isinstance(admissions.invite(incoming("CA2", "anonymous"), 60.0), Ticket)


def test_a_real_number_has_its_own_limit_and_anonymous_has_none() -> None:
    admissions = make(max_calls=10)
    for n in range(2):
        assert isinstance(admissions.invite(incoming(f"CA{n}"), 0.0), Ticket)
    assert admissions.invite(incoming("CA2"), 0.0) is Refusal.CALLER
    assert isinstance(admissions.invite(incoming("CA1"), 0.0), Ticket)  # a retry is not another call
    assert isinstance(admissions.invite(incoming("CA3", "+972509999999"), 0.0), Ticket)
    for n in range(4, 8):
        assert isinstance(admissions.invite(incoming(f"CA{n}", "anonymous"), 0.0), Ticket)


def test_draining_refuses_new_calls_and_lets_promised_and_lost_ones_in() -> None:
    admissions = make()
    ticket = invited(admissions, "CA1")
    admissions.draining = True
    assert admissions.invite(incoming("CA2"), 0.0) is Refusal.DRAINING
    facts = admissions.admit(start("CA1", ticket.token), 1.0)
    admissions.lost(facts, 2.0)
    assert admissions.after_stream(incoming("CA1"), 2.0).what is After.RESUME


def test_a_lost_stream_is_resumed_twice_with_its_memory_then_the_fallback() -> None:
    admissions = make()
    facts = admitted(admissions)
    history = object()
    for generation in (2, 3):
        admissions.remember(facts, history)
        admissions.lost(facts, 10.0 * generation)
        after = admissions.after_stream(incoming(), 10.0 * generation)
        assert after.what is After.RESUME
        assert after.ticket is not None
        facts = admissions.admit(start("CA1", after.ticket.token), 10.0 * generation + 1)
        assert facts.generation == generation
        assert admissions.memory("CA1") is history
    admissions.lost(facts, 40.0)
    assert admissions.after_stream(incoming(), 40.0).what is After.FALLBACK


def test_a_retried_question_gets_the_same_ticket_and_costs_no_resume() -> None:
    admissions = make()
    admissions.lost(admitted(admissions), 1.0)
    tickets = [admissions.after_stream(incoming(), 1.0 + n / 10).ticket for n in range(5)]
    assert len({ticket.token for ticket in tickets if ticket}) == 1


def test_a_stream_that_can_never_be_opened_ends_in_the_fallback() -> None:
    admissions = make()
    invited(admissions)
    answers = [admissions.after_stream(incoming(), float(3 * n)).what for n in range(4)]
    assert answers == [After.RESUME, After.RESUME, After.FALLBACK, After.FALLBACK]


def test_our_own_close_is_no_loss() -> None:
    admissions = make()
    facts = admitted(admissions)
    admissions.ended(facts, 1.0)
    admissions.lost(facts, 1.1)
    assert admissions.after_stream(incoming(), 2.0).what is After.OVER
    assert refused(admissions, start("CA1", None)) == "token"


def test_a_final_status_before_or_with_the_question_means_over() -> None:
    admissions = make()
    admissions.lost(admitted(admissions), 1.0)
    assert admissions.after_stream(incoming(), 1.0, status="completed").what is After.OVER
    assert admissions.after_stream(incoming(), 2.0, status="in-progress").what is After.OVER


def test_a_transfer_is_the_same_answer_every_time() -> None:
    admissions = make()
    facts = admitted(admissions)
    admissions.decide("CA1", b"<?xml dial")
    admissions.ended(facts, 1.0)
    for _ in range(3):
        assert admissions.after_stream(incoming(), 2.0).document == b"<?xml dial"


def test_a_call_of_an_earlier_process_is_resumed() -> None:
    admissions = make()
    after = admissions.after_stream(incoming("CA7"), 1.0, status="in-progress")
    assert after.ticket is not None
    facts = admissions.admit(start("CA7", after.ticket.token), 2.0)
    assert (facts.caller.text, facts.resumed, facts.generation) == ("+972501234567", True, 1)


def test_a_stream_that_could_not_be_opened_at_first_is_no_resumption() -> None:
    admissions = make()
    invited(admissions)
    ticket = admissions.after_stream(incoming(), 1.0).ticket
    assert ticket is not None
    assert not admissions.admit(start("CA1", ticket.token), 2.0).resumed


def test_a_stale_stream_cannot_overwrite_the_memory() -> None:
    admissions = make()
    old = admitted(admissions)
    admissions.remember(old, "old")
    ticket = admissions.resume_ticket("CA1", 1.0)
    assert ticket is not None
    admissions.admit(start("CA1", ticket.token), 1.0)
    admissions.remember(old, "stale")
    assert admissions.memory("CA1") == "old"


def test_overdue_once_each_twice_at_most_and_never_while_the_stream_lives() -> None:
    admissions = make()
    invited(admissions, "CA1", verbs_s=2.0)
    admitted(admissions, "CA2")
    assert admissions.next_deadline() == 7.0
    assert list(admissions.overdue(6.9)) == []
    assert list(admissions.overdue(7.0)) == [("CA1", 0)]
    assert list(admissions.overdue(8.0)) == []
    assert admissions.resume_ticket("CA1", 8.0) is not None
    assert list(admissions.overdue(13.0)) == [("CA1", 1)]
    assert admissions.resume_ticket("CA1", 14.0) is not None
    assert list(admissions.overdue(100.0)) == []


def test_a_silent_stream_is_reported_by_its_own_generation_only() -> None:
    admissions = make()
    old = admitted(admissions)
    assert admissions.silent(old) == 0
    ticket = admissions.resume_ticket("CA1", 1.0)
    assert ticket is not None
    new = admissions.admit(start("CA1", ticket.token), 1.0)
    assert admissions.silent(old) is None
    assert admissions.silent(new) == 1
    assert admissions.silent(new) is None


def test_development_admits_streams_without_a_ticket_within_the_limits() -> None:
    admissions = make(twilio_auth_token="", twilio_account_sid="", max_calls=1)
    facts = admissions.admit(Start("CA1", "MZ1", "AC1", {"from": "+1", "to": "+2"}), 0.0)
    assert (facts.caller.text, facts.called) == ("+1", "+2")
    assert refused(admissions, Start("CA1", "MZ2")) == "live"
    assert refused(admissions, Start("CA2", "MZ2")) == "max-calls"
    assert refused(admissions, Start("CA1", "MZ2", "", {"token": "x"})) == "token"


def test_finished_calls_are_forgotten_in_time() -> None:
    admissions = make()
    admissions.ended(admitted(admissions, "CA1"), 1.0)
    invited(admissions, "CA2", now=2000.0)
    assert admissions.memory("CA1") is None
    assert admissions.after_stream(incoming("CA1"), 2000.0).what is After.RESUME  # as unknown as any other


class AnyOrder(RuleBasedStateMachine):
    """Whatever order requests come in: never more streams than allowed, never two voices for one call."""

    def __init__(self) -> None:
        super().__init__()
        self.admissions = make(max_calls=2)
        self.now = 0.0
        self.tickets: list[Ticket] = []
        self.facts: list[CallFacts] = []
        self.used: set[str] = set()

    @rule(call=st.sampled_from(["CA1", "CA2", "CA3"]), wait=st.sampled_from([0.0, 1.0, 61.0]))
    def call_comes(self, call: str, wait: float) -> None:
        self.now += wait
        ticket = self.admissions.invite(incoming(call, "anonymous"), self.now)
        if isinstance(ticket, Ticket):
            self.tickets.append(ticket)

    @rule(call=st.sampled_from(["CA1", "CA2", "CA3"]), status=st.sampled_from(["in-progress", "completed"]))
    def stream_ended(self, call: str, status: str) -> None:
        self.now += 3.0
        ticket = self.admissions.after_stream(incoming(call, "anonymous"), self.now, status=status).ticket
        if ticket is not None:
            self.tickets.append(ticket)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def stream_starts(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        try:
            facts = self.admissions.admit(start(ticket.call_sid, ticket.token), self.now)
        except PeerError:
            return
        assert ticket.token not in self.used
        self.used.add(ticket.token)
        self.facts.append(facts)

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), how=st.sampled_from(["ended", "lost"]))
    def stream_goes(self, data: st.DataObject, how: str) -> None:
        getattr(self.admissions, how)(data.draw(st.sampled_from(self.facts)), self.now)

    @invariant()
    def one_voice_per_call(self) -> None:
        current = [facts.call_sid for facts in self.facts if self.admissions.is_current(facts)]
        assert len(current) == len(set(current)) == self.admissions.live_count()


AnyOrder.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase
