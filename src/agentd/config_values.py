"""How the value of a setting may be written: lists with commas, words in any case, numbers of telephones.

A pattern has an example, which an error shows (`config_allowed`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field


def split(value: object) -> object:
    """ "a, b" or ["a", "b"] -> ["a", "b"], without blanks."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(split)]
Chain = Annotated[tuple[str, ...], BeforeValidator(split), Field(min_length=1)]
Seconds = Annotated[tuple[Annotated[float, Field(gt=0, le=3600)], ...], BeforeValidator(split)]
PhoneNumber = Annotated[
    str, BeforeValidator(strip), Field(pattern=r"^(\+[1-9][0-9]{6,14})?$", examples=["+97237654321"])
]
AccountSid = Annotated[str, Field(pattern=r"^(AC[0-9a-fA-F]{32})?$", examples=["AC and 32 of 0-9a-f"])]
ContentSid = Annotated[str, Field(pattern=r"^(HX[0-9a-fA-F]{32})?$", examples=["HX and 32 of 0-9a-f"])]
LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["he-IL"])]
