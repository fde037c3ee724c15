"""Google's voices: which of those listed is the best for a language, and what each family can do.

Names come and go with Google; families stay. "he-IL-Chirp3-HD-Aoede": language, family, person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """`streams`: audio comes while it is being made. `rate`, `pitch`: it can change them."""

    name: str
    streams: bool = False
    rate: bool = True
    pitch: bool = True


# The best first. What a family can do is as Google documents it; a refusal is remembered all the same.
FAMILIES = (
    Family("Chirp3-HD", streams=True, pitch=False),
    Family("Chirp-HD", streams=True, rate=False, pitch=False),
    Family("Studio", pitch=False),
    Family("Neural2"),
    Family("Wavenet"),
    Family("News"),
    Family("Polyglot"),
    Family("Standard"),
)
_UNKNOWN = Family("")  # a voice of tomorrow: asked for everything, relieved of what it refuses
_SAME = {"iw": "he"}


def family_of(name: str) -> Family:
    """By the name of a voice; a family without a name when none is known."""
    return next((family for family in FAMILIES if f"-{family.name}-" in name), _UNKNOWN)


@dataclass(frozen=True, slots=True)
class GoogleVoice:
    """A voice as a request names it. `name` "": whatever Google takes for the language."""

    language: str
    name: str = ""

    @property
    def family(self) -> Family:
        return family_of(self.name)


def choose(listed: Iterable[tuple[str, tuple[str, ...]]], language: str, wanted: Iterable[str] = ()) -> GoogleVoice:
    """The voice to use, of those listed as (name, languages): the first of `wanted` that is there (a voice, a family
    or a person: "he-IL-Wavenet-A", "Wavenet", "Aoede"), else the best one of the language."""
    speakers = sorted(
        (GoogleVoice(tag, name) for name, tags in listed for tag in tags if _speaks(tag, language)),
        key=lambda voice: (_rank(voice), voice.language.casefold() != language.casefold(), voice.name),
    )
    for wish in filter(None, wanted):
        for voice in speakers:
            if _is_called(voice, wish):
                return voice
    return speakers[0] if speakers else GoogleVoice(language)


def _speaks(tag: str, language: str) -> bool:
    theirs, ours = tag.casefold().split("-"), language.casefold().split("-")
    if _SAME.get(theirs[0], theirs[0]) != _SAME.get(ours[0], ours[0]):
        return False
    return len(ours) == 1 or theirs[1:] == ours[1:]


def _is_called(voice: GoogleVoice, wish: str) -> bool:
    return f"-{wish}-".casefold() in f"-{voice.name}-".casefold()


def _rank(voice: GoogleVoice) -> int:
    return FAMILIES.index(voice.family) if voice.family in FAMILIES else len(FAMILIES)
