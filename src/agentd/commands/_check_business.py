"""Rows of `agentd check` about the business: who may use which tools, what is sent, recorded and handed over, and which
doors have a token. Nothing is reached, and no token is ever in a row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.toolboxes import Toolboxes
from agentd.core.policy import Agent
from agentd.errors import ConfigError
from agentd.office import Office
from agentd.store.sql_store import SqlStore
from agentd.web.api_tokens import Tokens

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.core.playbook import Playbook
    from agentd.plugins import Plugins

Row = tuple[str, str, str]

_ACCOUNT: Final = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"


def business_rows(settings: Settings, plugins: Plugins, playbook: Playbook) -> list[Row]:
    """In the order in which a call meets them. A `ConfigError` of a part is the row of that part."""
    return [
        *_tools(settings, plugins, playbook),
        _recording(settings),
        _handover(settings, playbook),
        _whatsapp(settings),
        _jobs(settings),
        _calendar(settings),
        _approvals(settings),
    ]


def failed(what: str, error: ConfigError) -> Row:
    """The row of what a setting makes impossible."""
    return ("FAIL", what, f"{error.key}: {error.problem}. Cure: {error.cure}")


def _tools(settings: Settings, plugins: Plugins, playbook: Playbook) -> Iterator[Row]:
    if not settings.agents_enabled:
        yield ("warn", "tools", "none is offered: AGENTS_ENABLED=0")
        return
    try:
        store = SqlStore(settings)  # reaches nothing until it is opened
        office = plugins.office(Office(store.crm, store.calendar, NoWhatsApp(), store.files))
        desk = ApprovalDesk(store, settings.approval_timeout_sec, lambda: round(time.time() * 1000))
        house = Toolboxes(settings, plugins.tools(), office, store, desk)
    except ConfigError as error:
        yield failed("tools", error)
        return
    for agent in Agent:
        names = house.allowed(agent, playbook)
        unknown = [name for name in names if name not in house.tools.by_name]
        if unknown:
            there = ", ".join(sorted(house.tools.by_name))
            yield ("FAIL", f"tools: {agent}", f"the playbook names {', '.join(unknown)}, which no tool is: {there}")
        else:
            yield ("ok", f"tools: {agent}", ", ".join(names) or "none")
    if house.policy.house.ask:
        yield ("ok", "tools: a person is asked", ", ".join(sorted(house.policy.house.ask)))


def _recording(settings: Settings) -> Row:
    if settings.recording == "off":
        return ("ok", "recording", "off")
    if settings.recording in ("twilio", "both") and not _account(settings):
        return ("FAIL", "recording", f"RECORDING={settings.recording} needs {_ACCOUNT}")
    where = {"twilio": "at Twilio", "local": "in the state directory", "both": "at Twilio and in the state directory"}
    kept = f"{settings.retention_recordings_days} days" if settings.retention_recordings_days else "for ever"
    return ("ok", "recording", f"{where[settings.recording]}, once the announcement was heard; kept {kept}")


def _handover(settings: Settings, playbook: Playbook) -> Row:
    if not settings.handover:
        return ("ok", "hand-over", "off: HANDOVER=0")
    numbers = [number for number in (playbook.transfer_to, settings.fallback_number) if number]
    if not numbers:
        return ("ok", "hand-over", "to the voicemail: there is neither transfer_to in the playbook nor FALLBACK_NUMBER")
    allowed = [number for number in numbers if number.startswith(settings.transfer_prefixes)]
    if len(allowed) < len(numbers):
        others = ", ".join(number for number in numbers if number not in allowed)
        return ("FAIL", "hand-over", f"{others} may not be dialled: it begins with none of TRANSFER_PREFIXES")
    return ("ok", "hand-over", f"to {', then '.join(allowed)}{', announced' if settings.warm_transfer else ''}")


def _whatsapp(settings: Settings) -> Row:
    if not settings.whatsapp_provider:
        return ("ok", "WhatsApp", "not set up: no message is sent (WHATSAPP_PROVIDER)")
    if settings.whatsapp_provider != "twilio":
        return ("FAIL", "WhatsApp", f"WHATSAPP_PROVIDER={settings.whatsapp_provider} sends nothing yet; take twilio")
    if not settings.twilio_whatsapp_from or not _account(settings):
        return ("FAIL", "WhatsApp", f"WHATSAPP_PROVIDER=twilio needs TWILIO_WHATSAPP_FROM, {_ACCOUNT}")
    lost = "with" if settings.lost_call_content_sid else "without"
    return ("ok", "WhatsApp", f"by Twilio, {lost} a template for calls that broke off (LOST_CALL_CONTENT_SID)")


def _jobs(settings: Settings) -> Row:
    if settings.jobs:
        return ("ok", "jobs", "in a child of `agentd serve`")
    return ("warn", "jobs", "JOBS=0: nothing is done after calls unless `agentd jobs run` runs elsewhere")


def _calendar(settings: Settings) -> Row:
    token = bool(settings.calendar_token.get_secret_value())
    return ("ok", "calendar feed", "with its token" if token else "for this machine alone: CALENDAR_TOKEN is not set")


def _approvals(settings: Settings) -> Row:
    try:
        tokens = Tokens(settings.state_dir).all()
    except ConfigError as error:
        return failed("HTTP API", error)
    if not tokens:
        return ("ok", "HTTP API", "for this machine alone: there is no token (`agentd token new --name NAME`)")
    return ("ok", "HTTP API", f"this machine, and the tokens of {', '.join(token.name for token in tokens)}")


def _account(settings: Settings) -> bool:
    return bool(settings.twilio_account_sid and settings.twilio_auth_token.get_secret_value())
