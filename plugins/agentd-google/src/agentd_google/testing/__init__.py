"""A Google of our own for tests: real sockets, Google's protobufs, and any trouble one may wish for."""

from agentd_google.testing.calls import conversation, finals, listen, pieces
from agentd_google.testing.server import FakeGoogle
from agentd_google.testing.tones import ToneEar, tones
from agentd_google.testing.trouble import Trouble
from agentd_google.testing.words import Ear, sound

__all__ = ["Ear", "FakeGoogle", "ToneEar", "Trouble", "conversation", "finals", "listen", "pieces", "sound", "tones"]
