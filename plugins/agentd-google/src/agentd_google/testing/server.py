"""The fake Google: a gRPC server on a real socket, and engines that talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport as V1Transport
from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport as V2Transport
from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport

from agentd_google.channels import OPTIONS, Pool, side_loop
from agentd_google.recognisers import V1, V2, Dialect
from agentd_google.stt import GoogleSTT
from agentd_google.testing.fake_speech import FakeSpeech, V1Wire, V2Wire
from agentd_google.testing.fake_voices import FakeVoices
from agentd_google.testing.trouble import Trouble
from agentd_google.testing.words import Ear
from agentd_google.tts import GoogleTTS

RECOGNISER = "projects/p/locations/global/recognizers/_"
STREAMS = 100  # a connection, as at Google's


class FakeGoogle:
    """`async with FakeGoogle.running() as google`. `speech` and `voices` say what they were asked and did; `trouble`,
    set at any time, is what new streams and requests meet, `affliction` what befalls the recogniser's open streams too,
    until it is None again. `ear`: what hears a stream. Runs on the plugin's own side loop, and never in virtual
    time."""

    def __init__(self) -> None:
        self.speech, self.voices = FakeSpeech(self), FakeVoices(self)
        self.trouble = Trouble()
        self.affliction: Trouble | None = None
        self.ear: Callable[[], Ear] = Ear
        self.address = ""
        self._pools: list[Pool] = []
        self._server: Any = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[FakeGoogle]:
        import trio

        google = cls()
        await side_loop().run(google._start)
        try:
            yield google
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(5):
                for pool in google._pools:
                    await pool.aclose()
                await side_loop().run(google._stop)

    def stt(self, version: str = "v1", *, most_streams: int = 80, **options: Any) -> GoogleSTT:
        """A recogniser that talks to this server; `options` as of `GoogleSTT`."""
        dialect: Dialect = V2(RECOGNISER) if version == "v2" else V1()
        transport = V2Transport if version == "v2" else V1Transport
        return GoogleSTT(self._pool(transport, most_streams), dialect, **options)

    def tts(self, **options: Any) -> GoogleTTS:
        """A voice that talks to this server; `options` as of `GoogleTTS`."""
        return GoogleTTS(self._pool(TextToSpeechGrpcAsyncIOTransport), **options)

    async def stop(self) -> None:
        """The server is gone: connections are cut, new ones refused."""
        await side_loop().run(self._stop)

    def _pool(self, transport: Any, most_streams: int = 80) -> Pool:
        def connect() -> Any:
            return transport(channel=grpc.aio.insecure_channel(self.address, options=OPTIONS))

        self._pools.append(Pool(connect, most_streams))
        return self._pools[-1]

    async def _start(self) -> None:
        self._server = grpc.aio.server(options=[("grpc.max_concurrent_streams", STREAMS)])
        self._server.add_generic_rpc_handlers(
            (self.speech.handler(V1Wire()), self.speech.handler(V2Wire()), self.voices.handler())
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()

    async def _stop(self) -> None:
        await self._server.stop(grace=None)
