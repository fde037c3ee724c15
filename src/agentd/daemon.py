"""The house: one process, one port, all calls.

    run
     ├─ store       opened first, or waited for beside the calls; then what is past its time leaves it
     ├─ bus         one task per subscriber: logs, the store, tape files, plugins
     ├─ lag         how long the loop keeps everybody waiting
     ├─ plugins     their daemon tasks; READY waits for them
     ├─ front       accepts; HTTP lives there, media streams come out of it
     ├─ signals     SIGTERM or SIGINT: drain; the second one: cancel
     └─ CALLS       every call; drained before anything else stops

Draining: new calls are refused politely, those that are live may finish for `DRAIN_SEC`, then they are told goodbye.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from socket import socket
from zoneinfo import ZoneInfo

import trio

from agentd import __version__
from agentd.agents.approvals import ApprovalDesk
from agentd.agents.lost_calls import LostCalls
from agentd.agents.messenger import messenger_of
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.playbook_watch import PlaybookWatch
from agentd.agents.prompting import system_prompt
from agentd.agents.toolboxes import Toolboxes
from agentd.audio.mulaw import decode
from agentd.audio.wav import wav_of
from agentd.call.call import House
from agentd.call.contain import contain
from agentd.call.recording import unrecorded
from agentd.call.recordings import recordings_of_house
from agentd.call.sample import Sampler
from agentd.call.tape import Bus
from agentd.config import Settings
from agentd.core.handover import Plan
from agentd.core.playbook import Playbook
from agentd.core.slots import Known, warm
from agentd.engines import Voice
from agentd.errors import ConfigError, PluginFailed
from agentd.events import PlaybookChanged, PlaybookRefused, PluginFailure, Private, Ready, RecordingKnown
from agentd.facts import CallFacts, Incoming
from agentd.hookspecs import DaemonTask, Subscriber
from agentd.jobs.child import keep_child
from agentd.media import MediaStream
from agentd.memory import settle
from agentd.office import Office
from agentd.plugins import Plugins
from agentd.resilience.chains import Chains
from agentd.resilience.phrase_bank import PhraseBank, keep_warm
from agentd.resilience.phrase_store import PhraseStore
from agentd.sd_notify import notify
from agentd.store.opening import open_store
from agentd.store.sql_store import SqlStore, wall_ms
from agentd.store.sweeper import sweep_daily
from agentd.store.writer import StoreSubscriber
from agentd.switchboard import Live, Switchboard
from agentd.telemetry.metrics import Figures, Metrics
from agentd.telemetry.metrics_loop import watch_loop
from agentd.telemetry.sink import LogSubscriber
from agentd.web import calendar_feed
from agentd.web.admission import Admissions
from agentd.web.door import Door, Recording
from agentd.web.front import Front
from agentd.web.listening import listening_socket
from agentd.web.twilio_rest import rest_of

log = logging.getLogger("agentd")

CLOSE_S = 1.0  # for what is still open at the very end


class Daemon:
    """`run` once. `subscribers` are added to those of the plugins and the log."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        *,
        subscribers: Iterable[Subscriber] = (),
        progress: Callable[[str], None] = log.info,
    ) -> None:
        self.settings, self.plugins, self._progress = settings, plugins, progress
        self.draining = False
        self.store = SqlStore(settings)
        self.keeper = StoreSubscriber(self.store)
        self._metrics = Metrics()
        lost = LostCalls(
            lambda: self._messenger, lambda: self.playbook, settings.lost_call_content_sid, lambda e: self.bus.house(e)
        )
        ours: list[Subscriber] = [LogSubscriber(settings), self.keeper, self._metrics, lost]
        self.bus = Bus([*ours, *subscribers, *plugins.subscribers()])
        plugins.report_to(self.bus.house)
        self._metrics.watch(
            Figures(
                live_calls=lambda: len(self.calls),
                store_pending=lambda: self.keeper.pending,
                store_lost=lambda: self.keeper.lost,
                events_lost=lambda: self.bus.dropped,
            )
        )
        self.approvals = ApprovalDesk(self.store, settings.approval_timeout_sec, lambda: round(time.time() * 1000))
        self._rest = rest_of(settings)
        self._whatsapp = messenger_of(settings, self.store.messages, self._rest, self.bus.house)
        messenger = self._whatsapp or NoWhatsApp()
        office = plugins.office(Office(self.store.crm, self.store.calendar, messenger, self.store.files))
        self._messenger = office.messenger
        self._calendar, self._feed_thread = office.calendar, trio.CapacityLimiter(1)
        self.toolboxes = Toolboxes(settings, plugins.tools(), office, self.store, self.approvals)
        self._playbooks = PlaybookWatch(
            settings.playbook or "", settings.language_code, self._new_playbook, self._refused_playbook
        )
        self.playbook = _greeted(self._playbooks.current(), settings)
        self._chains = Chains.load(settings, plugins)
        voice = Voice(self.playbook.language, "", settings.tts_rate, settings.tts_pitch)
        store = PhraseStore(settings.state_dir / "tts-cache", settings.tts_cache_mb)
        self.phrases = PhraseBank(self._chains.voices, voice, store)
        self._chains.use_phrases(self.phrases)
        self.admissions = Admissions(settings)
        self._recordings = recordings_of_house(settings, self._rest, self._recording_url, self.bus.house)
        house = House(
            settings=settings,
            bus=self.bus,
            engines=self._chains,
            phrases=self.phrases,
            system_prompt=partial(_system_prompt, settings=settings),
            tools=self.toolboxes.for_call,
            guards=plugins.guards(),
            vad=plugins.vad(settings.vad_engine) if settings.vad_engine else None,
            sampler=Sampler(settings.audio_sample_every, settings.state_dir / "samples"),
            hand_over=self._hand_over if settings.handover else None,
            recordings=self._recordings.of if self._recordings is not None else unrecorded,
        )
        self._switchboard = Switchboard(house, self.admissions, self._playbook_for, self._no_media)
        self._door = self._make_door()
        self._finished = trio.Event()
        self._calls_nursery: trio.Nursery | None = None
        self.front: Front | None = None

    async def run(
        self, listener: socket | None = None, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until drained. `started(address)` when calls are answered. Cancel: every call ends now.

        `listener`: one that is bound already, closed in the end; without it BIND and PORT are bound now."""
        with listener or listening_socket(self.settings.bind, self.settings.port) as listener:
            async with aclosing(self.store):
                await self._open_house(listener, task_status)

    async def _open_house(self, listener: socket, task_status: trio.TaskStatus[str]) -> None:
        async with trio.open_nursery() as house:
            await house.start(self._keep_store)
            house.start_soon(self.bus.run)
            for side in (self._recordings, self._whatsapp):
                if side is not None:
                    house.start_soon(side.run)
            try:
                for name, task in self.plugins.daemon_tasks():
                    await house.start(self._plugin_task, name, task)
                await self._prepare_phrases()
                warm(self.playbook, date.today())
                if self.settings.tts_prewarm:
                    every_s = self.settings.tts_prewarm_min * 60
                    house.start_soon(keep_warm, self.phrases, every_s, lambda: not self.calls, log.warning)
                async with trio.open_nursery() as outside:
                    self.front = Front(self._door, listener)
                    address = await outside.start(self.front.run)
                    settle()
                    self._ready(address)
                    house.start_soon(watch_loop, self._metrics.loop.observe, self.bus.house)
                    task_status.started(address)
                    async with trio.open_nursery() as self._calls_nursery:
                        self._calls_nursery.start_soon(self._until_drained)
                    outside.cancel_scope.cancel(reason="drained")
            finally:
                await self.bus.aclose()
                if self._rest is not None:
                    with trio.CancelScope(shield=True, relative_deadline=CLOSE_S):
                        await self._rest.aclose()
            house.cancel_scope.cancel(reason="drained")

    def drain(self) -> None:
        """No new calls; end when the last one has."""
        if not self.draining:
            self.draining = self.admissions.draining = True
            notify("STOPPING=1")
            self._progress(f"Draining: {len(self.calls)} calls")
            self._finished.set()

    @property
    def calls(self) -> Mapping[str, Live]:
        """The live calls, by CallSid."""
        return self._switchboard.calls

    async def _until_drained(self) -> None:
        """Holds the calls' nursery open until a drain is asked for, and through it."""
        await self._finished.wait()
        await self._switchboard.drain(
            self.settings.drain_sec, still_here=lambda: notify("EXTEND_TIMEOUT_USEC=10000000")
        )

    # --- calls

    def _on_media(self, stream: MediaStream, path: str) -> None:
        assert self._calls_nursery is not None
        self._calls_nursery.start_soon(self._switchboard.serve, stream, self._door.lobby.leave)

    # --- the front door's questions

    def _make_door(self) -> Door:
        return Door(
            settings=self.settings,
            admissions=self.admissions,
            emit_house=self.bus.house,
            on_media=self._on_media,
            refuse_call=self.plugins.refuse_call,
            phrase=lambda key, language: self._phrase(key),
            phrase_audio=self._phrase_wav,
            end_call=self._switchboard.end_call,
            keep_recording=self._keep_recording,
            ready=self._readiness,
            metrics=self._metrics.exposition,
            rest=self._rest,
            message_told=self._whatsapp.told if self._whatsapp is not None else lambda told: True,
            approvals=self.approvals,
            calendar_feed=self._calendar_feed,
            version=__version__,
            commit=_commit(),
        )

    async def _calendar_feed(self) -> bytes:
        return await calendar_feed.read(self._calendar, self.playbook, wall_ms(), self._feed_thread)

    def _readiness(self) -> str:
        if self.draining:
            return "draining"
        return "ready" if self.keeper.healthy else "degraded"

    def _phrase(self, key: str) -> str:
        return self.playbook.greeting if key == "greeting" else self.playbook.phrase(key)

    def _phrase_wav(self, key: str) -> bytes | None:
        mulaw = self.phrases.get(self._phrase(key))
        return wav_of(decode(mulaw)) if mulaw is not None else None

    def _playbook_for(self, incoming: Incoming) -> Playbook:
        if (given := self.plugins.playbook_for(incoming)) is not None:
            return given
        self._playbooks.current()  # a change comes back through `_new_playbook`
        return self.playbook

    def _new_playbook(self, playbook: Playbook) -> None:
        self.playbook = _greeted(playbook, self.settings)
        self.bus.house(PlaybookChanged(playbook=playbook.name))
        if self._calls_nursery is not None:
            self._calls_nursery.start_soon(self._prepare_phrases)

    def _refused_playbook(self, error: ConfigError) -> None:
        self.bus.house(PlaybookRefused(where=error.where, key=error.key, problem=error.problem, cure=error.cure))

    def _hand_over(self, facts: CallFacts, playbook: Playbook, summary: Private) -> Plan:
        assert self.front is not None  # no call comes before it
        return self.front.transfers.decide(facts, playbook, summary)

    def _no_media(self, facts: CallFacts) -> None:
        if self.front is not None:
            self.front.watchdog.no_media(facts)

    def _recording_url(self) -> str:
        return f"{self._door.signatures.own_origin().base}/webhook/handle_recording"

    def _keep_recording(self, recording: Recording) -> None:
        voicemail = recording.source == "RecordVerb" or not recording.status
        if self._recordings is not None and not voicemail:
            self._recordings.told(recording.call_sid, recording.recording_sid, recording.status)
        self.bus.house(
            RecordingKnown(
                call_sid=recording.call_sid,
                recording_sid=recording.recording_sid,
                status=recording.status,
                duration_s=recording.duration_s,
                voicemail=voicemail,
            )
        )

    # --- start

    async def _keep_store(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await open_store(self.store, self.keeper, task_status=task_status)
        await sweep_daily(self.store, self.settings)

    async def _prepare_phrases(self) -> None:
        texts = _phrases(self.playbook)
        self._progress(f"Preparing {len(texts)} phrases of {self.playbook.name}")
        failed = await self.phrases.fill(texts)
        if failed:
            log.warning(
                "%d of %d phrases could not be spoken: %s", len(failed), len(texts), next(iter(failed.values()))
            )

    async def _plugin_task(
        self, name: str, task: DaemonTask, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        try:
            await contain(name, task, task_status)
        except PluginFailed as e:
            self.bus.house(PluginFailure(plugin=name, error=repr(e.cause)))

    def _ready(self, address: str) -> None:
        s = self.settings
        self.bus.house(
            Ready(
                version=__version__,
                address=address,
                stt=s.stt_engine,
                llm=s.llm_engine,
                tts=s.tts_engine,
                plugins=tuple(info.name for info in self.plugins.names()),
                profile=s.profile,
                signatures=s.signatures,
            )
        )
        notify("READY=1", f"STATUS=answering on {address}")


async def serve(settings: Settings) -> None:
    """What `agentd serve` runs: the daemon, with signals. The port is taken before the engines are loaded, so that a
    busy one is said at once; calls that come meanwhile wait."""
    with listening_socket(settings.bind, settings.port) as listener:
        await _serve(settings, listener)


async def _serve(settings: Settings, listener: socket) -> None:
    daemon = Daemon(settings, Plugins.load(settings))
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                async for _ in signals:
                    if daemon.draining:
                        nursery.cancel_scope.cancel(reason="second signal")
                    daemon.drain()

            nursery.start_soon(watch)
            if settings.jobs:
                nursery.start_soon(keep_child, settings)
            await daemon.run(listener)
            nursery.cancel_scope.cancel(reason="done")


def _system_prompt(playbook: Playbook, known: Known, settings: Settings) -> str:
    return system_prompt(playbook, settings, datetime.now(ZoneInfo(playbook.timezone)), known)


def _greeted(playbook: Playbook, settings: Settings) -> Playbook:
    """With the greeting of the settings, if they have one for its language."""
    greeting = settings.ai_greeting_he
    if greeting is not None and playbook.language.startswith("he"):
        return replace(playbook, greeting=greeting)
    return playbook


def _phrases(playbook: Playbook) -> list[str]:
    texts = [playbook.greeting, *(text for variants in playbook.phrases.values() for text in variants)]
    return [text for text in dict.fromkeys(texts) if text]


def _commit() -> str:
    """The commit of a checkout; "" for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        found = subprocess.run(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, timeout=2)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode().strip()
