"""What a gRPC status means to a call: an `EngineError` with words an operator can act on."""

from __future__ import annotations

import grpc  # type: ignore[import-untyped]

from agentd.errors import EngineError

NAME = "google"
MOST_DETAIL = 200  # characters of Google's own words; they can be pages

Code = grpc.StatusCode

# code -> (retryable, what it means); what is not here is Google's own trouble, and another try may work
_MEANINGS: dict[object, tuple[bool, str]] = {
    Code.INVALID_ARGUMENT: (False, "refused the request"),
    Code.FAILED_PRECONDITION: (False, "refused the request"),
    Code.NOT_FOUND: (False, "knows no such recogniser, model or voice"),
    Code.UNIMPLEMENTED: (False, "does not offer this"),
    Code.UNAUTHENTICATED: (False, "does not accept the service account's key"),
    Code.PERMISSION_DENIED: (False, "does not allow this to the service account (is the API enabled?)"),
    Code.RESOURCE_EXHAUSTED: (False, "says the quota is used up"),
    Code.UNAVAILABLE: (True, "cannot be reached"),
    Code.DEADLINE_EXCEEDED: (True, "did not answer in time"),
    Code.CANCELLED: (True, "closed the stream"),
    Code.ABORTED: (True, "closed the stream"),
    Code.OUT_OF_RANGE: (True, "closed the stream"),
}
_REFUSALS = (Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.UNIMPLEMENTED)
_CLOSINGS = (Code.ABORTED, Code.OUT_OF_RANGE)  # v2 and v1 word their five minutes so
_BY_NUMBER = {code.value[0]: code for code in Code}
_NO_TOKEN = (
    "Getting metadata from plugin failed"  # how gRPC words a failure to get a token: UNAVAILABLE, retried in vain
)


class Refused(EngineError):
    """The request itself was refused: another one may be accepted. `details`: Google's words."""

    details = ""


class Closed(EngineError):
    """The stream has come to Google's end of it (five minutes, or a silence of ours); the next one may go on."""


def failure(code: object, details: str | None) -> EngineError:
    """The status of a stream or a call that failed, as an error; a `Refused` or a `Closed` where that is what it is."""
    retryable, meaning = _MEANINGS.get(code, (True, "failed"))
    said = " ".join((details or "").split())[:MOST_DETAIL]
    if _NO_TOKEN in said:
        retryable, meaning = False, "gives no token for the service account's key"
    name = code.name if isinstance(code, Code) else str(code)
    text = f"Google {meaning} ({name}{': ' if said else ''}{said})"
    if code in _REFUSALS:
        refused = Refused(text, retryable=retryable, engine=NAME)
        refused.details = said
        return refused
    kind = Closed if code in _CLOSINGS else EngineError
    return kind(text, retryable=retryable, engine=NAME)


def code_of(number: int) -> object:
    """A `google.rpc.Status` inside a message carries its code as a number."""
    return _BY_NUMBER.get(number, Code.UNKNOWN)
