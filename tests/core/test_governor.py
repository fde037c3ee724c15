"""The rules of a reply on the stream: limits, the question, refusals, repeats; and what holds whatever comes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.governor import Act, Governor, Kind, Rules
from agentd.core.governor_facts import said
from agentd.core.hearing import normal

TODAY = date(2026, 11, 23)
QUESTION = "May I have your name, please?"
SAFE = "I would have to check that."
TEN = "one two three four five six seven eight nine ten"  # words without a claim, a comma or an end
CALM = "This is a calm and plain sentence of ten words."


def speak(text: str, rules: Rules, step: int = 5) -> tuple[list[str], Governor]:
    governor = Governor(rules)
    out: list[str] = []
    for i in range(0, len(text), step):
        out += governor.feed(text[i : i + step])
    return out + governor.finish(), governor


@pytest.mark.parametrize(
    ("text", "wanted", "acts"),
    [
        ("Sure. When would suit you?", ["Sure.", "When would suit you?"], []),
        ("How can I help? I am here. And so on.", ["How can I help?"], []),
        ("Got it.", ["Got it.", QUESTION], [Act("appended", "no-question")]),
        ("", [QUESTION], [Act("appended", "no-question")]),
        (f"{CALM} {CALM}", [CALM, QUESTION], [Act("cut", "words"), Act("appended", "no-question")]),
        (f"{CALM} {CALM} And then?", [CALM, QUESTION], [Act("cut", "words"), Act("appended", "no-question")]),
        ("We are closed. We open later. Shall I book it for you now?", ["We are closed.", "We open later.",
         "Shall I book it for you now?"], []),
        ("It is five minutes away. We are on a hill. It is very nice there. Come?", ["It is five minutes away.",
         "We are on a hill.", QUESTION], [Act("cut", "sentences"), Act("appended", "no-question")]),
        ("Of course I can do that, and I will tell them. Anything else?", ["Of course I can do that,",
         "and I will tell them.", "Anything else?"], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 4, 1000])
def test_a_reply_ends_at_its_question_or_gets_one(text: str, wanted: list[str], acts: list[Act], step: int) -> None:
    out, governor = speak(text, Rules(next_question=QUESTION), step)
    assert out == wanted
    assert governor.acts == acts
    assert governor.done


def test_the_first_clause_leaves_before_its_sentence_is_whole() -> None:
    governor = Governor(Rules())
    assert governor.feed("I can certainly do that,") == []
    assert governor.feed(" and") == ["I can certainly do that,"]
    assert governor.feed(" more. So") == ["and more."]


def test_the_question_is_out_with_its_mark_and_the_model_may_stop() -> None:
    governor = Governor(Rules())
    assert governor.feed("What is your name?") == ["What is your name?"]
    assert governor.done
    assert governor.feed(" I am Dana.") == []
    assert governor.finish() == []


def test_a_first_sentence_that_is_too_long_is_closed_at_its_last_clause_that_fits() -> None:
    text = f"We certainly can do all of that for you, {TEN}; {TEN}, {TEN}."
    out, governor = speak(text, Rules())
    assert out == ["We certainly can do all of that for you,", f"{TEN}."]
    assert governor.acts == [Act("cut", "words")]


def test_a_sentence_without_end_or_clause_is_refused_not_broken_off() -> None:
    out, governor = speak(f"{TEN} {TEN} {TEN}.", Rules(safe=SAFE, next_question=QUESTION))
    assert out == [SAFE, QUESTION]
    assert governor.fell_back
    assert governor.acts == [Act("refused", "words"), Act("appended", "no-question")]


def test_a_statement_that_fits_is_never_shortened_and_a_question_without_room_is_left_for_the_next_reply() -> None:
    text = "This is a sentence of some twenty words with no question in it so that nothing more would fit."
    out, governor = speak(text, Rules(next_question=QUESTION))
    assert out == [text]
    assert governor.acts == []


def test_the_first_reply_has_its_own_limit() -> None:
    out, _ = speak("One two three. This is a calm sentence.", Rules(hard_words=6))
    assert out == ["One two three."]


def test_no_reply_is_longer_than_the_characters_allowed() -> None:
    out, governor = speak(
        "Thank you so much for all. Goodbye to you, my dear friend.", Rules(max_chars=40, kind=Kind.GOODBYE)
    )
    assert out == ["Thank you so much for all."]
    assert governor.acts == [Act("cut", "chars")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It costs two million shekels.", "price"),
        ("You can come at half past nine.", "time"),
        ("We will see you on Thursday.", "weekday"),
        ("We have a lovely flat for you.", "offer"),
        ("זה עולה 4,500 שקל לחודש.", "price"),
        ("אפשר להגיע מחר בעשר וחצי.", "ahead"),
        ("יש לנו דירת ארבעה חדרים בשבילכם.", "offer"),
        ("הדירה נמצאת ברחוב הרצל 5.", "address"),
    ],
)
def test_what_no_fact_bears_out_is_refused_and_safe_words_stand_in(text: str, why: str) -> None:
    out, governor = speak(f"Sure. {text}", Rules(safe=SAFE, next_question=QUESTION))
    assert out == ["Sure.", SAFE, QUESTION]
    assert governor.acts == [Act("refused", why), Act("appended", "no-question")]
    assert governor.fell_back


def test_a_clause_that_was_said_stands_and_its_refused_rest_is_replaced_whole() -> None:
    text = "I can tell you about that, the price is two million, and it is sunny. When can you come?"
    out, _ = speak(text, Rules(safe=SAFE))
    assert out == ["I can tell you about that,", SAFE, "When can you come?"]


def test_safe_words_are_said_once_a_reply() -> None:
    out, governor = speak("It costs 500 shekels. It was 700 shekels. Shall we go on?", Rules(safe=SAFE))
    assert out == [SAFE, "Shall we go on?"]
    assert [act.what for act in governor.acts] == ["refused", "refused"]


def test_what_the_caller_said_may_be_said_back() -> None:
    facts = said("tomorrow at ten, my number is 050 123 4567", TODAY)
    out, governor = speak("Tuesday, November 24th at 10 a.m. Is that right?", Rules(facts=facts, safe=SAFE))
    assert " ".join(out) == "Tuesday, November 24th at 10 a.m. Is that right?"
    assert governor.acts == []


def test_a_read_back_may_have_forty_words() -> None:
    long = " ".join(["word"] * 20)
    text = f"So that is Dana, on the number 0 5 0, 1 2 3, 4 5 6 7, {long}. Is that right?"
    out, governor = speak(text, Rules(safe=SAFE))
    assert normal(" ".join(out)) == normal(text)
    assert governor.kind is Kind.READ_BACK


def test_windows_may_have_thirty_words() -> None:
    facts = said("ten, eleven or twelve", TODAY)
    text = ("I could offer you something at 10, at 11, or at 12. We are happy to see you, "
            "just as you like, all of you. Which one suits you?")  # fmt: skip
    out, governor = speak(text, Rules(facts=facts))
    assert " ".join(out) == text
    assert governor.kind is Kind.WINDOWS


def test_after_a_goodbye_of_the_playbook_nothing_is_asked() -> None:
    goodbye = "Thanks for calling us. Goodbye!"
    own = {normal("Thanks for calling us."): Kind.GOODBYE, normal("Goodbye!"): Kind.GOODBYE}
    out, governor = speak(goodbye, Rules(own=own, next_question=QUESTION))
    assert out == ["Thanks for calling us.", "Goodbye!"]
    assert governor.acts == []


def test_the_same_reply_twice_is_varied_by_other_words_or_a_lead_in() -> None:
    last = "Got it. What is your budget?"
    out, governor = speak(last, Rules(last=last, lead_in="Once more:"))
    assert out == ["Got it.", "Once more:", "What is your budget?"]
    assert governor.acts == [Act("varied", "same-reply")]
    other = {normal("What is your budget?"): "How much may it cost?"}
    out, _ = speak(last, Rules(last=last, lead_in="Once more:", variants=other))
    assert out == ["Got it.", "How much may it cost?"]


def test_who_asks_to_hear_it_again_hears_the_same_words_however_long() -> None:
    last = " ".join([CALM] * 4)
    out, governor = speak(last, Rules(last=last, asked_again=True, lead_in="Once more:", next_question=QUESTION))
    assert " ".join(out) == last
    assert governor.acts == []
    assert governor.kind is Kind.REPEAT


# --- whatever comes

VOCABULARY = (
    "Sure yes, well, I can do. that! What? now? a: b; – - ... … Dr. 3.5 ten 2 million shekels. at 10:30 Tuesday. "
    'you we have apartment on Herzl 5. tomorrow \n \n\n ?! ?" שלום, מה? מחר בעשר. דירה רחוב הרצל כן. nine word words '
    "יש לנו wonderful, indeed, unbelievablylongwords"
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
TEXTS = st.lists(WORDS, max_size=60).map(" ".join)
CUTS = st.lists(st.integers(1, 30), min_size=1, max_size=8)
RULES = st.builds(
    Rules,
    facts=st.sampled_from([said("", TODAY), said("at 10:30 on Tuesday, 2 million", TODAY)]),
    hard_words=st.integers(6, 24),
    max_chars=st.sampled_from([60, 420]),
    next_question=st.sampled_from(["", "Your name?", QUESTION]),
    safe=st.sampled_from(["", SAFE]),
    last=st.sampled_from(["", "Sure yes, well, I can do.", "What?"]),
    lead_in=st.sampled_from(["", "Once more:"]),
)


def tokens(text: str, cuts: list[int]) -> list[str]:
    out, at, n = [], 0, 0
    while at < len(text):
        out.append(text[at : at + cuts[n % len(cuts)]])
        at, n = at + cuts[n % len(cuts)], n + 1
    return out


def run(text: str, rules: Rules, cuts: list[int]) -> tuple[list[str], Governor]:
    governor = Governor(rules)
    out = [phrase for token in tokens(text, cuts) for phrase in governor.feed(token)]
    return out + governor.finish(), governor


@given(TEXTS, RULES, CUTS)
def test_the_result_does_not_hang_on_the_tokens(text: str, rules: Rules, cuts: list[int]) -> None:
    one, whole = run(text, rules, cuts), run(text, rules, [max(1, len(text))])
    assert one[0] == whole[0]
    assert one[1].acts == whole[1].acts


@given(TEXTS, RULES, CUTS)
def test_the_limits_hold_for_all_that_is_heard(text: str, rules: Rules, cuts: list[int]) -> None:
    out, governor = run(text, rules, cuts)
    words = sum(any(c.isalnum() for c in word) for phrase in out for word in phrase.split())
    extra = len(rules.lead_in.split()) + (len(rules.safe.split()) if governor.fell_back and len(out) <= 2 else 0)
    assert words <= {Kind.REPLY: rules.hard_words, Kind.WINDOWS: 30, Kind.READ_BACK: 40}[governor.kind] + extra
    if governor.kind is Kind.REPLY:
        sentences = [""]
        for phrase in out:
            if phrase == rules.next_question:
                sentences.append("")  # the model's words before it may have had no end
            sentences[-1] += f" {phrase}"
            if phrase.rstrip("\"'”׳״)").endswith((".", "!", "?", "…")):
                sentences.append("")
        long = [
            s
            for s in sentences
            if sum(any(c.isalnum() for c in word) for word in s.split()) > 3
            and s.strip() not in (rules.next_question, rules.safe)
        ]
        assert len(long) <= 2


@given(TEXTS, RULES, CUTS)
def test_nothing_follows_a_question_and_every_piece_is_somebodys_words_in_order(
    text: str, rules: Rules, cuts: list[int]
) -> None:
    out, governor = run(text, rules, cuts)
    assert governor.done
    assert all("?" not in phrase for phrase in out[:-1])
    if out and "?" in out[-1]:
        assert out[-1].rstrip("\"'”׳״) ").endswith(("?", "…"))
    ours = {rules.next_question, rules.safe, rules.lead_in}
    at = 0
    for phrase in out:
        if phrase in ours:
            continue
        piece = phrase if text.find(phrase, at) >= 0 else phrase[:-1]  # a clause that was made an end
        found = text.find(piece, at)
        assert found >= 0, phrase
        at = found + len(piece)


@given(TEXTS, RULES, CUTS)
def test_no_claim_without_a_fact_is_ever_said(text: str, rules: Rules, cuts: list[int]) -> None:
    out, _ = run(text, rules, cuts)
    assert all(rules.facts.unknown(phrase) is None for phrase in out)
