"""The history holds what was heard."""

from agentd.core.history import History
from agentd.core.speech import Message, ToolCall


def test_a_cut_reply_is_there_as_far_as_it_was_heard_and_an_unheard_one_is_not() -> None:
    h = History()
    h.caller(1, "hello")
    h.agent(1, "Good morning, how", cut=True)
    h.caller(2, "a table")
    h.agent(2, "", cut=True)
    assert h.messages("for two") == (
        Message("caller", "hello"),
        Message("agent", "Good morning, how —"),
        Message("caller", "a table"),
        Message("caller", "for two"),
    )
    assert h.last_agent() == "Good morning, how"


def test_a_turn_can_be_taken_back_and_corrected() -> None:
    h = History()
    h.caller(1, "a cable")
    assert h.correct_last("a table")
    assert not History().correct_last("nothing")
    assert (h.last_caller(), History().last_caller()) == (1, 0)
    h.caller(2, "for")
    h.take_back(2)
    assert [e.text for e in h.entries] == ["a table"]


def test_a_very_long_call_forgets_its_beginning() -> None:
    h = History()
    for i in range(500):
        h.caller(i, str(i))
    assert len(h.entries) == 200
    assert h.entries[-1].text == "499"


def test_news_goes_to_the_end_and_only_this_very_call() -> None:
    h, call, same = History(), ToolCall("1", "book", {}), ToolCall("1", "book", {})
    h.tool(1, same, "{}")
    h.tool(1, call, "{}")
    h.caller(2, "where are you")
    h.last([call])
    assert [m.call or m.role for m in h.messages()] == [same, "caller", call]
    assert len(h.entries) == 3


def test_a_call_is_asked_again_by_a_later_one_of_the_same_arguments() -> None:
    h, first, other, again = (
        History(),
        ToolCall("1", "book", {}),
        ToolCall("2", "book", {"n": 1}),
        ToolCall("3", "book", {}),
    )
    h.tool(1, first, "{}")
    h.tool(2, other, "{}")
    assert not h.asked_again(first)
    h.tool(2, again, "{}")
    assert [h.asked_again(call) for call in (first, other, again)] == [True, False, False]
