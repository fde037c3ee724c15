"""The house's side of recordings: what is known of each call's consent, over its streams; what Twilio tells later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import trio

from agentd.call.recording import CURRENT, Kept, Recorder, Recording
from agentd.call.recording_files import RecordingFiles
from agentd.config import Settings
from agentd.core.consent import Consent
from agentd.core.playbook import Playbook
from agentd.errors import PeerError
from agentd.events import Event, RecordingKnown
from agentd.events_beside import RecordingState
from agentd.facts import CallFacts

_REMEMBERED: Final = 5000  # calls
_WAITING: Final = 1000  # recordings to delete
_AGAIN_S: Final = (2.0, 30.0, 300.0)


def recordings_of_house(
    settings: Settings, recorder: Recorder | None, status_url: Callable[[], str], emit: Callable[[Event], None]
) -> Recordings | None:
    """As RECORDING says; None when nothing is recorded, or can be (at Twilio without an account): then nobody is told
    that it is, either."""
    recorder = recorder if settings.recording in ("twilio", "both") else None
    files = None
    if settings.recording in ("local", "both"):
        folder = settings.state_dir / "recordings"
        files = RecordingFiles(folder, settings.recordings_max_gb, settings.retention_recordings_days)
    return Recordings(recorder, status_url, files, emit) if recorder or files else None


class Recordings:
    """One for the house. `recorder`: None records nothing at Twilio; `files`: None nothing here."""

    def __init__(
        self,
        recorder: Recorder | None,
        status_url: Callable[[], str],
        files: RecordingFiles | None,
        emit: Callable[[Event], None],
    ) -> None:
        self._recorder, self._status_url, self._files, self._emit = recorder, status_url, files, emit
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._send, self._receive = trio.open_memory_channel[tuple[str, str]](_WAITING)

    def of(self, facts: CallFacts, playbook: Playbook, emit: Callable[[Event], None]) -> Recording:
        """The recording of one stream of a call."""
        kept = self._kept.get(facts.call_sid)
        orphan = kept is None and facts.resumed  # an earlier process knew; Twilio may be recording
        if kept is None:
            kept = self._kept[facts.call_sid] = Kept(sid=CURRENT if orphan else "")
            if len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        made = Recording(kept, facts, playbook, emit, self._recorder, self._status_url, self._files)
        if orphan:
            made.announcement = ""
        return made

    def told(self, call_sid: str, recording_sid: str, status: str) -> None:
        """Twilio has finished a recording of a conversation. One that the caller refused is removed."""
        kept = self._kept.get(call_sid)
        if status == "completed" and kept is not None and kept.consent is Consent.REFUSED:
            try:
                self._send.send_nowait((call_sid, recording_sid))
            except trio.WouldBlock:
                self._emit(RecordingState(state="failed", where="twilio", why="not deleted"))

    async def run(self) -> None:
        """Deletes what was refused, and keeps the disk within its limits. Cancel: what is under way is dropped."""
        async with trio.open_nursery() as nursery:
            if self._files is not None:
                nursery.start_soon(self._files.keep_clean)
            async for call_sid, recording_sid in self._receive:
                nursery.start_soon(self._delete, call_sid, recording_sid)

    async def _delete(self, call_sid: str, recording_sid: str) -> None:
        assert self._recorder is not None
        for pause_s in (*_AGAIN_S, None):
            try:
                await self._recorder.delete_recording(recording_sid)
            except PeerError as error:
                if pause_s is None:
                    self._emit(RecordingState(state="failed", where="twilio", why=error.code))
                    return
                await trio.sleep(pause_s)
            else:
                self._emit(RecordingKnown(call_sid=call_sid, recording_sid=recording_sid, status="deleted"))
                return
