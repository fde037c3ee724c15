"""A plugin's voice activity detector, kept at arm's length: when it fails, the energy detector judges alone."""

from __future__ import annotations

from collections.abc import Callable

from agentd.audio.conditioning import Conditioner
from agentd.config import Settings
from agentd.engines import VAD, VADStream
from agentd.events import Event, PluginFailure


class CarefulVAD:
    """One call's stream of a `VAD`, fed with conditioned frames. Raises nothing."""

    def __init__(self, settings: Settings, vad: VAD, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._conditioner = Conditioner(settings.high_pass_hz, settings.low_pass_hz)
        self._stream: VADStream | None = None
        try:
            self._stream = vad.open()
        except Exception as error:  # boundary
            self._failed(error)

    def hear(self, mulaw: bytes) -> float | None:
        """The latest probability of voice; None once it has failed."""
        if self._stream is None:
            return None
        try:
            return self._stream.hear(self._conditioner.process(mulaw))
        except Exception as error:  # boundary
            self._failed(error)
            return None

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except Exception as error:  # boundary
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._stream = None
        self._emit(PluginFailure(plugin="vad", error=type(error).__name__))
