"""What a setting may be, in the operator's words: the problem and the cure of a value that pydantic refuses.

A value is never repeated: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_PROBLEMS: Final[Mapping[str, str]] = {
    "int_parsing": "is no whole number",
    "int_parsing_size": "is no whole number",
    "int_from_float": "is no whole number",
    "int_type": "is no whole number",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "finite_number": "is no finite number",
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "bool_parsing": "is neither yes nor no",
    "bool_type": "is neither yes nor no",
    "literal_error": "is none of the words that it may be",
    "string_pattern_mismatch": "is not written as it must be",
    "string_type": "is no text",
    "tuple_type": "is no list",
    "too_short": "is empty",
    "string_too_short": "is empty",
}


def problem(error: ErrorDetails) -> str:
    """ "is too small", or "part 2 is no number" of a list."""
    said = _PROBLEMS.get(error["type"], error["msg"])
    return f"part {int(error['loc'][1]) + 1} {said}" if len(error["loc"]) > 1 else said


def cure(info: FieldInfo) -> str:
    """ "write a whole number from 200 to 3000. Meaning: Silence that ends an utterance, ms" """
    return f"write {allowed(info)}. Meaning: {info.description}"


def allowed(info: FieldInfo) -> str:
    """What the setting may be, as the object of "write"."""
    if get_origin(info.annotation) is tuple:
        part = get_args(info.annotation)[0]
        what = f"numbers{_bounds(part.__metadata__[0].metadata)}" if get_origin(part) is Annotated else "texts"
        return f"{what}, {'at least one, ' if _limit(info.metadata, 'min_length') else ''}commas between"
    if get_origin(info.annotation) is Literal:
        return "one of: " + ", ".join(str(word) or "nothing" for word in get_args(info.annotation))
    kinds = get_args(info.annotation) or (info.annotation,)
    if bool in kinds:
        return "1 or 0, true or false, yes or no, on or off"
    for kind, words in ((int, "a whole number"), (float, "a number")):
        if kind in kinds:
            return words + _bounds(info.metadata)
    return f"it like {info.examples[0]}" if info.examples else "a text"


def _bounds(metadata: Sequence[Any]) -> str:
    """ " from 200 to 3000", " above 0, at most 60", " from 1 on", "" """
    low, above, high = (_limit(metadata, name) for name in ("ge", "gt", "le"))
    if above is not None:
        return f" above {above:g}" + (f", at most {high:g}" if high is not None else "")
    if low is not None:
        return f" from {low:g} " + (f"to {high:g}" if high is not None else "on")
    return ""


def _limit(metadata: Sequence[Any], name: str) -> float | None:
    """The bound of that name, as pydantic keeps it: one object for each."""
    return next((getattr(each, name) for each in metadata if hasattr(each, name)), None)
