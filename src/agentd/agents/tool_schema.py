"""The JSON schema of a struct as models take it: an object at the top, nothing referred to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec


@lru_cache(maxsize=256)
def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Made once for each struct, in 0.3 ms: not to be written into. Raises `TypeError` for what has no schema, and
    `RecursionError` for a struct that holds itself."""
    whole = msgspec.json.schema(kind)
    inlined = _inlined(whole, whole.get("$defs", {}))
    assert isinstance(inlined, dict)
    inlined.pop("$defs", None)
    inlined.pop("title", None)
    inlined.pop("description", None)  # the docstring, which is for us
    return inlined


def _inlined(node: Any, defs: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(each, defs) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        return _inlined(defs[reference.rpartition("/")[2]], defs) | {
            key: _inlined(value, defs) for key, value in node.items() if key not in ("$ref", "$defs")
        }
    return {key: _inlined(value, defs) for key, value in node.items() if key != "$defs"}
