"""What the web front end needs of the house, in one place; `daemon` fills it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.config import Settings
from agentd.events import Event
from agentd.facts import Incoming
from agentd.media import MediaStream
from agentd.office import OfficeError
from agentd.web.admission import Admissions
from agentd.web.lobby import Lobby
from agentd.web.signatures import Signatures
from agentd.web.twilio_rest import Told, TwilioCalls


@dataclass(frozen=True, slots=True)
class Recording:
    """What Twilio says of a recording. `status`: "completed", "absent", "failed", or "in-progress"; empty from a
    `<Record action>`, whose recording may not be ready to fetch."""

    call_sid: str
    recording_sid: str
    url: str
    status: str
    duration_s: int | None
    channels: int | None
    source: str
    error_code: str


async def _no_calendar() -> bytes:
    raise OfficeError("there is no calendar")


@dataclass(frozen=True, kw_only=True)
class Door:
    """Every callable is synchronous and quick; none may raise.

    `on_media(stream, path)`: a media stream has shaken hands; whoever takes it closes it, and says
    `door.lobby.leave(stream)` once its `start` was admitted. `refuse_call(incoming)`: a
    sentence to say instead of answering, or None. `phrase(key, language)`: a text of the playbook, "" without one.
    `phrase_audio(id)`: a WAV of that phrase (the id is the key), None if it is not cached. `ready()`: "ready",
    "degraded" (calls are answered, the store is not written), or another word, such as "draining", that makes `/readyz`
    say 503. `end_call(call_sid, generation, reason)`: end the
    stream of a call if one lives; generation None means any. `keep_recording`: store what is known of a recording.
    `rest`: Twilio's REST API; None without credentials. `message_told`: what becomes of a WhatsApp message; False when
    Twilio is to say it again. `approvals`: what `/api/approvals` is about; None: it is not
    there. `calendar_feed`: the meetings as iCalendar; alone among these it may wait, and raise `OfficeError`.
    """

    settings: Settings
    admissions: Admissions
    emit_house: Callable[[Event], None]
    on_media: Callable[[MediaStream, str], None]
    refuse_call: Callable[[Incoming], str | None]
    phrase: Callable[[str, str], str]
    phrase_audio: Callable[[str], bytes | None]
    end_call: Callable[[str, int | None, str], None]
    keep_recording: Callable[[Recording], None]
    ready: Callable[[], str]
    metrics: Callable[[], bytes] = lambda: b""  # for Prometheus
    rest: TwilioCalls | None = None
    message_told: Callable[[Told], bool] = lambda told: True
    approvals: ApprovalDesk | None = None
    calendar_feed: Callable[[], Awaitable[bytes]] = _no_calendar
    version: str = ""
    commit: str = ""
    clock: Callable[[], float] = trio.current_time
    counts: Counter[str] = field(default_factory=Counter)
    signatures: Signatures = field(init=False)
    lobby: Lobby = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signatures", Signatures(self.settings))
        object.__setattr__(self, "lobby", Lobby(self.settings.max_calls))
