"""Meeting somebody, as the caller hears of it: what was offered, what they chose, what was booked.

It follows what the calendar's tools returned and what the caller says to it; to call them is the brain's affair.

| state    | the caller ...                                     | and so                                         |
|----------|----------------------------------------------------|------------------------------------------------|
| offered  | names one: its place, time or day, "yes" to the    | it is `chosen`                                 |
|          | only one, "either"                                 |                                                |
|          | names what fits several                            | `offered` are those that are left              |
|          | says yes to several                                | they are asked which                           |
|          | names another day or time                          | it is the `wish`, and nothing is offered       |
|          | declines                                           | `asking`: for another time                     |
|          | wants no meeting                                   | `over`                                         |
|          | says anything else                                 | that is not for us                             |
| asking   | names a day or a time                              | it is the `wish`                               |
|          | says no, or twice nothing of the kind              | `over`                                         |
| booked   | answers whether a confirmation is to be sent       | `whatsapp`                                     |
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from agentd.core.slots.choosing import Offer, agrees, choose, merged, wish_in
from agentd.core.slots.readers.when import When
from agentd.core.slots.speech import Speech
from agentd.core.speech import Message

FIND, CREATE, UPSERT, SEND = "calendar.find_slots", "calendar.create", "leads.upsert", "whatsapp.send"
MISSES = 2  # answers to "when would suit you" that name no time
_WHATSAPP = re.compile(r"whats ?app|ו+[או]?ו?[או]?טסא?פ|ו+א?ו?צא?פ", re.IGNORECASE)


@dataclass(slots=True)
class Meeting:
    """`over`: there will be none, because "none-free", "declined" or "failed"; `sorry`: what a tool wants the caller to
    be told of that. `rounds`: how often times were found. `taken`: the one they chose was gone. `whatsapp`: "offered",
    "yes", "no", "sent" or "failed". `kept`: what of the caller was kept as a lead, as arguments of that tool."""

    speech: Speech
    today: date
    wish: When = field(default_factory=When)
    offered: tuple[Offer, ...] = ()
    exact: bool = False
    rounds: int = 0
    heard: bool = False  # of the offer
    chosen: Offer | None = None
    asking: bool = False
    misses: int = 0
    taken: bool = False
    over: str = ""
    sorry: str = ""
    booked: Offer | None = None
    place: str = ""
    told: bool = False  # that it is booked
    whatsapp: str = ""
    kept: Mapping[str, Any] | None = None

    def agent(self, text: str) -> None:
        """We said something that was heard."""
        self.heard = self.heard or bool(self.offered)
        self.told = self.told or self.booked is not None
        if not self.whatsapp and "?" in text and _WHATSAPP.search(text):
            self.whatsapp = "offered"

    def tool(self, message: Message) -> None:
        """A tool has returned."""
        if message.call is None:
            return
        result = _object(message.text)
        failed = "error" in result
        match message.call.name:
            case "calendar.find_slots" if failed:
                self._fail(result)
            case "calendar.find_slots":
                self._found(result)
            case "calendar.create" if failed:
                self._not_booked(result)
            case "calendar.create":
                self._booked(result)
            case "leads.upsert":
                self.kept = message.call.arguments
            case "whatsapp.send":
                self.whatsapp = "failed" if failed else "sent"

    def caller(self, text: str) -> str:
        """What a line comes to: "chosen", "narrowed", "which", "wish", "asking", "declined", "whatsapp"; "" when it is
        not for us."""
        if self.whatsapp == "offered":
            answer = agrees(text, self.speech)
            self.whatsapp = self.whatsapp if answer is None else "yes" if answer else "no"
            return "" if answer is None else "whatsapp"
        if self.booked is not None or self.over:
            return ""
        if self.asking:
            return self._asked(text)
        return self._offered(text) if self.offered and self.heard else ""

    def _offered(self, text: str) -> str:
        choice = choose(text, self.offered, self.speech, self.today)
        if choice is None:
            return ""
        if choice.never:
            return self._decline()
        if choice.declined:
            self.offered, self.chosen, self.asking, self.misses = (), None, True, 0
            return "asking"
        if choice.which:
            return "which"
        if choice.wish is not None:
            self.wish = merged(self.wish, choice.wish)
            self.offered, self.chosen = (), None
            return "wish"
        if len(choice.left) > 1:
            self.offered, self.exact, self.chosen = choice.left, False, None
            return "narrowed"
        self.chosen = choice.left[0]
        return "chosen"

    def _asked(self, text: str) -> str:
        wish = wish_in(text, self.speech, self.today)
        if wish is not None:
            self.wish, self.asking = merged(When(), wish), False
            return "wish"
        self.misses += 1
        if agrees(text, self.speech) is False or self.misses >= MISSES:
            return self._decline()
        return ""

    def _decline(self) -> str:
        self.offered, self.chosen, self.asking, self.over = (), None, False, "declined"
        return "declined"

    # --- what tools return

    def _found(self, result: Mapping[str, Any]) -> None:
        self.offered, self.exact = tuple(_offers(result.get("windows"))), result.get("exact") is True
        if self.exact:
            self.offered = self.offered[:1]
        self.rounds += 1
        self.heard, self.chosen = False, None
        self.over = "" if self.offered else "none-free"

    def _booked(self, result: Mapping[str, Any]) -> None:
        self.booked = next(_offers([result]), self.chosen)
        place = result.get("place")
        self.place = place if isinstance(place, str) else ""
        self.offered, self.chosen, self.told = (), None, False

    def _not_booked(self, result: Mapping[str, Any]) -> None:
        """The time may have been taken meanwhile: then others are offered, once."""
        self.offered, self.chosen = (), None
        if "taken" in str(result["error"]) and not self.taken:
            self.taken = True
        else:
            self._fail(result)

    def _fail(self, result: Mapping[str, Any]) -> None:
        say = result.get("say")
        self.over, self.sorry, self.offered = "failed", say if isinstance(say, str) else "", ()


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": "no JSON object"}


def _offers(found: Any) -> Iterator[Offer]:
    for each in found if isinstance(found, list) else ():
        try:
            yield Offer(datetime.fromisoformat(each["start"]).replace(tzinfo=None), str(each.get("say", "")))
        except (TypeError, KeyError, ValueError, AttributeError):
            continue  # what has no start cannot be offered
