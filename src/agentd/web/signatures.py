"""Is this request from Twilio? Public addresses, tokens and the flood guard around `core.signature` (SPEC 1.8)."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from agentd.config import Settings
from agentd.core.signature import Pairs, Verdict, verify
from agentd.core.twiml import StreamTo

log = logging.getLogger("agentd.web")

SIGNATURE = "X-Twilio-Signature"
SIGNATURE_SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
_FORM = "application/x-www-form-urlencoded"
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
# A webhook of Twilio's has about 30 fields.
_MAX_FIELDS = 200


# Headers of either door: all values of one name, in any case of letters.
HeaderList = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Form:
    """A webhook's fields, as decoded; `get` gives the first value of a name, "" without one."""

    pairs: Pairs

    def get(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")

    def also(self, query: bytes) -> Form:
        """With the fields of the address, which is signed too; one of the form's own names stays the form's."""
        more = parse_form(query, _FORM)
        return self if more is None else Form((*self.pairs, *more.pairs))


def parse_form(body: bytes, content_type: str) -> Form | None:
    """The fields of a form body; None when it is no form, or one with absurdly many fields."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return None if body else Form(())
    try:
        text = body.decode("ascii", "surrogateescape")
        return Form(tuple(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MAX_FIELDS)))
    except ValueError:
        return None


class Bucket:
    """How many unsigned requests get a full answer: `burst` at once, `rate` a second. Time is an argument."""

    def __init__(self, rate: float = 10.0, burst: float = 50.0) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = burst, 0.0

    def take(self, now: float) -> bool:
        """Count one; False when there are too many."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def empty(self, now: float) -> bool:
        return min(self._burst, self._level + (now - self._at) * self._rate) < 1


class Signatures:
    """Judges handshakes and webhooks. Off only without tokens *and* bound to loopback; without tokens on any other
    address every request is refused."""

    def __init__(self, settings: Settings) -> None:
        both = (settings.twilio_auth_token.get_secret_value(), settings.twilio_auth_token_2.get_secret_value())
        self._tokens = tuple(token for token in both if token)
        self._public = settings.public_base_url
        self._own_host = settings.public_host
        self._trust_proxy = settings.trust_proxy
        self.off = not self._tokens and settings.loopback
        self.unsigned = Bucket()
        if self.off:
            log.warning("development mode: no TWILIO_AUTH_TOKEN and bound to loopback, signatures are not checked")

    def origin(self, headers: HeaderList) -> StreamTo:
        """Where Twilio reaches us: the setting; without it (development) the Host of this request."""
        if self._public:
            return StreamTo(self._public, self._public.partition("://")[2])
        scheme, host = "http", _one(headers("Host")) or ""
        if self._trust_proxy:
            scheme = "https" if _one(headers("X-Forwarded-Proto")) == "https" else scheme
            host = _one(headers("X-Forwarded-Host")) or host
        if not _HOST.fullmatch(host):
            host = self._own_host
        return StreamTo(f"{scheme}://{host}", host)

    def own_origin(self) -> StreamTo:
        """Where Twilio reaches us, when there is no request to ask."""
        return self.origin(lambda _: [])

    def handshake(self, target: str, headers: HeaderList) -> Verdict:
        """`target`: path and query as requested. Twilio signs the `wss://` address, without fields."""
        if self.off:
            return Verdict.OFF
        url = f"wss://{self.origin(headers).host}{target}"
        return verify(self._tokens, url, _one(headers(SIGNATURE)), settings_header=_one(headers(SIGNATURE_SETTINGS)))

    def webhook(self, target: str, headers: HeaderList, form: Form | None, body: bytes) -> Verdict:
        """`target`: path and query as requested, still percent-encoded; `form` None: the body is no form."""
        if self.off:
            return Verdict.OFF
        return verify(
            self._tokens,
            self.origin(headers).base + target,
            _one(headers(SIGNATURE)),
            form.pairs if form else None,
            body=body,
            settings_header=_one(headers(SIGNATURE_SETTINGS)),
        )


def _one(values: list[str]) -> str | None:
    """A header that must not come twice; twice is as good as wrong."""
    return values[0] if len(values) == 1 else ("\x00" if values else None)
