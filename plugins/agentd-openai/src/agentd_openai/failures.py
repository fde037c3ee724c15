"""What the client raises, in the house's one error: may it work at once, and a text that holds no key and no words.

A server's own message is never repeated: it may quote the key or what a caller said. Its short codes may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from agentd.errors import EngineError

_RETRYABLE = frozenset({408, 409, 425, 429})  # beside all of 5xx
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})  # a 429 that no retry helps
_HELP = {
    401: "the key was refused, see OPENAI_API_KEY",
    403: "the key may not use this",
    404: "no such model or address, see the engine's argument and OPENAI_BASE_URL",
}
_CODE = re.compile(r"[\w.\-\[\]]{1,60}")


@contextmanager
def as_engine_errors(engine: str) -> Iterator[None]:
    """Around all that uses the client. `retryable` is true for what may pass: a broken or slow connection, 429 and 5xx
    (unless the account is spent), an answer that makes no sense."""
    try:
        yield
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise EngineError("no answer in time", retryable=True, engine=engine) from error
    except openai.APIConnectionError as error:
        why = type(error.__cause__ or error).__name__
        raise EngineError(f"the connection failed ({why})", retryable=True, engine=engine) from error
    except openai.APIStatusError as error:
        raise EngineError(_refusal(error), retryable=_may_pass(error), engine=engine) from None
    except openai.OpenAIError as error:
        raise EngineError(f"the client failed ({type(error).__name__})", engine=engine) from None
    except httpx2.HTTPError as error:
        why = type(error).__name__
        raise EngineError(f"the connection broke ({why})", retryable=True, engine=engine) from error
    except (ValueError, RecursionError) as error:  # JSON (nested without end, too), UTF-8, the client's own validation
        raise garbage(type(error).__name__, engine) from None


def garbage(what: str, engine: str) -> EngineError:
    """An answer that is none of the protocol's."""
    return EngineError(f"answered with garbage ({what})", retryable=True, engine=engine)


def _refusal(error: openai.APIStatusError) -> str:
    text = f"{error.status_code}{_codes(error)}"
    if help_text := _HELP.get(error.status_code):
        text += f": {help_text}"
    after = error.response.headers.get("retry-after", "")
    return f"{text}, to be asked again after {after} s" if after.isdigit() else text


def _may_pass(error: openai.APIStatusError) -> bool:
    spent = error.code in _SPENT
    return (error.status_code >= 500 or error.status_code in _RETRYABLE) and not spent


def _codes(error: openai.APIStatusError) -> str:
    named = (error.type, error.code, error.param)
    codes = [code for code in named if isinstance(code, str) and _CODE.fullmatch(code)]
    return f" ({', '.join(dict.fromkeys(codes))})" if codes else ""
