"""The WebSocket frames that are all but a few of a media stream: whole text messages (RFC 6455, 5.2).

      0               1               2
     +-+-+-+-+-------+-+-------------+-------------------------------+----------+---------
     |F|R|R|R| opcode|M| length      | 16 or 64 bits of length when  | mask, if | payload
     |I|S|S|S|       |A| (7 bits)    | the 7 are 126 or 127          | M        |
     |N|V|V|V|       |S|             |                               |          |
     +-+-+-+-+-------+-+-------------+-------------------------------+----------+---------

A general parser spends most of its time on what such frames do not have: 4.5 us each, this 1.5.
"""

from __future__ import annotations

from typing import Final, NamedTuple

try:
    from websockets.speedups import apply_mask
except ImportError:  # a wheel without compiled code
    from websockets.utils import apply_mask

_FINAL_TEXT: Final = 0x81
_MASKED: Final = 0x80
# Lengths that say how wide the length is.
_SHORT: Final = 126
_LONG: Final = 127


class FrameAt(NamedTuple):
    """`end`: behind it; behind all that is there when even its header is not whole."""

    payload: int
    end: int
    plain: bool  # a masked text message of one frame, under 64 KiB


def frame_at(data: bytes, at: int) -> FrameAt:
    """The frame that begins at `at`; there may be less of it than it claims."""
    there = len(data) - at
    if there < 2:
        return FrameAt(at, len(data) + 1, False)
    length, payload = data[at + 1], at + 2
    masked = length >= _MASKED
    length &= ~_MASKED
    plain = masked and length != _LONG and data[at] == _FINAL_TEXT
    if length >= _SHORT:
        payload += 2 if length == _SHORT else 8
        if len(data) < payload:
            return FrameAt(at, len(data) + 1, False)
        length = int.from_bytes(data[at + 2 : payload], "big")
    payload += 4 if masked else 0
    return FrameAt(payload, payload + length, plain)


def text_in(data: bytes, frame: FrameAt) -> bytes:
    """The message of a plain frame that is all there."""
    payload = frame.payload
    return apply_mask(data[payload : frame.end], data[payload - 4 : payload])


def text_frame(message: bytes) -> bytes:
    """A server's frame: not masked."""
    length = len(message)
    if length < _SHORT:
        return bytes((_FINAL_TEXT, length)) + message
    if length < 1 << 16:
        return bytes((_FINAL_TEXT, _SHORT)) + length.to_bytes(2, "big") + message
    return bytes((_FINAL_TEXT, _LONG)) + length.to_bytes(8, "big") + message
