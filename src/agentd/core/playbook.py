"""What a business's agent says and asks: the types of a playbook. Reading the TOML is `agents.playbook_file`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing the agent must find out. type: "text", "name", "phone", "date" (a day and an hour), "timing" (roughly
    when), "number", "money", "choice" (one of `choices`), "area" (places: those of `choices`, or others), "yes-no".

    `also`: other words of the caller for a choice, by choice.
    """

    name: str
    type: str
    question: str
    examples: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = True
    confirm: bool = False
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meetings:
    """How the business meets people. `notice_min`: the soonest from now; `days`: how far ahead windows are offered."""

    title: str = ""
    minutes: int = 30
    notice_min: int = 60
    days: int = 14
    place: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """What happens by itself. on: "call-ended", "meeting-booked", "call-lost" or "whatsapp". `when`: conditions that
    all hold, such as "slots-full", "meeting", "no-meeting", "asked-for-whatsapp", "slot:NAME" or "slot:NAME=VALUE". do:
    names of tools of the back office, in order; `text`: what a message says, with `{slot}` in it."""

    on: str
    do: tuple[str, ...]
    when: tuple[str, ...] = ()
    text: str = ""
    template: str = ""  # ContentSid, outside WhatsApp's 24 hours
    after_min: int = 0  # a follow-up comes so much later


@dataclass(frozen=True, slots=True)
class Playbook:
    """Everything the call needs to know about the business; frozen, so a call keeps the one it began with.

    `phrases` maps a key to its variants, two or more each. Keys every playbook has: "filler", "again" (ask to repeat),
    "go-on" (invitation after a fragment), "silent-1", "silent-2", "goodbye", "busy", "trouble" (last resort),
    "time-warning", "resume". It may have "not-known" (said instead of what no tool has told us) and "once-more"
    (said before the same words again).
    """

    name: str
    language: str
    persona: str
    greeting: str
    goal: str = ""
    business: str = ""
    slots: tuple[Slot, ...] = ()
    phrases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    examples: tuple[tuple[str, str], ...] = ()  # few-shots: (caller, agent)
    hints: tuple[str, ...] = ()  # words the recogniser should expect
    closing: str = ""  # said when all required slots are known
    timezone: str = "Asia/Jerusalem"  # IANA
    hours: dict[str, tuple[str, ...]] = field(default_factory=dict)  # "sun": ("09:00-13:00", "14:00-18:00"); {}: always
    holidays: tuple[str, ...] = ()  # "2026-09-12": closed
    meetings: Meetings = Meetings()
    agents: dict[str, tuple[str, ...]] = field(default_factory=dict)  # tools by agent; an agent without entry: its own
    workflows: tuple[Workflow, ...] = ()
    transfer_to: str = ""  # number (E.164) of a person to hand over to

    def phrase(self, key: str, nth: int = 0) -> str:
        """The nth variant of a phrase, going round; "" when the playbook has none."""
        variants = self.phrases.get(key, ())
        return variants[nth % len(variants)] if variants else ""
