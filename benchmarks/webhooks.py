"""How long Twilio waits for a webhook while streams are live, and what a frame costs in the front door alone.

`python -m benchmarks.webhooks [STREAMS ...]` (default 0 100). The streams echo 50 frames a second each and are driven
from another process; webhooks are signed, carry 25 fields, one TCP connection each. Asked for: under 100 ms, ours p99
under 20 ms at 100 calls.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
from base64 import b64encode
from functools import partial
from urllib.parse import urlencode

import trio
from websockets.frames import Frame, Opcode

from agentd.config import Settings
from agentd.core.signature import sign
from agentd.media import MediaStream
from agentd.web.admission import Admissions
from agentd.web.door import Door
from agentd.web.front import Front
from agentd.web.listening import listening_socket

TOKEN = "0" * 32
HOST = "agent.example.com"
MEDIA = "/ws/twilio-media"
PATH = "/webhook/call_status"
REQUESTS = 500
GAP_S = 0.01
FRAME_S = 0.02
DIAL = (
    f"GET {MEDIA} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    f"X-Twilio-Signature: {sign(TOKEN, f'wss://{HOST}{MEDIA}')}\r\n\r\n"
).encode()
MESSAGE = (
    '{"event":"media","sequenceNumber":"12","media":{"track":"inbound","chunk":"11","timestamp":"220","payload":"'
    + b64encode(bytes(160)).decode()
    + '"},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}'
).encode()


async def load(host: str, port: int, streams: int) -> None:
    """The other process: so many streams, their frames spread evenly over 20 ms."""
    frame = Frame(Opcode.TEXT, MESSAGE).serialize(mask=True)

    async def one(nth: int) -> None:
        stream = await trio.open_tcp_stream(host, port)
        await stream.send_all(DIAL)
        nursery.start_soon(read, stream)
        due = trio.current_time() + nth * FRAME_S / streams
        while True:
            await trio.sleep_until(due)
            due += FRAME_S
            await stream.send_all(frame)

    async def read(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass

    async with trio.open_nursery() as nursery:
        for nth in range(streams):
            nursery.start_soon(one, nth)


def webhook(nth: int) -> bytes:
    fields = {"CallSid": f"CA{nth}", "CallStatus": "ringing", "SequenceNumber": "1"}
    fields |= {f"Field{n}": "some value" for n in range(22)}
    body = urlencode(fields)
    signature = sign(TOKEN, f"https://{HOST}{PATH}", tuple(fields.items()))
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def ask(host: str, port: int, request: bytes) -> float:
    """Seconds from connecting to the end of the answer."""
    began = time.perf_counter()
    answer = b""
    async with await trio.open_tcp_stream(host, port) as stream:
        await stream.send_all(request)
        async for piece in stream:
            answer += piece
    took = time.perf_counter() - began
    assert answer.startswith(b"HTTP/1.1 204 "), answer
    return took


async def measure(streams: int) -> None:
    settings = Settings.of(public_base_url=f"https://{HOST}", twilio_auth_token=TOKEN, max_calls=max(1, streams))
    listener = listening_socket("127.0.0.1", 0, {})
    host, port = listener.getsockname()
    open_streams, everybody = 0, trio.Event()

    async def echo(stream: MediaStream) -> None:
        while (messages := await stream.receive()) is not None:
            for message in messages:
                stream.put(message)
        await stream.aclose()

    async with trio.open_nursery() as nursery:

        def on_media(stream: MediaStream, path: str) -> None:
            nonlocal open_streams
            open_streams += 1
            if open_streams == streams:
                everybody.set()
            nursery.start_soon(echo, stream)

        door = Door(
            settings=settings,
            admissions=Admissions(settings),
            emit_house=lambda _: None,
            on_media=on_media,
            refuse_call=lambda _: None,
            phrase=lambda *_: "",
            phrase_audio=lambda _: None,
            end_call=lambda *_: None,
            keep_recording=lambda _: None,
            ready=lambda: "ready",
        )
        await nursery.start(Front(door, listener).run)
        gc.collect()
        gc.freeze()  # as the daemon does
        requests = [webhook(nth) for nth in range(REQUESTS)]
        if streams:
            command = [sys.executable, "-m", "benchmarks.webhooks", "load", host, str(port), str(streams)]
            nursery.start_soon(partial(trio.run_process, command, check=False))
            await everybody.wait()
            await trio.sleep(1)
        cpu, wall = time.process_time(), time.perf_counter()
        await trio.sleep(3)
        share_of_core = (time.process_time() - cpu) / (time.perf_counter() - wall)
        took = []
        for request in requests:
            took.append(await ask(host, port, request) * 1000)
            await trio.sleep(GAP_S)
        nursery.cancel_scope.cancel()
    took.sort()
    p50, p95, p99 = (took[int(len(took) * share)] for share in (0.5, 0.95, 0.99))
    frame = f", {share_of_core / (streams / FRAME_S) * 1e6:.0f} us of CPU a frame in and out" if streams else ""
    print(f"{streams:4d} streams: webhook p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms{frame}")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["load"]:
        trio.run(load, arguments[1], int(arguments[2]), int(arguments[3]))
        return
    logging.disable(logging.WARNING)
    for streams in map(int, arguments or ["0", "100"]):
        trio.run(measure, streams)


if __name__ == "__main__":
    main(sys.argv[1:])
