"""Plain text frames, held against the library's own codec."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from agentd.web.text_frames import frame_at, text_frame, text_in

SIZES = (0, 1, 125, 126, 127, 160, 65535, 65536, 70000)


def by_library(data: bytes, *, mask: bool) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=mask, max_size=None)
    while True:
        try:
            next(parsing)
        except StopIteration as done:
            frame = done.value
            assert isinstance(frame, Frame)
            return frame


@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_ours_is_what_the_library_reads(size: int) -> None:
    frame = by_library(text_frame(b"x" * size), mask=False)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * size)


@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_the_library_is_read(size: int) -> None:
    message = bytes(range(256)) * 300
    data = b"before" + Frame(Opcode.TEXT, message[:size]).serialize(mask=True)
    frame = frame_at(data + b"behind", 6)
    assert frame.end == len(data)
    assert frame.plain == (size < 65536)  # the protocol has a cap to enforce
    assert text_in(data, frame) == message[:size]


@given(st.sampled_from(SIZES), st.data())
def test_a_frame_that_is_not_all_there_says_so(size: int, cut: st.DataObject) -> None:
    data = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
    there = data[: cut.draw(st.integers(0, len(data) - 1))]
    assert frame_at(there, 0).end > len(there)


@pytest.mark.parametrize("opcode", list(Opcode))
@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("fin", [False, True])
def test_all_other_frames_are_the_protocols(opcode: Opcode, mask: bool, fin: bool) -> None:
    data = bytearray(Frame(opcode, b"abc").serialize(mask=mask))
    if not fin:  # of a control frame this is an error, and the protocol's to say
        data[0] &= 0x7F
    frame = frame_at(bytes(data), 0)
    assert frame.end == len(data)
    assert frame.plain == (opcode is Opcode.TEXT and mask and fin)


@pytest.mark.parametrize("bit", [0x40, 0x20, 0x10])
def test_a_reserved_bit_is_not_plain(bit: int) -> None:
    data = bytearray(Frame(Opcode.TEXT, b"abc").serialize(mask=True))
    data[0] |= bit
    assert not frame_at(bytes(data), 0).plain
