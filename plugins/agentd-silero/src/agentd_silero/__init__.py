"""The voice activity detector `silero[:path]`: a neural network in place of the energy threshold, for noisy lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import agentd
from agentd.hookspecs import Register

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import VAD


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.vad("silero", make_vad)


def make_vad(settings: Settings, argument: str) -> VAD:
    """`argument`: path of another ONNX model, or nothing."""
    from agentd_silero.detector import SileroVAD

    return SileroVAD(argument)
