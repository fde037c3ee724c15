"""Recording with consent (RELIABILITY 3, I8): announced, heard to its end, then recorded, until the caller refuses.

    announcement -> its last mark comes back -> `core.consent` -> Twilio's recording (a task that follows the consent)
                                                               -> the local one (`call.local_recording`)

What was said of it belongs to the call, not to its stream: a call that is resumed is not asked again. The consent is
decided from the call's own events, so that a tape tells why there is a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import trio

from agentd.call.local_recording import LocalRecording
from agentd.call.recording_files import RecordingFiles
from agentd.core.consent import Consent, Step, after, refuses
from agentd.core.playbook import Playbook
from agentd.errors import PeerError
from agentd.events import AgentSaid, CallerSaid, Event, MarkAck
from agentd.events_beside import RecordingState
from agentd.facts import CallFacts

# Said when the playbook has no phrase for it, by primary language.
_WORDS: Final = {
    "he": "שימו לב, השיחה מוקלטת. אם אינכם מעוניינים בכך, אמרו זאת.",
    "en": "This call is recorded. If you would rather it were not, just say so.",
}
CURRENT: Final = "Twilio.CURRENT"
_UNKNOWN: Final = "twilio-unknown"
_AGAIN_S: Final = (1.0, 4.0, 10.0, 20.0)  # after a failure that can pass; then it is given up
# Twilio's word for what the consent wants.
_STATUS: Final = {Consent.RECORDING: "in-progress", Consent.PAUSED: "paused", Consent.REFUSED: "stopped"}


class Recorder(Protocol):
    """Twilio's recordings, as `web.twilio_rest` makes them. Raises `PeerError`."""

    async def start_recording(self, call_sid: str, status_url: str) -> str: ...
    async def change_recording(self, call_sid: str, recording_sid: str, status: str) -> bool: ...
    async def delete_recording(self, recording_sid: str) -> bool: ...


@dataclass(slots=True)
class Kept:
    """What is known of one call's recording, over all its streams. `status`: of Twilio's, as we last made it."""

    consent: Consent = Consent.UNTOLD
    sid: str = ""
    status: str = ""


class Unrecorded:
    """A call that is not recorded: nothing is announced, and nothing kept."""

    announcement = ""

    def announced(self, turn: int) -> None: ...
    def pause(self) -> None: ...
    def go_on(self) -> None: ...
    def see(self, event: Event) -> None: ...
    def heard(self, mulaw: bytes) -> None: ...
    def sent(self, messages: Iterable[bytes], ahead_s: float) -> None: ...
    def cleared(self) -> None: ...
    async def run(self) -> None: ...
    async def run_local(self) -> None: ...
    def close(self) -> None: ...


def unrecorded(facts: CallFacts, playbook: Playbook, emit: Callable[[Event], None]) -> Unrecorded:
    return Unrecorded()


class Recording(Unrecorded):
    """One stream of a call that may be recorded. But for `run` and `run_local`, all is synchronous."""

    def __init__(
        self,
        kept: Kept,
        facts: CallFacts,
        playbook: Playbook,
        emit: Callable[[Event], None],
        recorder: Recorder | None,
        status_url: Callable[[], str],
        files: RecordingFiles | None,
    ) -> None:
        self._kept, self._facts, self._emit = kept, facts, emit
        self._recorder, self._status_url, self._files = recorder, status_url, files
        language = playbook.language.partition("-")[0]
        words = playbook.phrase("consent") or _WORDS.get(language, _WORDS["en"])
        self.announcement = words if kept.consent is Consent.UNTOLD else ""
        self._turn = 0  # that says the announcement
        self._changed = trio.Event()
        self._began = trio.Event()  # the local recording, or the end of the call without one
        self._file: LocalRecording | None = None
        self._local: LocalRecording | None = None  # while it takes frames
        if kept.consent in (Consent.RECORDING, Consent.PAUSED):
            self._begin_local()

    @property
    def consent(self) -> Consent:
        return self._kept.consent

    def announced(self, turn: int) -> None:
        """This turn of ours says the announcement."""
        self._turn, self.announcement = turn, ""
        self._emit(RecordingState(state="announced"))

    def pause(self) -> None:
        """Keep nothing of what is said from here on: a card's number, say."""
        self._step(Step.PAUSE)

    def go_on(self) -> None:
        self._step(Step.GO_ON)

    def see(self, event: Event) -> None:
        """Every event of the call, once it is on the tape."""
        if type(event) is MarkAck:
            if self._turn and event.mark == f"assistant_tts_end:{self._turn}":
                self._turn = 0
                self._step(Step.HEARD)
        elif type(event) is AgentSaid:
            if event.turn == self._turn and event.cut:
                self._turn = 0  # nobody heard it to its end: there is no consent, and no recording
        elif type(event) is CallerSaid and refuses(event.text.text):
            self._step(Step.REFUSE)

    # --- what the line brings

    def heard(self, mulaw: bytes) -> None:
        if self._local is not None:
            self._local.heard(mulaw)

    def sent(self, messages: Iterable[bytes], ahead_s: float) -> None:
        """Mu-law that has gone out, message by message; all of it will have been played `ahead_s` from now."""
        if self._local is not None:
            self._local.sent(b"".join(messages), ahead_s)

    def cleared(self) -> None:
        if self._local is not None:
            self._local.cleared()

    # --- tasks

    async def run(self) -> None:
        """Twilio's recording follows the consent. Cancel: the call is over, and with it the recording."""
        while True:
            self._changed = trio.Event()
            wanted = _STATUS.get(self._kept.consent, "")
            if self._recorder is not None and wanted != self._kept.status:
                await self._follow(self._recorder, wanted)
            if _STATUS.get(self._kept.consent, "") == wanted:
                await self._changed.wait()

    async def run_local(self) -> None:
        """The local recording reaches the disk; ends after `close`. Cancel: the file stays as far as it was written."""
        await self._began.wait()
        if self._file is not None:
            await self._file.run()

    def close(self) -> None:
        """The stream is over."""
        self._began.set()
        if self._local is not None:
            self._local.finish()

    # --- within

    def _step(self, step: Step) -> None:
        kept = self._kept
        before, kept.consent = kept.consent, after(kept.consent, step)
        if kept.consent is before:
            return
        self._emit(RecordingState(state=kept.consent.value))
        if step is Step.HEARD:
            self._begin_local()
        elif self._local is not None:
            self._local.paused = kept.consent is Consent.PAUSED
            if kept.consent is Consent.REFUSED:
                self._local.discard()
                self._local = None
        if kept.consent is Consent.REFUSED:
            self.announcement = ""
        self._changed.set()

    def _begin_local(self) -> None:
        if self._files is not None:
            self._local = self._file = LocalRecording(self._files, self._facts, self._emit)
            self._local.paused = self._kept.consent is Consent.PAUSED
            self._began.set()

    async def _follow(self, recorder: Recorder, wanted: str) -> None:
        """Ask Twilio until it is done, or given up; leaves early when the consent has changed again."""
        for pause_s in (*_AGAIN_S, None):
            changed = self._changed
            try:
                await self._ask(recorder, wanted)
            except PeerError as error:
                if pause_s is None:
                    self._kept.status = wanted  # given up
                    self._emit(RecordingState(state="failed", where="twilio", why=error.code))
                    return
                with trio.move_on_after(pause_s):
                    await changed.wait()
                    return
            else:
                return

    async def _ask(self, recorder: Recorder, wanted: str) -> None:
        kept, call_sid = self._kept, self._facts.call_sid
        if kept.sid:
            await recorder.change_recording(call_sid, kept.sid, wanted)
        elif wanted == "in-progress":
            try:
                kept.sid = await recorder.start_recording(call_sid, self._status_url())
            except PeerError as error:
                if error.code != _UNKNOWN:
                    raise
                kept.sid = CURRENT  # perhaps there is one: it is never started twice
        kept.status = wanted
        if kept.sid:
            self._emit(RecordingState(state=wanted, where="twilio"))
