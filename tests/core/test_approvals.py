"""The state machine of an approval: its table row by row, and what never holds in any order of events."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.core import approvals
from agentd.core.approvals import USE_WITHIN_MS, ApprovalRefused, Decision, State, canonical, decide, digest_of, use
from agentd.events import Private
from agentd.ledger import ApprovalRow

TOOL, ARGUMENTS = "crm.update", '{"id":"c1","field":"credit","value":"9000"}'
ASKED, EXPIRES = 1_000_000, 1_060_000


def row(state: str = "pending", **fields: object) -> ApprovalRow:
    made = ApprovalRow(
        id="ap-1",
        call_sid="CA1",
        agent="voice",
        tool=TOOL,
        arguments=Private(canonical(ARGUMENTS)),
        digest=digest_of(TOOL, ARGUMENTS),
        why="a field that needs a person",
        state=state,
        version=1,
        asked_ms=ASKED,
        expires_ms=EXPIRES,
    )
    return replace(made, **fields)


def decided(state: str) -> ApprovalRow:
    return row(state, version=2, decided_ms=ASKED + 5000, decided_by="Dana")


ROWS = {state: row(state) if state == "pending" else decided(state) for state in State}
ACTS = {
    "approve": lambda r, now: decide(r, Decision.APPROVE, r.digest, "Noa", now),
    "deny": lambda r, now: decide(r, Decision.DENY, r.digest, "Noa", now),
    "use": lambda r, now: use(r, TOOL, ARGUMENTS, now),
    "expire": lambda r, now: approvals.expire(r),
    "void": lambda r, now: approvals.void(r),
}
TABLE = {
    ("pending", "approve"): "approved",
    ("pending", "deny"): "denied",
    ("pending", "expire"): "expired",
    ("pending", "void"): "void",
    ("approved", "use"): "used",
    ("approved", "expire"): "expired",
    ("approved", "void"): "void",
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", State)
def test_every_cell_of_the_table(state: State, act: str) -> None:
    before = ROWS[state]
    if (after := TABLE.get((state.value, act))) is None:
        with pytest.raises(ApprovalRefused):
            ACTS[act](before, ASKED + 6000)
        return
    changed = ACTS[act](before, ASKED + 6000)
    assert (changed.state, changed.version) == (after, before.version + 1)
    assert replace(changed, state=before.state, version=before.version, decided_ms=None, decided_by="") == replace(
        before, decided_ms=None, decided_by=""
    )


def test_a_decision_names_who_and_when() -> None:
    approved = decide(row(), Decision.APPROVE, row().digest, "token front-desk", ASKED + 700)
    assert (approved.decided_by, approved.decided_ms) == ("token front-desk", ASKED + 700)


def test_a_second_operator_is_told_what_holds() -> None:
    with pytest.raises(ApprovalRefused, match="denied by Dana") as denied:
        decide(decided("denied"), Decision.APPROVE, row().digest, "Noa", ASKED + 6000)
    assert denied.value.code == "decided"
    with pytest.raises(ApprovalRefused, match="approved by Dana"):
        decide(decided("used"), Decision.DENY, row().digest, "Noa", ASKED + 6000)


@pytest.mark.parametrize(("now_ms", "state"), [(EXPIRES - 1, State.PENDING), (EXPIRES, State.EXPIRED)])
def test_an_unanswered_question_is_a_no_from_its_last_millisecond_on(now_ms: int, state: State) -> None:
    assert approvals.state_at(row(), now_ms) is state
    if state is State.EXPIRED:
        with pytest.raises(ApprovalRefused) as late:
            decide(row(), Decision.APPROVE, row().digest, "Noa", now_ms)
        assert late.value.code == "expired"


def test_a_yes_is_for_now_and_not_for_later() -> None:
    yes = decide(row(), Decision.APPROVE, row().digest, "Noa", EXPIRES - 1)
    assert use(yes, TOOL, ARGUMENTS, EXPIRES - 1 + USE_WITHIN_MS - 1).state == "used"
    with pytest.raises(ApprovalRefused) as late:
        use(yes, TOOL, ARGUMENTS, EXPIRES - 1 + USE_WITHIN_MS)
    assert late.value.code == "expired"


def test_whoever_saw_other_arguments_decides_nothing() -> None:
    with pytest.raises(ApprovalRefused) as seen:
        decide(row(), Decision.APPROVE, digest_of(TOOL, "{}"), "Noa", ASKED)
    assert seen.value.code == "digest"


def test_a_yes_is_bound_to_the_tool_and_to_the_value_of_every_argument() -> None:
    yes = decided("approved")
    reordered = '{ "value": "9000", "id": "c1", "field": "credit" }'
    assert use(yes, TOOL, reordered, ASKED + 6000).state == "used"
    for tool, arguments in ((TOOL, ARGUMENTS.replace("9000", "9001")), ("crm.get", ARGUMENTS), (TOOL, "{}")):
        with pytest.raises(ApprovalRefused) as other:
            use(yes, tool, arguments, ASKED + 6000)
        assert other.value.code == "digest"


def test_what_is_no_json_has_no_digest() -> None:
    with pytest.raises(msgspec.DecodeError):
        digest_of(TOOL, "{'id': 1}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_canonical_text_says_the_same_and_is_one_however_it_was_written(value: object, random: object) -> None:
    def shuffled(part: object) -> object:
        if isinstance(part, dict):
            keys = list(part)
            random.shuffle(keys)  # type: ignore[attr-defined]
            return {key: shuffled(part[key]) for key in keys}
        return [shuffled(each) for each in part] if isinstance(part, list) else part

    text = json.dumps(value)
    assert json.loads(canonical(text)) == value
    assert canonical(json.dumps(shuffled(value), indent=3, ensure_ascii=False)) == canonical(text)


OTHER = '{"id":"c2","field":"credit","value":"9000"}'


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 40_000), st.sampled_from([ARGUMENTS, OTHER])),
        max_size=12,
    )
)
def test_in_any_order_nothing_is_used_twice_or_late_or_with_other_arguments(
    events: list[tuple[str, int, str]],
) -> None:
    now, current, used = ASKED, row(), []
    for act, wait_ms, arguments in events:
        now += wait_ms
        digest = digest_of(TOOL, arguments)
        before = current
        try:
            match act:
                case "approve" | "deny":
                    current = decide(current, Decision(act), digest, "Noa", now)
                case "use":
                    current = use(current, TOOL, arguments, now)
                case _:
                    current = ACTS[act](current, now)
        except ApprovalRefused:
            assert current is before
            continue
        assert current.version == before.version + 1
        if act == "use":
            used.append((now, arguments, current))
    assert len(used) <= 1
    for used_ms, arguments, after in used:
        assert arguments == ARGUMENTS
        assert after.decided_ms is not None
        assert after.decided_ms < EXPIRES
        assert used_ms < after.decided_ms + USE_WITHIN_MS
        assert current.state == "used"  # and nothing followed
