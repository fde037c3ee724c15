"""English for the rules."""

from __future__ import annotations

import re
from datetime import date, time

from agentd_local.rules.speech import Calendar, Sentences, Speech
from agentd_local.rules.words import Numerals

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "last": -1,
}  # fmt: skip


def _say_day(day: date) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in (11, 12, 13) else 0, "th")
    return f"{_DAYS[day.weekday()].title()}, {_MONTHS[day.month - 1].title()} {day.day}{ending}"


def _say_time(moment: time) -> str:
    if moment == time(12):
        return "at noon"
    minutes = f":{moment.minute:02d}" if moment.minute else ""
    return f"at {moment.hour % 12 or 12}{minutes} {'a.m.' if moment.hour < 12 else 'p.m.'}"


def _say_digits(digits: str) -> str:
    groups = [digits[:3], digits[3:6], digits[6:]] if len(digits) > 6 else [digits]
    return ", ".join(" ".join(group) for group in groups)


ENGLISH = Speech(
    numerals=Numerals(
        units={word: n for n, word in enumerate(_UNITS)} | {"oh": 0, "o": 0},
        tens={word: 10 * n for n, word in enumerate(_TENS, 2)},
        scales={"hundred": 100, "thousand": 1000, "million": 1_000_000},
        joins=frozenset({"and"}),
        repeats={"double": 2, "triple": 3},
    ),
    calendar=Calendar(
        relative={"day after tomorrow": 2, "today": 0, "tonight": 0, "tomorrow": 1},
        weekdays={day: n for n, day in enumerate(_DAYS)},
        months={month: n for n, month in enumerate(_MONTHS, 1)},
        parts={
            "morning": "morning", "afternoon": "afternoon", "evening": "evening", "tonight": "evening",
            "night": "evening", "lunchtime": "noon",
        },
        any_time=re.compile(r"\b(any ?time|any day|whenever|doesn't matter|don't mind|no preference)\b"),
        next_week=re.compile(r"\bnext week\b"),
        half=frozenset({"half"}),
        quarter=frozenset({"quarter"}),
        to=frozenset({"to", "before"}),
        past=frozenset({"past", "after"}),
        at=frozenset({"at", "around", "about", "by", "for"}),
        oclock=frozenset({"o'clock", "oclock"}),
        pm=frozenset({"pm"}),
        am=frozenset({"am"}),
        fixed={"noon": time(12), "midday": time(12)},
    ),
    sentences=Sentences(
        acks=("Got it.", "Thank you.", "Great.", "All right."),
        thanks_name=("Thanks, {value}.", "Nice to meet you, {value}."),
        confirm=("I have {value}. Is that right?", "That's {value}, correct?"),
        noted=("Sorry, {value} it is.", "Thanks, I've changed it to {value}."),
        more_digits=("I got {digits}. What's the rest?", "So far {digits}. And then?"),
        what_time=("{day}. What time suits you?", "{day} is fine. At what time?"),
        which_day=("{time}. On which day?", "{time} works. Which day?"),
        skip=("That's all right, let's leave that.", "No problem, we'll skip that."),
        change_what=("Sorry about that. What should it be?", "My mistake. What's the right one?"),
        anything_else=("I've noted that. Is there anything else?", "All right. Anything else I can do?"),
        summary="So, {items}.",
        otherwise={
            "text": ("In a few words, what is it about?", "Just briefly, what do you need?"),
            "name": ("What name shall I put down?", "Could you just say your first name?"),
            "phone": (
                "Could you say the number slowly, digit by digit?",
                "Which number can we call you back on, one digit at a time?",
            ),
            "date": (
                "Which day works for you, and at what time? For example, Tuesday at ten.",
                "Is there a day this week that suits you?",
            ),
            "number": ("How many is that, as a number?", "Could you give me just the number?"),
            "choice": ("Would that be {choices}?", "Which one is it: {choices}?"),
            "yes-no": ("Is that a yes or a no?", "Just yes or no: {question}"),
        },
        one_of=" or ",
        small_talk={
            "how-are-you": ("I'm doing well, thank you.", "Very well, thanks."),
            "hear-me": ("Yes, I can hear you.", "I'm here."),
            "robot": ("I'm the automatic assistant here, happy to help.", "Yes, I'm an automatic assistant."),
            "human": ("I'll pass that on, and someone will call you back.", "Of course, somebody will call you back."),
            "question": ("I can't say, but someone will call you about it.", "I don't know, but we'll call you back."),
            "repeat": ("Sure.", "Of course."),
            "wait": ("Of course, take your time.", "Sure, I'm here."),
            "greeting": ("Hello!", "Hi there!"),
            "thanks": ("You're welcome.", "My pleasure."),
            "unclear": ("Sorry, I didn't get that.", "I'm afraid I missed that."),
        },
    ),
    yes=frozenset({
        "yes", "yeah", "yep", "yup", "yea", "correct", "right", "sure", "exactly", "absolutely", "okay", "ok", "indeed",
        "mhm", "definitely", "perfect",
    }),
    no=frozenset({"no", "nope", "nah", "not", "wrong", "incorrect", "don't", "isn't"}),
    intents={
        "repeat": re.compile(
            r"^((sorry|excuse me|what|pardon|come again|what was that|what did you say|say (that|it) again"
            r"|one more time|i (didn't|did not|couldn't|can't) (hear|catch|understand|get) (you|that|it)"
            r"|(can|could|would) you (please )?(repeat|say) (that|it)( again)?|(please )?repeat( that| it)?"
            r"|what's the question|please|again)( |$))+$"
            r"|\b(what did you say|what was that|say (that|it) again|repeat (that|it)|come again"
            r"|didn't (catch|hear|get) (that|you))\b"
        ),
        "goodbye": re.compile(
            r"\b(goodbye|good bye|bye|see you|talk to you later|have a (good|nice|great) (day|one))\b"
        ),
        "wait": re.compile(
            r"^(just )?(wait|hold on|hang on|(one|just a) (moment|second|sec|minute)|let me \w+)"
            r"( please| a (second|moment|minute))?$"
        ),
        "human": re.compile(
            r"\b(speak|talk|connect me|transfer me|get me) (to|with)? ?(a |an |the |your )?(real )?"
            r"(human|person|someone|somebody|manager|agent|representative|operator)\b"
        ),
        "robot": re.compile(
            r"\b(are you|is this|am i talking to) (a |an )?(real )?(robot|bot|machine|human|person|computer)\b"
        ),
        "hear-me": re.compile(r"\b(can you hear me|do you hear me|are you there|is anyone there|anybody there)\b"),
        "how-are-you": re.compile(r"\b(how are you|how's it going|how do you do|what's up)\b"),
        "thanks": re.compile(r"^(thanks|thank you)( so much| very much| a lot)?$"),
        "refuse": re.compile(
            r"\b(i('d)? (don't|rather not|won't)( want to)? (say|give|tell|share)|rather not|i don't have (one|a))\b"
        ),
        "greeting": re.compile(r"^(hi|hello|hey|good (morning|afternoon|evening))( there)?$"),
    },
    correction=re.compile(
        r"^(?:(?:no|nope|sorry|actually|wait|not|wrong)\s+)*"
        r"(?P<said>(?:i said|i meant|i mean|it's actually|actually|make it|"
        r"change it to|that's wrong|that's not right)\s*)+|^(?:(?:no|nope|sorry|actually|wait|wrong)\s+)+"
        r"(?:it's|it is|that's)?\s*"
    ),
    name_cues=re.compile(r"\b(?:my name is|my name's|the name is|name's|call me|this is)\s+"),
    weak_name_cues=re.compile(r"\b(?:i'm|i am|it's|it is|yes|sure|you can call me)\s+"),
    phone_glue=frozenset(("and", "then", "dash", "is", "it's", "my", "number", "the", "plus", "area", "code")),
    not_names=frozenset({
        "a", "about", "again", "an", "and", "any", "appointment", "are", "ask", "at", "bill", "book", "but", "buy",
        "call", "called", "calling", "came", "can", "can't", "come", "confused", "could", "did", "do", "does",
        "doing", "don't", "for", "from", "give", "going", "good", "great", "have", "he", "hello", "help", "here",
        "hey", "hi", "how", "i", "i'd", "i'll", "i'm", "if", "in", "interested", "is", "it", "it's", "just", "know",
        "like", "looking", "lost", "make", "may", "maybe", "me", "meeting", "morning", "my", "name", "need", "never",
        "no", "not", "now", "of", "ok", "okay", "on", "one", "or", "our", "phone", "please", "price", "question",
        "really", "right", "say", "she", "so", "sorry", "speak", "speaking", "sure", "talk", "tell", "than", "thank",
        "thanks", "that", "that's", "the", "there", "they", "think", "this", "to", "today", "tomorrow", "trying",
        "um", "uh", "understand", "wait", "want", "wanted", "was", "we", "well", "what", "what's", "when", "where",
        "which", "who", "why", "will", "with", "won't", "would", "yeah", "yes", "you", "your",
    }),
    after_names=frozenset({"here", "speaking", "and", "please", "calling", "from"}),
    fillers=re.compile(
        r"^(?:(?:um+|uh+|er+|well|so|oh|yeah|yes|okay|ok|sure|hi|hello|hey|there|please|right|"
        r"good (?:morning|afternoon|evening))\b[\s,.!]*)+",
        re.IGNORECASE,
    ),
    ordinals=_ORDINALS,
    questions=re.compile(
        r"^(?:and |but |so )?(?:what|how|when|where|why|who|which|do you|are you|is (?:it|there)|can (?:you|i)|"
        r"could (?:you|i)|does)\b"
    ),
    say_day=_say_day,
    say_time=_say_time,
    say_part={
        "any": "any time", "morning": "in the morning", "noon": "around noon", "afternoon": "in the afternoon",
        "evening": "in the evening",
    },
    say_digits=_say_digits,
)  # fmt: skip
