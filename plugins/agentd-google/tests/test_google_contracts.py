"""What every recogniser and every voice must do: the inherited suites, against the fake Google over real sockets."""

from __future__ import annotations

import pytest
from agentd_google.testing import FakeGoogle, sound

from agentd.engines import STT, TTS
from agentd.testing.contracts import STTContract, STTFailureContract, TTSContract, TTSFailureContract


class _Ears(STTContract):
    virtual = False
    patience_s = 10.0
    pace_s = 0.001
    google: FakeGoogle
    version = "v1"

    @pytest.fixture
    def clock(self, google: FakeGoogle) -> None:  # the one fixture that every test of the suite asks for
        type(self).google = google  # a fixture of the trio kind is given another instance than the test

    def make(self) -> STT:
        return self.google.stt(self.version)

    def speech(self) -> bytes:
        return sound("w1 w2 w3 w4")


class TestGoogleEarsV1(_Ears):
    pass


class TestGoogleEarsV2(_Ears):
    version = "v2"


class TestGoogleEarsWithoutGoogle(STTFailureContract):
    virtual = False
    patience_s = 10.0

    @pytest.fixture
    async def clock(self, google: FakeGoogle) -> None:
        await google.stop()
        type(self).google = google  # a fixture of the trio kind is given another instance than the test

    def make_broken(self) -> STT:
        return self.google.stt()


class _Voices(TTSContract):
    virtual = False
    patience_s = 10.0
    wanted = ""
    google: FakeGoogle

    @pytest.fixture
    def clock(self, google: FakeGoogle) -> None:  # the one fixture that every test of the suite asks for
        type(self).google = google  # a fixture of the trio kind is given another instance than the test

    def make(self) -> TTS:
        return self.google.tts(wanted=self.wanted)


class TestGoogleStreamedVoice(_Voices):
    pass


class TestGoogleWholeVoice(_Voices):
    wanted = "Standard"


class TestGoogleVoiceWithoutGoogle(TTSFailureContract):
    virtual = False
    patience_s = 10.0

    @pytest.fixture
    async def clock(self, google: FakeGoogle) -> None:
        await google.stop()
        type(self).google = google  # a fixture of the trio kind is given another instance than the test

    def make_broken(self) -> TTS:
        return self.google.tts()
