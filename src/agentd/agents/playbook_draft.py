"""A first playbook of one's own: a shipped one under a new name, with a comment at every key."""

from __future__ import annotations

import re
from importlib import resources

from agentd.agents.playbook_file import default_playbook, load_playbook, parse_playbook
from agentd.errors import ConfigError

_HEAD = """\
# A playbook: who answers the phone, what they find out, how they sound. Every key is explained in docs/playbooks.md.
# `agentd playbook check FILE` checks it, `agentd serve --playbook FILE` uses it; a call that begins after a change
# uses the changed file, without a restart.
"""
_COMMENTS = {
    "name": "What logs and reports call this playbook.",
    "language": "Of the call: he-IL, en-US, ... It chooses the voice, the recogniser and how numbers are said.",
    "business": "What a model may say about the business; it is told to invent nothing else.",
    "persona": "Who is speaking, and in what manner. A Hebrew agent needs a gender.",
    "goal": "What the call is for.",
    "greeting": "The first words. Empty: the caller speaks first.",
    "closing": "Said once everything that is required is known; short, and without a question.",
    "timezone": 'Where the business is: its hours, and what "today" means.',
    "hints": "Words that the recogniser should expect: names, places, terms of the trade.",
    "examples": "How it sounds: [what the caller says, the answer]. At least: not heard, cut off, a meeting.",
    "filler": "Said while something takes long. Two variants or more of every phrase.",
    "again": "Asks the caller to say it again.",
    "go-on": "Invites the caller to go on.",
    "silent-1": "The caller is silent: the first time, then the second.",
    "goodbye": "The last words.",
    "busy": "Every line is taken.",
    "trouble": "Nothing works; the last resort.",
    "time-warning": "A minute before the longest call ends.",
    "resume": "After a break of the line.",
    "not-known": "From here on every phrase is optional. In place of what nobody has told the agent.",
    "once-more": "Before words that are said again.",
    "offer": "Before free times to meet: one short sentence, no question.",
    "no-time": "There is no free time.",
    "booked": "A meeting has been booked; it is read back after this.",
    "whatsapp-offer": "A question: whether to send a confirmation.",
    "approval": "A person is deciding on what the agent wants to do.",
    "handover": "A person takes the call.",
    "voicemail": "Before a message is recorded; `thanks` comes after it.",
    "consent": "Before a call is recorded, when recording is switched on.",
    "title": "What the calendar shows.",
    "minutes": "How long a meeting is, and how many minutes from now the soonest may begin (notice_min).",
    "days": "How many days ahead times are offered.",
    "voice": "The tools of the agent on the phone; docs/tools.md has them all.",
}
_SLOTS = """\
# What to find out, in this order. type: text, name, phone, date (a day and an hour), timing (roughly when), number,
# money, choice (one of choices), area (places: those of choices, or others), yes-no.
# Optional: examples, required = false, confirm = true (read back for a yes), also (other words for a choice).
"""


_HOURS = """\
# When somebody is there: meetings lie inside, and calls are handed over inside only. Remove all of it for "always".
# transfer_to = "+972501234567" among the keys above says to whom.
"""
_WORKFLOWS = """\
# What happens by itself: on = call-ended, meeting-booked, call-lost or whatsapp; do = tools, in order.
# Optional: when (conditions that all hold), text, template, after_min. docs/playbooks.md has the conditions.
"""


def draft(name: str, language: str, template: str) -> str:
    """TOML of a playbook called `name`. `template`: a shipped playbook, "" for the one of `language`; `language`: ""
    for the template's own. Raises `ConfigError` when there is no such playbook, or it is in another language."""
    template = template or default_playbook(language or "he-IL")
    shipped = load_playbook(template, language)
    language = language or shipped.language
    if shipped.language.partition("-")[0] != language.partition("-")[0]:
        cure = f"leave out --language, or take --from {default_playbook(language)}"
        problem = f"{template} speaks {shipped.language}, not {language}"
        raise ConfigError("command line", "--from", problem, cure)
    text = (resources.files("agentd.agents") / "playbooks" / f"{template}.toml").read_text("utf-8")
    text = re.sub(r"\A(#.*\n)+", "", text)
    for key, comment in _COMMENTS.items():
        text = re.sub(rf"^(?={re.escape(key)} = )", f"# {comment}\n", text, count=1, flags=re.MULTILINE)
    for head, comment in (("[[slots]]", _SLOTS), ("[hours]", _HOURS), ("[[workflows]]", _WORKFLOWS)):
        text = text.replace(head, f"{comment}{head}", 1)
    text = re.sub(r'^name = ".*"$', lambda _: f'name = "{name}"', text, count=1, flags=re.MULTILINE)
    text = re.sub(r'^language = ".*"$', lambda _: f'language = "{language}"', text, count=1, flags=re.MULTILINE)
    text = f"{_HEAD}\n{text}"
    parse_playbook(text, name)
    return text
