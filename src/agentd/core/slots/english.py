"""English as callers speak it, and how values are said back in it."""

from __future__ import annotations

import re
from datetime import date, time

from agentd.core.slots.speech import Calendar, Choosing, Money, Places, Speech, Timing
from agentd.core.slots.words import Numerals

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


def _say_money(value: int, currency: str) -> str:
    if value >= 1_000_000 and value % 10_000 == 0:
        return f"{value / 1_000_000:g} million {currency}"
    return f"{value:,} {currency}"


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
        any_day=re.compile(r"\b(any day|whichever day|(doesn't matter|don't mind) (which|what) day)\b"),
        next_week=re.compile(r"\bnext week\b"),
        week_begins=0,
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
    money=Money(
        scales={"hundred": 100, "thousand": 1000, "k": 1000, "grand": 1000, "million": 1_000_000, "millions": 1_000_000,
                "m": 1_000_000, "mil": 1_000_000},
        halves={"half": 0.5, "quarter": 0.25},
        inside=frozenset({"and", "a", "of", "an"}),
        point=frozenset({"point"}),
        cues=frozenset({"budget", "price", "month", "monthly", "rent"}),
        currencies={
            "shekel": "shekels", "shekels": "shekels", "nis": "shekels", "ils": "shekels", "₪": "shekels",
            "dollar": "dollars", "dollars": "dollars", "usd": "dollars", "$": "dollars", "bucks": "dollars",
            "euro": "euros", "euros": "euros", "€": "euros", "pound": "pounds", "pounds": "pounds", "£": "pounds",
        },
        say=_say_money,
    ),
    timing=Timing(
        fixed=(
            (re.compile(r"\b(no rush|not in a (rush|hurry)|no hurry|not urgent|no pressure|there's no rush"
                        r"|whenever)\b"), "flexible"),
            (re.compile(r"\b(as soon as possible|asap|immediately|right away|straight away|urgent(ly)?|right now"
                        r"|the sooner the better|immediate)\b"), "now"),
            (re.compile(r"\bnext month\b"), "1 month"),
            (re.compile(r"\bnext year\b"), "1 year"),
            (re.compile(r"\b(in|by|for|over|before|next|this) (the )?summer\b"), "summer"),
            (re.compile(r"\b(after|before) (the )?(holidays|passover|pesach)\b"), "holidays"),
            (re.compile(r"\b(by |at |towards? )?the end of (the|this) year\b"), "end of year"),
        ),
        span=re.compile(
            r"\b(?:in|within|about|around|over)( the next)?( about)? (?P<count>(?:\w+ ){0,3}?)"
            r"(?P<unit>weeks?|months?|years?)\b(?P<tail>)"
        ),
        units={"week": ("week", 0), "weeks": ("week", 0), "month": ("month", 0), "months": ("month", 0),
               "year": ("year", 0), "years": ("year", 0)},
        half=frozenset({"half"}),
        month=re.compile(
            r"\b(?:in|by|from|until|before|early|late|mid|around|beginning of|end of|of)[ -]"
            rf"(?P<month>{'|'.join(_MONTHS)})\b"
        ),
        hints=frozenset({
            "month", "months", "week", "weeks", "year", "years", "summer", "winter", "spring", "autumn", "fall", "soon",
            "later", "now", "flexible", "holidays", "immediate", *_MONTHS,
        }),
    ),
    places=Places(
        sides={"north": "north", "northern": "north", "south": "south", "southern": "south", "central": "central",
               "east": "east", "west": "west", "downtown": "downtown"},
        not_after=frozenset(),
        lead=re.compile(r"^(?:(?:in|around|near|somewhere|the|area|of|maybe|probably|close|to|about|i'd|like|want)\s+)+"),
    ),
    choosing=Choosing(
        neither=re.compile(
            r"\b(neither|none|(doesn't|does not|don't|do not|won't|can't|cannot|isn't|not)( really)? "
            r"(works?|suits?|do|make|good|possible|free|able)|(some|any)thing (else|later|earlier|sooner)"
            r"|(another|a different|some other|any other) (time|day|one)|busy|earlier than that|later than that)\b"
        ),
        never=re.compile(
            r"\b((no|don't|do not|without)( \w+)? (need|want|a|any)?( to)? ?(meeting|appointment|meet)"
            r"|just (call|have (someone|somebody) call)( me)?( back)?|no need|never mind|forget it|not now)\b"
        ),
        either=re.compile(
            r"\b(either|any of (them|those)|doesn't matter|don't mind|whichever|you choose|both (work|are))\b"
        ),
        agrees=re.compile(
            r"\b((sounds|looks|that's|is) (good|great|fine|perfect)|works|that suits|suits me|book it|go ahead|fine"
            r"|let's do|great|good|please do|put me down|i'll take it|lovely|wonderful)\b"
        ),
        first=re.compile(r"\bthe (earlie(r|st)|soone(r|st))( one| time)?\b"),
        last=re.compile(r"\bthe (later|latest)( one| time)?\b"),
        option=frozenset({"option", "number"}),
        article="",
        courtesy=frozenset({"please", "thanks", "thank", "you", "that", "that's", "it", "do", "i'm", "afraid", "oh"}),
    ),
    flexible=re.compile(
        r"\b(it depends|depends( on [\w ]+)?|i'm flexible|flexible|no (fixed|specific) \w+|doesn't matter"
        r"|don't mind|anywhere|i'm open|haven't decided|not sure yet|i don't know yet)\b"
    ),
    hums=re.compile(r"^(?:(?:u+h+|u+m+|e+r+m*|h+m+|m+|a+h+|eh|oh|hmm)\W*)*$"),
    ask_inside=re.compile(
        r"\b(?:and |but |by the way |also |so )*(?:(?:what|how much|how many|how long|when|where|why|who)\b"
        r"(?! i (?:need|want|said))|(?:do|are|can|could) you\b|is (?:it|there)\b)"
    ),
    instead=re.compile(r"\b(sorry|i mean|i meant|no|actually|rather|or rather)\b"),
    nots=frozenset({"not", "no", "isn't", "without", "don't"}),
    articles=frozenset({"a", "an", "the", "to", "for"}),
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
        "off-topic": re.compile(
            r"\b((ignore|forget|disregard) (all )?(of )?(your|the|these|any|previous|prior)[\w ]*"
            r"(instructions?|rules?|prompts?)"
            r"|system prompt|you are now|pretend (to be|you('re| are))|your instructions|developer mode|jailbreak"
            r"|tell me a joke|weather|write me a (poem|song)|recipe|who won|football score)\b"
        ),
        "angry": re.compile(
            r"\b(ridiculous|fed up|sick of|terrible|awful|worst|outrageous|unbelievable|i('m| am) (so |very |really )?"
            r"(angry|furious|annoyed|upset)|waste of (my )?time|nobody (calls|called|ever)|already (told|said|gave)"
            r"|how many times|stupid|idiots?|damn|what the hell|for god's sake|scam)\b"
        ),
        "robot": re.compile(
            r"\b(are you|is this|am i talking to) (a |an )?(real )?(robot|bot|machine|human|person|computer)\b"
        ),
        "hear-me": re.compile(r"\b(can you hear me|do you hear me|are you there|is anyone there|anybody there)\b"),
        "how-are-you": re.compile(r"\b(how are you|how's it going|how do you do|what's up)\b"),
        "thanks": re.compile(r"^(thanks|thank you)( so much| very much| a lot)?$"),
        "refuse": re.compile(
            r"^((sorry |um |well |honestly )?(i )?(have )?(no idea|don't know|dunno|can't say|not sure))"
            r"( yet| really)?$|"
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
        "a", "about", "again", "an", "and", "any", "appointment", "are", "ask", "at", "awful", "bill", "book", "but",
        "buy",
        "call", "called", "calling", "came", "can", "can't", "come", "confused", "could", "did", "do", "does",
        "doing", "don't", "for", "from", "give", "going", "good", "great", "have", "he", "hello", "help", "here",
        "hey", "hi", "how", "i", "i'd", "i'll", "i'm", "if", "in", "interested", "is", "it", "it's", "just", "know",
        "like", "looking", "lost", "make", "may", "maybe", "me", "meeting", "morning", "my", "name", "need", "never",
        "no", "not", "now", "of", "ok", "okay", "on", "one", "or", "our", "phone", "please", "price", "question",
        "ridiculous", "unbelievable", "urgent", "regarding", "outrageous", "unacceptable", "terrible",
        "really", "right", "say", "she", "so", "sorry", "speak", "speaking", "sure", "talk", "tell", "than", "thank",
        "thanks", "that", "that's", "the", "there", "they", "think", "this", "to", "today", "tomorrow", "trying",
        "um", "uh", "understand", "wait", "want", "wanted", "was", "we", "well", "what", "what's", "when", "where",
        "which", "who", "why", "will", "with", "won't", "would", "yeah", "yes", "you", "your",
    }),
    also_names=frozenset(),
    name_joins=frozenset({"and"}),
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
    confirm=("I have {value}, is that right?", "That's {value}, correct?"),
    say_day=_say_day,
    say_time=_say_time,
    say_part={
        "any": "any time", "morning": "in the morning", "noon": "around noon", "afternoon": "in the afternoon",
        "evening": "in the evening",
    },
    say_any_day="any day",
    say_digits=_say_digits,
)  # fmt: skip
