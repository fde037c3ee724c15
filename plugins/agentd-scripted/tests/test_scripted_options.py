"""The argument of a scripted engine is read strictly."""

from __future__ import annotations

import pytest
from agentd_scripted import make_llm, make_stt, make_tts
from agentd_scripted.options import Options, parse

from agentd.config import Settings
from agentd.engines import LLM, STT, TTS
from agentd.errors import ConfigError
from agentd.testing.scripted import Fault

ALL = ("latency", "gap", "chunk", "fail")


def test_times_and_faults_are_read() -> None:
    assert parse("X", "latency=300,fail=connect@3,fail=cut", ALL) == Options(
        {"latency": 300}, (Fault("connect", 3), Fault("cut"))
    )
    assert parse("X", "", ALL) == Options({}, ())
    assert parse("X", "gap=50", ALL).seconds("gap") == 0.05


@pytest.mark.parametrize(
    ("argument", "names"),
    [
        ("latncy=300", "unknown option 'latncy=300'"),
        ("latency", "unknown option 'latency'"),
        ("latency=-1", "cannot read latency=-1"),
        ("latency=1e3", "cannot read latency=1e3"),
        ("latency=60001", "whole milliseconds from 0 to 60000"),
        ("latency=1,latency=2", "given twice"),
        ("chunk=0", "from 10"),
        ("fail=explode", "fail=explode"),
        ("fail=cut@0", "fail=cut@0"),
        ("fail=cut@", "KIND: connect, mid, stall, cut, garbage, empty"),
    ],
)
def test_a_slip_is_named_with_its_setting_and_cure(argument: str, names: str) -> None:
    with pytest.raises(ConfigError, match=names) as refused:
        parse("TTS_ENGINE", argument, ALL)
    assert refused.value.key == "TTS_ENGINE"


def test_an_option_that_the_engine_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"STT_ENGINE.*unknown option .gap=1"):
        make_stt(Settings.of(), "gap=1")


def test_the_factories_make_engines() -> None:
    stt = make_stt(Settings.of(), "latency=300,fail=connect@3")
    llm = make_llm(Settings.of(), "latency=375,gap=20")
    tts = make_tts(Settings.of(), "latency=100,chunk=20")
    assert isinstance(stt, STT)
    assert isinstance(llm, LLM)
    assert isinstance(tts, TTS)
