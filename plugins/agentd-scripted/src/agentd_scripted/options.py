"""The argument of a scripted engine: `latency=300,fail=connect@3,fail=cut`, read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentd.errors import ConfigError
from agentd.testing.scripted import FAULT_KINDS, Fault, FaultKind

_KINDS: Mapping[str, FaultKind] = {kind: kind for kind in FAULT_KINDS}
_MOST_MS = 60_000  # longer than any patience of a call: more is a slip of the keyboard
_LEAST = {"chunk": 10}  # milliseconds; an empty piece of audio would never end


@dataclass(frozen=True, slots=True)
class Options:
    """Times in milliseconds by name, and the faults in the order in which they were written."""

    ms: Mapping[str, int]
    faults: tuple[Fault, ...]

    def seconds(self, name: str) -> float:
        return self.ms.get(name, 0) / 1000


def parse(setting: str, argument: str, allowed: Sequence[str]) -> Options:
    """Read `argument`; every doubt is a `ConfigError` naming `setting`."""

    def refuse(problem: str, cure: str) -> ConfigError:
        return ConfigError("engine chain", setting, f"scripted: {problem}", cure)

    ms: dict[str, int] = {}
    faults: list[Fault] = []
    for part in filter(None, argument.split(",")):
        key, equals, value = part.strip().partition("=")
        if not equals or key not in allowed:
            raise refuse(f"unknown option {part.strip()!r}", f"use {', '.join(f'{name}=...' for name in allowed)}")
        if key == "fail":
            kind, at, nth = value.partition("@")
            if kind not in _KINDS or (at and (not nth.isdecimal() or int(nth) < 1)):
                raise refuse(f"cannot read fail={value}", f"use fail=KIND or fail=KIND@N, KIND: {', '.join(_KINDS)}")
            faults.append(Fault(_KINDS[kind], int(nth) if at else None))
            continue
        if key in ms:
            raise refuse(f"{key} is given twice", "give it once")
        least = _LEAST.get(key, 0)
        if not value.isdecimal() or not least <= int(value) <= _MOST_MS:
            raise refuse(f"cannot read {key}={value}", f"give whole milliseconds from {least} to {_MOST_MS}")
        ms[key] = int(value)
    return Options(ms, tuple(faults))
